"""A shop of two small tables for the log's tests: counters that are moved, and marks of every column type."""

import asyncio
import inspect
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any, ClassVar

import asyncpg

from bottega.actions import registry
from bottega.actions.action import Action
from bottega.actions.actor import Actor, system
from bottega.actions.outcome import Done
from bottega.actions.perform import Performer
from bottega.actions.policy.engine import Decision
from bottega.actions.work import Work
from bottega.kernel.errors import Conflict
from bottega.platform.clock import SystemClock
from bottega.platform.database.pool import Connection, Database

SCHEMA = """
CREATE TABLE shop.counters (
    id    text COLLATE "C" PRIMARY KEY,
    total bigint NOT NULL,
    note  text
);
CREATE TABLE shop.marks (
    counter_id text COLLATE "C" NOT NULL REFERENCES shop.counters,
    name       text COLLATE "C" NOT NULL,
    weight     numeric(12, 4),
    tags       text[] NOT NULL DEFAULT '{}',
    digest     bytea,
    marked_at  timestamptz,
    valid_from date,
    document   jsonb NOT NULL DEFAULT '{}',
    active     boolean,
    PRIMARY KEY (counter_id, name)
);
SELECT log.fold('shop.counters');
SELECT log.fold('shop.marks');
"""

STAFF = Actor("staff", "stf_tester", "manager")


class OpenCounter(Action):
    """Makes a counter at zero."""

    groups: ClassVar[tuple[str, ...]] = ("test",)
    counter_id: str
    note: str | None = None


class MoveCounters(Action):
    """Adds to several counters, in the order given; `fail_after` raises at the end, when everything was changed."""

    groups: ClassVar[tuple[str, ...]] = ("test",)
    counter_ids: list[str]
    by: int = 1
    fail_after: bool = False


class Mark(Action):
    """Puts a mark of every column type on a counter."""

    groups: ClassVar[tuple[str, ...]] = ("test",)
    counter_id: str
    name: str
    weight: str = "1.50"
    tags: tuple[str, ...] = ()


class Unmark(Action):
    """Removes a mark."""

    groups: ClassVar[tuple[str, ...]] = ("test",)
    counter_id: str
    name: str


async def open_counter(action: OpenCounter, work: Work) -> dict[str, Any]:
    await work.connection.execute(
        "INSERT INTO shop.counters (id, total, note) VALUES ($1, 0, $2)", action.counter_id, action.note
    )
    return {"counter_id": action.counter_id}


async def move_counters(action: MoveCounters, work: Work) -> dict[str, Any]:
    for counter_id in action.counter_ids:
        await work.connection.execute(
            "UPDATE shop.counters SET total = total + $2 WHERE id = $1", counter_id, action.by
        )
    if action.fail_after:
        raise Conflict("asked_to_fail", "This action was asked to fail.")
    return {"moved": len(action.counter_ids)}


async def mark(action: Mark, work: Work) -> dict[str, Any]:
    await work.connection.execute(
        "INSERT INTO shop.marks (counter_id, name, weight, tags, digest, marked_at, valid_from, document, active) "
        "VALUES ($1, $2, $3::text::numeric, $4, $5, $6, $7, $8, true)",
        action.counter_id,
        action.name,
        action.weight,
        list(action.tags),
        b"\x00\xff" + action.name.encode(),
        work.now,
        work.now.date(),
        {"name": action.name, "price": 1.10, "quote": 'a "quoted" \\ text', "sign": "ж€😀\u007f\u0001"},
    )
    return {"marked": action.name}


async def unmark(action: Unmark, work: Work) -> dict[str, Any]:
    await work.connection.execute(
        "DELETE FROM shop.marks WHERE counter_id = $1 AND name = $2", action.counter_id, action.name
    )
    return {}


@contextmanager
def registered_actions() -> Generator[None]:
    """The counters' actions are known to this process only meanwhile: they are no part of the shop."""
    before = dict(registry._HANDLERS)
    registry.handles(OpenCounter, undoable=True)(open_counter)
    registry.handles(MoveCounters, undoable=True)(move_counters)
    registry.handles(Mark)(mark)
    registry.handles(Unmark)(unmark)
    try:
        yield
    finally:
        registry._HANDLERS.clear()
        registry._HANDLERS.update(before)


class PermitAll:
    """A policy that says yes."""

    def decide(self, action_name: str, actor: Actor, facts: Mapping[str, Any], *, approved: bool = False) -> Decision:
        return Decision(effect="permit", rule_ids=("test.everything",), descriptions=(), policy_version="test-1")

    def descriptions(self, action_name: str, rule_ids: Iterable[str]) -> tuple[str, ...]:
        return ()


class NoJobs:
    """A job queue that is never used."""

    async def enqueue(
        self,
        connection: Connection,
        name: str,
        payload: Mapping[str, Any],
        *,
        key: str | None = None,
        delay_seconds: float = 0.0,
    ) -> str:
        raise AssertionError(f"no job was expected, got {name}")

    def wake(self) -> None:
        raise AssertionError("no job was expected")


def performer_of(database: Database) -> Performer:
    """A performer under the permissive policy."""
    return Performer(database, PermitAll(), NoJobs(), SystemClock(), secret=b"a secret of the tests alone, 32 b")


async def until(condition: Callable[[], Any], timeout_seconds: float = 20.0) -> None:
    """Waits until a condition, or what it awaits, is true."""
    async with asyncio.timeout(timeout_seconds):
        while True:
            holds = condition()
            if inspect.isawaitable(holds):
                holds = await holds
            if holds:
                return
            await asyncio.sleep(0.01)


async def create_tables(dsn: str) -> None:
    """The test tables, folded."""
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(SCHEMA)
    finally:
        await connection.close()


class CounterShop:
    """A performer with the test tables, and short ways to write."""

    def __init__(self, dsn: str, database: Database) -> None:
        self.dsn = dsn
        self.database = database
        self.performer = performer_of(database)
        self.system = system("tests")

    async def do(self, action: Action, *, key: str | None = None) -> Done:
        """Performs as staff; anything but Done fails the test."""
        outcome = await self.performer.perform(action, by=STAFF, key=key)
        assert isinstance(outcome, Done), outcome
        return outcome

    async def write_some(self, counters: int = 4, rounds: int = 3) -> int:
        """Counters, moves, marks and removals; returns how many entries were written."""
        ids = [f"c{number}" for number in range(counters)]
        for counter_id in ids:
            await self.do(OpenCounter(counter_id=counter_id, note=f"line\nfeed {counter_id} ☃"))
        for number in range(rounds):
            await self.do(MoveCounters(counter_ids=ids, by=number + 1))
            await self.do(Mark(counter_id=ids[0], name=f"m{number}", weight="12.3400", tags=("a,b", 'c"d', "")))
        await self.do(Unmark(counter_id=ids[0], name="m0"))
        return counters + 2 * rounds + 1

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self.database.read() as connection:
            return await connection.fetch(query, *arguments)

    async def value(self, query: str, *arguments: Any) -> Any:
        async with self.database.read() as connection:
            return await connection.fetchval(query, *arguments)

    async def tamper(self, *statements: str) -> None:
        """What somebody with the database's own password could do: write with every trigger off."""
        connection = await asyncpg.connect(self.dsn)
        try:
            await connection.execute("SET session_replication_role = replica")
            for statement in statements:
                await connection.execute(statement)
        finally:
            await connection.close()


@asynccontextmanager
async def open_counter_shop(dsn: str) -> AsyncGenerator[CounterShop]:
    """A shop of counters in a fresh database."""
    await create_tables(dsn)
    database = await Database.open(dsn, writers=16, readers=4)
    with registered_actions():
        yield CounterShop(dsn, database)
    await database.close()
