"""Failing jobs: tried again after the right time, counted, given up into the dead letters, and brought back."""

import asyncio
import random
import time
from typing import Any

import asyncpg
import pytest

from bottega.kernel.errors import Conflict, Forbidden, Invalid, NotFound, Unavailable
from bottega.platform.jobs import (
    Jobs,
    Registry,
    count_jobs,
    discard,
    list_jobs,
    requeue,
    requeue_dead,
    show_job,
)
from bottega.platform.jobs.backoff import retry_delay_seconds


async def queued(connection: Any) -> int:
    return await connection.fetchval("SELECT count(*) FROM platform.pgqueuer WHERE status IN ('queued', 'picked')")


async def test_a_job_that_fails_twice_is_done_at_the_third_attempt(
    connection: Any, jobs: Jobs, registry: Registry, start_worker: Any, wait_for_state: Any
) -> None:
    times: list[float] = []

    @registry.job("flaky", first_retry_seconds=0.4)
    async def flaky(_: Any, __: Any) -> None:
        times.append(time.monotonic())
        if len(times) < 3:
            raise ConnectionResetError("jo@example.org hung up")

    start_worker()
    job = await wait_for_state(await jobs.enqueue(connection, "flaky", {}), "done")
    assert job.attempts == len(times) == 3
    assert times[1] - times[0] >= 0.2
    assert times[2] - times[1] >= 0.4
    # Type and place, not the message: it may quote a person's address.
    assert job.last_error is not None
    assert job.last_error.startswith("ConnectionResetError at platform/jobs/test_retry.py:")
    assert "example.org" not in job.last_error


async def test_a_vendors_retry_after_is_respected(
    connection: Any, jobs: Jobs, registry: Registry, start_worker: Any, wait_for_state: Any, eventually: Any
) -> None:
    times: list[float] = []

    @registry.job("limited", first_retry_seconds=0.01)
    async def limited(_: Any, __: Any) -> None:
        times.append(time.monotonic())
        if len(times) == 1:
            raise Unavailable("vendor_busy", "The vendor is busy.", retry_after_seconds=1.5)

    start_worker()
    job_id = await jobs.enqueue(connection, "limited", {}, key="vendor")

    async def has_failed() -> bool:
        return (await show_job(connection, job_id)).last_error is not None

    await eventually(has_failed)
    # Asking for it again in between does not shorten what the vendor asked for.
    assert await jobs.enqueue(connection, "limited", {}, key="vendor") == job_id
    job = await wait_for_state(job_id, "done")
    assert 1.5 <= times[1] - times[0] < 3
    assert job.last_error == "Unavailable vendor_busy: The vendor is busy."


@pytest.mark.parametrize("kind", [Invalid, NotFound, Conflict, Forbidden])
async def test_a_refusal_that_waiting_does_not_cure_goes_to_the_dead_letters_at_once(
    connection: Any, jobs: Jobs, registry: Registry, start_worker: Any, wait_for_state: Any, kind: Any
) -> None:
    @registry.job("refused", maximum_attempts=5)
    async def refused(_: Any, __: Any) -> None:
        raise kind("no_such_order", "There is no order ord_9.")

    start_worker()
    job = await wait_for_state(await jobs.enqueue(connection, "refused", {}), "dead")
    assert job.attempts == 1
    assert job.last_error == f"{kind.__name__} no_such_order: There is no order ord_9."
    assert await queued(connection) == 0


async def test_a_dead_letter_is_listed_shown_requeued_and_done(
    connection: Any, jobs: Jobs, registry: Registry, start_worker: Any, wait_for_state: Any
) -> None:
    is_broken = True

    @registry.job("mail", maximum_attempts=2, first_retry_seconds=0.05)
    async def mail(_: Any, __: Any) -> None:
        if is_broken:
            raise Unavailable("mail_down", "The mail server does not answer.")

    start_worker()
    job_id = await jobs.enqueue(connection, "mail", {"message": "msg_1"})
    dead = await wait_for_state(job_id, "dead")
    assert (dead.attempts, dead.last_error) == (2, "Unavailable mail_down: The mail server does not answer.")
    assert await list_jobs(connection, state="dead") == [dead] == [await show_job(connection, job_id)]
    assert (await count_jobs(connection))["dead"] == 1

    is_broken = False
    back = await requeue(connection, job_id)
    assert (back.state, back.attempts, back.finished_at) == ("waiting", 0, None)
    done = await wait_for_state(job_id, "done")
    assert (done.attempts, done.payload) == (1, {"message": "msg_1"})
    with pytest.raises(Conflict, match="is done"):
        await requeue(connection, job_id)
    assert await connection.fetchval("SELECT count(*) FROM platform.pgqueuer") == 0


async def test_a_discarded_job_never_runs(
    connection: Any, jobs: Jobs, registry: Registry, start_worker: Any, wait_for_state: Any
) -> None:
    ran: list[Any] = []

    @registry.job("note")
    async def note(_: Any, payload: Any) -> None:
        ran.append(payload["n"])

    job_id = await jobs.enqueue(connection, "note", {"n": 1})
    assert (await discard(connection, job_id)).state == "cancelled"
    start_worker()
    other = await jobs.enqueue(connection, "note", {"n": 2})
    await wait_for_state(other, "done")
    assert ran == [2]
    for refused in (job_id, other):
        with pytest.raises(Conflict):
            await discard(connection, refused)
    with pytest.raises(NotFound):
        await discard(connection, "job_00000000000000000000000000")
    with pytest.raises(Invalid):
        await list_jobs(connection, state="lost")


async def test_requeueing_all_leaves_out_those_whose_key_waits(connection: Any, jobs: Jobs, registry: Registry) -> None:
    @registry.job("note")
    async def note(_: Any, __: Any) -> None:
        raise AssertionError("no worker runs in this test")

    twins: list[str] = []
    for _ in range(2):
        twins.append(await jobs.enqueue(connection, "note", {}, key="k"))
        await connection.execute("UPDATE platform.jobs SET state = 'dead' WHERE id = $1", twins[-1])
    alone = await jobs.enqueue(connection, "note", {})
    await connection.execute("UPDATE platform.jobs SET state = 'dead' WHERE id = $1", alone)
    assert await requeue_dead(connection) == ([twins[0], alone], [twins[1]])
    assert [(await show_job(connection, job_id)).state for job_id in (*twins, alone)] == ["waiting", "dead", "waiting"]


async def test_a_failed_job_gives_way_to_one_with_its_key_that_inherits_the_delay(
    connection: Any, jobs: Jobs, registry: Registry, start_worker: Any, wait_for_state: Any
) -> None:
    times: list[float] = []
    begun, proceed = asyncio.Event(), asyncio.Event()

    @registry.job("send")
    async def send(_: Any, __: Any) -> None:
        times.append(time.monotonic())
        if len(times) == 1:
            begun.set()
            await proceed.wait()
            times[0] = time.monotonic()
            raise Unavailable("busy", "Busy.", retry_after_seconds=1.0)

    # Later than the others in the queue, so that it still waits when the first one fails.
    start_worker()
    first = await jobs.enqueue(connection, "send", {}, key="eff_1")
    await asyncio.wait_for(begun.wait(), 5)
    second = await jobs.enqueue(connection, "send", {}, key="eff_1", delay_seconds=0.9)
    proceed.set()
    job = await wait_for_state(first, "cancelled")
    assert job.last_error == "Unavailable busy: Busy."
    assert (await wait_for_state(second, "done")).attempts == 1
    assert len(times) == 2
    assert times[1] - times[0] >= 1.0


async def test_a_job_that_takes_too_long_is_ended_and_tried_again(
    connection: Any, jobs: Jobs, registry: Registry, start_worker: Any, wait_for_state: Any
) -> None:
    attempts: list[str] = []

    @registry.job("stuck", timeout_seconds=0.2, first_retry_seconds=0.05)
    async def stuck(_: Any, __: Any) -> None:
        attempts.append("begun")
        if len(attempts) == 1:
            await asyncio.sleep(60)

    start_worker()
    job = await wait_for_state(await jobs.enqueue(connection, "stuck", {}), "done")
    assert job.attempts == 2
    assert job.last_error == "Unavailable job_timeout: It took longer than 0.2 s."


async def test_no_more_jobs_of_a_name_run_at_once_than_its_limit(
    connection: Any, jobs: Jobs, registry: Registry, start_worker: Any, wait_for_state: Any
) -> None:
    running, most, free = 0, 0, 0

    @registry.job("narrow", concurrency_limit=2)
    async def narrow(_: Any, __: Any) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.05)
        running -= 1

    @registry.job("wide")
    async def wide(_: Any, __: Any) -> None:
        nonlocal free
        free += 1

    job_ids = [await jobs.enqueue(connection, "narrow", {}) for _ in range(8)]
    job_ids += [await jobs.enqueue(connection, "wide", {}) for _ in range(8)]
    start_worker()
    start_worker()
    for job_id in job_ids:
        await wait_for_state(job_id, "done")
    assert (most, free) == (2, 8)


async def test_a_waiting_job_outlives_a_lost_connection_of_the_enqueuer(
    database_url: str, jobs: Jobs, registry: Registry, start_worker: Any, wait_for_state: Any
) -> None:
    @registry.job("note")
    async def note(_: Any, __: Any) -> None: ...

    connection = await asyncpg.connect(database_url)
    job_id = await jobs.enqueue(connection, "note", {})
    connection.terminate()
    start_worker()
    await wait_for_state(job_id, "done")


def test_the_delay_doubles_up_to_ten_minutes_and_jitter_takes_at_most_half_of_it() -> None:
    randomness = random.Random(1)
    for attempt, longest in [(1, 2.0), (2, 4.0), (3, 8.0), (9, 512.0), (10, 600.0), (1_000, 600.0)]:
        delays = [retry_delay_seconds(attempt, 2.0, None, randomness) for _ in range(200)]
        assert longest / 2 <= min(delays) < longest * 0.6
        assert longest * 0.9 < max(delays) <= longest


def test_retry_after_is_a_floor_and_at_most_a_day() -> None:
    randomness = random.Random(2)
    delays = [retry_delay_seconds(1, 1.0, 30.0, randomness) for _ in range(200)]
    assert min(delays) >= 30.0
    assert max(delays) <= 33.0
    assert retry_delay_seconds(1, 1.0, 1e9, randomness) <= 86_400 * 1.1
    assert retry_delay_seconds(12, 1.0, 0.5, randomness) >= 300.0
    assert retry_delay_seconds(1, 1.0, -5.0, randomness) <= 1.0
