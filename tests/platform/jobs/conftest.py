"""A connection, a registry of its own and workers that stop at the end, for every test of the jobs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest

from bottega.platform.jobs import JobRecord, Jobs, Registry, Worker, WorkerLimits, show_job

QUICK = WorkerLimits(concurrency=10, stop_seconds=5.0, sweep_seconds=0.3)

StartWorker = Callable[..., Worker]
Eventually = Callable[..., Awaitable[Any]]
WaitForState = Callable[..., Awaitable[JobRecord]]


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Any]:
    connection = await asyncpg.connect(database_url)
    yield connection
    connection.terminate()


@pytest.fixture
def registry() -> Registry:
    return Registry()


@pytest.fixture
def jobs(database_url: str, registry: Registry) -> Jobs:
    """Without its waker: workers find the jobs by looking every second or quarter of one."""
    return Jobs(database_url, registry=registry)


@pytest.fixture
async def start_worker(database_url: str, registry: Registry) -> AsyncIterator[StartWorker]:
    stop = asyncio.Event()
    running: list[asyncio.Task[None]] = []

    def start(
        context: Any = None, *, limits: WorkerLimits = QUICK, url: str = database_url, until: asyncio.Event = stop
    ) -> Worker:
        worker = Worker(url, context, registry=registry, limits=limits)
        running.append(asyncio.create_task(worker.run(until)))
        return worker

    yield start
    stop.set()
    for task in running:
        await asyncio.wait_for(task, 15)


@pytest.fixture
def eventually() -> Eventually:
    """Asks again and again until the answer is true, and returns it."""

    async def wait(ask: Callable[[], Awaitable[Any]], *, timeout_seconds: float = 10.0) -> Any:
        async with asyncio.timeout(timeout_seconds):
            while True:
                if answer := await ask():
                    return answer
                await asyncio.sleep(0.02)

    return wait


@pytest.fixture
def wait_for_state(connection: Any, eventually: Eventually) -> WaitForState:
    async def wait(job_id: str, state: str, *, timeout_seconds: float = 10.0) -> JobRecord:
        async def ask() -> JobRecord | None:
            job = await show_job(connection, job_id)
            return job if job.state == state else None

        return await eventually(ask, timeout_seconds=timeout_seconds)

    return wait
