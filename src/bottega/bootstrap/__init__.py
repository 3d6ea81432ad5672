"""The composition root: the only module that names concrete connectors."""

import hmac
import importlib
import os
import pkgutil
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, fields
from datetime import timedelta
from functools import cache

from fastapi import FastAPI

import bottega.actions.approvals
import bottega.actions.effect_decisions
import bottega.actions.undo
import bottega.agents.alerts
import bottega.runtime.jobs
import bottega.runtime.knowledge.actions
import bottega.runtime.knowledge.jobs
import bottega.runtime.memory.jobs
import bottega.runtime.models.jobs
import bottega.runtime.switches
import bottega.shop
from bottega.actions.effects import EffectDriver
from bottega.actions.perform import Performer
from bottega.actions.policy.engine import PolicyBook, default_pack, load_packs
from bottega.actions.registry import registered_handlers
from bottega.agents.assistant.role import NAME as ASSISTANT
from bottega.agents.chat.feed import Feed
from bottega.agents.chat.service import Chat, Desk
from bottega.agents.tools.payment_page import PaymentPages
from bottega.bootstrap.agents import Agents
from bottega.bootstrap.embedder import connect_embedder
from bottega.bootstrap.knowledge import connect_library
from bottega.connectors.sandbox.mail import PostgresOutbox
from bottega.connectors.sandbox.payment_store import PostgresPaymentStore
from bottega.connectors.sandbox.payments import SandboxPaymentGateway
from bottega.entrance.context import ServingContext
from bottega.entrance.rate_limits import RateLimits
from bottega.gateway.application import create_app
from bottega.platform.clock import Clock, SystemClock
from bottega.platform.database import embedded
from bottega.platform.database.migrate import migrate
from bottega.platform.database.pool import Database
from bottega.platform.database.turns import Turns
from bottega.platform.jobs.queue import Jobs
from bottega.platform.outgoing_http import OutgoingHttp
from bottega.ports.embedder import Embedder
from bottega.ports.mailer import Mailer
from bottega.ports.payment_gateway import PaymentGateway
from bottega.ports.services import Services
from bottega.ports.simulated_payer import SimulatedPayer
from bottega.runtime.engine import Runtime
from bottega.runtime.knowledge.library import Library
from bottega.settings import Settings
from bottega.shop.catalogue.search_notes import SearchNotes

# Importing them registers their handlers and jobs.
CORE_ACTIONS = (
    bottega.actions.approvals,
    bottega.actions.effect_decisions,
    bottega.actions.undo,
    bottega.agents.alerts,
    bottega.runtime.knowledge.actions,
    bottega.runtime.knowledge.jobs,
    bottega.runtime.memory.jobs,
    bottega.runtime.models.jobs,
    bottega.runtime.jobs,
    bottega.runtime.switches,
)


@dataclass(frozen=True, slots=True)
class Application:
    """Everything that one process works with."""

    settings: Settings
    database: Database
    performer: Performer
    services: Services
    effects: EffectDriver
    jobs: Jobs
    clock: Clock
    policy: PolicyBook
    knowledge: Library
    pages: PaymentPages
    agents: Agents
    search_notes: SearchNotes


@dataclass(frozen=True, slots=True)
class StaffedApplication(Application):
    """An application whose agents are at work; what jobs are given."""

    runtime: Runtime


async def staffed(application: Application) -> StaffedApplication:
    """The application with its agents at work."""
    runtime = await application.agents.started()
    parts = {field.name: getattr(application, field.name) for field in fields(Application)}
    return StaffedApplication(**parts, runtime=runtime)


def database_url(settings: Settings) -> str:
    """The address of the database; starts the embedded server when no other is named."""
    if settings.database_url is not None:
        return settings.database_url.get_secret_value()
    return embedded.start(settings.data_dir).dsn


@cache
def load_shop() -> None:
    """Imports every module of the shop, so that all handlers, senders and jobs are registered."""
    for module in pkgutil.walk_packages(bottega.shop.__path__, "bottega.shop."):
        importlib.import_module(module.name)


def load_policy(settings: Settings) -> PolicyBook:
    """The default pack and those of the settings, bound to the registered actions."""
    groups = {name: tuple(handler.action.groups) for name, handler in registered_handlers().items()}
    if not settings.policy_packs:
        return _default_book(frozenset(groups.items()))
    return load_packs((default_pack(), *settings.policy_packs)).bind(groups)


@cache
def _default_book(groups: frozenset[tuple[str, tuple[str, ...]]]) -> PolicyBook:
    """The default pack alone, which changes only with the program: its cases are proven once in a process."""
    return load_packs((default_pack(),)).bind(dict(groups))


def derived_secret(settings: Settings, purpose: str) -> bytes:
    """A 32-byte key for one purpose, derived from the secret (HMAC-SHA256)."""
    return hmac.digest(settings.secret.get_secret_value().encode(), purpose.encode(), "sha256")


@asynccontextmanager
async def open_application(
    settings: Settings,
    *,
    clock: Clock | None = None,
    services: Services | None = None,
    policy: PolicyBook | None = None,
) -> AsyncGenerator[Application]:
    """Start the database if need be, migrate it, and wire everything; closes it all on the way out."""
    load_shop()
    policy = policy or load_policy(settings)
    dsn = database_url(settings)
    await migrate(dsn)
    async with AsyncExitStack() as stack:
        connections = settings.database_connections
        database = await Database.open(dsn, writers=connections, readers=connections)
        stack.push_async_callback(database.close)
        if settings.database_url is None:
            # One more than there are processors, as a search waits for the embedder too.
            database.search_in_turns(Turns(settings.data_dir / "search-turns", (os.cpu_count() or 1) + 1))
        jobs = await stack.enter_async_context(Jobs(dsn))
        chosen_clock = clock or SystemClock()
        if services is None:
            services = connect_services(settings, database, chosen_clock)
            stack.push_async_callback(_close_connectors, services)
        application = assemble(settings, database, jobs, services, chosen_clock, policy)
        stack.push_async_callback(application.search_notes.close)
        stack.push_async_callback(application.agents.close)
        yield application


def assemble(
    settings: Settings, database: Database, jobs: Jobs, services: Services, clock: Clock, policy: PolicyBook
) -> Application:
    """An application over what is open already; it starts nothing."""
    performer = Performer(
        database,
        policy,
        jobs,
        clock,
        secret=derived_secret(settings, "performer"),
        approval_lifetime=timedelta(hours=settings.approval_hours),
    )
    effects = EffectDriver(performer, services)
    knowledge = connect_library(settings, database, clock, services)
    pages = PaymentPages(settings.public_url, derived_secret(settings, "payment pages"))
    search_notes = SearchNotes(database, clock)
    agents = Agents(
        settings,
        database,
        performer,
        services,
        effects,
        jobs,
        clock,
        knowledge,
        pages,
        search_notes=search_notes,
        secret=derived_secret(settings, "model cache"),
    )
    return Application(
        settings,
        database,
        performer,
        services,
        effects,
        jobs,
        clock,
        policy,
        knowledge,
        pages,
        agents,
        search_notes,
    )


async def _close_connectors(services: Services) -> None:
    """Gives back the connections to payment providers and embedders."""
    for port in (PaymentGateway, Embedder):
        for name in services.names(port):
            await services.get(port, name).close()  # pyright: ignore[reportAbstractUsage] - the port is the key


def serving_context(application: Application) -> ServingContext:
    """What the web application needs of an application."""
    settings = application.settings
    agents = application.agents
    feed = Feed(application.database)
    return ServingContext(
        database=application.database,
        performer=application.performer,
        effects=application.effects,
        services=application.services,
        policy=application.policy,
        clock=application.clock,
        token_key=derived_secret(settings, "tokens"),
        public_url=settings.public_url,
        production=settings.mode == "production",
        card_gateway=settings.payment_gateway,
        publishable_key=settings.stripe_publishable_key,
        rate_limits=RateLimits(settings.requests_per_minute),
        search_notes=application.search_notes,
        trusted_proxies=settings.trusted_proxies,
        chat=Chat(agents.started, application.performer, feed, ASSISTANT),
        desk=Desk(agents.started, application.performer, feed, ASSISTANT),
        event_stream_seconds=settings.event_stream_seconds,
        pages=application.pages,
    )


def web_app(application: Application, described: FastAPI | None = None) -> FastAPI:
    """The ASGI application over an open application."""
    return create_app(serving_context(application), described)


def connect_services(settings: Settings, database: Database, clock: Clock) -> Services:
    """The connectors that the settings ask for."""
    services = Services()
    services.add(OutgoingHttp, OutgoingHttp(allow_private=settings.webhooks_allow_private))
    sandbox = SandboxPaymentGateway(
        clock, PostgresPaymentStore(database), webhook_secret=settings.sandbox_webhook_secret.get_secret_value()
    )
    if settings.mode == "development":
        services.add(PaymentGateway, sandbox, "sandbox")
        services.add(SimulatedPayer, sandbox, "sandbox")
    if settings.payment_gateway == "stripe":
        # Imported when asked for: the vendor's library takes a third of a second and tens of megabytes.
        from bottega.connectors.stripe.gateway import StripeAccount, StripePaymentGateway

        assert settings.stripe_api_key is not None, "checked by the settings"
        assert settings.stripe_webhook_secret is not None, "checked by the settings"
        account = StripeAccount(
            api_key=settings.stripe_api_key.get_secret_value(),
            webhook_secrets=(settings.stripe_webhook_secret.get_secret_value(),),
            base_url=settings.stripe_base_url,
        )
        services.add(PaymentGateway, StripePaymentGateway(account, clock), "stripe")
    embedder = connect_embedder(settings)
    if embedder is not None:
        services.add(Embedder, embedder)
    if settings.mailer == "smtp":
        from bottega.connectors.smtp.mailer import SmtpMailer, SmtpServer

        server = SmtpServer(
            host=settings.smtp_host,
            sender=settings.mail_sender,
            port=settings.smtp_port,
            encryption=settings.smtp_encryption,
            username=settings.smtp_username,
            password=None if settings.smtp_password is None else settings.smtp_password.get_secret_value(),
        )
        services.add(Mailer, SmtpMailer(server, clock))
    else:
        services.add(Mailer, PostgresOutbox(database, clock))
    return services
