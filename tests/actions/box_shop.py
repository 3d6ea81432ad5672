"""A whole core over boxes: a performer under the default policy, in a fresh database."""

import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import asyncpg

from bottega.actions import approvals, undo
from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.actions.outcome import Done, Failed, Held, Outcome
from bottega.actions.perform import Performer
from bottega.actions.policy import PolicyBook, default_pack, load_packs
from bottega.kernel.identifiers import new_id
from bottega.platform.clock import SystemClock
from bottega.platform.database.pool import Connection, Database
from tests.actions.boxes import OWNER, SCHEMA, handlers, registered_boxes

# The core's own actions, registered by importing them.
CORE = (approvals.GrantApproval, approvals.DenyApproval, approvals.ExpireApprovals, undo.UndoEntry)


class MovableClock(SystemClock):
    """The machine's clock, which a test may move forward."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> Any:
        return super().now() + self.ahead


@dataclass
class CountingJobs:
    """A job queue that only counts."""

    enqueued: int = 0
    woken: int = 0

    async def enqueue(
        self,
        connection: Connection,
        name: str,
        payload: Mapping[str, Any],
        *,
        key: str | None = None,
        delay_seconds: float = 0.0,
    ) -> str:
        self.enqueued += 1
        return new_id("job")

    def wake(self) -> None:
        self.woken += 1


@dataclass
class BoxShop:
    """A performer with the boxes under the default policy, and short ways to write."""

    dsn: str
    database: Database
    performer: Performer
    clock: MovableClock
    jobs: CountingJobs

    async def perform(self, action: Action, by: Actor = OWNER, key: str | None = None) -> Outcome:
        return await self.performer.perform(action, by=by, key=key)

    async def done(self, action: Action, by: Actor = OWNER, key: str | None = None) -> Done:
        outcome = await self.perform(action, by, key)
        assert isinstance(outcome, Done), outcome
        return outcome

    async def held(self, action: Action, by: Actor, key: str | None = None) -> Held:
        outcome = await self.perform(action, by, key)
        assert isinstance(outcome, Held), outcome
        return outcome

    async def refused(self, action: Action, by: Actor = OWNER, key: str | None = None) -> str:
        """The code of the refusal of an action that has to fail."""
        outcome = await self.perform(action, by, key)
        assert isinstance(outcome, Failed), outcome
        return outcome.refusal.code

    async def amount(self, box_id: str) -> int | None:
        return await self.value("SELECT amount FROM shop.boxes WHERE id = $1", box_id)

    async def value(self, query: str, *arguments: Any) -> Any:
        async with self.database.read() as connection:
            return await connection.fetchval(query, *arguments)

    async def rows(self, query: str, *arguments: Any) -> list[dict[str, Any]]:
        async with self.database.read() as connection:
            return [dict(row) for row in await connection.fetch(query, *arguments)]

    async def execute(self, query: str, *arguments: Any) -> None:
        """A statement of somebody who goes around the program."""
        async with self.database.connection() as connection:
            await connection.execute(query, *arguments)

    async def written(self) -> dict[str, int]:
        """How much stands in every table of the log and the boxes, to show that nothing was left behind."""
        tables = ("log.entries", "log.changes", "log.effects", "log.approvals", "shop.boxes", "shop.slots")
        return {table: await self.value(f"SELECT count(*) FROM {table}") for table in (*tables, "vault.values")}

    async def text_outside_the_vault(self) -> str:
        """Everything that any table but the vault's holds, as one text."""
        tables = await self.rows(
            "SELECT schemaname || '.' || tablename AS name FROM pg_tables "
            "WHERE schemaname IN ('shop', 'log', 'platform', 'search')"
        )
        texts: list[str] = []
        for table in tables:
            shown = await self.value(f"SELECT string_agg(t::text, E'\\n') FROM {table['name']} AS t")
            texts.append(shown or "")
        for column in ("entries", "approvals"):
            shown = await self.value(f"SELECT string_agg(convert_from(arguments, 'UTF8'), E'\\n') FROM log.{column}")
            texts.append(shown or "")
        return "\n".join(texts)


@asynccontextmanager
async def open_box_shop(dsn: str, *, connections: int = 16) -> AsyncGenerator[BoxShop]:
    """A shop of boxes in a fresh database, under the policy of a real shop."""
    connection = await asyncpg.connect(dsn)
    await connection.execute(SCHEMA)
    await connection.close()
    database = await Database.open(dsn, writers=connections, readers=4)
    clock, jobs = MovableClock(), CountingJobs()
    with registered_boxes():
        performer = Performer(database, policy_book(), jobs, clock, secret=random.randbytes(32))
        yield BoxShop(dsn, database, performer, clock, jobs)
    await database.close()


@cache
def policy_book() -> PolicyBook:
    """The default pack over the boxes' actions and the core's own."""
    groups = {action.action_name(): action.groups for action in CORE}
    groups |= {name: handler.action.groups for name, handler in handlers().items()}
    return load_packs([default_pack()]).bind(groups)
