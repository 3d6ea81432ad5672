"""The record of every call: what it took and how it went, never what was said."""

import asyncio
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal

from bottega.platform.database.pool import Database
from bottega.ports.chat_model import Usage
from bottega.runtime.models.away import going_on_without
from bottega.runtime.models.budgets import Reservation
from bottega.runtime.models.call import Attempt, CacheHit, Level, ModelCall

Outcome = Literal["answered", "failed", "abandoned"]


@dataclass(frozen=True, slots=True)
class CallRecord:
    """One line of `runtime.model_calls`."""

    id: str
    call: ModelCall
    outcome: Outcome
    reason: str
    attempts: tuple[Attempt, ...]
    began_at: datetime
    seconds: float
    currency: str
    cost_micros: int = 0
    cost_is_estimate: bool = False
    route: str | None = None
    level: Level | None = None
    model: str | None = None
    usage: Usage = field(default_factory=Usage)
    error_code: str | None = None
    cache_hit: CacheHit | None = None
    first_token_seconds: float | None = None
    streamed: bool = False
    vendor_request_id: str = ""


async def write_record(database: Database, record: CallRecord, settling: tuple[Reservation, int] | None = None) -> None:
    """Writes it down, and settles the reservation of the attempt that answered in the same statement.

    A call that cost nothing does not wait for the disk: a crash of the database may lose its line, and no money.
    """
    statement = INSERT if settling is not None or record.cost_micros else INSERT_LAZILY
    async with database.connection() as connection:
        await connection.execute(statement, *_values(record, settling))


class RecordsAside:
    """Writes records of calls to the engine of our own beside the work: they cost nothing, so nothing rests on them.
    What comes in while a write is under way is written together."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: list[CallRecord] = []
        self._writing: asyncio.Task[None] | None = None

    def add(self, record: CallRecord) -> None:
        """Takes it in; written in a moment."""
        self._waiting.append(record)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write(), name="records of model calls")

    async def written(self) -> None:
        """Until all that was taken in is written, or was given up because the database is away."""
        while self._writing is not None and not self._writing.done():
            await asyncio.wait([self._writing])

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            with going_on_without("model_calls_not_recorded", calls=len(batch)):
                async with self._database.connection() as connection:
                    await connection.executemany(INSERT_LAZILY, [_values(record) for record in batch])


def _values(record: CallRecord, settling: tuple[Reservation, int] | None = None) -> tuple[Any, ...]:
    call = record.call
    first = record.first_token_seconds
    reservation, cost = (None, None) if settling is None else (settling[0].id, settling[1])
    return (
        record.id,
        call.run_id,
        list(call.parent_run_ids),
        call.role,
        call.intent,
        record.outcome,
        record.route,
        record.level,
        record.model,
        record.reason,
        record.error_code,
        record.cache_hit,
        [_plain(attempt) for attempt in record.attempts],
        record.usage.input_tokens,
        record.usage.output_tokens,
        record.usage.cached_input_tokens,
        record.usage.cache_written_tokens,
        record.cost_micros,
        record.cost_is_estimate,
        record.currency,
        round(record.seconds * 1_000),
        None if first is None else round(first * 1_000),
        call.personal_data,
        record.streamed,
        record.vendor_request_id or None,
        record.began_at,
        reservation,
        cost,
    )


def _plain(attempt: Attempt) -> dict[str, Any]:
    return {**asdict(attempt), "seconds": round(attempt.seconds, 3)}


_COLUMNS = """
INSERT INTO runtime.model_calls (
    id, run_id, parent_run_ids, role, intent, outcome, route, level, model, reason, error_code, cache_hit, attempts,
    input_tokens, output_tokens, cached_input_tokens, cache_written_tokens, cost_micros, cost_is_estimate, currency,
    milliseconds, first_token_milliseconds, personal_data, streamed, vendor_request_id, began_at
)
SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24,
       $25, $26::timestamptz
"""
INSERT = f"""
WITH settled AS (SELECT CASE WHEN $27::text IS NOT NULL THEN runtime.settle_spend($27, $28, $26) END AS done)
{_COLUMNS} FROM settled
"""
INSERT_LAZILY = f"""
WITH lazily AS (SELECT set_config('synchronous_commit', 'off', true), $27::text, $28::bigint)
{_COLUMNS} FROM lazily
"""
