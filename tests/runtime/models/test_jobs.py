"""What is tended by the clock, and what goes with a customer."""

from dataclasses import replace
from datetime import timedelta

from bottega.platform.jobs.registry import registry
from bottega.runtime.models.budgets import BudgetLimits, PeriodLimits
from bottega.runtime.models.jobs import forget_customer
from tests.runtime.models.workbench import CALL, NOW, QUESTION, Workbench, route, says, scripted


async def test_old_records_go_and_newer_ones_stay(bench: Workbench) -> None:
    bench.limits = BudgetLimits(PeriodLimits(100_000))
    router = bench.router(route("haiku", "small", scripted(says("a"), says("b"))))
    await router.complete(CALL, QUESTION)
    bench.clock.advance(timedelta(days=60))
    await router.complete(CALL, QUESTION)
    bench.clock.set_to(NOW + timedelta(days=71))
    assert (await bench.tend("budgets"), len(await bench.accounts()), len(await bench.calls())) == (1, 1, 2)
    bench.clock.set_to(NOW + timedelta(days=401))
    assert (await bench.tend("calls"), len(await bench.calls())) == (1, 1)


async def test_a_budget_with_money_put_aside_stays(bench: Workbench) -> None:
    bench.limits = BudgetLimits(PeriodLimits(1_000))
    await bench.budgets().reserve("mat_1", CALL, call_id="mcl_1", route="haiku", amount_micros=10, seconds=1)
    bench.clock.advance(timedelta(days=71))
    async with bench.database.connection() as connection:
        await connection.execute("UPDATE runtime.model_reservations SET expires_at = $1", NOW + timedelta(days=99))
    assert await bench.tend("budgets") == 0
    assert list((await bench.accounts()).values()) == [(0, 10)]


async def test_an_expired_reservation_is_given_up_in_the_end(bench: Workbench) -> None:
    bench.limits = BudgetLimits(PeriodLimits(1_000))
    await bench.budgets().reserve("mat_1", CALL, call_id="mcl_1", route="haiku", amount_micros=10, seconds=1)
    bench.clock.advance(timedelta(minutes=6))
    assert await bench.tend("reservations_expired") == 1
    bench.clock.advance(timedelta(days=91))
    assert (await bench.tend("reservations"), await bench.reservations()) == (1, [])


async def test_replies_go_with_their_customer(bench: Workbench) -> None:
    router = bench.router(route("haiku", "small", scripted(*(says(str(number)) for number in range(5)))))
    async with bench.database.write() as connection:
        await connection.execute(
            """
            INSERT INTO runtime.sessions (id, role, principal_kind, principal_id, customer_id, created_at, last_at)
            VALUES ('ses_mine', 'assistant', 'customer', 'cus_1', 'cus_1', $1, $1),
                   ('ses_yours', 'assistant', 'customer', 'cus_2', 'cus_2', $1, $1)
            """,
            NOW,
        )
    for scope in ("cus_1", "ses_mine", "cus_2", "ses_yours", None):
        await router.complete(replace(CALL, cache="exact", private_to=scope), QUESTION)
    async with bench.database.write() as connection:
        assert await forget_customer(connection, "cus_1") == 2
        left = await connection.fetch("SELECT scope FROM runtime.model_cache ORDER BY scope")
        await connection.execute("DELETE FROM runtime.sessions")
    assert [row["scope"] for row in left] == ["", "cus_2", "ses_yours"]


def test_the_job_is_registered() -> None:
    assert registry.definition("models.tend").every_seconds == 60
