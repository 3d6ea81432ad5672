"""The runtime's jobs: advancing runs, sweeping, and forgetting what is old."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

from bottega.actions.forgetting import also_forgets
from bottega.platform.jobs import job, periodic
from bottega.runtime import sweep
from bottega.runtime.advance import ADVANCE_JOB
from bottega.runtime.engine import Runtime
from bottega.runtime.role import SAFE_TEXTS

# A run that is advanced by a job may call several models one after another.
ADVANCE_SECONDS = 600.0
STEPS_KEPT = timedelta(days=30)
RUNS_KEPT = timedelta(days=180)


class RuntimeJobs(Protocol):
    """What a job of the runtime is given; the application has it."""

    @property
    def runtime(self) -> Runtime: ...


also_forgets("runtime", sweep.forget_customer)


@job(ADVANCE_JOB, maximum_attempts=10, timeout_seconds=ADVANCE_SECONDS)
async def advance(context: RuntimeJobs, payload: Mapping[str, Any]) -> None:
    """Goes on with one run; does nothing when somebody else has it or it is over."""
    await context.runtime.advance(str(payload["run_id"]))


@periodic("runtime.sweep", every_seconds=2)
async def wake_due(context: RuntimeJobs, _: Mapping[str, Any]) -> None:
    """Runs whose time has come or whose process died."""
    parts = context.runtime.parts
    await sweep.wake_due(parts.database, parts.jobs, parts.clock.now())


@periodic("runtime.tidy", every_seconds=60)
async def tidy(context: RuntimeJobs, _: Mapping[str, Any]) -> None:
    """Runs that killed their processes, requests that nobody answered, journals that are old."""
    parts = context.runtime.parts
    now = parts.clock.now()
    await sweep.bury_the_dead(parts.database, SAFE_TEXTS["error"], now)
    await sweep.expire_confirmations(parts.database, now)
    await sweep.forget_old(parts.database, now, keep_steps=STEPS_KEPT, keep_runs=RUNS_KEPT)
