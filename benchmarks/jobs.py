"""Jobs: how many empty ones a second, and how soon after its commit a job starts."""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import quantiles
from typing import Any

import asyncpg

from bottega.platform.database import embedded
from bottega.platform.database.migrate import migrate
from bottega.platform.jobs import Jobs, Registry, Worker, WorkerLimits

BACKLOG_JOBS = 5_000
LATENCY_JOBS = 200
ENQUEUES = 500


async def measure(dsn: str) -> dict[str, float]:
    """No-op jobs per second off a backlog, milliseconds from commit to start, microseconds an enqueue adds.

    `dsn` names a migrated database that nothing else uses.
    """
    registry = Registry()
    started: dict[str, float] = {}
    backlog = asyncio.Event()
    begun = asyncio.Event()

    @registry.job("nothing")
    async def nothing(_: Any, payload: Mapping[str, Any]) -> None:
        started[payload["n"]] = time.perf_counter()
        begun.set()
        if len(started) == BACKLOG_JOBS:
            backlog.set()

    connection = await asyncpg.connect(dsn)
    stop = asyncio.Event()
    try:
        async with Jobs(dsn, registry=registry) as jobs:
            enqueue_microseconds = await _enqueue_cost(connection, jobs)
            async with connection.transaction():
                for n in range(BACKLOG_JOBS):
                    await jobs.enqueue(connection, "nothing", {"n": f"b{n}"})
            worker = Worker(dsn, None, registry=registry, limits=WorkerLimits(concurrency=100))
            began = time.perf_counter()
            running = asyncio.create_task(worker.run(stop))
            await asyncio.wait_for(backlog.wait(), 120)
            jobs_per_second = BACKLOG_JOBS / (time.perf_counter() - began)
            await _settled(connection)
            latencies = await _latencies(connection, jobs, started, begun)
            stop.set()
            await running
    finally:
        stop.set()
        await connection.close()
    steps = quantiles(latencies, n=100)
    return {
        "no_op_jobs_per_second": round(jobs_per_second),
        "start_latency_p50_ms": round(steps[49] * 1e3, 2),
        "start_latency_p95_ms": round(steps[94] * 1e3, 2),
        "enqueue_in_transaction_us": round(enqueue_microseconds),
    }


async def _enqueue_cost(connection: Any, jobs: Jobs) -> float:
    """One statement in an open transaction, which is then rolled back."""
    transaction = connection.transaction()
    await transaction.start()
    await jobs.enqueue(connection, "nothing", {"n": "first"})
    began = time.perf_counter()
    for n in range(ENQUEUES):
        await jobs.enqueue(connection, "nothing", {"n": f"e{n}"})
    seconds = time.perf_counter() - began
    await transaction.rollback()
    return seconds / ENQUEUES * 1e6


async def _settled(connection: Any) -> None:
    async with asyncio.timeout(60):
        # Nothing tells a connection that a table has changed: ask.
        while await connection.fetchval("SELECT count(*) FROM platform.jobs WHERE state <> 'done'"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def _latencies(connection: Any, jobs: Jobs, started: dict[str, float], begun: asyncio.Event) -> list[float]:
    latencies: list[float] = []
    for n in range(LATENCY_JOBS):
        name = f"l{n}"
        await jobs.enqueue(connection, "nothing", {"n": name})
        committed = time.perf_counter()
        begun.clear()
        jobs.wake()
        await asyncio.wait_for(begun.wait(), 10)
        latencies.append(started[name] - committed)
        await asyncio.sleep(0.02)
    return latencies


async def _main(dsn: str) -> None:
    await migrate(dsn)
    print(json.dumps(await measure(dsn), indent=2))


def main() -> None:
    """Measures on the database given as the only argument or DATABASE_URL, else on an embedded one of its own."""
    dsn = sys.argv[1] if len(sys.argv) > 1 else os.environ.get("DATABASE_URL", "")
    if dsn:
        asyncio.run(_main(dsn))
        return
    with tempfile.TemporaryDirectory(prefix="bottega-bench-jobs-") as directory:
        try:
            asyncio.run(_main(embedded.start(Path(directory)).dsn))
        finally:
            embedded.reset(Path(directory))


if __name__ == "__main__":
    main()
