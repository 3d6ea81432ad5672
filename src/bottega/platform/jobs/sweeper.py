"""What nobody asks for and must happen: lost jobs come back, periodic jobs fire, finished jobs are forgotten."""

import asyncio
import contextlib
import logging
import random
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import asyncpg

from bottega.kernel.identifiers import new_id
from bottega.platform.database.connection_loss import is_connection_loss, is_passing_conflict
from bottega.platform.jobs.queue import write_job
from bottega.platform.jobs.registry import Definition, Registry

_log = logging.getLogger(__name__)

BATCH_LIMIT = 1_000
TICK_SECONDS = 1.0
PERIODIC_KEY = "periodic"

# One sweep at a time in the whole fleet; the number only has to be the same everywhere.
_SWEEP_LOCK = "SELECT pg_try_advisory_xact_lock(7230915542190412)"

# A live job whose queue row is gone or held would never be picked up again. The state is left alone: `running` tells
# the next worker that an attempt was begun and not ended.
_RESTORE = """
WITH lost AS (
    SELECT job.id, job.name, job.priority, job.run_after, job.queue_id
    FROM platform.jobs AS job
    LEFT JOIN platform.pgqueuer AS queue ON queue.id = job.queue_id
    WHERE job.state IN ('waiting', 'running') AND (queue.id IS NULL OR queue.status NOT IN ('queued', 'picked'))
    ORDER BY job.id
    LIMIT $1
    FOR UPDATE OF job SKIP LOCKED
), dropped AS (
    DELETE FROM platform.pgqueuer AS queue USING lost WHERE queue.id = lost.queue_id
), queued AS (
    INSERT INTO platform.pgqueuer (priority, entrypoint, payload, execute_after, status)
    SELECT priority, name, convert_to(id, 'UTF8'), run_after, 'queued' FROM lost
    RETURNING id, payload
)
UPDATE platform.jobs AS job SET queue_id = queued.id
FROM queued WHERE job.id = convert_from(queued.payload, 'UTF8')
RETURNING job.id
"""

# A job that is due while its queue row still sleeps.
_ROUSE = """
UPDATE platform.pgqueuer AS queue SET execute_after = job.run_after
FROM platform.jobs AS job
WHERE job.state = 'waiting' AND job.run_after <= now()
  AND queue.id = job.queue_id AND queue.status = 'queued' AND queue.execute_after > now()
RETURNING job.id
"""

# Identifiers begin with the time of their making, so the index on (state, id) finds the old ones.
_FORGET = """
DELETE FROM platform.jobs
WHERE id IN (
    SELECT id FROM platform.jobs
    WHERE state IN ('done', 'cancelled') AND id < $1 AND finished_at < $2
    ORDER BY id
    LIMIT $3
)
RETURNING id
"""

# The names whose present interval has not fired. The update of the row decides between workers: the second one waits
# for the first and then finds nothing to change.
_FIRE = """
WITH asked AS (
    SELECT name, to_timestamp(floor(extract(epoch FROM clock_timestamp()) / every) * every) AS interval_at
    FROM unnest($1::text[], $2::float8[]) AS asked (name, every)
), due AS (
    SELECT asked.name, asked.interval_at
    FROM asked
    LEFT JOIN platform.periodic_jobs AS fired ON fired.name = asked.name
    WHERE fired.fired_at IS NULL OR fired.fired_at < asked.interval_at
)
INSERT INTO platform.periodic_jobs AS fired (name, fired_at)
SELECT name, interval_at FROM due ORDER BY name
ON CONFLICT (name) DO UPDATE SET fired_at = excluded.fired_at WHERE fired.fired_at < excluded.fired_at
RETURNING name, fired_at
"""


class Sweeper:
    """Runs beside every worker; the database decides which of them does the work."""

    def __init__(
        self,
        pool: "asyncpg.Pool[Any]",
        registry: Registry,
        nudge: Callable[[], None],
        *,
        sweep_seconds: float,
        keep_finished_seconds: float,
    ) -> None:
        self._pool = pool
        self._periodic = {
            definition.name: definition for definition in registry.definitions() if definition.every_seconds is not None
        }
        self._nudge = nudge
        self._sweep_seconds = sweep_seconds
        self._keep_finished_seconds = keep_finished_seconds

    async def run(self, stop: asyncio.Event) -> None:
        """Sweeps and fires until `stop` is set; rides out a database that is away."""
        next_sweep = 0.0
        while not stop.is_set():
            try:
                if self._periodic and await self.fire():
                    self._nudge()
                if time.monotonic() >= next_sweep:
                    next_sweep = time.monotonic() + self._sweep_seconds * random.uniform(0.8, 1.2)  # noqa: S311 - spreads load
                    if await self.sweep():
                        self._nudge()
            except Exception as error:
                if not is_connection_loss(error) and not is_passing_conflict(error):
                    raise
                _log.debug("jobs: sweep put off (%s)", type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), self._pause_seconds())

    async def sweep(self) -> list[str]:
        """Restores lost jobs, rouses due ones, forgets old ones; returns the ids of the jobs brought back."""
        cutoff_seconds = time.time() - self._keep_finished_seconds
        oldest_id = new_id("job", milliseconds=max(0, int(cutoff_seconds * 1000)), randomness=bytes(10))
        async with self._pool.acquire() as connection, connection.transaction():
            if not await connection.fetchval(_SWEEP_LOCK):
                return []
            restored = await connection.fetch(_RESTORE, BATCH_LIMIT)
            roused = await connection.fetch(_ROUSE)
            cutoff = await connection.fetchval("SELECT to_timestamp($1::float8)", cutoff_seconds)
            await connection.fetch(_FORGET, oldest_id, cutoff, BATCH_LIMIT)
        for row in restored:
            _log.warning("jobs: %s had lost its place in the queue and was put back", row["id"])
        return [row["id"] for row in (*restored, *roused)]

    async def fire(self) -> list[tuple[str, datetime]]:
        """Enqueues the periodic jobs whose interval began since they last fired; returns names and intervals."""
        names = list(self._periodic)
        seconds = [definition.every_seconds for definition in self._periodic.values()]
        async with self._pool.acquire() as connection, connection.transaction():
            fired = [(row["name"], row["fired_at"]) for row in await connection.fetch(_FIRE, names, seconds)]
            for name, interval_at in fired:
                await self._enqueue(connection, self._periodic[name], interval_at)
        return fired

    async def _enqueue(self, connection: Any, definition: Definition, interval_at: datetime) -> None:
        payload = {"interval_started_at": interval_at.isoformat()}
        await write_job(connection, definition, payload, key=PERIODIC_KEY, delay_seconds=0.0)

    def _pause_seconds(self) -> float:
        """Until the next interval begins, but at most a second: the database's clock decides, and it may be another."""
        now = time.time()
        waits = [TICK_SECONDS]
        for definition in self._periodic.values():
            every_seconds = definition.every_seconds or TICK_SECONDS
            waits.append(every_seconds - now % every_seconds + 0.01)
        return min(waits)
