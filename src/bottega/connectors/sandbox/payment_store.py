"""Where the sandbox keeps payments and events: in memory, or in PostgreSQL for several processes."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from pydantic import TypeAdapter

from bottega.connectors.sandbox.payment_records import PaymentRecord
from bottega.platform.database.pool import Database
from bottega.ports.payment_gateway import GatewayEvent

EVENT = TypeAdapter(GatewayEvent)
# The provider's own books; a real provider keeps them elsewhere.
TABLES = ("platform.sandbox_payments", "platform.sandbox_events")


class PaymentStore(Protocol):
    """Keeps records by reference; a record is replaced only by the next version of itself."""

    async def insert(self, record: PaymentRecord, events: Sequence[GatewayEvent]) -> bool:
        """Keep a new record and its events; False when the reference is taken."""
        ...

    async def replace(self, record: PaymentRecord, events: Sequence[GatewayEvent], expected_version: int) -> bool:
        """Keep a changed record and its events; False when another change came first."""
        ...

    async def read(self, reference: str) -> PaymentRecord | None: ...

    async def find(self, payment_id: str) -> list[PaymentRecord]: ...

    async def list_events(self, since: datetime, limit: int, before: int | None) -> list[tuple[int, GatewayEvent]]:
        """Events at or after `since`, newest first, each with its position; only positions below `before`."""
        ...


class MemoryPaymentStore:
    """For tests and for one process."""

    def __init__(self) -> None:
        self._records: dict[str, PaymentRecord] = {}
        self._events: list[GatewayEvent] = []

    async def insert(self, record: PaymentRecord, events: Sequence[GatewayEvent]) -> bool:
        if record.reference in self._records:
            return False
        self._records[record.reference] = record
        self._events.extend(events)
        return True

    async def replace(self, record: PaymentRecord, events: Sequence[GatewayEvent], expected_version: int) -> bool:
        stored = self._records.get(record.reference)
        if stored is None or stored.version != expected_version:
            return False
        self._records[record.reference] = record
        self._events.extend(events)
        return True

    async def read(self, reference: str) -> PaymentRecord | None:
        return self._records.get(reference)

    async def find(self, payment_id: str) -> list[PaymentRecord]:
        return [record for record in self._records.values() if record.payment_id == payment_id]

    async def list_events(self, since: datetime, limit: int, before: int | None) -> list[tuple[int, GatewayEvent]]:
        numbered = [
            (position, event)
            for position, event in enumerate(self._events, start=1)
            if event.occurred_at >= since and (before is None or position < before)
        ]
        return numbered[::-1][:limit]


# Documents travel as text and are cast: which JSON codec the pool's connections carry does not matter.
_INSERT = """
WITH saved AS (
    INSERT INTO platform.sandbox_payments (reference, payment_id, version, document, created_at)
    VALUES ($1, $2, $3, $4::text::jsonb, $5)
    ON CONFLICT (reference) DO NOTHING
    RETURNING reference
), announced AS (
    INSERT INTO platform.sandbox_events (event_id, reference, document, occurred_at)
    SELECT event.id, saved.reference, event.document::jsonb, event.occurred_at
    FROM saved, unnest($6::text[], $7::text[], $8::timestamptz[]) AS event (id, document, occurred_at)
)
SELECT count(*) AS saved FROM saved
"""

_REPLACE = """
WITH saved AS (
    UPDATE platform.sandbox_payments SET version = $2, document = $3::text::jsonb
    WHERE reference = $1 AND version = $4
    RETURNING reference
), announced AS (
    INSERT INTO platform.sandbox_events (event_id, reference, document, occurred_at)
    SELECT event.id, saved.reference, event.document::jsonb, event.occurred_at
    FROM saved, unnest($5::text[], $6::text[], $7::timestamptz[]) AS event (id, document, occurred_at)
)
SELECT count(*) AS saved FROM saved
"""

_READ = "SELECT document::text AS document FROM platform.sandbox_payments WHERE reference = $1"

_FIND = """
SELECT document::text AS document FROM platform.sandbox_payments
WHERE payment_id = $1 ORDER BY created_at, reference LIMIT 100
"""

_LIST_EVENTS = """
SELECT position, document::text AS document FROM platform.sandbox_events
WHERE occurred_at >= $1 AND ($2::bigint IS NULL OR position < $2)
ORDER BY position DESC LIMIT $3
"""


class PostgresPaymentStore:
    """One statement per call, so that a whole sandbox call is one or two."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def insert(self, record: PaymentRecord, events: Sequence[GatewayEvent]) -> bool:
        async with self._database.connection() as connection:
            saved = await connection.fetchval(
                _INSERT,
                record.reference,
                record.payment_id,
                record.version,
                record.model_dump_json(),
                record.created_at,
                *_columns(events),
            )
        return saved == 1

    async def replace(self, record: PaymentRecord, events: Sequence[GatewayEvent], expected_version: int) -> bool:
        async with self._database.connection() as connection:
            saved = await connection.fetchval(
                _REPLACE,
                record.reference,
                record.version,
                record.model_dump_json(),
                expected_version,
                *_columns(events),
            )
        return saved == 1

    async def read(self, reference: str) -> PaymentRecord | None:
        async with self._database.connection() as connection:
            document = await connection.fetchval(_READ, reference)
        return None if document is None else PaymentRecord.model_validate_json(document)

    async def find(self, payment_id: str) -> list[PaymentRecord]:
        async with self._database.connection() as connection:
            rows = await connection.fetch(_FIND, payment_id)
        return [PaymentRecord.model_validate_json(row["document"]) for row in rows]

    async def list_events(self, since: datetime, limit: int, before: int | None) -> list[tuple[int, GatewayEvent]]:
        async with self._database.connection() as connection:
            rows = await connection.fetch(_LIST_EVENTS, since, before, limit)
        return [(row["position"], EVENT.validate_json(row["document"])) for row in rows]


def _columns(events: Sequence[GatewayEvent]) -> tuple[list[str], list[str], list[datetime]]:
    return (
        [event.event_id for event in events],
        [EVENT.dump_json(event).decode() for event in events],
        [event.occurred_at for event in events],
    )
