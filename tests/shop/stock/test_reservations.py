"""Reserve, accept, release, ship and restock, with exact levels and no unit lost."""

import asyncio
from datetime import timedelta

import pytest

from bottega.kernel.identifiers import new_id
from bottega.shop.stock.actions import accept_reservations, release, release_expired, reserve, restock, ship
from bottega.shop.stock.actions.levels import SetBackorder
from bottega.shop.stock.errors import NoSuchVariant, NotOnHand, NotReserved, OutOfStock
from bottega.shop.stock.queries import available, orders_with_expired_reservations, reservations_of_order
from tests.shop.entries import add_variant, entry
from tests.shop.stock.levels_fixture import add_location, assert_stock_invariants, level, receive
from tests.shop_fixtures import Shop


async def stocked(shop: Shop, quantity: int) -> tuple[str, str]:
    """(variant, location) with so many units on hand."""
    variant_id, location_id = await add_variant(shop, "JACKET-M"), await add_location(shop, "main")
    await receive(shop, variant_id, location_id, quantity)
    return variant_id, location_id


async def reserved(shop: Shop, variant_id: str, quantity: int, *, minutes: int = 30) -> tuple[str, str]:
    """(order, line) with so many units reserved."""
    order_id, line_id = new_id("ord"), new_id("oln")
    async with entry(shop) as work:
        await reserve(work, order_id, [(line_id, variant_id, quantity)], work.now + timedelta(minutes=minutes))
    return order_id, line_id


async def test_a_reservation_lowers_what_is_available(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5)
    order_id, line_id = await reserved(shop, variant_id, 2)
    async with shop.application.database.read() as connection:
        assert await available(connection, [variant_id, "var_unknown"]) == {variant_id: 3, "var_unknown": 0}
        (only,) = await reservations_of_order(connection, order_id)
    assert (only.line_id, only.location_id, only.quantity, only.open) == (line_id, location_id, 2, 2)
    assert await level(shop, variant_id, location_id) == (5, 2)
    await assert_stock_invariants(shop)


async def test_a_shortage_names_the_sku_and_changes_nothing(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5)
    other = await add_variant(shop, "TENT-2")
    await receive(shop, other, location_id, 1)
    with pytest.raises(OutOfStock) as refused:
        async with entry(shop) as work:
            await reserve(work, new_id("ord"), [("l1", variant_id, 5), ("l2", other, 2)], None)
    assert refused.value.code == "out_of_stock"
    assert refused.value.details == {"variant_id": other, "sku": "TENT-2", "wanted": 2, "available": 1}
    assert await level(shop, variant_id, location_id) == (5, 0)
    assert await shop.fetchval("SELECT count(*) FROM shop.reservations") == 0


async def test_a_variant_that_does_not_exist_is_not_out_of_stock(shop: Shop) -> None:
    with pytest.raises(NoSuchVariant):
        async with entry(shop) as work:
            await reserve(work, new_id("ord"), [("l1", new_id("var"), 1)], None)


async def test_fifty_race_for_five_and_five_succeed(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5)
    results = await asyncio.gather(*(reserved(shop, variant_id, 1) for _ in range(50)), return_exceptions=True)
    won = [result for result in results if isinstance(result, tuple)]
    lost = [result for result in results if isinstance(result, OutOfStock)]
    assert (len(won), len(lost)) == (5, 45)
    assert await level(shop, variant_id, location_id) == (5, 5)
    await assert_stock_invariants(shop)


async def test_orders_that_lock_many_variants_in_any_order_do_not_deadlock(shop: Shop) -> None:
    location_id = await add_location(shop, "main")
    variants = [await add_variant(shop, f"SKU-{number}") for number in range(4)]
    for variant_id in variants:
        await receive(shop, variant_id, location_id, 20)

    async def order(turn: int) -> None:
        wanted = variants[turn % 4 :] + variants[: turn % 4]
        async with entry(shop) as work:
            await reserve(work, new_id("ord"), [(new_id("oln"), variant_id, 1) for variant_id in wanted], None)

    await asyncio.gather(*(order(turn) for turn in range(20)))
    assert [await level(shop, variant_id, location_id) for variant_id in variants] == [(20, 20)] * 4
    await assert_stock_invariants(shop)


async def test_release_gives_everything_back_once(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5)
    order_id, _ = await reserved(shop, variant_id, 4)
    async with entry(shop) as work:
        assert await release(work, order_id) == 4
    async with entry(shop) as work:
        assert await release(work, order_id) == 0
    assert await level(shop, variant_id, location_id) == (5, 0)
    await assert_stock_invariants(shop)


async def test_part_of_a_line_is_released_and_never_more_than_is_open(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5)
    order_id, line_id = await reserved(shop, variant_id, 4)
    async with entry(shop) as work:
        assert await release(work, order_id, [(line_id, 3)]) == 3
    assert await level(shop, variant_id, location_id) == (5, 1)
    with pytest.raises(NotReserved) as refused:
        async with entry(shop) as work:
            await release(work, order_id, [(line_id, 2)])
    assert (refused.value.details["wanted"], refused.value.details["reserved"]) == (2, 1)
    assert await level(shop, variant_id, location_id) == (5, 1)


async def test_release_and_ship_race_and_each_unit_ends_once(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 3)
    order_id, line_id = await reserved(shop, variant_id, 3)

    async def ship_all() -> str:
        async with entry(shop) as work:
            await ship(work, order_id, [(line_id, 3)], new_id("shp"))
        return "shipped"

    async def release_all() -> str:
        async with entry(shop) as work:
            return "released" if await release(work, order_id) == 3 else "nothing"

    results = await asyncio.gather(ship_all(), release_all(), ship_all(), return_exceptions=True)
    ended = [result for result in results if result in ("shipped", "released")]
    assert len(ended) == 1
    assert await level(shop, variant_id, location_id) == ((0, 0) if ended == ["shipped"] else (3, 0))
    await assert_stock_invariants(shop)


async def test_expired_reservations_are_given_back_and_accepted_ones_stay(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 6)
    lapsed, _ = await reserved(shop, variant_id, 2, minutes=-1)
    accepted, _ = await reserved(shop, variant_id, 3, minutes=-1)
    await reserved(shop, variant_id, 1, minutes=60)
    async with entry(shop) as work:
        assert await accept_reservations(work, accepted) == 1
        assert await accept_reservations(work, accepted) == 0
    now = shop.application.clock.now()
    async with shop.application.database.read() as connection:
        assert await orders_with_expired_reservations(connection, now) == [lapsed]
    async with entry(shop) as work:
        assert await release_expired(work) == [lapsed]
    async with entry(shop) as work:
        assert await release_expired(work) == []
    assert await level(shop, variant_id, location_id) == (6, 4)
    await assert_stock_invariants(shop)


async def test_shipping_in_parts_takes_goods_and_promise_together(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5)
    order_id, line_id = await reserved(shop, variant_id, 3)
    shipment = new_id("shp")
    async with entry(shop) as work:
        assert await ship(work, order_id, [(line_id, 2)], shipment) == [(line_id, location_id, 2)]
    assert await level(shop, variant_id, location_id) == (3, 1)
    with pytest.raises(NotReserved):
        async with entry(shop) as work:
            await ship(work, order_id, [(line_id, 2)], new_id("shp"))
    assert await level(shop, variant_id, location_id) == (3, 1)
    rows = await shop.fetch("SELECT quantity, reference FROM shop.stock_movements WHERE kind = 'ship'")
    assert rows == [{"quantity": -2, "reference": shipment}]
    await assert_stock_invariants(shop)


async def test_a_line_over_two_locations_ships_from_each(shop: Shop) -> None:
    variant_id, main = await stocked(shop, 2)
    store = await add_location(shop, "store", priority=5)
    await receive(shop, variant_id, store, 2)
    order_id, line_id = await reserved(shop, variant_id, 3)
    with pytest.raises(NotReserved):
        async with entry(shop) as work:
            await ship(work, order_id, [(line_id, 2)], new_id("shp"), location_id=store)
    async with entry(shop) as work:
        shipped = await ship(work, order_id, [(line_id, 3)], new_id("shp"))
    assert sorted(shipped) == sorted([(line_id, main, 2), (line_id, store, 1)])
    assert await level(shop, variant_id, main) == (0, 0)
    assert await level(shop, variant_id, store) == (1, 0)
    await assert_stock_invariants(shop)


async def test_a_backorder_is_promised_and_ships_only_once_the_goods_are_there(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 1)
    await shop.done(SetBackorder(variant_id=variant_id, location_id=location_id, limit_units=2))
    order_id, line_id = await reserved(shop, variant_id, 3)
    assert await level(shop, variant_id, location_id) == (1, 3)
    with pytest.raises(OutOfStock):
        await reserved(shop, variant_id, 1)
    with pytest.raises(NotOnHand) as refused:
        async with entry(shop) as work:
            await ship(work, order_id, [(line_id, 2)], new_id("shp"))
    assert (refused.value.details["wanted"], refused.value.details["on_hand"]) == (2, 1)
    await receive(shop, variant_id, location_id, 2)
    async with entry(shop) as work:
        await ship(work, order_id, [(line_id, 3)], new_id("shp"))
    assert await level(shop, variant_id, location_id) == (0, 0)
    await assert_stock_invariants(shop)


async def test_restocked_goods_are_available_again(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 1)
    async with entry(shop) as work:
        assert await restock(work, variant_id, 2, "rln_1") == location_id
    store = await add_location(shop, "store", priority=3)
    async with entry(shop) as work:
        assert await restock(work, variant_id, 1, "rln_2", store) == store
    assert await level(shop, variant_id, location_id) == (3, 0)
    assert await level(shop, variant_id, store) == (1, 0)
    await assert_stock_invariants(shop)
