"""The turnstile: of all actors that could go on, chance lets one, and it goes as far as its next await of the outside.

Every statement to the database, every call of a port and every pause is such an await. An actor parks before it; when
all actors are parked, one is chosen and runs alone until it parks again or ends. A statement that has to wait for a
row lock is put aside, with its actor, until the holder moves: PostgreSQL says so itself (`pg_locks`). So the order of
everything that reaches the database follows from the seed.
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

import asyncpg

from bottega.proof.chance import Chance

T = TypeVar("T")

# Longer than the server's deadlock_timeout in a simulation (1 ms), after which a deadlock has been broken.
LOOK_AGAIN_SECONDS = 0.005
STUCK_SECONDS = 30.0
STEPS_LIMIT = 20_000

current_actor: ContextVar[str | None] = ContextVar("current_actor", default=None)
_sleep = asyncio.sleep


class Crashed(BaseException):
    """The process that this code ran in is dead; not an Exception, so nothing handles it."""


class Stuck(Exception):
    """The simulation itself cannot go on."""


@dataclass(slots=True, eq=False)
class _Parked:
    actor: str
    label: str
    life: int | None
    gate: "asyncio.Future[None]"


@dataclass(slots=True, eq=False)
class _Flight:
    """A statement or call that is under way; `process_id` of the backend that runs it, 0 for no backend of ours."""

    process_id: int


@dataclass(slots=True)
class Steps:
    """What happened, in order, and where the process is to die: at the points with these numbers."""

    crash_at: frozenset[int] = frozenset()
    trace: list[str] = field(default_factory=list[str])
    crashes: int = 0


class Turnstile:
    """One schedule."""

    def __init__(
        self,
        chance: Chance,
        monitor: "asyncpg.Connection[Any]",
        steps: Steps,
        *,
        crash: Callable[[], Awaitable[None]],
        stepped: Callable[[], None],
    ) -> None:
        self._chance, self._monitor, self.steps = chance, monitor, steps
        self._crash, self._stepped = crash, stepped
        self._parked: list[_Parked] = []
        self._flights: set[_Flight] = set()
        self._landed = asyncio.Event()
        # How often the process was started: what belongs to an earlier life is dead.
        self.life = 0
        self.points = 0

    async def point(self, label: str, *, life: int | None = None) -> None:
        """An await of the outside; with a `life` it belongs to the process and dies with it."""
        actor = current_actor.get()
        if actor is None:
            return
        if life is not None and life != self.life:
            raise Crashed(label)
        parked = _Parked(actor, label, life, asyncio.get_running_loop().create_future())
        self._parked.append(parked)
        await parked.gate

    @asynccontextmanager
    async def under_way(self, process_id: int = 0) -> AsyncGenerator[None]:
        """Marks that something was sent out and its answer is not there yet."""
        flight = _Flight(process_id)
        self._flights.add(flight)
        try:
            yield
        finally:
            self._flights.discard(flight)
            self._landed.set()

    async def run(self, actors: Mapping[str, Coroutine[Any, Any, None]]) -> None:
        """Until every actor has ended; what an actor raises is raised."""
        tasks = [asyncio.create_task(_as_actor(name, actor)) for name, actor in sorted(actors.items())]
        try:
            while True:
                await self._settle()
                failed = next((task for task in tasks if task.done() and task.exception() is not None), None)
                if failed is not None:
                    failed.result()
                if all(task.done() for task in tasks):
                    return
                await self._step()
        finally:
            for task in tasks:
                task.cancel()
            for parked in self._parked:
                parked.gate.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _step(self) -> None:
        if not self._parked:
            raise Stuck(f"nobody can go on; {len(self._flights)} statements wait; {self.steps.trace[-5:]}")
        if len(self.steps.trace) > STEPS_LIMIT:
            raise Stuck(f"no end after {STEPS_LIMIT} steps; {self.steps.trace[-5:]}")
        # By name and by what is to come, not by arrival: whoever a commit lets go may land in any order.
        choices = sorted(self._parked, key=lambda parked: (parked.actor, parked.label))
        chosen = choices[self._chance.randrange(len(choices))]
        self._stepped()
        if chosen.life is not None:
            self.points += 1
            if self.points in self.steps.crash_at:
                self.steps.trace.append(f"CRASH before {chosen.actor}: {chosen.label}")
                self.steps.crashes += 1
                await self._die()
                return
        self.steps.trace.append(f"{chosen.actor}: {chosen.label}")
        self._parked.remove(chosen)
        chosen.gate.set_result(None)

    async def _die(self) -> None:
        """The process ends between two instructions: nothing of it runs on, its connections are gone."""
        self.life += 1
        await self._crash()
        dead = [parked for parked in self._parked if parked.life is not None]
        self._parked = [parked for parked in self._parked if parked.life is None]
        for parked in dead:
            parked.gate.set_exception(Crashed(parked.label))

    async def _settle(self) -> None:
        """Until nobody moves: each actor is parked, has ended, or waits for a lock."""
        while True:
            await _until_idle()
            if not self._flights:
                return
            self._landed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._landed.wait(), LOOK_AGAIN_SECONDS)
                continue
            if await self._all_wait_for_locks():
                await _sleep(LOOK_AGAIN_SECONDS)
                await _until_idle()
                if not self._landed.is_set() and await self._all_wait_for_locks():
                    return

    async def _all_wait_for_locks(self) -> bool:
        asked = sorted({flight.process_id for flight in self._flights})
        if 0 in asked:
            return False
        waiting = await self._monitor.fetchval(
            "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pid = ANY ($1::int[])", asked
        )
        return waiting == len(asked)


async def _as_actor(name: str, actor: Coroutine[Any, Any, None]) -> None:
    current_actor.set(name)
    await actor


async def _until_idle() -> None:
    """Until no task of the loop is ready to run; the loop's own queue is the only place that knows."""
    loop: Any = asyncio.get_running_loop()
    for _ in range(100_000):
        await _sleep(0)
        if not loop._ready:
            return
    raise Stuck("a task runs without end")
