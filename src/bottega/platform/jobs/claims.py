"""pgqueuer's queries, extended so that our row of a job moves in step with the queue's."""

import asyncio
import contextlib
import logging
from collections.abc import Generator
from datetime import timedelta
from typing import cast

from pgqueuer.adapters.persistence import qb
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain import models, types
from pgqueuer.ports.repository import EntrypointExecutionParameter

from bottega.platform.database.connection_loss import is_connection_loss, is_passing_conflict
from bottega.platform.jobs.driver import QueueDriver
from bottega.platform.jobs.names import queue_settings
from bottega.platform.jobs.outcome import Claim, Finished, Outcome, TryAgain

_log = logging.getLogger(__name__)

AWAY_PAUSE_SECONDS = 0.2

# Begins an attempt, and counts it. A row that somebody else has locked (a keyed enqueue that has not ended) is not
# waited for: its queue row is put back. `running` is the state in which a killed worker left it.
_CLAIM = """
UPDATE platform.jobs AS job
SET state = 'running', attempts = job.attempts + 1, started_at = now(), worker = $3
FROM (
    SELECT job.id
    FROM platform.jobs AS job
    JOIN unnest($1::text[], $2::bigint[]) AS picked (id, queue_id)
      ON picked.id = job.id AND picked.queue_id = job.queue_id
    WHERE job.state = 'running' OR (job.state = 'waiting' AND job.run_after <= now())
    FOR UPDATE OF job SKIP LOCKED
) AS free
WHERE job.id = free.id
RETURNING job.queue_id, job.id, job.name, job.payload::text AS payload, job.attempts, job.maximum_attempts
"""

# Worker and attempt are the fence: a worker that was overtaken finds them changed, and changes nothing.
_FINISH = """
WITH ended AS (
    SELECT * FROM unnest($1::text[], $2::int[], $3::text[], $4::text[]) AS ended (id, attempt, state, error)
), job AS (
    UPDATE platform.jobs AS job
    SET state = ended.state, finished_at = now(), last_error = coalesce(ended.error, job.last_error),
        attempts = least(job.attempts, job.maximum_attempts)
    FROM ended
    WHERE job.id = ended.id AND job.attempts = ended.attempt AND job.state = 'running' AND job.worker = $5
    RETURNING job.queue_id, job.state
), held AS (
    UPDATE platform.pgqueuer AS queue SET status = 'failed', queue_manager_id = NULL, updated = now()
    FROM job WHERE queue.id = job.queue_id AND job.state = 'dead'
)
DELETE FROM platform.pgqueuer AS queue USING job WHERE queue.id = job.queue_id AND job.state = 'done'
"""

# When a job with the same key was enqueued meanwhile, that one stands for both and inherits the delay.
_TRY_AGAIN = """
WITH twin AS (
    UPDATE platform.jobs AS twin
    SET run_after = greatest(twin.run_after, now() + $3::float8 * interval '1 second')
    FROM platform.jobs AS mine
    WHERE mine.id = $1 AND mine.attempts = $2 AND mine.state = 'running' AND mine.worker = $6 AND mine.key IS NOT NULL
      AND twin.name = mine.name AND twin.key = mine.key AND twin.state = 'waiting'
    RETURNING twin.queue_id, twin.run_after
), later AS (
    UPDATE platform.pgqueuer AS queue SET execute_after = twin.run_after
    FROM twin WHERE queue.id = twin.queue_id AND queue.status = 'queued'
), job AS (
    UPDATE platform.jobs AS job
    SET state = CASE WHEN EXISTS (SELECT FROM twin) THEN 'cancelled' ELSE 'waiting' END,
        finished_at = CASE WHEN EXISTS (SELECT FROM twin) THEN now() END,
        run_after = now() + $3::float8 * interval '1 second',
        last_error = coalesce($4, job.last_error),
        attempts = job.attempts - $5::int
    WHERE job.id = $1 AND job.attempts = $2 AND job.state = 'running' AND job.worker = $6
    RETURNING job.queue_id, job.state, job.run_after
), dropped AS (
    DELETE FROM platform.pgqueuer AS queue USING job WHERE queue.id = job.queue_id AND job.state = 'cancelled'
)
UPDATE platform.pgqueuer AS queue
SET status = 'queued', queue_manager_id = NULL, updated = now(), execute_after = job.run_after,
    attempts = queue.attempts + 1
FROM job
WHERE queue.id = job.queue_id AND job.state = 'waiting'
"""

# A queue row whose job could not be begun: too early or locked, and it comes back; settled or gone, and it is dropped.
_PUT_BACK = """
WITH live AS (
    SELECT job.queue_id, job.run_after
    FROM platform.jobs AS job
    JOIN unnest($1::text[], $2::bigint[]) AS picked (id, queue_id)
      ON picked.id = job.id AND picked.queue_id = job.queue_id
    WHERE job.state IN ('waiting', 'running')
), dropped AS (
    DELETE FROM platform.pgqueuer WHERE id = ANY($2::bigint[]) AND id NOT IN (SELECT queue_id FROM live)
)
UPDATE platform.pgqueuer AS queue
SET status = 'queued', queue_manager_id = NULL, updated = now(),
    execute_after = greatest(live.run_after, now() + interval '0.2 seconds')
FROM live
WHERE queue.id = live.queue_id
"""


class JobQueries(Queries):
    """The queue as one worker sees it.

    `dequeue` begins attempts, `log_jobs` writes down how they ended: both touch our rows and the queue's, and each
    outcome is one statement over both. While the database is away nothing is lost and nothing raises: outcomes are kept
    in memory, and written when it is back.
    """

    def __init__(self, driver: QueueDriver, worker: str) -> None:
        settings = queue_settings()
        super().__init__(
            driver=driver,
            qbe=qb.QueryBuilderEnvironment(settings),
            qbq=qb.QueryQueueBuilder(settings),
            qbs=qb.QuerySchedulerBuilder(settings),
        )
        self._queue_driver = driver
        self._worker = worker
        self._is_away = False
        self._is_write_overdue = False
        self._writing = asyncio.Lock()
        self._job_ids: dict[int, str] = {}
        self._claims: dict[int, Claim] = {}
        self._unwritten: dict[int, Outcome | None] = {}

    def claim(self, queue_id: int) -> Claim | None:
        """The attempt begun for a queue row that `dequeue` returned; None when there was nothing to begin."""
        return self._claims.get(queue_id)

    def conclude(self, queue_id: int, outcome: Outcome | None) -> None:
        """Takes the outcome of a queue row (None: put it back); `log_jobs` writes it down a moment later."""
        self._unwritten[queue_id] = outcome

    async def write_outcomes(self) -> None:
        """Writes the outcomes that are known; keeps those that the database does not take just now."""
        async with self._writing:
            batch = dict(self._unwritten)
            if not batch:
                return
            self._is_write_overdue = True
            with self._riding_out():
                await self._write(batch)
                self._is_write_overdue = False
                for queue_id in batch:
                    del self._unwritten[queue_id]
                    self._forget(queue_id)
        self._queue_driver.nudge()

    async def dequeue(
        self,
        batch_size: int,
        entrypoints: dict[types.QueueEntrypoint, EntrypointExecutionParameter],
        queue_manager_id: types.QueueManagerId,
        global_concurrency_limit: int | None,
        heartbeat_timeout: timedelta,
    ) -> list[models.Job]:
        """Picks up jobs and begins an attempt at each; empty while the database is away."""
        with self._riding_out():
            if self._is_away:
                await self._come_back()
            if self._is_write_overdue:
                await self.write_outcomes()
            jobs = await super().dequeue(
                batch_size, entrypoints, queue_manager_id, global_concurrency_limit, heartbeat_timeout
            )
            # After a late heartbeat our own dequeue can pick a job that still runs here.
            fresh = [job for job in jobs if job.id not in self._job_ids]
            if fresh:
                await self._begin(fresh)
            return fresh
        await asyncio.sleep(AWAY_PAUSE_SECONDS)
        return []

    async def log_jobs(
        self, job_status: list[tuple[models.Job, types.JOB_STATUS, models.TracebackRecord | None]]
    ) -> None:
        """Writes outcomes. A job without one was cut off: its heartbeat ends, and a worker picks it up again."""
        for job, _, _ in job_status:
            if job.id not in self._unwritten:
                self._forget(job.id)
        await self.write_outcomes()

    async def update_heartbeat(self, job_ids: list[types.JobId]) -> None:
        """Says that jobs are still being worked on."""
        with self._riding_out():
            await super().update_heartbeat(job_ids)

    async def queued_work(self, entrypoints: list[types.QueueEntrypoint]) -> int:
        """How much waits; none while the database is away."""
        with self._riding_out():
            return await super().queued_work(entrypoints)
        return 0

    async def eligible_queued_work(self, entrypoints: list[types.QueueEntrypoint]) -> int:
        """How much waits and is due; none while the database is away."""
        with self._riding_out():
            return await super().eligible_queued_work(entrypoints)
        return 0

    async def next_deferred_eta(self, entrypoints: list[types.QueueEntrypoint]) -> timedelta | None:
        """When the next delayed job is due; unknown while the database is away."""
        with self._riding_out():
            return await super().next_deferred_eta(entrypoints)
        return None

    async def _begin(self, jobs: list[models.Job]) -> None:
        job_ids = {int(job.id): (job.payload or b"").decode() for job in jobs}
        rows = await self.driver.fetch(_CLAIM, list(job_ids.values()), list(job_ids), self._worker)
        self._job_ids.update(job_ids)
        for row in rows:
            claim = Claim(
                queue_id=cast(int, row["queue_id"]),
                job_id=cast(str, row["id"]),
                name=cast(str, row["name"]),
                payload=cast(str, row["payload"]),
                attempt=cast(int, row["attempts"]),
                maximum_attempts=cast(int, row["maximum_attempts"]),
            )
            self._claims[claim.queue_id] = claim

    async def _write(self, batch: dict[int, Outcome | None]) -> None:
        finished = [(self._claims[queue_id], end) for queue_id, end in batch.items() if isinstance(end, Finished)]
        put_back = [queue_id for queue_id, end in batch.items() if end is None]
        if finished:
            await self.driver.execute(
                _FINISH,
                [claim.job_id for claim, _ in finished],
                [claim.attempt for claim, _ in finished],
                [end.state for _, end in finished],
                [end.error for _, end in finished],
                self._worker,
            )
        for queue_id, end in batch.items():
            if isinstance(end, TryAgain):
                claim, uncounted = self._claims[queue_id], 0 if end.is_counted else 1
                await self.driver.execute(
                    _TRY_AGAIN, claim.job_id, claim.attempt, end.delay_seconds, end.error, uncounted, self._worker
                )
        if put_back:
            await self.driver.execute(_PUT_BACK, [self._job_ids[queue_id] for queue_id in put_back], put_back)

    async def _come_back(self) -> None:
        """Before anything is picked up, says that what runs here is still being worked on."""
        await super().update_heartbeat([types.JobId(queue_id) for queue_id in self._job_ids])
        self._is_away = False
        _log.warning("jobs: the database is back")

    def _forget(self, queue_id: int) -> None:
        self._claims.pop(queue_id, None)
        self._job_ids.pop(queue_id, None)

    @contextlib.contextmanager
    def _riding_out(self) -> Generator[None]:
        """Swallows what passes by itself; everything else is a bug and goes on."""
        try:
            yield
        except Exception as error:
            if is_connection_loss(error):
                if not self._is_away:
                    _log.warning("jobs: the database is away (%s); waiting for it", type(error).__name__)
                self._is_away = True
            elif is_passing_conflict(error):
                _log.info("jobs: %s; trying again", type(error).__name__)
            else:
                raise
