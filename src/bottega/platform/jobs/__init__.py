"""Jobs: work that is enqueued in a transaction and done later, at least once, by any worker."""

import importlib
from typing import TYPE_CHECKING, Any

from bottega.platform.jobs.queue import Jobs
from bottega.platform.jobs.records import JobRecord, count_jobs, discard, list_jobs, requeue, requeue_dead, show_job
from bottega.platform.jobs.registry import Definition, Registry, job, periodic, registry

if TYPE_CHECKING:
    from bottega.platform.jobs.worker import Worker, WorkerLimits

__all__ = [
    "Definition",
    "JobRecord",
    "Jobs",
    "Registry",
    "Worker",
    "WorkerLimits",
    "count_jobs",
    "discard",
    "job",
    "list_jobs",
    "periodic",
    "registry",
    "requeue",
    "requeue_dead",
    "show_job",
]


def __getattr__(name: str) -> Any:
    # Whoever only leaves jobs is spared the queue's library, which takes a third of a second to import.
    if name in ("Worker", "WorkerLimits"):
        return getattr(importlib.import_module("bottega.platform.jobs.worker"), name)
    raise AttributeError(name)
