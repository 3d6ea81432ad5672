"""Jobs: work that is enqueued in a transaction and done later, at least once, by any worker."""

from bottega.platform.jobs.queue import Jobs
from bottega.platform.jobs.records import JobRecord, count_jobs, discard, list_jobs, requeue, requeue_dead, show_job
from bottega.platform.jobs.registry import Definition, Registry, job, periodic, registry
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
