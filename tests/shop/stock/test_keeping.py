"""Staff keep stock: receive, adjust, transfer, backorders, thresholds, locations; undo, approval and refusals."""

import asyncio
from collections.abc import Sequence

import pytest

from bottega.actions.outcome import Denied, Done, Failed, Held
from bottega.actions.undo import UndoEntry
from bottega.kernel.errors import Conflict, Refusal
from bottega.kernel.identifiers import new_id
from bottega.shop.stock import queries
from bottega.shop.stock.actions import (
    AdjustStock,
    ChangeLocation,
    CreateLocation,
    ReceiptLine,
    ReceiveStock,
    SetBackorder,
    SetLowThreshold,
    TransferStock,
    reserve,
)
from tests.shop.entries import add_variant, entry
from tests.shop.stock.levels_fixture import add_location, assert_stock_invariants, level, receive
from tests.shop_fixtures import ANALYST, SUPPORT, WAREHOUSE, Shop


async def stocked(shop: Shop, quantity: int, reserved: int = 0) -> tuple[str, str]:
    """(variant, location) with so many units on hand, some of them promised."""
    variant_id, location_id = await add_variant(shop, "JACKET-M"), await add_location(shop, "main")
    await receive(shop, variant_id, location_id, quantity)
    if reserved:
        async with entry(shop) as work:
            await reserve(work, new_id("ord"), [(new_id("oln"), variant_id, reserved)], None)
    return variant_id, location_id


def code_of(outcome: object) -> str:
    assert isinstance(outcome, Failed), outcome
    return outcome.refusal.code


async def test_a_delivery_adds_up_its_lines(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5)
    other = await add_variant(shop, "TENT-2")
    lines = tuple(
        ReceiptLine(variant_id=which, quantity=units) for which, units in [(variant_id, 2), (other, 3), (other, 4)]
    )
    result = await shop.done(ReceiveStock(location_id=location_id, lines=lines, reference="DN-1"), by=WAREHOUSE)
    assert result == {"location_id": location_id, "units": 9}
    assert await level(shop, variant_id, location_id) == (7, 0)
    assert await level(shop, other, location_id) == (7, 0)
    await assert_stock_invariants(shop)


async def test_a_delivery_of_something_unknown_changes_nothing(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5)
    lines = (ReceiptLine(variant_id=variant_id, quantity=1), ReceiptLine(variant_id=new_id("var"), quantity=1))
    assert code_of(await shop.perform(ReceiveStock(location_id=location_id, lines=lines))) == "no_such_variant"
    elsewhere = ReceiveStock(location_id=new_id("loc"), lines=lines[:1])
    assert code_of(await shop.perform(elsewhere)) == "no_such_location"
    assert await level(shop, variant_id, location_id) == (5, 0)


async def test_an_adjustment_and_its_undo(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5)
    outcome = await shop.perform(
        AdjustStock(variant_id=variant_id, location_id=location_id, change=-2, reason="water damage"), by=WAREHOUSE
    )
    assert isinstance(outcome, Done)
    assert outcome.result == {
        "variant_id": variant_id,
        "location_id": location_id,
        "change": -2,
        "on_hand": 3,
    }
    assert await level(shop, variant_id, location_id) == (3, 0)
    await assert_stock_invariants(shop)
    await shop.done(UndoEntry(entry_id=outcome.entry_id))
    assert await level(shop, variant_id, location_id) == (5, 0)
    await assert_stock_invariants(shop)


async def test_an_undo_is_refused_after_a_later_change(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5)
    adjusted = await shop.perform(
        AdjustStock(variant_id=variant_id, location_id=location_id, change=2, reason="found behind a shelf")
    )
    assert isinstance(adjusted, Done)
    async with entry(shop) as work:
        await reserve(work, new_id("ord"), [(new_id("oln"), variant_id, 6)], None)
    assert code_of(await shop.perform(UndoEntry(entry_id=adjusted.entry_id))) == "changed_since"
    assert await level(shop, variant_id, location_id) == (7, 6)
    await assert_stock_invariants(shop)


async def test_a_large_adjustment_by_the_warehouse_waits_for_a_manager(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 300)
    small = AdjustStock(variant_id=variant_id, location_id=location_id, change=-100, reason="counted")
    large = AdjustStock(variant_id=variant_id, location_id=location_id, change=-101, reason="counted")
    held = await shop.perform(large, by=WAREHOUSE)
    assert isinstance(held, Held)
    assert held.rule_ids == ("stock.large_adjustment_waits",)
    assert await level(shop, variant_id, location_id) == (300, 0)
    assert isinstance(await shop.perform(small, by=WAREHOUSE), Done)
    assert await level(shop, variant_id, location_id) == (200, 0)


async def test_stock_cannot_be_adjusted_below_zero_or_below_what_is_promised(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5, reserved=3)

    async def adjust(change: int) -> object:
        return await shop.perform(
            AdjustStock(variant_id=variant_id, location_id=location_id, change=change, reason="counted")
        )

    below_zero = await adjust(-6)
    assert isinstance(below_zero, Denied)
    assert below_zero.rule_ids == ("stock.on_hand_not_negative",)
    promised = await adjust(-3)
    assert code_of(promised) == "promised_to_orders"
    assert code_of(await adjust(0)) == "nothing_changes"
    assert await level(shop, variant_id, location_id) == (5, 3)
    assert isinstance(await adjust(-2), Done)
    assert await level(shop, variant_id, location_id) == (3, 3)


async def test_racing_adjustments_never_fall_below_zero(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5)
    action = AdjustStock(variant_id=variant_id, location_id=location_id, change=-2, reason="counted")
    outcomes = await asyncio.gather(*(shop.perform(action) for _ in range(8)))
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 2
    assert await level(shop, variant_id, location_id) == (1, 0)
    await assert_stock_invariants(shop)


async def test_an_adjustment_needs_a_reason(shop: Shop) -> None:
    with pytest.raises(ValueError, match="reason"):
        AdjustStock(variant_id=new_id("var"), location_id=new_id("loc"), change=1, reason="  ")


async def test_a_transfer_moves_what_is_not_promised(shop: Shop) -> None:
    variant_id, main = await stocked(shop, 5, reserved=2)
    store = await add_location(shop, "store", priority=1)

    def move(units: int, source: str = main, target: str = store) -> TransferStock:
        return TransferStock(
            variant_id=variant_id, from_location_id=source, to_location_id=target, quantity=units, reference="T1"
        )

    assert code_of(await shop.perform(move(4))) == "promised_to_orders"
    assert code_of(await shop.perform(move(6))) == "not_on_hand"
    assert code_of(await shop.perform(move(1, target=main))) == "same_location"
    assert code_of(await shop.perform(move(1, source=store))) == "same_location"
    assert code_of(await shop.perform(move(1, source=store, target=main))) == "no_stock_level"
    moved = await shop.perform(move(3), by=WAREHOUSE)
    assert isinstance(moved, Done)
    assert await level(shop, variant_id, main) == (2, 2)
    assert await level(shop, variant_id, store) == (3, 0)
    await assert_stock_invariants(shop)
    await shop.done(UndoEntry(entry_id=moved.entry_id))
    assert await level(shop, variant_id, main) == (5, 2)
    await assert_stock_invariants(shop)


async def test_a_backorder_limit_is_not_lowered_below_what_is_promised(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 1)

    def limit(units: int) -> SetBackorder:
        return SetBackorder(variant_id=variant_id, location_id=location_id, limit_units=units)

    await shop.done(limit(4), by=WAREHOUSE)
    async with entry(shop) as work:
        await reserve(work, new_id("ord"), [(new_id("oln"), variant_id, 3)], None)
    assert code_of(await shop.perform(limit(1))) == "promised_to_orders"
    lowered = await shop.perform(limit(2))
    assert isinstance(lowered, Done)
    assert await shop.fetchval("SELECT backorder_limit FROM shop.stock_levels") == 2
    await shop.done(UndoEntry(entry_id=lowered.entry_id))
    assert await shop.fetchval("SELECT backorder_limit FROM shop.stock_levels") == 4


async def test_low_stock_follows_the_threshold_of_the_level_or_of_the_shop(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5, reserved=1)

    async def low(default: int) -> Sequence[tuple[str, int]]:
        async with shop.application.database.read() as connection:
            return [(found.sku, found.available) for found in await queries.low_stock(connection, default)]

    assert await low(3) == []
    assert await low(4) == [("JACKET-M", 4)]
    raised = await shop.perform(SetLowThreshold(variant_id=variant_id, location_id=location_id, threshold_units=10))
    assert isinstance(raised, Done)
    assert await low(0) == [("JACKET-M", 4)]
    await shop.done(UndoEntry(entry_id=raised.entry_id))
    assert await low(3) == []


async def test_history_pages_from_the_newest(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5)
    for units in (1, 2, 3):
        await receive(shop, variant_id, location_id, units)
    async with shop.application.database.read() as connection:
        first = await queries.movements(connection, variant_id=variant_id, limit=3)
        rest = await queries.movements(connection, variant_id=variant_id, before=first[-1].id, limit=3)
        elsewhere = await queries.movements(connection, location_id=new_id("loc"))
    assert [movement.quantity for movement in (*first, *rest)] == [3, 2, 1, 5]
    assert elsewhere == []


async def test_locations_change_and_an_inactive_one_is_not_reserved_from(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5)
    assert code_of(await shop.perform(CreateLocation(handle="main", name="Again"))) == "handle_taken"
    closed = ChangeLocation(location_id=location_id, name="Closed", priority=9, active=False)
    await shop.done(closed)
    missing = closed.model_copy(update={"location_id": new_id("loc")})
    assert code_of(await shop.perform(missing)) == "no_such_location"
    with pytest.raises(Conflict, match="0 available"):
        async with entry(shop) as work:
            await reserve(work, new_id("ord"), [(new_id("oln"), variant_id, 1)], None)
    async with shop.application.database.read() as connection:
        (location,) = await queries.locations(connection)
    assert (location.name, location.priority, location.active) == ("Closed", 9, False)


async def test_support_and_analysts_do_not_touch_stock(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5)
    action = AdjustStock(variant_id=variant_id, location_id=location_id, change=1, reason="counted")
    for actor in (SUPPORT, ANALYST):
        assert isinstance(await shop.perform(action, by=actor), Denied)
    assert isinstance(await shop.perform(CreateLocation(handle="new", name="New"), by=WAREHOUSE), Denied)
    assert await level(shop, variant_id, location_id) == (5, 0)


async def test_refusals_name_the_next_step(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 1)
    outcome = await shop.perform(
        TransferStock(variant_id=variant_id, from_location_id=location_id, to_location_id=new_id("loc"), quantity=1)
    )
    assert isinstance(outcome, Failed)
    refusal: Refusal = outcome.refusal
    assert (refusal.category, refusal.code) == ("not_found", "no_such_location")
    assert refusal.next_step == "See the list of locations."
    assert await level(shop, variant_id, location_id) == (1, 0)
