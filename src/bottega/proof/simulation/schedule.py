"""One schedule: a world, its actors, its crashes; then the world comes to rest and is checked."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import asyncpg

from bottega.bootstrap import derived_secret, load_policy, load_shop, open_application
from bottega.entrance import tokens
from bottega.platform.clock import SetClock
from bottega.platform.database import embedded, scratch
from bottega.proof.quiet import come_to_rest, what_is_broken
from bottega.proof.report import Violation
from bottega.proof.simulation.actors import ActorCode, Person, Shared, as_long_as_allowed
from bottega.proof.simulation.chosen_chance import chosen
from bottega.proof.simulation.turnstile import Steps
from bottega.proof.simulation.world import BEGINNING, Scene, World, open_world, scene_settings
from bottega.proof.stand import set_up

TEMPLATE = "bottega_scene"
UNITS = 4
COUPON_USES = 2


@dataclass(frozen=True, slots=True)
class Plan:
    """What a schedule consists of; shrinking takes things away."""

    seed: str
    cast: Mapping[str, ActorCode]
    fault_share: float = 0.0
    crash_at: frozenset[int] = frozenset()
    most_steps: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(slots=True)
class Outcome:
    """How a schedule went."""

    trace: tuple[str, ...]
    points: int
    crashes: int
    faults: int
    acknowledged: int
    violations: list[Violation]


class Stage:
    """A server with the scene as a template; every schedule gets a copy."""

    def __init__(self, scene: Scene, dsn: str, monitor: "asyncpg.Connection[Any]") -> None:
        self._scene, self._dsn, self._monitor = scene, dsn, monitor
        self._number = 0

    async def play(self, plan: Plan, repeat: str = "") -> Outcome:
        """Runs a plan on a fresh copy."""
        self._number += 1
        name = f"schedule_{self._number}"
        dsn = await scratch.create_database(self._dsn, name, template=TEMPLATE)
        steps = Steps(plan.crash_at)
        try:
            async with open_world(
                self._scene, dsn, plan.seed, self._monitor, steps, fault_share=plan.fault_share
            ) as world:
                return await self._played(plan, world, repeat)
        finally:
            await scratch.drop_database(self._dsn, name)

    async def _played(self, plan: Plan, world: World, repeat: str) -> Outcome:
        secret = derived_secret(self._scene.settings, "tokens")
        guests = {name: tokens.guest_token(secret)[1] for name in sorted(plan.cast)}
        shared = Shared(guests, most_steps=dict(plan.most_steps))
        people = {name: Person(world, name, shared) for name in plan.cast}
        await world.turnstile.run({name: as_long_as_allowed(plan.cast[name], people[name]) for name in plan.cast})
        trace = tuple(world.steps.trace)
        await world.come_to_rest()
        violations = await what_is_broken(world.application, repeat, trace)
        violations += [Violation("answers", wrong, repeat, trace) for wrong in shared.wrong]
        violations += [
            Violation("acknowledged", f"{key} was acknowledged and happened {entries} times", repeat, trace)
            for key, entries in await _not_once(world)
        ]
        return Outcome(
            trace,
            world.turnstile.points,
            world.steps.crashes,
            world.faults.happened,
            len(world.acknowledged),
            violations,
        )


@asynccontextmanager
async def open_stage(directory: Path) -> AsyncGenerator[Stage]:
    """A server of its own under this directory, quick and careless: what is simulated is the death of processes."""
    server = embedded.start(directory)
    monitor: Any = await asyncpg.connect(server.dsn)
    try:
        # A statement each: ALTER SYSTEM allows nothing beside it.
        for setting in ("fsync = off", "deadlock_timeout = '1ms'", "max_connections = 100", "autovacuum = off"):
            await monitor.execute(f"ALTER SYSTEM SET {setting}")
        await monitor.execute("SELECT pg_reload_conf()")
        load_shop()
        dsn = await scratch.create_database(server.dsn, TEMPLATE)
        settings = scene_settings(dsn, directory)
        policy = load_policy(settings)
        clock = SetClock(BEGINNING - timedelta(days=1))
        with chosen("scene", clock):
            async with open_application(settings, clock=clock, policy=policy) as application:
                stand = await set_up(application, units=UNITS, coupon_uses=COUPON_USES)
                await come_to_rest(application, clock)
        yield Stage(Scene(stand, settings, policy), server.dsn, monitor)
    finally:
        await monitor.close()


async def _not_once(world: World) -> list[tuple[str, int]]:
    async with world.application.database.read() as connection:
        rows = await connection.fetch(
            "SELECT asked.key, count(e.id) AS entries FROM unnest($1::text[]) AS asked (key) "
            "LEFT JOIN log.entries e ON e.idempotency_key = asked.key GROUP BY asked.key HAVING count(e.id) <> 1",
            world.acknowledged,
        )
    return [(row["key"], row["entries"]) for row in rows]
