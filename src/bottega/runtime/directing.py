"""Directing runs from outside: cancel one, try one again; a worker does the rest."""

from bottega.actions.work import JobQueue
from bottega.kernel.errors import Conflict, NotFound
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Connection, Database
from bottega.runtime.journal import insert_run, new_run, run_of
from bottega.runtime.run import Run

ADVANCE_JOB = "runtime.advance"


async def cancel_run(database: Database, jobs: JobQueue, run_id: str, by: str) -> Run:
    """Asks a run to end before its next step; what it has done stays done. `NotFound`, `Conflict` when it is over."""
    async with database.write() as connection:
        row = await connection.fetchrow(_CANCEL, run_id, by)
        if row is None:
            run = await find_run(connection, run_id)
            raise Conflict("run_is_over", f"Run {run_id} is {run.state} already.", next_step="Look at its timeline.")
        await jobs.enqueue(connection, ADVANCE_JOB, {"run_id": run_id}, key=run_id)
    jobs.wake()
    return run_of(row)


async def retry_run(database: Database, jobs: JobQueue, clock: Clock, run_id: str) -> Run:
    """Lets a plan that failed go on from its journal; other failed work begins anew, as another run. `NotFound`;
    `Conflict` for what has not failed, and for turns of a conversation."""
    async with database.write() as connection:
        run = await find_run(connection, run_id, lock=True)
        if run.state != "failed" or run.session_id is not None:
            what = " and a turn of a conversation" if run.session_id is not None else ""
            raise Conflict(
                "not_to_be_retried",
                f"Run {run_id} is {run.state}{what}.",
                next_step="Only work outside conversations that has failed can be tried again.",
            )
        if await connection.fetchval(_IS_MODEL_DRIVEN, run_id):
            run = await insert_run(connection, new_run(run.role, run.principal, run.task, clock.now()), None)
        else:
            row = await connection.fetchrow(_RETRY, run_id)
            assert row is not None, "it was locked as failed"
            run = run_of(row)
        await jobs.enqueue(connection, ADVANCE_JOB, {"run_id": run.id}, key=run.id)
    jobs.wake()
    return run


async def find_run(connection: Connection, run_id: str, *, lock: bool = False) -> Run:
    """The run as it stands; `NotFound`."""
    row = await connection.fetchrow(f"SELECT * FROM runtime.runs WHERE id = $1{' FOR UPDATE' if lock else ''}", run_id)
    if row is None:
        raise NotFound("no_such_run", f"There is no run {run_id[:64]}.", next_step="See `bottega runs list`.")
    return run_of(row)


# A plan's steps go by labels; only what a model decides is reflected on.
_IS_MODEL_DRIVEN = "SELECT EXISTS (SELECT FROM runtime.steps WHERE run_id = $1 AND phase = 'reflect')"

_CANCEL = """
UPDATE runtime.runs SET cancelled_by = $2, signals = signals + 1,
    state = CASE WHEN state = 'waiting' THEN 'ready' ELSE state END, waiting_for = NULL, waiting_ids = '{}',
    wake_at = NULL
WHERE id = $1 AND state IN ('queued', 'ready', 'running', 'waiting') RETURNING *"""

_RETRY = """
UPDATE runtime.runs SET state = 'ready', failure = NULL, finished_at = NULL, attempts = 0, signals = signals + 1
WHERE id = $1 RETURNING *"""
