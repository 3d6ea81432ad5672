"""Workers: stopping, dying, losing the database, sharing periodic jobs, finding what was lost."""

import asyncio
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from bottega.kernel.identifiers import new_id
from bottega.platform.database import embedded
from bottega.platform.database.migrate import migrate
from bottega.platform.jobs import Jobs, Registry, Worker, WorkerLimits, show_job

CRASHING_WORKER = Path(__file__).with_name("crashing_worker.py")


@asynccontextmanager
async def worker_process(database_url: str) -> AsyncGenerator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(sys.executable, str(CRASHING_WORKER), database_url)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


@pytest.fixture
async def begun_table(connection: Any) -> None:
    await connection.execute("CREATE TABLE public.begun (n integer, process_id integer)")


async def test_a_killed_workers_job_is_taken_over_within_ten_seconds_and_its_attempt_counts(
    database_url: str,
    connection: Any,
    jobs: Jobs,
    registry: Registry,
    begun_table: None,
    start_worker: Any,
    wait_for_state: Any,
    eventually: Any,
) -> None:
    finished: list[float] = []

    @registry.job("endless", maximum_attempts=2)
    async def finishing(_: Any, __: Any) -> None:
        finished.append(time.monotonic())

    async with worker_process(database_url) as process:
        job_id = await jobs.enqueue(connection, "endless", {"n": 1})
        begun_by = await eventually(lambda: connection.fetchval("SELECT process_id FROM public.begun WHERE n = 1"))
        assert begun_by == process.pid
        start_worker()
        # Long enough for the heartbeat to matter: the living worker keeps its job.
        await asyncio.sleep(4.5)
        assert (await show_job(connection, job_id)).attempts == 1
        assert finished == []
        os.kill(process.pid, signal.SIGKILL)
        killed = time.monotonic()
        await process.wait()
        job = await wait_for_state(job_id, "done", timeout_seconds=12)
    assert finished[0] - killed < 10
    assert job.attempts == 2


async def test_a_job_that_kills_its_workers_ends_in_the_dead_letters(
    connection: Any, jobs: Jobs, registry: Registry, start_worker: Any, wait_for_state: Any
) -> None:
    ran: list[str] = []

    @registry.job("deadly", maximum_attempts=3)
    async def deadly(_: Any, __: Any) -> None:
        ran.append("ran")

    job_id = await jobs.enqueue(connection, "deadly", {})
    # As the third killed worker left it.
    await connection.execute(
        "UPDATE platform.jobs SET state = 'running', attempts = 3, worker = 'gone:1' WHERE id = $1", job_id
    )
    await connection.execute(
        "UPDATE platform.pgqueuer SET status = 'picked', queue_manager_id = gen_random_uuid(), "
        "heartbeat = now() - interval '1 minute'"
    )
    start_worker()
    job = await wait_for_state(job_id, "dead")
    assert (job.attempts, ran) == (3, [])
    assert job.last_error == "WorkerLost: the worker died in attempt 3, the last one"


@pytest.mark.parametrize("fails", [False, True])
async def test_a_worker_that_was_overtaken_changes_nothing(
    connection: Any, jobs: Jobs, registry: Registry, start_worker: Any, fails: bool
) -> None:
    begun, proceed = asyncio.Event(), asyncio.Event()

    @registry.job("overtaken", first_retry_seconds=0.01)
    async def overtaken(_: Any, __: Any) -> None:
        begun.set()
        await proceed.wait()
        if fails:
            raise ConnectionResetError

    start_worker()
    job_id = await jobs.enqueue(connection, "overtaken", {})
    await asyncio.wait_for(begun.wait(), 5)
    # As if this worker's heart had stopped for a while and another one had picked the job up.
    await connection.execute("UPDATE platform.jobs SET attempts = 2, worker = 'other:1' WHERE id = $1", job_id)
    await connection.execute("UPDATE platform.pgqueuer SET queue_manager_id = gen_random_uuid()")
    proceed.set()
    await asyncio.sleep(0.4)
    job = await show_job(connection, job_id)
    assert (job.state, job.attempts, job.worker, job.finished_at) == ("running", 2, "other:1", None)
    assert await connection.fetchval("SELECT status FROM platform.pgqueuer") == "picked"


async def test_a_worker_does_not_take_its_own_job_over_after_a_late_heartbeat(
    connection: Any, jobs: Jobs, registry: Registry, start_worker: Any, wait_for_state: Any
) -> None:
    runs: list[str] = []
    begun, proceed = asyncio.Event(), asyncio.Event()

    @registry.job("slow")
    async def slow(_: Any, __: Any) -> None:
        runs.append("slow")
        begun.set()
        await proceed.wait()

    @registry.job("note")
    async def note(_: Any, __: Any) -> None: ...

    start_worker()
    job_id = await jobs.enqueue(connection, "slow", {})
    await asyncio.wait_for(begun.wait(), 5)
    await connection.execute("UPDATE platform.pgqueuer SET heartbeat = now() - interval '1 minute'")
    # Once this one is done, the worker has looked at the queue.
    await wait_for_state(await jobs.enqueue(connection, "note", {}), "done")
    proceed.set()
    assert (await wait_for_state(job_id, "done")).attempts == 1
    assert runs == ["slow"]


async def test_a_graceful_stop_lets_running_jobs_finish_and_begins_no_more(
    database_url: str, connection: Any, jobs: Jobs, registry: Registry
) -> None:
    begun, stop = asyncio.Event(), asyncio.Event()

    @registry.job("brief", concurrency_limit=1)
    async def brief(_: Any, __: Any) -> None:
        begun.set()
        await asyncio.sleep(0.5)

    job_ids = [await jobs.enqueue(connection, "brief", {}) for _ in range(3)]
    worker = Worker(database_url, None, registry=registry)
    running = asyncio.create_task(worker.run(stop))
    await asyncio.wait_for(begun.wait(), 5)
    stop.set()
    await asyncio.wait_for(running, 5)
    assert [(await show_job(connection, job_id)).state for job_id in job_ids] == ["done", "waiting", "waiting"]


async def test_a_job_that_does_not_finish_in_time_is_given_back_uncounted_and_done_by_another_worker(
    database_url: str, connection: Any, jobs: Jobs, registry: Registry, start_worker: Any, wait_for_state: Any
) -> None:
    begun, stop = asyncio.Event(), asyncio.Event()
    is_first = True

    @registry.job("long")
    async def long(_: Any, __: Any) -> None:
        if is_first:
            begun.set()
            await asyncio.sleep(600)

    job_id = await jobs.enqueue(connection, "long", {})
    worker = Worker(database_url, None, registry=registry, limits=WorkerLimits(stop_seconds=0.3))
    running = asyncio.create_task(worker.run(stop))
    await asyncio.wait_for(begun.wait(), 5)
    stop.set()
    stopped = time.monotonic()
    await asyncio.wait_for(running, 5)
    assert time.monotonic() - stopped < 2
    given_back = await show_job(connection, job_id)
    assert (given_back.state, given_back.attempts, given_back.last_error) == ("waiting", 0, None)
    is_first = False
    start_worker()
    assert (await wait_for_state(job_id, "done", timeout_seconds=3)).attempts == 1


async def test_a_job_that_ignores_its_cancellation_is_left_behind_and_taken_over(
    database_url: str, connection: Any, jobs: Jobs, registry: Registry, start_worker: Any, wait_for_state: Any
) -> None:
    begun, stop, release = asyncio.Event(), asyncio.Event(), asyncio.Event()
    is_first = True

    @registry.job("deaf")
    async def deaf(_: Any, __: Any) -> None:
        while is_first and not release.is_set():
            begun.set()
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    job_id = await jobs.enqueue(connection, "deaf", {})
    worker = Worker(database_url, None, registry=registry, limits=WorkerLimits(stop_seconds=0.1))
    running = asyncio.create_task(worker.run(stop))
    try:
        await asyncio.wait_for(begun.wait(), 5)
        stop.set()
        await asyncio.wait({running}, timeout=8)
        assert running.done()
        assert (await show_job(connection, job_id)).state == "running"
        is_first = False
        start_worker()
        assert (await wait_for_state(job_id, "done")).attempts == 2
    finally:
        # Whatever came of it, a task that cannot be cancelled must not outlive the test.
        release.set()


async def test_jobs_go_on_after_the_database_restarts_and_none_is_lost_or_repeated(
    tmp_path: Path, eventually: Any
) -> None:
    server = await asyncio.to_thread(embedded.start, tmp_path)
    stop = asyncio.Event()
    working: asyncio.Task[None] | None = None
    try:
        await migrate(server.dsn)
        registry = Registry()
        runs: Counter[int] = Counter()
        begun, proceed = asyncio.Event(), asyncio.Event()

        @registry.job("note")
        async def note(_: Any, payload: Any) -> None:
            runs[payload["n"]] += 1
            if payload["n"] == 0:
                begun.set()
                await proceed.wait()

        jobs = Jobs(server.dsn, registry=registry)
        working = asyncio.create_task(Worker(server.dsn, None, registry=registry).run(stop))
        before = await asyncpg.connect(server.dsn)
        slow = await jobs.enqueue(before, "note", {"n": 0})
        for n in range(1, 21):
            await jobs.enqueue(before, "note", {"n": n})
        await asyncio.wait_for(begun.wait(), 10)

        await asyncio.to_thread(embedded.stop, tmp_path)
        # The one that runs across the restart ends while there is no database to tell.
        proceed.set()
        await asyncio.sleep(0.5)
        assert not working.done()
        await asyncio.to_thread(embedded.start, tmp_path)
        restarted = time.monotonic()

        after = await asyncpg.connect(server.dsn)
        late = await jobs.enqueue(after, "note", {"n": 99})
        await eventually(lambda: after.fetchval("SELECT NOT EXISTS (SELECT FROM platform.jobs WHERE state <> 'done')"))
        assert time.monotonic() - restarted < 5
        assert (await show_job(after, late)).attempts == 1
        assert (await show_job(after, slow)).attempts == 1
        assert runs == Counter([*range(21), 99])
        await after.close()
    finally:
        stop.set()
        if working is not None:
            await asyncio.wait_for(working, 10)
        await asyncio.to_thread(embedded.reset, tmp_path)


async def test_a_worker_waits_for_a_database_that_is_not_there_yet(
    tmp_path: Path, registry: Registry, caplog: pytest.LogCaptureFixture
) -> None:
    stop = asyncio.Event()
    worker = Worker(f"postgresql://bottega@/bottega?host={tmp_path}", None, registry=registry)
    running = asyncio.create_task(worker.run(stop))
    await asyncio.sleep(0.5)
    assert not running.done()
    assert "no database" in caplog.text
    stop.set()
    await asyncio.wait_for(running, 2)


async def test_a_worker_crashes_loudly_when_its_tables_are_missing(database_url: str, connection: Any) -> None:
    await connection.execute("DROP TABLE platform.pgqueuer")
    with pytest.raises(RuntimeError, match="pgqueuer"):
        await asyncio.wait_for(Worker(database_url, None, registry=Registry()).run(asyncio.Event()), 5)


async def test_a_periodic_job_fires_once_per_interval_with_three_workers(
    connection: Any, start_worker: Any, registry: Registry, eventually: Any
) -> None:
    fired: list[str] = []

    @registry.periodic("tick", every_seconds=0.5)
    async def tick(_: Any, payload: Any) -> None:
        fired.append(payload["interval_started_at"])

    for _ in range(3):
        start_worker()

    async def has_ticked() -> bool:
        return len(fired) >= 6

    await eventually(has_ticked)
    assert len(set(fired)) == len(fired)
    rows = await connection.fetch("SELECT payload ->> 'interval_started_at' AS interval_at FROM platform.jobs")
    intervals = [row["interval_at"] for row in rows]
    assert len(set(intervals)) == len(intervals)


async def test_lost_jobs_are_found_again(
    connection: Any, jobs: Jobs, registry: Registry, start_worker: Any, wait_for_state: Any
) -> None:
    @registry.job("note")
    async def note(_: Any, __: Any) -> None: ...

    vanished = await jobs.enqueue(connection, "note", {})
    half_done = await jobs.enqueue(connection, "note", {})
    await connection.execute("DELETE FROM platform.pgqueuer")
    await connection.execute("UPDATE platform.jobs SET state = 'running', attempts = 1 WHERE id = $1", half_done)
    held = await jobs.enqueue(connection, "note", {})
    await connection.execute("UPDATE platform.pgqueuer SET status = 'failed'")
    asleep = await jobs.enqueue(connection, "note", {}, delay_seconds=3600)
    await connection.execute("UPDATE platform.jobs SET run_after = now() WHERE id = $1", asleep)
    start_worker()
    attempts = {
        job_id: (await wait_for_state(job_id, "done")).attempts for job_id in (vanished, half_done, held, asleep)
    }
    assert attempts == {vanished: 1, half_done: 2, held: 1, asleep: 1}
    assert await connection.fetchval("SELECT count(*) FROM platform.pgqueuer") == 0


async def test_finished_jobs_are_forgotten_after_a_while_and_dead_ones_kept(
    connection: Any, jobs: Jobs, registry: Registry, start_worker: Any, wait_for_state: Any, eventually: Any
) -> None:
    for state in ("done", "cancelled", "dead"):
        await connection.execute(
            "INSERT INTO platform.jobs (id, name, payload, state, maximum_attempts, run_after, queue_id, finished_at) "
            "VALUES ($1, 'old', '{}', $2, 1, now(), 0, now() - interval '2 days')",
            new_id("job", milliseconds=int((time.time() - 172_800) * 1000)),
            state,
        )

    @registry.job("note")
    async def note(_: Any, __: Any) -> None: ...

    start_worker(limits=WorkerLimits(sweep_seconds=0.2, keep_finished_seconds=86_400))
    fresh = await jobs.enqueue(connection, "note", {})
    await wait_for_state(fresh, "done")
    await eventually(lambda: connection.fetchval("SELECT count(*) = 2 FROM platform.jobs"))
    rows = await connection.fetch("SELECT state FROM platform.jobs ORDER BY state")
    assert [row["state"] for row in rows] == ["dead", "done"]
