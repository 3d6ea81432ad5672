"""The sealer: gives entries dense positions in the order of their sequence, and chains them in signed blocks."""

import asyncio
import contextlib
import time
from dataclasses import dataclass
from typing import Any

import asyncpg
import structlog

from bottega.actions.log.anchor import Anchor
from bottega.actions.log.canonical import GENESIS_HASH, Block, block_hash, time_text
from bottega.actions.log.signing import SigningKey
from bottega.kernel.errors import Invalid, Unavailable
from bottega.platform.clock import Clock
from bottega.platform.database.connection_loss import is_connection_loss
from bottega.platform.database.pool import Connection

log = structlog.get_logger(__name__)

# Readers of the log listen here; the payload is the newest position.
CHANNEL = "bottega_log"
# A process whose sealer waits behind another's tells that one here that there is something to seal.
WRITTEN_CHANNEL = "bottega_log_written"
# A number of our own for pg_advisory_lock; advisory locks belong to one database.
LOCK_KEY = 0x6C6F677365616C
BATCH_ENTRIES = 2000
COMMAND_TIMEOUT_SECONDS = 60
CONNECT_TIMEOUT_SECONDS = 10
# Entries that arrive within this share a block.
GATHER_SECONDS = 0.03
HOLE_PAUSE_SECONDS = 0.02
IDLE_PAUSE_SECONDS = 0.25
# How soon another sealer takes over from one that died.
TAKEOVER_PAUSE_SECONDS = 1.0
LONGEST_RETRY_PAUSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class _Waiting:
    """What is visible beyond the last sealed entry, in one snapshot."""

    position: int
    sequence: int
    block_number: int
    block_hash: bytes
    sequences: list[int]
    oldest_running: int


@dataclass(frozen=True, slots=True)
class _Hole:
    """Evidence taken at a hole: every transaction that drew a number up to `highest` has an id below `bound`."""

    highest: int
    bound: int


class Sealer:
    """Seals one database's log; any number may run, one at a time works and the others wait to take over."""

    def __init__(
        self,
        dsn: str,
        key: SigningKey,
        clock: Clock,
        *,
        anchor: Anchor | None = None,
        batch_entries: int = BATCH_ENTRIES,
        connection_class: "type[Connection]" = asyncpg.Connection,
    ) -> None:
        self._dsn = dsn
        self._key = key
        self._clock = clock
        self._anchor = anchor
        self._batch_entries = batch_entries
        self._connection_class = connection_class
        self._connection: Connection | None = None
        self._leads = False
        self._hole: _Hole | None = None
        self._settled = 0
        self._wanted = asyncio.Event()
        # One statement at a time on the one connection, also when somebody calls seal_all() beside run().
        self._turn = asyncio.Lock()

    @property
    def leads(self) -> bool:
        """Whether this sealer is the one at work."""
        return self._leads

    def wake(self, *_: object) -> None:
        """Says that an entry was written; returns at once. Fits `Performer.when_done`."""
        self._wanted.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Seals until `stop` is set; a lost database is waited for, anything else that goes wrong is raised."""
        retry_pause_seconds = HOLE_PAUSE_SECONDS
        try:
            while not stop.is_set():
                try:
                    sealed = await self._seal_when_woken()
                    retry_pause_seconds = HOLE_PAUSE_SECONDS
                    await self._pause(stop, sealed)
                except Exception as error:
                    if not is_connection_loss(error):
                        raise
                    log.warning("sealer_lost_database", error=type(error).__name__)
                    self._drop_connection()
                    await _wait(stop.wait(), retry_pause_seconds)
                    retry_pause_seconds = min(retry_pause_seconds * 2, LONGEST_RETRY_PAUSE_SECONDS)
            await self._seal_the_rest()
        finally:
            await self.close()

    async def seal_all(self, timeout_seconds: float = 30.0) -> int:
        """Waits until all that is committed by now is sealed, by this sealer or another; returns how many by this one.

        `Unavailable` when it takes longer, for example because a transaction that may have written stays open.
        """
        deadline = time.monotonic() + timeout_seconds
        total, target = 0, None
        while True:
            sealed = await self.seal_once()
            total += sealed
            async with self._turn:
                if self._connection is not None:
                    if target is None:
                        target = await self._connection.fetchval(_NEWEST)
                    if not await self._connection.fetchval(_IS_WAITING, target):
                        return total
            if sealed:
                continue
            if time.monotonic() > deadline:
                raise Unavailable(
                    "log_not_sealed",
                    f"The log was not sealed within {timeout_seconds:.0f} s: a transaction stays open for too long.",
                    next_step="End the long transaction (see pg_stat_activity) and try again.",
                )
            await asyncio.sleep(HOLE_PAUSE_SECONDS)

    async def seal_once(self) -> int:
        """Seals at most one block; returns how many entries, 0 when there are none or another sealer is at work."""
        async with self._turn:
            return await self._seal_block()

    async def _seal_block(self) -> int:
        connection = await self._leading_connection()
        if connection is None:
            return 0
        row = await connection.fetchrow(_WAITING, self._batch_entries)
        assert row is not None
        waiting = _Waiting(*row)
        if not waiting.sequences:
            return 0
        upto = await self._settled_sequence(connection, waiting)
        count = sum(1 for sequence in waiting.sequences if sequence <= upto)
        if count == 0:
            return 0
        head = await self._write_block(connection, waiting, upto, count)
        if self._anchor is not None:
            try:
                await self._anchor.keep(head)
            except (OSError, Invalid) as error:
                # Sealing goes on: the next block offers the anchor a newer head.
                log.error("sealer_anchor_not_kept", error=str(error), block=head.number)
        return count

    async def _seal_when_woken(self) -> int:
        was_woken = self._wanted.is_set()
        self._wanted.clear()
        sealed = await self.seal_once()
        async with self._turn:
            if was_woken and not self._leads and self._connection is not None:
                await self._connection.execute("SELECT pg_notify($1, '')", WRITTEN_CHANNEL)
        return sealed

    async def _seal_the_rest(self) -> None:
        try:
            while self._leads and await self.seal_once():
                pass
        except Exception as error:
            if not is_connection_loss(error):
                raise
            log.warning("sealer_lost_database", error=type(error).__name__)

    async def close(self) -> None:
        """Gives up the lead; another sealer may take over at once."""
        connection, self._connection, self._leads = self._connection, None, False
        if connection is not None and not connection.is_closed():
            with contextlib.suppress(OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
                await connection.close(timeout=2)

    async def _leading_connection(self) -> "Connection | None":
        """A connection of our own that holds the lock for as long as it lives; None while another sealer has it."""
        if self._connection is None or self._connection.is_closed():
            self._drop_connection()
            connected: Any = await asyncpg.connect(
                self._dsn,
                timeout=CONNECT_TIMEOUT_SECONDS,
                command_timeout=COMMAND_TIMEOUT_SECONDS,
                connection_class=self._connection_class,
                server_settings={"application_name": "bottega-sealer", "timezone": "UTC", "jit": "off"},
            )
            self._connection = connected
        connection = self._connection
        assert connection is not None
        if not self._leads:
            self._leads = await connection.fetchval("SELECT pg_try_advisory_lock($1)", LOCK_KEY)
            if self._leads:
                await connection.add_listener(WRITTEN_CHANNEL, self.wake)
        return connection if self._leads else None

    def _drop_connection(self) -> None:
        connection, self._connection, self._leads, self._hole = self._connection, None, False, None
        if connection is not None:
            connection.terminate()

    async def _settled_sequence(self, connection: Connection, waiting: _Waiting) -> int:
        """The highest number up to which nothing can appear any more.

        A hole is a number that was drawn and is not visible: its transaction still runs, or it is dead. It is dead
        once every transaction that could have drawn it has ended and a snapshot taken after that does not show it.
        """
        if self._hole is not None and waiting.oldest_running > self._hole.bound:
            self._settled = self._hole.highest
            self._hole = None
        upto = _end_of_run(max(waiting.sequence, self._settled), waiting.sequences)
        newest = waiting.sequences[-1]
        if upto >= newest:
            return newest
        if self._hole is None:
            row = await connection.fetchrow(_NOTE_HOLE)
            assert row is not None
            self._hole = _Hole(row["highest"], row["bound"])
        return upto

    async def _write_block(self, connection: Connection, waiting: _Waiting, upto: int, count: int) -> Block:
        number, first = waiting.block_number + 1, waiting.position + 1
        sealed_at = self._clock.now()
        async with connection.transaction():
            rows = await connection.fetch(_SEAL, waiting.position, waiting.sequence, upto)
            # Numbers up to `upto` are settled, so what was visible a moment ago is all there is.
            assert len(rows) == count, f"{len(rows)} entries to seal, {count} expected"
            hashes = b"".join(row["entry_hash"] for row in sorted(rows, key=lambda row: row["position"]))
            last = waiting.position + count
            text = time_text(sealed_at)
            digest = block_hash(number, first, last, waiting.block_hash, self._key.key_id, text, hashes)
            block = Block(
                number,
                first,
                last,
                waiting.block_hash,
                digest,
                self._key.key_id,
                self._key.sign_block(digest),
                text,
            )
            await connection.execute(
                _INSERT_BLOCK,
                block.number,
                block.first_position,
                block.last_position,
                block.previous_hash,
                block.hash,
                block.key_id,
                block.signature,
                sealed_at,
                CHANNEL,
                str(last),
            )
        return block

    async def _pause(self, stop: asyncio.Event, sealed: int) -> None:
        """Until there may be something to do."""
        if sealed >= self._batch_entries:
            return
        if not self._leads:
            await _wait_for_first(stop, self._wanted, TAKEOVER_PAUSE_SECONDS)
        elif self._hole is not None:
            await _wait(stop.wait(), HOLE_PAUSE_SECONDS)
        else:
            await _wait_for_first(stop, self._wanted, IDLE_PAUSE_SECONDS)
            await _wait(stop.wait(), GATHER_SECONDS)


def _end_of_run(start: int, sequences: list[int]) -> int:
    """The last number of the unbroken run of numbers that follows `start`, or `start`; `sequences` are sorted."""
    end = start
    for sequence in sequences:
        if sequence <= end:
            continue
        if sequence != end + 1:
            break
        end = sequence
    return end


async def _wait(awaitable: Any, timeout_seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(awaitable, timeout_seconds)


async def _wait_for_first(one: asyncio.Event, other: asyncio.Event, timeout_seconds: float) -> None:
    tasks = [asyncio.create_task(event.wait()) for event in (one, other)]
    try:
        await asyncio.wait(tasks, timeout=timeout_seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


# One statement, so one snapshot: what it does not show, and whose transaction ended before xmin, does not exist.
_WAITING = """
WITH sealed AS (
    SELECT coalesce(max(position), 0) AS position, coalesce(max(sequence), 0) AS sequence FROM log.positions),
head AS (SELECT number, hash FROM log.blocks ORDER BY number DESC LIMIT 1)
SELECT sealed.position, sealed.sequence, coalesce((SELECT number FROM head), 0),
       coalesce((SELECT hash FROM head), '\\x%s'::bytea),
       ARRAY(SELECT e.sequence FROM log.entries e WHERE e.sequence > sealed.sequence ORDER BY e.sequence LIMIT $1),
       pg_snapshot_xmin(pg_current_snapshot())::text::bigint
FROM sealed""" % GENESIS_HASH.hex()  # noqa: UP031 - braces would have to be doubled for nothing

# The id is assigned after the snapshot was taken, so it is above that of every transaction that drew up to `highest`.
_NOTE_HOLE = """
SELECT max(sequence) AS highest, pg_current_xact_id()::text::bigint AS bound FROM log.entries"""

_NEWEST = "SELECT coalesce(max(sequence), 0) FROM log.entries"

_IS_WAITING = """
SELECT EXISTS (
    SELECT FROM log.entries
    WHERE sequence > (SELECT coalesce(max(sequence), 0) FROM log.positions) AND sequence <= $1)"""

_SEAL = """
INSERT INTO log.positions (position, entry_id, sequence, entry_hash)
SELECT $1 + row_number() OVER (ORDER BY e.sequence), e.id, e.sequence, log.entry_hash(e)
FROM log.entries e WHERE e.sequence > $2 AND e.sequence <= $3
RETURNING position, entry_hash"""

_INSERT_BLOCK = """
WITH block AS (
    INSERT INTO log.blocks (number, first_position, last_position, previous_hash, hash, key_id, signature, sealed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8))
SELECT pg_notify($9, $10)"""
