"""Looking at jobs and deciding about dead ones: list, show, requeue, discard."""

import json
from datetime import datetime
from typing import Any, Literal, cast, get_args

import asyncpg
from pydantic import BaseModel, ConfigDict

from bottega.kernel.errors import Conflict, Invalid, NotFound
from bottega.platform.database.pool import Connection

State = Literal["waiting", "running", "done", "dead", "cancelled"]
STATES: tuple[State, ...] = get_args(State)
LIST_LIMIT = 1_000

_COLUMNS = (
    "id, name, payload::text AS payload, key, state, priority, attempts, maximum_attempts, run_after, last_error, "
    "worker, created_at, started_at, finished_at"
)

# A fresh queue row: the held one is dropped, so that a worker which still believes to have it cannot touch the new one.
_REQUEUE = """
WITH chosen AS (
    SELECT id, queue_id FROM platform.jobs WHERE id = $1 AND state IN ('dead', 'cancelled') FOR UPDATE
), dropped AS (
    DELETE FROM platform.pgqueuer WHERE id IN (SELECT queue_id FROM chosen)
), job AS (
    UPDATE platform.jobs AS job
    SET state = 'waiting', attempts = 0, run_after = now(), finished_at = NULL,
        queue_id = nextval('platform.pgqueuer_id_seq')
    FROM chosen WHERE job.id = chosen.id
    RETURNING job.id, job.name, job.priority, job.run_after, job.queue_id
)
INSERT INTO platform.pgqueuer (id, priority, entrypoint, payload, execute_after, status)
SELECT queue_id, priority, name, convert_to(id, 'UTF8'), run_after, 'queued' FROM job
RETURNING id
"""

_DISCARD = """
WITH job AS (
    UPDATE platform.jobs SET state = 'cancelled', finished_at = now()
    WHERE id = $1 AND state IN ('dead', 'waiting')
    RETURNING id, queue_id
), dropped AS (
    DELETE FROM platform.pgqueuer USING job WHERE platform.pgqueuer.id = job.queue_id
)
SELECT id FROM job
"""


class JobRecord(BaseModel):
    """One job as it stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    name: str
    payload: dict[str, Any]
    key: str | None
    state: State
    priority: int
    attempts: int
    maximum_attempts: int
    run_after: datetime
    last_error: str | None
    worker: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


async def list_jobs(
    connection: Connection, *, state: str | None = None, name: str | None = None, limit: int = 50, offset: int = 0
) -> list[JobRecord]:
    """The newest jobs first, at most `limit` (up to 1,000) after `offset` of them; `Invalid` for an unknown state."""
    if state is not None and state not in STATES:
        raise Invalid("job_state", f"'{state[:64]}' is not a state of a job.", next_step=f"Use {', '.join(STATES)}.")
    if not 1 <= limit <= LIST_LIMIT:
        raise Invalid("job_limit", f"A list of {limit} jobs is not possible.", next_step=f"Ask for 1 to {LIST_LIMIT}.")
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM platform.jobs "
        "WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR name = $2) "
        "ORDER BY id DESC LIMIT $3 OFFSET $4",
        state,
        name,
        limit,
        offset,
    )
    return [_record(row) for row in rows]


async def count_jobs(connection: Connection) -> dict[State, int]:
    """How many jobs are in each state, every state named."""
    rows = await connection.fetch("SELECT state, count(*) AS number FROM platform.jobs GROUP BY state")
    found: dict[str, int] = {row["state"]: row["number"] for row in rows}
    return {state: found.get(state, 0) for state in STATES}


async def show_job(connection: Connection, job_id: str) -> JobRecord:
    """One job; `NotFound` when there is none of that id."""
    row = await connection.fetchrow(f"SELECT {_COLUMNS} FROM platform.jobs WHERE id = $1", job_id)
    if row is None:
        raise NotFound(
            "job_not_found", f"There is no job {job_id[:64]}.", next_step="See `bottega jobs list` for those there are."
        )
    return _record(row)


async def requeue(connection: Connection, job_id: str) -> JobRecord:
    """Puts a dead or discarded job back, with all its attempts before it again.

    `NotFound`; `Conflict` when it is in another state, or when a job with the same key already waits.
    """
    try:
        async with connection.transaction():
            queue_id = await connection.fetchval(_REQUEUE, job_id)
    except asyncpg.UniqueViolationError as error:
        raise Conflict(
            "job_key_waits",
            f"Another job with the key of {job_id} already waits, and does the same work.",
            next_step=f"Run `bottega jobs discard {job_id}` once that one is done.",
        ) from error
    job = await show_job(connection, job_id)
    if queue_id is None:
        raise Conflict(
            "job_not_dead", f"Job {job_id} is {job.state}.", next_step="Only dead and cancelled jobs can be requeued."
        )
    return job


async def requeue_dead(connection: Connection) -> tuple[list[str], list[str]]:
    """Puts all dead jobs back, at most 1,000, oldest first; returns those put back and those whose key waits."""
    rows = await connection.fetch("SELECT id FROM platform.jobs WHERE state = 'dead' ORDER BY id LIMIT $1", LIST_LIMIT)
    requeued: list[str] = []
    skipped: list[str] = []
    for row in rows:
        job_id = cast(str, row["id"])
        try:
            await requeue(connection, job_id)
            requeued.append(job_id)
        except Conflict:
            skipped.append(job_id)
    return requeued, skipped


async def discard(connection: Connection, job_id: str) -> JobRecord:
    """Cancels a dead or waiting job; `NotFound`, or `Conflict` when it runs or has ended."""
    discarded = await connection.fetchval(_DISCARD, job_id)
    job = await show_job(connection, job_id)
    if discarded is None:
        raise Conflict(
            "job_not_discardable",
            f"Job {job_id} is {job.state}.",
            next_step="Only dead and waiting jobs can be discarded.",
        )
    return job


def _record(row: Any) -> JobRecord:
    values = dict(row)
    values["payload"] = json.loads(values["payload"])
    return JobRecord.model_validate(values)
