"""The router of models that the settings ask for, over connectors that are loaded when they are first used."""

import os
from collections.abc import Mapping, Sequence
from decimal import Decimal
from pathlib import Path

from pydantic import SecretStr
from pydantic_settings import DotEnvSettingsSource

from bottega.connectors.models.address import ModelAddress
from bottega.connectors.models.lazy import LazyModel
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Database
from bottega.ports.chat_model import CallLimits, ChatModel, ModelCapabilities
from bottega.ports.embedder import Embedder
from bottega.runtime.models.breakers import Breakers
from bottega.runtime.models.budgets import Budgets
from bottega.runtime.models.cache import CurrentVersions, ReplyCache
from bottega.runtime.models.models_file import ModelsFile, RouteOfFile, read_models
from bottega.runtime.models.prices import FREE, UNKNOWN, ListedPrice, Price, SetPrice
from bottega.runtime.models.route import Route
from bottega.runtime.models.router import Router, RouterParts
from bottega.settings import Settings

# What the vendors are called in the price list.
_LISTED = {"anthropic": "anthropic", "openai": "openai", "google": "google", "bedrock": "aws"}
ENVIRONMENT_FILE = Path(".env")


def models_of(settings: Settings) -> ModelsFile:
    """The models' file of the settings; without one, the offline engine alone."""
    return read_models(settings.models)


def connect_models(
    settings: Settings,
    database: Database,
    clock: Clock,
    *,
    offline: ChatModel,
    secret: bytes,
    embedder: Embedder | None = None,
    current_versions: CurrentVersions | None = None,
) -> Router:
    """The router; nothing of a vendor is loaded before a call needs it."""
    models = models_of(settings)
    parts = RouterParts(
        database=database,
        clock=clock,
        budgets=Budgets(database, clock, models.budgets.limits()),
        breakers=Breakers(database, clock, models.breakers.policy()),
        cache=ReplyCache(
            database,
            clock,
            secret=secret,
            policy=models.cache.policy(),
            embedder=embedder,
            current_versions=current_versions,
        ),
        currency=models.currency,
        intents=models.intents,
    )
    return Router(parts, routes_of(models), offline)


def routes_of(models: ModelsFile, environment: Mapping[str, str | None] | None = None) -> Sequence[Route]:
    """The routes of a models' file. Keys come from the environment, then from `.env`."""
    known = keys_known() if environment is None else environment
    return [_route(route, models.per_dollar, known) for route in models.routes]


def keys_known() -> Mapping[str, str | None]:
    """Every variable of the environment and of `.env`, where keys may be."""
    return {**DotEnvSettingsSource(Settings, env_file=ENVIRONMENT_FILE, case_sensitive=True).env_vars, **os.environ}


def key_of(route: RouteOfFile, environment: Mapping[str, str | None]) -> SecretStr | None:
    """The route's key, if its variable is set."""
    found = None if route.key_env is None else environment.get(route.key_env)
    return SecretStr(found) if found else None


def _route(route: RouteOfFile, per_dollar: Decimal, environment: Mapping[str, str | None]) -> Route:
    key = key_of(route, environment)
    limits = CallLimits(route.connect_seconds, route.first_token_seconds, route.total_seconds, route.reply_bytes)
    address = ModelAddress(
        name=route.name,
        model=route.model,
        base_url=route.base_url,
        api_key=None if key is None else key.get_secret_value(),
        region=route.region,
        capabilities=ModelCapabilities(
            tools=route.tools,
            streaming=route.streaming,
            structured_output=route.structured_output,
            context_tokens=route.context_tokens,
            may_see_personal_data=route.may_see_personal_data,
            local=route.level == "local",
        ),
        limits=limits,
        structured_by=route.structured_by,
    )
    return Route(
        name=route.name,
        level=route.level,
        model=LazyModel(route.provider, address),
        price=_price(route, per_dollar),
        limits=limits,
        tries=route.tries,
        typical_seconds=route.typical_seconds,
        requests_per_minute=route.requests_per_minute,
        tokens_per_minute=route.tokens_per_minute,
        concurrent_calls=route.concurrent_calls,
        warm_up=route.warm_up,
    )


def _price(route: RouteOfFile, per_dollar: Decimal) -> Price:
    if route.price is not None:
        return SetPrice(route.price.input, route.price.output, route.price.cached_input)
    if route.level == "local":
        return FREE
    vendor = _LISTED.get(route.provider)
    return UNKNOWN if vendor is None else ListedPrice(vendor, route.model, per_dollar)
