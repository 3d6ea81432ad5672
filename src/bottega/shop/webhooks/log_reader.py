"""The reader of the log that turns sealed entries into deliveries, one for each endpoint that asked for the action."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from bottega.actions.log.entries import LoggedEntry
from bottega.actions.log.readers import LogReader
from bottega.kernel.identifiers import new_id
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Connection
from bottega.platform.jobs import Jobs
from bottega.shop.webhooks.actions import DELIVER
from bottega.shop.webhooks.model import EVERY_TOPIC

MOST_CHANGES_SHOWN = 200
_IDENTIFIER = re.compile(r"[a-z]{3}_[0-7][0-9a-hjkmnp-tv-z]{25}")


class Following(Protocol):
    """What the reader needs of the application."""

    @property
    def jobs(self) -> Jobs: ...
    @property
    def clock(self) -> Clock: ...


class WebhookReader:
    """Writes deliveries in the transaction that moves its position: none is lost, none is written twice."""

    name = "webhooks"

    def __init__(self, jobs: Jobs, clock: Clock) -> None:
        self._jobs = jobs
        self._clock = clock

    async def read(self, entries: Sequence[LoggedEntry], connection: Connection) -> None:
        """An endpoint hears of what is recorded from its making on, while it is active."""
        endpoints = await connection.fetch(
            "SELECT id, topics, created_at FROM platform.webhook_endpoints WHERE active ORDER BY id FOR SHARE"
        )
        rows = [
            (new_id("whd"), endpoint["id"], entry.position, entry.action, delivery_body(entry))
            for entry in entries
            for endpoint in endpoints
            if not {EVERY_TOPIC, entry.action}.isdisjoint(endpoint["topics"])
            and entry.recorded_at >= endpoint["created_at"]
        ]
        if not rows:
            return
        await connection.execute(_INSERT, *([row[column] for row in rows] for column in range(5)), self._clock.now())
        for endpoint_id in sorted({row[1] for row in rows}):
            await self._jobs.enqueue(connection, DELIVER, {"endpoint_id": endpoint_id}, key=endpoint_id)


def log_readers(application: Following) -> list[LogReader]:
    """What bootstrap runs."""
    return [WebhookReader(application.jobs, application.clock)]


def delivery_body(entry: LoggedEntry) -> dict[str, Any]:
    """What the receiver learns: which action happened when, and what it touched; ids and names, nothing personal."""
    changes = [
        {"table": change.table_name, "key": change.row_key, "operation": change.operation}
        for change in entry.changes[:MOST_CHANGES_SHOWN]
    ]
    return {
        "entry_id": entry.id,
        "position": entry.position,
        "action": entry.action,
        "recorded_at": entry.recorded_at.isoformat(),
        "actor_kind": entry.actor_kind,
        "ids": identifiers_in({**entry.arguments, **entry.result}),
        "changes": changes,
        "changes_total": len(entry.changes),
    }


def identifiers_in(values: Mapping[str, Any]) -> dict[str, str]:
    """The identifiers among an entry's arguments and results, by name."""
    return {name: value for name, value in values.items() if isinstance(value, str) and _IDENTIFIER.fullmatch(value)}


_INSERT = """
INSERT INTO platform.webhook_deliveries (id, endpoint_id, position, topic, body, next_attempt_at, created_at)
SELECT d.id, d.endpoint_id, d.position, d.topic, d.body, $6, $6
FROM unnest($1::text[], $2::text[], $3::bigint[], $4::text[], $5::jsonb[]) AS d (id, endpoint_id, position, topic, body)
ON CONFLICT (endpoint_id, position) DO NOTHING"""
