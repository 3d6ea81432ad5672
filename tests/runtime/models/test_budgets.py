"""Budgets: all accounts or none, never passed by many at once, and never freed by a crash."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bottega.kernel.errors import NotFound
from bottega.runtime.models.budgets import BudgetLimits, OverBudget, PeriodLimits, Reservation
from bottega.runtime.models.call import ModelCall
from tests.runtime.models.workbench import CALL, Workbench

SHOP_DAY, SHOP_MONTH = "shop/day/2026-11-29", "shop/month/2026-11"
ROLE_DAY = "role/assistant/day/2026-11-29"


async def reserve(bench: Workbench, name: str, amount: int, call: ModelCall = CALL) -> Reservation | None:
    return await bench.budgets().reserve(name, call, call_id="mcl_1", route="haiku", amount_micros=amount, seconds=30)


async def test_reserves_on_every_account_and_settles(bench: Workbench) -> None:
    bench.limits = BudgetLimits(PeriodLimits(1_000, 9_000), {"assistant": PeriodLimits(500)}, run_micros=300)
    reservation = await reserve(bench, "mat_1", 200)
    assert reservation == Reservation("mat_1", 200)
    assert await bench.accounts() == dict.fromkeys((ROLE_DAY, "run/run_1", SHOP_DAY, SHOP_MONTH), (0, 200))
    assert reservation is not None
    await bench.budgets().settle(reservation, 150)
    assert await bench.accounts() == dict.fromkeys((ROLE_DAY, "run/run_1", SHOP_DAY, SHOP_MONTH), (150, 0))
    assert await bench.reservations() == []


@pytest.mark.parametrize(
    ("limits", "account"),
    [
        (BudgetLimits(PeriodLimits(99)), SHOP_DAY),
        (BudgetLimits(PeriodLimits(1_000, 99)), SHOP_MONTH),
        (BudgetLimits(PeriodLimits(1_000), {"assistant": PeriodLimits(99)}), ROLE_DAY),
        (BudgetLimits(PeriodLimits(1_000), run_micros=99), "run/run_1"),
    ],
)
async def test_an_account_without_room_refuses_for_all(bench: Workbench, limits: BudgetLimits, account: str) -> None:
    bench.limits = limits
    with pytest.raises(OverBudget) as caught:
        await reserve(bench, "mat_1", 100)
    assert (caught.value.code, caught.value.account) == ("over_budget", account)
    assert set((await bench.accounts()).values()) == {(0, 0)}
    assert await bench.reservations() == []
    await reserve(bench, "mat_2", 99)


async def test_a_child_is_paid_by_its_parents_too(bench: Workbench) -> None:
    parent = replace(CALL, run_id="run_p", run_limit_micros=250)
    child = replace(CALL, run_id="run_c", run_limit_micros=1_000, parent_run_ids=("run_p",))
    await reserve(bench, "mat_1", 100, parent)
    await reserve(bench, "mat_2", 100, child)
    assert await bench.accounts() == {"run/run_c": (0, 100), "run/run_p": (0, 200)}
    with pytest.raises(OverBudget) as caught:
        await reserve(bench, "mat_3", 51, child)
    assert caught.value.account == "run/run_p"


async def test_what_nobody_limits_and_what_is_free_is_not_reserved(bench: Workbench) -> None:
    assert await reserve(bench, "mat_1", 100) is None
    bench.limits = BudgetLimits(PeriodLimits(0))
    assert await reserve(bench, "mat_2", 0) is None
    assert not bench.budgets().limits_money(replace(CALL, role="nobody")) or bench.limits.shop.day_micros == 0
    assert await bench.accounts() == {}


async def test_a_new_day_has_a_new_budget(bench: Workbench) -> None:
    bench.limits = BudgetLimits(PeriodLimits(100, 150))
    await reserve(bench, "mat_1", 100)
    with pytest.raises(OverBudget):
        await reserve(bench, "mat_2", 1)
    bench.clock.advance(timedelta(days=1))
    await reserve(bench, "mat_3", 50)
    with pytest.raises(OverBudget) as caught:
        await reserve(bench, "mat_4", 1)
    assert caught.value.account == SHOP_MONTH
    assert await bench.accounts() == {SHOP_DAY: (0, 100), "shop/day/2026-11-30": (0, 50), SHOP_MONTH: (0, 150)}


async def test_two_hundred_at_once_do_not_pass_the_limit(bench: Workbench) -> None:
    bench.limits = BudgetLimits(PeriodLimits(1_000), {"assistant": PeriodLimits(5_000)}, run_micros=70)

    async def run(number: int) -> int:
        call = replace(CALL, run_id=f"run_{number}", parent_run_ids=(f"run_parent_{number % 7}",))
        try:
            reservation = await reserve(bench, f"mat_{number}", 30, call)
        except OverBudget:
            return 0
        assert reservation is not None
        await bench.budgets().settle(reservation, 25)
        return 25

    spent = sum(await asyncio.gather(*(run(number) for number in range(200))))
    accounts = await bench.accounts()
    assert accounts[SHOP_DAY] == (spent, 0)
    assert 0 < spent <= 1_000
    # Each of the seven parents had 70: two children of 30 each, a third only after one was settled at 25.
    assert all(total <= 70 for account, (total, _) in accounts.items() if account.startswith("run/run_parent"))


async def test_settling_twice_counts_once(bench: Workbench) -> None:
    bench.limits = BudgetLimits(PeriodLimits(1_000))
    reservation = await reserve(bench, "mat_1", 100)
    assert reservation is not None
    for _ in range(2):
        await bench.budgets().settle(reservation, 40)
    assert await bench.accounts() == {SHOP_DAY: (40, 0)}


async def test_a_reservation_of_a_dead_process_expires_into_spent(bench: Workbench) -> None:
    bench.limits = BudgetLimits(PeriodLimits(1_000))
    reservation = await reserve(bench, "mat_1", 400)
    await reserve(bench, "mat_2", 400)
    assert await bench.tend("reservations_expired") == 0
    bench.clock.advance(timedelta(minutes=6))
    assert await bench.tend("reservations_expired") == 2
    assert await bench.tend("reservations_expired") == 0
    assert await bench.accounts() == {SHOP_DAY: (800, 0)}
    with pytest.raises(OverBudget):
        await reserve(bench, "mat_3", 201)

    # The process was only slow: its own settlement corrects what was assumed.
    assert reservation is not None
    await bench.budgets().settle(reservation, 10)
    assert await bench.accounts() == {SHOP_DAY: (410, 0)}

    # The other one is compared with the vendor's bill.
    await bench.budgets().reconcile("mat_2", 0)
    assert await bench.accounts() == {SHOP_DAY: (10, 0)}
    with pytest.raises(NotFound):
        await bench.budgets().reconcile("mat_2", 0)
    assert await bench.reservations() == []


async def test_a_raised_limit_holds_at_once(bench: Workbench) -> None:
    bench.limits = BudgetLimits(PeriodLimits(100))
    await reserve(bench, "mat_1", 100)
    bench.limits = BudgetLimits(PeriodLimits(200))
    await reserve(bench, "mat_2", 100)
    assert await bench.accounts() == {SHOP_DAY: (0, 200)}
