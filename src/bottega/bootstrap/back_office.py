"""What the pages for staff are handed: the log's keys, jobs, agents, documents, and the models of the settings."""

from collections.abc import Mapping

from bottega.bootstrap import Application
from bottega.bootstrap.agents import ROLE_NAMES
from bottega.bootstrap.background import anchor, signing_key
from bottega.bootstrap.models import key_of, keys_known, models_of, routes_of
from bottega.entrance.back_office import BackOffice, ModelsShown, RouteShown
from bottega.runtime.models.breakers import Breakers
from bottega.runtime.models.models_file import RouteOfFile
from bottega.runtime.models.prices import SetPrice
from bottega.runtime.models.route import Route
from bottega.settings import Settings


def back_office(application: Application) -> BackOffice:
    """The back office of one web process; agents begin when a page first needs them."""
    settings = application.settings
    return BackOffice(
        jobs=application.jobs,
        knowledge=application.knowledge,
        breakers=Breakers(application.database, application.clock),
        signing_key=signing_key(application),
        anchor=anchor(application),
        models=lambda: models_shown(settings),
        runtime=application.agents.started,
        roles=ROLE_NAMES,
        connectors=_connectors(settings),
    )


def models_shown(settings: Settings) -> ModelsShown:
    """The models' file of the settings, read anew; keys are named and never shown."""
    models, environment = models_of(settings), keys_known()
    pairs = zip(models.routes, routes_of(models), strict=True)
    routes = tuple(_route_shown(configured, route, environment) for configured, route in pairs)
    return ModelsShown(models.currency, routes, dict(models.intents))


def _route_shown(configured: RouteOfFile, route: Route, environment: Mapping[str, str | None]) -> RouteShown:
    key = "none" if configured.key_env is None else configured.key_env
    if configured.key_env is not None:
        key += " is set" if key_of(configured, environment) else " is missing"
    price = "as listed" if route.price.is_known() else "unknown"
    if isinstance(route.price, SetPrice):
        price = f"{route.price.input} / {route.price.output}"
    return RouteShown(
        name=route.name,
        level=route.level,
        provider=configured.provider,
        model=configured.model,
        address=configured.base_url or "the vendor's own",
        key=key,
        price=price,
        may_see_personal_data=configured.may_see_personal_data,
        latency_seconds=configured.typical_seconds,
    )


def _connectors(settings: Settings) -> Mapping[str, str]:
    return {
        "Database": "embedded PostgreSQL" if settings.database_url is None else "by DATABASE_URL",
        "Payments": settings.payment_gateway,
        "Mail": settings.mailer,
        "Meaning of texts": settings.embedder,
    }
