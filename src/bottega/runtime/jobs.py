"""The runtime's jobs: advancing runs, sweeping, and forgetting what is old."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

from bottega.actions.forgetting import also_forgets
from bottega.actions.work import JobQueue
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Database
from bottega.platform.jobs import job, periodic
from bottega.runtime import metrics, sweep
from bottega.runtime.advance import ADVANCE_JOB
from bottega.runtime.engine import Runtime
from bottega.runtime.role import SAFE_TEXTS

# A run that is advanced by a job may call several models one after another.
ADVANCE_SECONDS = 600.0


class Starts(Protocol):
    """Starts the runtime when it is first needed."""

    @property
    def kept_days(self) -> tuple[int, int]:
        """How long journals are kept, and how long conversations and runs."""
        ...

    async def started(self) -> Runtime: ...


class RuntimeJobs(Protocol):
    """What a job of the runtime is given; the application has it. Only advancing a run needs the runtime itself, with
    its models behind it: a worker that only sweeps stays small."""

    @property
    def database(self) -> Database: ...
    @property
    def jobs(self) -> JobQueue: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def agents(self) -> Starts: ...


also_forgets("runtime", sweep.forget_customer)


@job(ADVANCE_JOB, maximum_attempts=10, timeout_seconds=ADVANCE_SECONDS)
async def advance(context: RuntimeJobs, payload: Mapping[str, Any]) -> None:
    """Goes on with one run; does nothing when somebody else has it or it is over."""
    runtime = await context.agents.started()
    await runtime.advance(str(payload["run_id"]))


@periodic("runtime.sweep", every_seconds=2)
async def wake_due(context: RuntimeJobs, _: Mapping[str, Any]) -> None:
    """Runs whose time has come or whose process died."""
    await sweep.wake_due(context.database, context.jobs, context.clock.now())


@periodic("runtime.tidy", every_seconds=60)
async def tidy(context: RuntimeJobs, _: Mapping[str, Any]) -> None:
    """Runs that killed their processes, requests that nobody answered, journals that are old."""
    database, now = context.database, context.clock.now()
    await sweep.bury_the_dead(database, SAFE_TEXTS["error"], now)
    await sweep.expire_confirmations(database, now)
    keep_steps, keep_runs = (timedelta(days=days) for days in context.agents.kept_days)
    await sweep.forget_old(database, now, keep_steps=keep_steps, keep_runs=keep_runs)


@periodic("runtime.watch", every_seconds=300)
async def watch(context: RuntimeJobs, _: Mapping[str, Any]) -> None:
    """Metrics that miss their targets."""
    await metrics.watch(context.database, context.clock.now())
