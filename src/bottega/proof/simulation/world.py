"""The simulated world: one process of the shop that may die, a provider and a mail server that live on, and a clock."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import asyncpg
import httpx

from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.actions.log.sealer import Sealer
from bottega.actions.outcome import Outcome
from bottega.actions.policy.engine import PolicyBook
from bottega.bootstrap import Application, assemble, web_app
from bottega.bootstrap.background import signing_key
from bottega.connectors.sandbox import webhook_signature
from bottega.connectors.sandbox.mail import MemoryOutbox
from bottega.connectors.sandbox.payment_store import PostgresPaymentStore
from bottega.connectors.sandbox.payments import DEFAULT_WEBHOOK_SECRET, SandboxPaymentGateway
from bottega.kernel.errors import OutcomeUnknown, Unavailable
from bottega.platform.clock import SetClock
from bottega.platform.database.pool import Database
from bottega.platform.jobs.queue import Jobs
from bottega.ports.mailer import Mailer
from bottega.ports.payment_gateway import PaymentGateway
from bottega.ports.services import Services
from bottega.proof.chance import seeded
from bottega.proof.quiet import come_to_rest, do_jobs
from bottega.proof.simulation.chosen_chance import chosen, pausing_at
from bottega.proof.simulation.connections import simulated_connection
from bottega.proof.simulation.ports import Faults, FaultyCalls, FaultyGateway, FaultyMailer
from bottega.proof.simulation.turnstile import Crashed, Steps, Turnstile
from bottega.proof.stand import Stand
from bottega.settings import Settings

# Long ago for the machine: whatever the shop leaves undone is overdue for the invariants.
BEGINNING = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
STEP = timedelta(milliseconds=5)
CONNECTIONS = 10
REPEATS_LIMIT = 60
# Longer than an unpaid order, a cart or an approval lives.
LONG_AFTER = timedelta(days=40)


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer over HTTP."""

    status: int
    body: Any


@dataclass(slots=True)
class Scene:
    """What a schedule starts from; the same for all."""

    stand: Stand
    settings: Settings
    policy: PolicyBook


class World:
    """One schedule's world."""

    def __init__(self, scene: Scene, dsn: str, seed: object, monitor: "asyncpg.Connection[Any]", steps: Steps) -> None:
        self.scene, self.seed, self.steps = scene, seed, steps
        self._dsn, self._monitor = dsn, monitor
        self.clock = SetClock(BEGINNING)
        self.turnstile = Turnstile(
            seeded(seed, "turnstile"),
            monitor,
            steps,
            crash=self._restart,
            stepped=lambda: self.clock.advance(STEP),
        )
        self.faults = Faults(seed, 0.0)
        # Reports of the provider that have not reached the shop.
        self.undelivered: list[bytes] = []
        self.outbox = MemoryOutbox(self.clock)
        self.acknowledged: list[str] = []

    @property
    def application(self) -> Application:
        """The process that lives now."""
        return self._application

    async def request(self, method: str, path: str, body: Any, token: str, key: str) -> Answered | None:
        """One request to the process; None when it died before it answered."""
        headers = {"Authorization": f"Bearer {token}"} | ({"Idempotency-Key": key} if key else {})
        return await self._ask(method, path, headers, json=body)

    async def deliver(self, body: bytes) -> Answered | None:
        """One webhook of the provider."""
        headers = webhook_signature.sign(DEFAULT_WEBHOOK_SECRET, body, int(self.clock.now().timestamp()))
        return await self._ask("POST", "/api/webhooks/sandbox", headers, content=body)

    async def _ask(self, method: str, path: str, headers: Mapping[str, str], **content: Any) -> Answered | None:
        life = self.turnstile.life
        try:
            answer = await self._client.request(method, path, headers=dict(headers), **content)
            # Done, and perhaps not told any more.
            await self.turnstile.point(f"answers {answer.status_code}", life=life)
        except BaseException as error:
            if not has_crashed(error):
                raise
            return None
        return Answered(answer.status_code, answer.json() if answer.content else None)

    async def until_done(self, action: Action, by: Actor, key: str) -> Outcome:
        """Performs without HTTP, as an agent or schedule does, again under the same key when the process dies."""
        for _ in range(REPEATS_LIMIT):
            with suppress(Unavailable, OutcomeUnknown):
                outcome = await self.survived(self._application.performer.perform(action, by=by, key=key))
                if outcome is not None:
                    return outcome
            await self.turnstile.point("tries again")
        raise AssertionError(f"{action.action_name()} was never answered")

    async def survived(self, work: Any) -> Any:
        """What came of work in the process; None when it died in it."""
        try:
            return await work
        except BaseException as error:
            if not has_crashed(error):
                raise
            return None

    async def seal(self) -> None:
        """One block, by the sealer of this process."""
        await self._sealer.seal_once()

    async def come_to_rest(self) -> None:
        """Everything that is due is done, now and long after, without faults."""
        await self._sealer.close()
        for leap in (timedelta(0), LONG_AFTER):
            self.clock.advance(leap)
            await come_to_rest(self._application, self.clock)
            if await do_jobs(self._application):
                await come_to_rest(self._application, self.clock)

    async def open(self) -> None:
        """Starts provider and process."""
        self._books = await Database.open(self._dsn, writers=2, readers=2, all_at_once=True)
        self._provider = SandboxPaymentGateway(self.clock, PostgresPaymentStore(self._books), deliver=self._announced)
        await self._start()

    async def close(self) -> None:
        """Ends both."""
        await self._client.aclose()
        await self._sealer.close()
        await self._application.database.close()
        await self._books.close()

    async def _announced(self, _: Mapping[str, str], body: bytes) -> None:
        self.undelivered.append(body)

    async def _start(self) -> None:
        scene, life = self.scene, self.turnstile.life
        self._class = simulated_connection(self.turnstile)
        database = await Database.open(
            self._dsn, writers=CONNECTIONS, readers=CONNECTIONS, connection_class=self._class, all_at_once=True
        )
        services = Services()
        gateway: Any = FaultyGateway(self._provider, FaultyCalls("gateway", self.turnstile, self.faults, life))
        services.add(PaymentGateway, gateway, "sandbox")
        services.add(Mailer, FaultyMailer(self.outbox, FaultyCalls("mailer", self.turnstile, self.faults, life)))
        self._application = assemble(scene.settings, database, Jobs(self._dsn), services, self.clock, scene.policy)
        transport = httpx.ASGITransport(app=web_app(self._application))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://shop.simulated")
        self._sealer = Sealer(self._dsn, signing_key(self._application), self.clock, connection_class=self._class)
        await self._sealer.seal_once()

    async def _restart(self) -> None:
        """The process dies: its connections are cut off, what they had not committed is undone; then it starts anew."""
        self._application.database.terminate()
        await self._monitor.fetch(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid = ANY ($1::int[])",
            sorted(self._class.process_ids),
        )
        await self._start()


@asynccontextmanager
async def open_world(
    scene: Scene, dsn: str, seed: object, monitor: "asyncpg.Connection[Any]", steps: Steps, *, fault_share: float
) -> AsyncGenerator[World]:
    """A world over a fresh database; faults happen to actors only."""
    world = World(scene, dsn, seed, monitor, steps)
    world.faults = Faults(seed, fault_share)
    with chosen(seed, world.clock), pausing_at(world.turnstile):
        await world.open()
        try:
            yield world
        finally:
            await world.close()


def has_crashed(error: BaseException) -> bool:
    """Whether the process died, however task groups wrapped it."""
    if isinstance(error, BaseExceptionGroup):
        return cast("BaseExceptionGroup[BaseException]", error).subgroup(Crashed) is not None
    return isinstance(error, Crashed)


def scene_settings(dsn: str, directory: Path) -> Settings:
    """Settings of simulated processes: this database, nothing from the environment."""
    values: Mapping[str, Any] = {
        "DATABASE_URL": dsn,
        "data_dir": directory,
        "embedder": "none",
        "requests_per_minute": 1_000_000,
    }
    return Settings(_env_file=None, **values)  # pyright: ignore[reportCallIssue] - pydantic-settings' own argument
