"""Breakers: counted together by all processes, probed by one, and never in the way of a healthy route."""

from datetime import timedelta

import pytest

from bottega.kernel.errors import NotFound
from bottega.ports import chat_model as port
from bottega.runtime.models.breakers import BreakerPolicy, Breakers
from tests.runtime.models.workbench import NOW, Workbench

POLICY = BreakerPolicy(
    failures=3, window_seconds=60, first_rest_seconds=5, longest_rest_seconds=12, read_again_seconds=0.0
)


@pytest.fixture
def two(bench: Workbench) -> tuple[Breakers, Breakers]:
    """Two processes, as far as a breaker can tell."""
    bench.breaker_policy = POLICY
    return bench.breakers("one"), bench.breakers("two")


async def fail(breakers: Breakers, times: int = 1, code: str = port.OVERLOADED) -> None:
    for _ in range(times):
        await breakers.failed("haiku", code, "closed")


async def test_opens_after_enough_failures_of_all_processes(two: tuple[Breakers, Breakers]) -> None:
    one, other = two
    await fail(one, 2)
    assert await other.permit("haiku") == "closed"
    await fail(other)
    assert (await one.permit("haiku"), await other.permit("haiku")) == ("open", "open")
    assert await one.permit("opus") == "closed"


async def test_failures_far_apart_do_not_add_up(bench: Workbench, two: tuple[Breakers, Breakers]) -> None:
    await fail(two[0], 2)
    bench.clock.advance(timedelta(seconds=61))
    await fail(two[0], 2)
    assert await two[0].permit("haiku") == "closed"


async def test_an_answer_in_between_begins_anew(two: tuple[Breakers, Breakers]) -> None:
    one, _ = two
    await fail(one, 2)
    await one.answered("haiku", await one.permit("haiku"))
    await fail(one, 2)
    assert await one.permit("haiku") == "closed"


async def test_one_process_probes_and_the_others_wait(bench: Workbench, two: tuple[Breakers, Breakers]) -> None:
    one, other = two
    await fail(one, 3)
    bench.clock.advance(timedelta(seconds=5))
    assert (await one.permit("haiku"), await other.permit("haiku"), await one.permit("haiku")) == (
        "probe",
        "open",
        "open",
    )
    await one.answered("haiku", "probe")
    assert (await one.permit("haiku"), await other.permit("haiku")) == ("closed", "closed")


async def test_each_failed_probe_rests_twice_as_long(bench: Workbench, two: tuple[Breakers, Breakers]) -> None:
    one, _ = two
    await fail(one, 3)
    for rest in (5, 10, 12, 12):
        bench.clock.advance(timedelta(seconds=rest - 1))
        assert await one.permit("haiku") == "open", rest
        bench.clock.advance(timedelta(seconds=1))
        assert await one.permit("haiku") == "probe", rest
        await one.failed("haiku", port.TIMED_OUT, "probe")


async def test_a_probe_of_a_dead_process_is_taken_over(bench: Workbench, two: tuple[Breakers, Breakers]) -> None:
    one, other = two
    await fail(one, 3)
    bench.clock.advance(timedelta(seconds=5))
    assert await one.permit("haiku") == "probe"
    bench.clock.advance(timedelta(seconds=59))
    assert await other.permit("haiku") == "open"
    bench.clock.advance(timedelta(seconds=1))
    assert await other.permit("haiku") == "probe"
    # What the first one finds out in the end no longer counts.
    await one.answered("haiku", "probe")
    assert await one.permit("haiku") == "open"


async def test_a_probe_that_was_given_up_is_free_for_others(bench: Workbench, two: tuple[Breakers, Breakers]) -> None:
    one, other = two
    await fail(one, 3)
    bench.clock.advance(timedelta(seconds=5))
    assert await one.permit("haiku") == "probe"
    await one.gave_up("haiku", "probe")
    assert await other.permit("haiku") == "probe"


@pytest.mark.parametrize("code", [port.NOT_PERMITTED, port.QUOTA_EXHAUSTED, port.NO_SUCH_MODEL])
async def test_what_will_not_mend_itself_opens_at_once(two: tuple[Breakers, Breakers], code: str) -> None:
    await fail(two[0], code=code)
    assert await two[1].permit("haiku") == "open"


async def test_a_vendor_is_left_alone_as_long_as_it_asks_for(bench: Workbench, two: tuple[Breakers, Breakers]) -> None:
    one, other = two
    await one.failed("haiku", port.RATE_LIMITED, "closed", retry_after_seconds=8)
    row = await bench.breaker("haiku")
    assert row is not None
    assert (row["state"], row["retry_at"], row["last_code"]) == (
        "open",
        NOW + timedelta(seconds=8),
        port.RATE_LIMITED,
    )
    bench.clock.advance(timedelta(seconds=7))
    assert await other.permit("haiku") == "open"
    bench.clock.advance(timedelta(seconds=1))
    assert await other.permit("haiku") == "probe"


async def test_a_vendor_cannot_ask_for_more_than_the_longest_rest(
    bench: Workbench, two: tuple[Breakers, Breakers]
) -> None:
    await two[0].failed("haiku", port.RATE_LIMITED, "closed", retry_after_seconds=1e9)
    row = await bench.breaker("haiku")
    assert row is not None
    assert row["retry_at"] == NOW + timedelta(seconds=12)


@pytest.mark.parametrize("code", [port.BAD_TOOL_CALL, port.EMPTY, port.TOO_LONG, port.CONTENT_FILTERED])
async def test_a_bad_answer_is_no_failure_of_the_route(two: tuple[Breakers, Breakers], code: str) -> None:
    await fail(two[0], 5, code=code)
    assert await two[0].permit("haiku") == "closed"


async def test_late_failures_of_earlier_calls_do_not_prolong_the_rest(
    bench: Workbench, two: tuple[Breakers, Breakers]
) -> None:
    one, other = two
    await fail(one, 3)
    bench.clock.advance(timedelta(seconds=4))
    await fail(other, 3)
    bench.clock.advance(timedelta(seconds=1))
    assert await other.permit("haiku") == "probe"
    # And an answer to a call from before the opening does not close it.
    await one.answered("haiku", "closed")
    assert await one.permit("haiku") == "open"


async def test_somebody_closes_it_by_hand(two: tuple[Breakers, Breakers]) -> None:
    one, other = two
    await fail(one, 3)
    await other.close("haiku")
    assert await one.permit("haiku") == "closed"
    with pytest.raises(NotFound):
        await other.close("haiku")


async def test_the_state_is_read_again_after_a_while(bench: Workbench) -> None:
    bench.breaker_policy = BreakerPolicy(failures=1, read_again_seconds=60)
    one, other = bench.breakers("one"), bench.breakers("two")
    assert await other.permit("haiku") == "closed"
    await fail(one)
    # Its own changes are seen at once, those of others when the state is read again.
    assert (await one.permit("haiku"), await other.permit("haiku")) == ("open", "closed")


async def test_a_database_that_is_away_opens_no_breaker(bench: Workbench) -> None:
    breakers = bench.breakers()
    await bench.database.close()
    assert await breakers.permit("haiku") == "closed"
    await fail(breakers, 5)
    await breakers.answered("haiku", "closed")
