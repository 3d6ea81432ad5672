"""Leaving work for later: a job is enqueued in the caller's transaction and woken after its commit."""

import json
import math
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import new_id
from bottega.platform.database.pool import Connection
from bottega.platform.jobs.registry import Definition, Registry
from bottega.platform.jobs.registry import registry as default_registry
from bottega.platform.jobs.wake import Waker

PAYLOAD_BYTES_LIMIT = 16_384
KEY_CHARACTERS_LIMIT = 200
DELAY_SECONDS_LIMIT = 366 * 86_400.0

# Our row and the queue's row together, so that neither is ever committed without the other.
_ENQUEUE = """
WITH job AS (
    INSERT INTO platform.jobs (id, name, payload, maximum_attempts, priority, run_after, queue_id)
    VALUES ($1, $2, $3::text::jsonb, $4, $5, now() + $6::float8 * interval '1 second',
            nextval('platform.pgqueuer_id_seq'))
    RETURNING id, name, priority, run_after, queue_id
)
INSERT INTO platform.pgqueuer (id, priority, entrypoint, payload, execute_after, status)
SELECT queue_id, priority, name, convert_to(id, 'UTF8'), run_after, 'queued' FROM job
"""

# A job with the same key that still waits stands for both. Its row is updated even when nothing changes: the lock
# keeps a worker from beginning it before this transaction has ended, so the job always sees what this transaction
# wrote.
_ENQUEUE_KEYED = """
WITH job AS (
    INSERT INTO platform.jobs AS waiting (id, name, payload, maximum_attempts, priority, run_after, queue_id, key)
    VALUES ($1, $2, $3::text::jsonb, $4, $5, now() + $6::float8 * interval '1 second',
            nextval('platform.pgqueuer_id_seq'), $7)
    ON CONFLICT (name, key) WHERE state = 'waiting' AND key IS NOT NULL
    DO UPDATE SET run_after = CASE WHEN waiting.attempts = 0 THEN least(waiting.run_after, excluded.run_after)
                                   ELSE waiting.run_after END
    RETURNING id, name, priority, run_after, queue_id
), queued AS (
    INSERT INTO platform.pgqueuer (id, priority, entrypoint, payload, execute_after, status)
    SELECT queue_id, priority, name, convert_to(id, 'UTF8'), run_after, 'queued' FROM job WHERE id = $1
), sooner AS (
    UPDATE platform.pgqueuer AS queue SET execute_after = job.run_after
    FROM job
    WHERE job.id <> $1 AND queue.id = job.queue_id AND queue.status = 'queued' AND queue.execute_after > job.run_after
)
SELECT id FROM job
"""


class Jobs:
    """Where the rest of the program leaves jobs.

    What holds:

    * A job enqueued in a transaction that rolls back never runs. One whose transaction commits is done at least once,
      or ends in the dead letters, or is discarded by a person; none of it depends on `wake()`, which only saves up to
      a second of waiting.
    * At least once, not exactly once: a worker that is killed, or that loses its database, between the work and the
      note of it leaves a job that runs again, and a worker whose event loop stood still for longer than the heartbeat
      may find its job running elsewhere at the same time. A job therefore takes the lock of the row it works on (a
      run, an effect) and looks, under that lock, what is still to be done. There is no lock per key here.
    * Jobs start in order of priority and then of enqueueing, but they overlap and are retried: no order may be relied
      on.
    """

    def __init__(self, dsn: str, *, registry: Registry = default_registry) -> None:
        self._registry = registry
        self._waker = Waker(dsn)

    async def __aenter__(self) -> "Jobs":
        self._waker.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._waker.close()

    async def enqueue(
        self,
        connection: Connection,
        name: str,
        payload: Mapping[str, Any],
        *,
        key: str | None = None,
        delay_seconds: float = 0.0,
    ) -> str:
        """Writes the job into the transaction open on `connection` (one statement) and returns its id.

        With a `key`, a job of the same name and key that still waits stands for this one too: its id is returned, its
        payload stays, and it runs at the earlier of the two times unless it is waiting for a retry. It is not begun
        before the caller's transaction ends, which means that other transactions enqueueing the same key wait as
        well: enqueue late in the transaction.

        Payloads hold identifiers, never personal values; at most 16 KiB of JSON. Raises `Invalid`. Call `wake()`
        after the commit.
        """
        return await write_job(
            connection, self._registry.definition(name), payload, key=key, delay_seconds=delay_seconds
        )

    def wake(self) -> None:
        """Tells the workers, after a commit, that there is work: calls in quick succession share one notification."""
        self._waker.wake()


async def write_job(
    connection: Connection, definition: Definition, payload: Mapping[str, Any], *, key: str | None, delay_seconds: float
) -> str:
    """The one statement behind `Jobs.enqueue`."""
    name = definition.name
    _check_key_and_delay(name, key, delay_seconds)
    job_id = new_id("job")
    text = _payload_text(name, payload)
    arguments = (job_id, name, text, definition.maximum_attempts, definition.priority, delay_seconds)
    if key is None:
        await connection.execute(_ENQUEUE, *arguments)
        return job_id
    stored: str = await connection.fetchval(_ENQUEUE_KEYED, *arguments, key)
    return stored


def _check_key_and_delay(name: str, key: str | None, delay_seconds: float) -> None:
    if key is not None and not 1 <= len(key) <= KEY_CHARACTERS_LIMIT:
        raise Invalid(
            "job_key_length",
            f"The key of job {name} has {len(key)} characters.",
            next_step=f"Use 1 to {KEY_CHARACTERS_LIMIT}.",
        )
    if not math.isfinite(delay_seconds) or not 0 <= delay_seconds <= DELAY_SECONDS_LIMIT:
        raise Invalid(
            "job_delay",
            f"The delay of job {name} is {delay_seconds} seconds.",
            next_step=f"Use 0 to {DELAY_SECONDS_LIMIT:.0f}.",
        )


def _payload_text(name: str, payload: Mapping[str, Any]) -> str:
    try:
        text = json.dumps(dict(payload), allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError) as error:
        raise Invalid(
            "job_payload", f"The payload of job {name} is not plain JSON.", next_step="Pass identifiers and numbers."
        ) from error
    # Escaped to ASCII by json.dumps, so characters are bytes. PostgreSQL's jsonb cannot hold the zero character.
    if len(text) > PAYLOAD_BYTES_LIMIT or "\\u0000" in text:
        raise Invalid(
            "job_payload",
            f"The payload of job {name} has {len(text)} bytes or holds a zero character.",
            next_step=f"Pass identifiers, at most {PAYLOAD_BYTES_LIMIT} bytes, and let the job read the rest.",
        )
    return text
