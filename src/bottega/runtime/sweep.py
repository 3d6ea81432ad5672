"""The sweeper: wakes runs whose time has come or whose process died, and ends what must not live on."""

from datetime import datetime, timedelta

import structlog

from bottega.actions.work import JobQueue
from bottega.platform.database.pool import Connection, Database
from bottega.runtime.confirmation import Confirmations
from bottega.runtime.journal import MAXIMUM_ATTEMPTS
from bottega.runtime.stored_json import encoded

_log = structlog.get_logger(__name__)

ADVANCE_JOB = "runtime.advance"
BATCH = 500
# Whoever heard a message or started a run advances it at once; only what is older was left behind.
LEFT_BEHIND = timedelta(seconds=2)


async def wake_due(database: Database, jobs: JobQueue, now: datetime) -> list[str]:
    """Leaves a job for every run that can go on and that nobody has in hand; returns their ids."""
    async with database.write() as connection:
        rows = await connection.fetch(_DUE, now, now - LEFT_BEHIND, BATCH)
        for row in rows:
            await jobs.enqueue(connection, ADVANCE_JOB, {"run_id": row["id"]}, key=row["id"])
    if rows:
        jobs.wake()
    return [row["id"] for row in rows]


async def bury_the_dead(database: Database, safe_text: str, now: datetime) -> list[str]:
    """Ends runs in which one process after another died, so that their sessions can go on; returns their ids."""
    async with database.write() as connection:
        reply = encoded({"text": safe_text, "said": safe_text, "replaced": "error"})
        rows = await connection.fetch(_BURY, MAXIMUM_ATTEMPTS, now, reply)
    for row in rows:
        _log.error("run_given_up", run_id=row["id"], attempts=MAXIMUM_ATTEMPTS)
    return [row["id"] for row in rows]


async def forget_old(database: Database, now: datetime, *, keep_steps: timedelta, keep_runs: timedelta) -> int:
    """Drops journals of runs that ended long ago, later the runs themselves with their sessions; how many runs."""
    async with database.write() as connection:
        await connection.execute(_DROP_STEPS, now - keep_steps, BATCH)
        await connection.execute(_DROP_SESSIONS, now - keep_runs, BATCH)
        status = await connection.execute(_DROP_RUNS, now - keep_runs, BATCH)
    return int(status.rpartition(" ")[2])


async def expire_confirmations(database: Database, now: datetime) -> int:
    """Closes requests that nobody has answered in time."""
    return await Confirmations(database).expire_due(now)


async def forget_customer(connection: Connection, customer_id: str) -> int:
    """Deletes everything that runs keep about a customer: sessions with turns, runs with journals, confirmations.

    Runs for them that somebody else started (a back-office task about their order) lose task, result and journal.
    """
    return int(await connection.fetchval(_FORGET, customer_id) or 0)


# Processes that live are read once, not per run.
_DUE = """
WITH alive AS (
    SELECT l.objid::bigint AS number FROM pg_locks l
    WHERE l.locktype = 'advisory' AND l.classid = 7230915 AND l.objsubid = 2 AND l.granted
      AND l.database = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
)
SELECT r.id FROM runtime.runs r
WHERE r.state IN ('queued', 'ready', 'running', 'waiting') AND CASE r.state
    WHEN 'ready' THEN r.created_at < $2
    WHEN 'queued' THEN r.created_at < $2 AND EXISTS (
        SELECT FROM runtime.sessions s WHERE s.id = r.session_id AND s.answered_ordinal >= r.turn - 1)
    WHEN 'running' THEN NOT EXISTS (SELECT FROM alive a WHERE a.number = r.holder)
    ELSE r.wake_at <= $1 OR CASE r.waiting_for
        WHEN 'approval' THEN EXISTS (
            SELECT FROM log.approvals a
            WHERE a.id = ANY(r.waiting_ids) AND (a.state <> 'waiting' OR a.expires_at <= $1))
        WHEN 'children' THEN NOT EXISTS (
            SELECT FROM runtime.runs c WHERE c.id = ANY(r.waiting_ids)
            AND c.state NOT IN ('done', 'failed', 'cancelled'))
        WHEN 'stop_switch' THEN NOT EXISTS (
            SELECT FROM runtime.switches w WHERE w.role IN ('*', r.role) AND w.stopped)
        ELSE false END
    END
ORDER BY r.id LIMIT $3"""

_BURY = """
WITH buried AS (
    UPDATE runtime.runs r SET state = 'failed', failure = 'crashed', holder = NULL, fence = r.fence + 1,
        finished_at = $2, answered_at = CASE WHEN r.session_id IS NULL THEN NULL ELSE coalesce(r.answered_at, $2) END
    WHERE r.state = 'running' AND r.attempts >= $1 AND NOT runtime.is_alive(r.holder)
    RETURNING r.id, r.session_id, r.turn
), answered AS (
    UPDATE runtime.turns t SET reply = coalesce(t.reply, $3::jsonb), answered_at = coalesce(t.answered_at, $2)
    FROM buried b WHERE t.session_id = b.session_id AND t.ordinal = b.turn
), freed AS (
    UPDATE runtime.sessions s SET answered_ordinal = greatest(s.answered_ordinal, b.turn)
    FROM buried b WHERE s.id = b.session_id
)
SELECT id FROM buried"""

_DROP_STEPS = """
DELETE FROM runtime.steps WHERE run_id IN (
    SELECT r.id FROM runtime.runs r
    WHERE r.created_at < $1 AND r.finished_at < $1 AND EXISTS (SELECT FROM runtime.steps s WHERE s.run_id = r.id)
    ORDER BY r.created_at LIMIT $2)"""

_DROP_SESSIONS = """
DELETE FROM runtime.sessions WHERE id IN (
    SELECT s.id FROM runtime.sessions s WHERE s.last_at < $1 AND NOT EXISTS (
        SELECT FROM runtime.runs r WHERE r.session_id = s.id AND r.state NOT IN ('done', 'failed', 'cancelled'))
    ORDER BY s.last_at LIMIT $2)"""

_DROP_RUNS = """
DELETE FROM runtime.runs WHERE id IN (
    SELECT r.id FROM runtime.runs r WHERE r.created_at < $1 AND r.finished_at < $1 AND r.session_id IS NULL
    ORDER BY r.created_at LIMIT $2)"""

# Runs of a session go with it; what is left names the customer without belonging to a conversation of theirs.
_FORGET = """
WITH theirs AS (
    DELETE FROM runtime.sessions WHERE customer_id = $1 OR (principal_kind = 'customer' AND principal_id = $1)
    RETURNING id
), emptied AS (
    UPDATE runtime.runs SET task = '{}', result = NULL, principal_id = 'forgotten', customer_id = NULL
    WHERE customer_id = $1 AND session_id IS NULL
    RETURNING id
), journals AS (
    DELETE FROM runtime.steps s USING emptied e WHERE s.run_id = e.id
), requests AS (
    DELETE FROM runtime.confirmations WHERE customer_id = $1
)
SELECT (SELECT count(*) FROM theirs) + (SELECT count(*) FROM emptied)"""
