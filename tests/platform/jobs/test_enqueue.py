"""Enqueueing: part of the caller's transaction, in one statement, once per key while a job waits."""

import asyncio
from typing import Any

import asyncpg
import pytest

from bottega.kernel.errors import Invalid
from bottega.platform.jobs import Jobs, Registry, WorkerLimits, show_job


@pytest.fixture(autouse=True)
def noted(registry: Registry) -> list[dict[str, Any]]:
    notes: list[dict[str, Any]] = []

    @registry.job("note", maximum_attempts=7, priority=3)
    async def note(_: Any, payload: Any) -> None:
        notes.append(dict(payload))

    return notes


async def counts(connection: Any) -> tuple[int, int]:
    row = await connection.fetchrow(
        "SELECT (SELECT count(*) FROM platform.jobs) AS jobs, (SELECT count(*) FROM platform.pgqueuer) AS queued"
    )
    return row["jobs"], row["queued"]


async def test_a_job_is_done_once_its_transaction_commits(
    connection: Any, jobs: Jobs, noted: list[Any], start_worker: Any, wait_for_state: Any
) -> None:
    async with connection.transaction():
        job_id = await jobs.enqueue(connection, "note", {"order": "ord_1"})
    start_worker()
    job = await wait_for_state(job_id, "done")
    assert noted == [{"order": "ord_1"}]
    assert (job.attempts, job.maximum_attempts, job.priority, job.last_error) == (1, 7, 3, None)
    assert None not in (job.started_at, job.finished_at, job.worker)
    assert await counts(connection) == (1, 0)


async def test_a_rolled_back_job_never_runs(
    connection: Any, jobs: Jobs, noted: list[Any], start_worker: Any, wait_for_state: Any
) -> None:
    transaction = connection.transaction()
    await transaction.start()
    await jobs.enqueue(connection, "note", {"n": 1})
    await transaction.rollback()
    assert await counts(connection) == (0, 0)
    start_worker()
    await wait_for_state(await jobs.enqueue(connection, "note", {"n": 2}), "done")
    assert noted == [{"n": 2}]


async def test_enqueueing_is_one_statement(connection: Any, jobs: Jobs) -> None:
    statements: list[str] = []
    connection.add_query_logger(lambda query: statements.append(query.query))
    await jobs.enqueue(connection, "note", {})
    await jobs.enqueue(connection, "note", {}, key="a")
    await asyncio.sleep(0)
    assert len(statements) == 2


async def test_a_waiting_job_with_the_same_key_stands_for_both(connection: Any, jobs: Jobs) -> None:
    first = await jobs.enqueue(connection, "note", {"n": 1}, key="run_1", delay_seconds=60)
    other = await jobs.enqueue(connection, "note", {"n": 2}, key="run_2", delay_seconds=60)
    again = await jobs.enqueue(connection, "note", {"n": 3}, key="run_1", delay_seconds=5)
    later = await jobs.enqueue(connection, "note", {"n": 4}, key="run_1", delay_seconds=600)
    assert first == again == later != other
    assert await counts(connection) == (2, 2)
    job = await show_job(connection, first)
    assert job.payload == {"n": 1}
    assert (job.run_after - job.created_at).total_seconds() < 6
    due = await connection.fetchval(
        "SELECT execute_after FROM platform.pgqueuer WHERE payload = convert_to($1, 'UTF8')", first
    )
    assert due == job.run_after


async def test_a_keyed_job_begins_only_after_the_transaction_that_relies_on_it(
    database_url: str, connection: Any, jobs: Jobs, registry: Registry, start_worker: Any, wait_for_state: Any
) -> None:
    await connection.execute("CREATE TABLE public.wishes (n integer)")
    seen: list[int] = []

    @registry.job("count_wishes")
    async def count_wishes(context: Any, _: Any) -> None:
        seen.append(await context.fetchval("SELECT count(*) FROM public.wishes"))

    other = await asyncpg.connect(database_url)
    reader = await asyncpg.connect(database_url)
    try:
        job_id = await jobs.enqueue(connection, "count_wishes", {}, key="all")
        transaction = other.transaction()
        await transaction.start()
        await other.execute("INSERT INTO public.wishes VALUES (1)")
        assert await jobs.enqueue(other, "count_wishes", {}, key="all") == job_id
        start_worker(reader)
        # Nor does the worker stand still for it.
        for n in range(3):
            await wait_for_state(await jobs.enqueue(connection, "note", {"n": n}), "done", timeout_seconds=3)
        assert seen == []
        await transaction.commit()
        await wait_for_state(job_id, "done")
        assert seen == [1]
    finally:
        other.terminate()
        reader.terminate()


async def test_a_job_enqueued_while_its_key_runs_is_a_job_of_its_own(
    connection: Any, jobs: Jobs, registry: Registry, start_worker: Any, wait_for_state: Any
) -> None:
    begun, proceed = asyncio.Event(), asyncio.Event()

    @registry.job("slow")
    async def slow(_: Any, __: Any) -> None:
        begun.set()
        await proceed.wait()

    start_worker()
    first = await jobs.enqueue(connection, "slow", {}, key="run_1")
    await asyncio.wait_for(begun.wait(), 5)
    second = await jobs.enqueue(connection, "slow", {}, key="run_1")
    proceed.set()
    assert first != second
    await wait_for_state(first, "done")
    await wait_for_state(second, "done")


@pytest.mark.parametrize(
    ("name", "payload", "options", "code"),
    [
        ("unheard_of", {}, {}, "job_unknown"),
        ("note", {"when": object()}, {}, "job_payload"),
        ("note", {"amount": float("nan")}, {}, "job_payload"),
        ("note", {"text": "x" * 20_000}, {}, "job_payload"),
        ("note", {"text": "a\0b"}, {}, "job_payload"),
        ("note", {}, {"key": ""}, "job_key_length"),
        ("note", {}, {"key": "k" * 201}, "job_key_length"),
        ("note", {}, {"delay_seconds": -1.0}, "job_delay"),
        ("note", {}, {"delay_seconds": float("inf")}, "job_delay"),
    ],
)
async def test_what_cannot_be_a_job_is_refused_and_leaves_nothing(
    connection: Any, jobs: Jobs, name: str, payload: Any, options: Any, code: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        await jobs.enqueue(connection, name, payload, **options)
    assert refusal.value.code == code
    assert await counts(connection) == (0, 0)


async def test_a_wake_starts_a_job_long_before_the_worker_would_have_looked(
    database_url: str, connection: Any, registry: Registry, start_worker: Any, wait_for_state: Any
) -> None:
    start_worker(limits=WorkerLimits(dequeue_seconds=30, sweep_seconds=600))
    async with Jobs(database_url, registry=registry) as jobs:
        warm = await jobs.enqueue(connection, "note", {})
        # Until the worker listens, it may or may not have looked after this commit: wake until it has.
        async with asyncio.timeout(10):
            while (await show_job(connection, warm)).state != "done":
                jobs.wake()
                await asyncio.sleep(0.1)
        job_id = await jobs.enqueue(connection, "note", {})
        jobs.wake()
        job = await wait_for_state(job_id, "done", timeout_seconds=5)
        assert job.started_at is not None
        assert (job.started_at - job.created_at).total_seconds() < 2
