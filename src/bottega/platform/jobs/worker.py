"""The process that does the jobs: picks them up, runs them within their limits, and gives them back when it stops."""

import asyncio
import contextlib
import json
import logging
import os
import random
import socket
import uuid
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import asyncpg
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain import models, types

from bottega.kernel.errors import Unavailable
from bottega.platform.database.connection_loss import is_connection_loss
from bottega.platform.database.pool import ShopConnection
from bottega.platform.jobs.claims import JobQueries
from bottega.platform.jobs.driver import QueueDriver
from bottega.platform.jobs.names import CHANNEL
from bottega.platform.jobs.outcome import Claim, Finished, Outcome, TryAgain, outcome_of_failure
from bottega.platform.jobs.registry import Definition, Registry
from bottega.platform.jobs.registry import registry as default_registry
from bottega.platform.jobs.sweeper import Sweeper

_log = logging.getLogger(__name__)

POOL_SIZE = 5
REBUILD_PAUSE_SECONDS = 0.2
LONGEST_REBUILD_PAUSE_SECONDS = 5.0
CONNECT_TIMEOUT_SECONDS = 5
COMMAND_TIMEOUT_SECONDS = 30
# A job that ignores its cancellation is left behind after this; another worker takes it over.
CANCELLATION_SECONDS = 2.0


@dataclass(frozen=True)
class WorkerLimits:
    """How much a worker does at once, how long it waits. The defaults take over a killed worker's job in about 4 s."""

    concurrency: int = 20
    heartbeat_seconds: float = 3.0
    dequeue_seconds: float = 1.0
    stop_seconds: float = 20.0
    sweep_seconds: float = 10.0
    keep_finished_seconds: float = 7 * 86_400.0

    def __post_init__(self) -> None:
        if self.concurrency < 2:
            raise ValueError(f"concurrency is {self.concurrency}; a worker needs at least 2")


class Worker:
    """Runs the jobs of its registry until it is told to stop; `Jobs` says which guarantees hold.

    `context` is handed to every job function as it is. The database may restart at any time: the worker waits for it
    and goes on, and jobs under way go on meanwhile.
    """

    def __init__(
        self,
        dsn: str,
        context: Any,
        *,
        registry: Registry = default_registry,
        limits: WorkerLimits | None = None,
        randomness: random.Random | None = None,
    ) -> None:
        self._dsn = dsn
        self._context = context
        self._registry = registry
        self._limits = limits or WorkerLimits()
        self._randomness = randomness or random.Random()  # noqa: S311 - jitter, not a secret
        self._identity = uuid.uuid4()
        self.name = f"{socket.gethostname()}:{os.getpid()}:{self._identity.hex[:8]}"
        self._attempts: set[asyncio.Task[None]] = set()
        self._is_giving_back = False

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set, then finishes or gives back what it has begun, within `stop_seconds`.

        Raises what is not cured by waiting (tables that are missing, a bug in the worker); a lost database is waited
        for.
        """
        pause_seconds = REBUILD_PAUSE_SECONDS
        while not stop.is_set():
            try:
                async with self._pool() as pool:
                    pause_seconds = REBUILD_PAUSE_SECONDS
                    await self._work(pool, stop)
            except Exception as error:
                if not is_connection_loss(error):
                    raise
                _log.warning("jobs: no database (%s); trying again", type(error).__name__)
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), pause_seconds)
                pause_seconds = min(pause_seconds * 2, LONGEST_REBUILD_PAUSE_SECONDS)

    @contextlib.asynccontextmanager
    async def _pool(self) -> AsyncGenerator["asyncpg.Pool[Any]"]:
        pool = await asyncpg.create_pool(
            self._dsn,
            min_size=1,
            max_size=POOL_SIZE,
            connection_class=ShopConnection,
            timeout=CONNECT_TIMEOUT_SECONDS,
            command_timeout=COMMAND_TIMEOUT_SECONDS,
            server_settings={"application_name": "bottega-worker", "timezone": "UTC", "lock_timeout": "5s"},
        )
        try:
            yield pool
        finally:
            pool.terminate()

    async def _work(self, pool: "asyncpg.Pool[Any]", stop: asyncio.Event) -> None:
        driver = QueueDriver(pool, self._dsn)
        queries = JobQueries(driver, self.name)
        manager = self._queue(queries)
        sweeper = Sweeper(
            pool,
            self._registry,
            driver.nudge,
            sweep_seconds=self._limits.sweep_seconds,
            keep_finished_seconds=self._limits.keep_finished_seconds,
        )
        batch_size = max(1, min(25, self._limits.concurrency // 2))
        working = asyncio.create_task(
            manager.run(
                dequeue_timeout=timedelta(seconds=self._limits.dequeue_seconds),
                heartbeat_timeout=timedelta(seconds=self._limits.heartbeat_seconds),
                batch_size=batch_size,
                max_concurrent_tasks=self._limits.concurrency,
                log_aggregation_interval=timedelta(0),
            ),
            name="jobs-worker",
        )
        sweeping = asyncio.create_task(sweeper.run(stop), name="jobs-sweeper")
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({working, sweeping, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            await self._wind_down(manager, working)
            await queries.write_outcomes()
            sweeping.cancel()
            await asyncio.wait({sweeping})
        for task in (working, sweeping):
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    def _queue(self, queries: JobQueries) -> QueueManager:
        manager = QueueManager(queries, channel=types.Channel(CHANNEL))
        # The same after a rebuild, so that the limit on concurrent jobs counts what was begun before it.
        manager.queue_manager_id = types.QueueManagerId(self._identity)

        async def execute(job: models.Job) -> None:
            queries.conclude(job.id, await self._attempt(queries.claim(job.id)))

        for definition in self._registry.definitions():
            manager.entrypoint(
                definition.name,
                concurrency_limit=definition.concurrency_limit,
                accepts_context=False,
                on_failure="hold",
            )(execute)
        return manager

    async def _wind_down(self, manager: QueueManager, working: "asyncio.Task[None]") -> None:
        """Begins nothing new; waits, then gives back, then leaves behind."""
        manager.shutdown.set()
        await asyncio.wait({working}, timeout=self._limits.stop_seconds)
        if not working.done():
            self._is_giving_back = True
            for attempt in self._attempts:
                attempt.cancel()
            await asyncio.wait({working}, timeout=CANCELLATION_SECONDS)
        if not working.done():
            _log.error("jobs: %d jobs did not heed their cancellation and are left behind", len(self._attempts))
            working.cancel()
            await asyncio.wait({working}, timeout=CANCELLATION_SECONDS)

    async def _attempt(self, claim: Claim | None) -> Outcome | None:
        if claim is None:
            return None
        if claim.attempt > claim.maximum_attempts:
            return Finished("dead", f"WorkerLost: the worker died in attempt {claim.maximum_attempts}, the last one")
        definition = self._registry.definition(claim.name)
        task = asyncio.create_task(self._call(definition, claim), name=f"{claim.name} {claim.job_id}")
        self._attempts.add(task)
        task.add_done_callback(self._attempts.discard)
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            task.cancel()
            raise
        return self._outcome(task, definition, claim)

    async def _call(self, definition: Definition, claim: Claim) -> None:
        limit = asyncio.timeout(definition.timeout_seconds)
        try:
            async with limit:
                await definition.function(self._context, json.loads(claim.payload))
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise Unavailable("job_timeout", f"It took longer than {definition.timeout_seconds:g} s.") from error

    def _outcome(self, task: "asyncio.Task[None]", definition: Definition, claim: Claim) -> Outcome:
        if task.cancelled():
            if self._is_giving_back:
                return TryAgain(0.0, None, is_counted=False)
            error: BaseException | None = RuntimeError("the job cancelled itself")
        else:
            error = task.exception()
        if error is None:
            return Finished("done")
        if not isinstance(error, Exception):
            raise error
        outcome = outcome_of_failure(error, claim, definition.first_retry_seconds, self._randomness)
        _log.warning(
            "jobs: %s %s failed, attempt %d of %d, %s",
            claim.name,
            claim.job_id,
            claim.attempt,
            claim.maximum_attempts,
            "dead" if isinstance(outcome, Finished) else f"again in {outcome.delay_seconds:.1f} s",
            exc_info=error,
        )
        return outcome
