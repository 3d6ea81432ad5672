"""Readers of the log: whoever follows what happens, entry by entry, skipping nothing."""

import asyncio
import contextlib
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any, Protocol

import asyncpg
import structlog

from bottega.actions.log.entries import ENTRY_COLUMNS, LoggedEntry, with_changes
from bottega.actions.log.sealer import CHANNEL, CONNECT_TIMEOUT_SECONDS
from bottega.kernel.errors import NotFound
from bottega.platform.clock import Clock
from bottega.platform.database.connection_loss import is_connection_loss
from bottega.platform.database.pool import Connection, Database, Row
from bottega.platform.jobs.outcome import describe

log = structlog.get_logger(__name__)

BATCH_ENTRIES = 200
# A batch ends early when it holds this many changed rows, so that imports do not fill the memory.
BATCH_CHANGES = 5000
# Readers look by themselves this often, in case a notification was lost.
POLL_SECONDS = 1.0
FIRST_BACKOFF_SECONDS = 0.25
LONGEST_BACKOFF_SECONDS = 60.0
LISTEN_RETRY_SECONDS = 1.0


class LogReader(Protocol):
    """Follows the log. `read` gets entries in the order of their positions, each with its changes.

    What it writes through `connection` commits together with its position, so the database sees every entry once.
    What it does elsewhere may be repeated after a crash: make it idempotent by entry id. It has 60 seconds between two
    statements before the database ends its transaction.

    A reader with an attribute `tables` is given the changes of these tables alone, which spares reading all the others.
    """

    @property
    def name(self) -> str: ...

    async def read(self, entries: Sequence[LoggedEntry], connection: Connection) -> None: ...


@dataclass(frozen=True, slots=True)
class ReaderState:
    """Where a reader stands; `behind` counts sealed entries that it has not read."""

    name: str
    position: int
    behind: int
    failures: int
    last_error: str | None
    updated_at: datetime


@dataclass(slots=True)
class _Follower:
    reader: LogReader
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    failures: int = 0


class ReaderRunner:
    """Runs readers; any number of processes may run the same ones, and each reader is at work in one of them."""

    def __init__(
        self, database: Database, readers: Sequence[LogReader], clock: Clock, *, batch_entries: int = BATCH_ENTRIES
    ) -> None:
        names = [reader.name for reader in readers]
        assert len(set(names)) == len(names), f"two readers of one name among {names}"
        self._database = database
        self._clock = clock
        self._batch_entries = batch_entries
        self._followers = [_Follower(reader) for reader in readers]

    async def run(self, stop: asyncio.Event) -> None:
        """Follows the log until `stop` is set. A reader that fails is tried again, with growing pauses, for ever."""
        tasks = [asyncio.create_task(self._follow(follower, stop)) for follower in self._followers]
        tasks.append(asyncio.create_task(self._listen(stop), name="log-readers-listen"))
        tasks.append(asyncio.create_task(self._wake_at_stop(stop)))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()

    async def read_all(self) -> int:
        """Reads until every reader has read all that is sealed; returns how many entries. Errors are raised."""
        total = 0
        for follower in self._followers:
            while read := await self._read_batch(follower):
                total += read
        return total

    async def _follow(self, follower: _Follower, stop: asyncio.Event) -> None:
        while not stop.is_set():
            follower.woken.clear()
            pause_seconds = POLL_SECONDS
            try:
                read = await self._read_batch(follower)
                if read:
                    continue
            except Exception as error:  # noqa: BLE001 - one reader's failure must not end the others; it is reported and retried
                pause_seconds = await self._fail(follower, error)
                await _wait(stop.wait(), pause_seconds)
                continue
            await _wait(follower.woken.wait(), pause_seconds)

    async def _read_batch(self, follower: _Follower) -> int:
        """One batch in one transaction; 0 when there is nothing to read or another process holds the reader's row."""
        name = follower.reader.name
        # After a failure the batch shrinks to one, so that what stands before the entry that fails is read.
        limit = 1 if follower.failures else self._batch_entries
        async with self._database.write() as connection:
            position = await connection.fetchval(_CLAIM, name)
            if position is None:
                await connection.execute(_REGISTER, name, self._clock.now())
                position = await connection.fetchval(_CLAIM, name)
                if position is None:
                    return 0
            rows = _up_to_changes(await connection.fetch(_NEXT, position, limit))
            if not rows:
                return 0
            entries = await with_changes(connection, rows, getattr(follower.reader, "tables", None))
            await follower.reader.read(entries, connection)
            await connection.execute(_ADVANCE, name, rows[-1]["position"], self._clock.now())
        follower.failures = 0
        return len(rows)

    async def _fail(self, follower: _Follower, error: Exception) -> float:
        """Notes the failure where others can see it; returns how long to wait."""
        follower.failures += 1
        name = follower.reader.name
        longest = min(FIRST_BACKOFF_SECONDS * 2 ** (follower.failures - 1), LONGEST_BACKOFF_SECONDS)
        text = describe(error)
        log.warning("log_reader_failed", reader=name, failures=follower.failures, error=text, exc_info=error)
        if not is_connection_loss(error):
            with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                async with self._database.connection() as connection:
                    await connection.execute(_FAILED, name, follower.failures, text, self._clock.now())
        return longest * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret

    async def _listen(self, stop: asyncio.Event) -> None:
        """Wakes the readers when a block is sealed; on a connection of its own, made again when it is lost."""
        while not stop.is_set():
            lost = asyncio.Event()
            try:
                connection: Any = await asyncpg.connect(
                    self._database.dsn,
                    timeout=CONNECT_TIMEOUT_SECONDS,
                    server_settings={"application_name": "bottega-log-readers"},
                )
            except Exception as error:
                if not is_connection_loss(error):
                    raise
                await _wait(stop.wait(), LISTEN_RETRY_SECONDS)
                continue
            try:
                connection.add_termination_listener(partial(_set, lost))
                await connection.add_listener(CHANNEL, self._wake)
                self._wake()
                while not stop.is_set() and not lost.is_set():
                    await _wait(stop.wait(), LISTEN_RETRY_SECONDS)
            except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                log.warning("log_readers_lost_database", error=type(error).__name__)
            finally:
                connection.terminate()

    async def _wake_at_stop(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._wake()

    def _wake(self, *_: object) -> None:
        for follower in self._followers:
            follower.woken.set()


def _up_to_changes(rows: Sequence[Row]) -> Sequence[Row]:
    total = 0
    for index, row in enumerate(rows):
        total += row["changed"]
        if total > BATCH_CHANGES and index:
            return rows[:index]
    return rows


async def reader_states(connection: Connection) -> list[ReaderState]:
    """Every reader that ever ran, by name."""
    return [ReaderState(**row) for row in await connection.fetch(_STATES)]


async def rewind(connection: Connection, name: str, *, position: int = 0) -> None:
    """Lets a reader read again what comes after `position`; waits for the batch under way."""
    assert position >= 0, "positions begin at 1"
    moved = await connection.fetchval(
        "UPDATE log.readers SET position = least(position, $2), failures = 0, last_error = NULL "
        "WHERE name = $1 RETURNING name",
        name,
        position,
    )
    if moved is None:
        raise NotFound(
            "no_such_reader", f"No reader of the log is named {name}.", next_step="See `bottega log readers`."
        )


def _set(event: asyncio.Event, _connection: object) -> None:
    event.set()


async def _wait(awaitable: Any, timeout_seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(awaitable, timeout_seconds)


_CLAIM = "SELECT position FROM log.readers WHERE name = $1 FOR UPDATE SKIP LOCKED"

_REGISTER = "INSERT INTO log.readers (name, updated_at) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING"

_NEXT = f"""
SELECT {ENTRY_COLUMNS}, (SELECT count(*) FROM log.changes c WHERE c.entry_id = e.id) AS changed
FROM log.positions p JOIN log.entries e ON e.id = p.entry_id
WHERE p.position > $1 ORDER BY p.position LIMIT $2"""

_ADVANCE = """
UPDATE log.readers SET position = $2, failures = 0, last_error = NULL, updated_at = $3 WHERE name = $1"""

_FAILED = "UPDATE log.readers SET failures = $2, last_error = $3, updated_at = $4 WHERE name = $1"

_STATES = """
SELECT name, position, coalesce((SELECT max(position) FROM log.positions), 0) - position AS behind,
       failures, last_error, updated_at
FROM log.readers ORDER BY name"""
