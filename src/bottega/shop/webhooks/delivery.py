"""Sending deliveries: signed, in the order of the log, tried again with growing pauses, given up in the end."""

import asyncio
import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import orjson
import structlog

from bottega import __version__
from bottega.actions.perform import Performer
from bottega.kernel.errors import Unavailable
from bottega.platform.database.pool import Database, Row
from bottega.platform.jobs import Jobs, job, periodic
from bottega.platform.outgoing_http import AddressRefused, Answered, OutgoingHttp
from bottega.ports.services import Services
from bottega.shop.webhooks.actions import DELIVER
from bottega.shop.webhooks.signature import HEADER, signature

log = structlog.get_logger(__name__)

MAXIMUM_ATTEMPTS = 12
FIRST_RETRY_SECONDS = 5.0
LONGEST_RETRY_SECONDS = 6 * 3600.0
LONGEST_RETRY_AFTER_SECONDS = 86_400.0
# Whoever claims a delivery has this long to send it; longer than any request may take.
CLAIM_SECONDS = 60.0
AT_ONCE = 5
LONGEST_RUN_SECONDS = 60.0
KEEP_DELIVERED = timedelta(days=30)
GONE = 410


class WebhookJobs(Protocol):
    """What the jobs need of the application."""

    @property
    def performer(self) -> Performer: ...
    @property
    def services(self) -> Services: ...
    @property
    def jobs(self) -> Jobs: ...


@job(DELIVER, timeout_seconds=180.0, concurrency_limit=10)
async def deliver(context: WebhookJobs, payload: Mapping[str, Any]) -> None:
    """Sends what is due to one endpoint, and comes back when the next attempt is due."""
    endpoint_id = str(payload["endpoint_id"])
    http = context.services.get(OutgoingHttp)
    next_due = await deliver_due(context.performer, http, endpoint_id)
    if next_due is not None:
        wait = max(0.0, (next_due - context.performer.clock.now()).total_seconds())
        async with context.performer.database.write() as connection:
            await context.jobs.enqueue(
                connection, DELIVER, {"endpoint_id": endpoint_id}, key=endpoint_id, delay_seconds=wait
            )
        context.jobs.wake()


@periodic("webhooks.sweep", every_seconds=30)
async def sweep(context: WebhookJobs, _: Mapping[str, Any]) -> None:
    """Wakes what is overdue, whatever became of the job that should have, and drops old deliveries."""
    now = context.performer.clock.now()
    async with context.performer.database.write() as connection:
        await connection.execute(
            "DELETE FROM platform.webhook_deliveries WHERE state = 'delivered' AND delivered_at < $1",
            now - KEEP_DELIVERED,
        )
        for row in await connection.fetch(_OVERDUE, now):
            endpoint_id: str = row["endpoint_id"]
            await context.jobs.enqueue(connection, DELIVER, {"endpoint_id": endpoint_id}, key=endpoint_id)
    context.jobs.wake()


async def deliver_due(performer: Performer, http: OutgoingHttp, endpoint_id: str) -> datetime | None:
    """Sends what is due to an endpoint; returns when the next attempt is due, None when nothing waits."""
    database, clock = performer.database, performer.clock
    began_at = clock.now()
    while (clock.now() - began_at).total_seconds() < LONGEST_RUN_SECONDS:
        now = clock.now()
        async with database.connection() as connection:
            rows = await connection.fetch(_CLAIM, endpoint_id, now, now + timedelta(seconds=CLAIM_SECONDS), AT_ONCE)
        if not rows:
            break
        await _send_all(performer, http, sorted(rows, key=lambda row: row["position"]))
    async with database.read() as connection:
        return await connection.fetchval(_NEXT_DUE, endpoint_id)


async def _send_all(performer: Performer, http: OutgoingHttp, rows: Sequence[Row]) -> None:
    async with asyncio.TaskGroup() as group:
        for row in rows:
            group.create_task(_send(performer, http, row))


async def _send(performer: Performer, http: OutgoingHttp, row: Row) -> None:
    body = orjson.dumps(row["body"], option=orjson.OPT_SORT_KEYS)
    headers = {
        "Content-Type": "application/json",
        "User-Agent": f"Bottega/{__version__}",
        "Bottega-Delivery": row["id"],
        "Bottega-Topic": row["topic"],
        HEADER: signature(row["secret"], body, int(performer.clock.now().timestamp())),
    }
    try:
        answered: Answered | Exception = await http.post(row["url"], body, headers)
    except (AddressRefused, Unavailable) as error:
        answered = error
    await _settle(performer.database, row, answered, performer.clock.now())


async def _settle(database: Database, row: Row, answered: Answered | Exception, now: datetime) -> None:
    """Writes down how the attempt ended; whoever was overtaken by another worker writes nothing."""
    status = answered.status if isinstance(answered, Answered) else None
    delivered = status is not None and 200 <= status < 300
    error = None if delivered else f"status {status}" if status is not None else str(answered)[:500]
    hopeless = status == GONE or isinstance(answered, AddressRefused) or row["attempts"] >= MAXIMUM_ATTEMPTS
    state = "delivered" if delivered else "dead" if hopeless else "waiting"
    asked = answered.retry_after_seconds if isinstance(answered, Answered) else None
    due_at = now + timedelta(seconds=retry_seconds(row["attempts"], asked))
    if state == "dead":
        log.warning("webhook_delivery_dead", delivery_id=row["id"], endpoint_id=row["endpoint_id"], error=error)
    async with database.connection() as connection:
        await connection.execute(
            _SETTLE, row["id"], row["attempts"], state, status, error, due_at, now if delivered else None
        )


def retry_seconds(attempts: int, retry_after_seconds: float | None) -> float:
    """The pause after so many attempts: four times longer each time, with jitter, and never below Retry-After."""
    pause = min(FIRST_RETRY_SECONDS * 4.0 ** (attempts - 1), LONGEST_RETRY_SECONDS)
    pause *= random.uniform(0.8, 1.2)  # noqa: S311 - jitter, not a secret
    return max(pause, min(retry_after_seconds or 0.0, LONGEST_RETRY_AFTER_SECONDS))


_CLAIM = """
WITH due AS (
    SELECT id FROM platform.webhook_deliveries
    WHERE endpoint_id = $1 AND state = 'waiting' AND next_attempt_at <= $2
    ORDER BY position LIMIT $4 FOR UPDATE SKIP LOCKED)
UPDATE platform.webhook_deliveries d SET attempts = d.attempts + 1, next_attempt_at = $3
FROM due, platform.webhook_endpoints e
WHERE d.id = due.id AND e.id = d.endpoint_id AND e.active
RETURNING d.id, d.endpoint_id, d.position, d.topic, d.body, d.attempts, e.url, e.secret"""

_SETTLE = """
UPDATE platform.webhook_deliveries
SET state = $3, last_status = $4, last_error = $5, next_attempt_at = $6, delivered_at = $7
WHERE id = $1 AND attempts = $2 AND state = 'waiting'"""

_NEXT_DUE = """
SELECT min(d.next_attempt_at) FROM platform.webhook_deliveries d
JOIN platform.webhook_endpoints e ON e.id = d.endpoint_id AND e.active
WHERE d.endpoint_id = $1 AND d.state = 'waiting'"""

_OVERDUE = """
SELECT DISTINCT d.endpoint_id FROM platform.webhook_deliveries d
JOIN platform.webhook_endpoints e ON e.id = d.endpoint_id AND e.active
WHERE d.state = 'waiting' AND d.next_attempt_at <= $1 ORDER BY d.endpoint_id"""
