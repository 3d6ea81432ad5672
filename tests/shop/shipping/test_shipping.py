"""Zones, methods and rates as staff set them, and shipments from leaving to arriving."""

import asyncio
from typing import Any

import pytest

from bottega.actions.outcome import Denied, Done, Failed
from bottega.actions.undo import UndoEntry
from bottega.kernel.identifiers import new_id
from bottega.shop.shipping import queries
from bottega.shop.shipping.actions import (
    ChangeMethod,
    ChangeRates,
    ChangeTracking,
    ChangeZone,
    CreateMethod,
    CreateZone,
    RateRow,
    mark_delivered,
    mark_lost,
    record_shipment,
)
from bottega.shop.shipping.errors import NoSuchShipment, ShipmentEnded
from bottega.shop.stock.actions import CreateLocation
from tests.shop.entries import entry
from tests.shop_fixtures import SUPPORT, WAREHOUSE, Shop


async def zone(shop: Shop, name: str, *countries: str) -> str:
    return (await shop.done(CreateZone(name=name, countries=countries)))["zone_id"]


async def method(shop: Shop, zone_id: str, **changes: Any) -> str:
    values: dict[str, Any] = {"name": "Standard", "currency": "EUR", "rates": (RateRow(amount_minor=590),)}
    return (await shop.done(CreateMethod(zone_id=zone_id, **values | changes)))["method_id"]


def code_of(outcome: object) -> str:
    assert isinstance(outcome, Failed), outcome
    return outcome.refusal.code


async def names_for(shop: Shop, country: str) -> list[str]:
    async with shop.application.database.read() as connection:
        return [found.name for found in await queries.methods_for(connection, country)]


async def test_a_country_has_the_methods_of_its_zone_or_of_elsewhere(shop: Shop) -> None:
    await method(shop, await zone(shop, "Italy", "IT"), name="Italian")
    await method(shop, await zone(shop, "World", "*"), name="Worldwide")
    assert await names_for(shop, "IT") == ["Italian"]
    assert await names_for(shop, "NZ") == ["Worldwide"]


async def test_a_country_of_no_zone_has_no_methods(shop: Shop) -> None:
    await method(shop, await zone(shop, "Italy", "IT"))
    assert await names_for(shop, "NZ") == []


async def test_quotes_of_a_country_in_the_currency_of_the_cart(shop: Shop) -> None:
    italy = await zone(shop, "Italy", "IT")
    rates = (RateRow(up_to_grams=2000, amount_minor=590), RateRow(from_subtotal_minor=8000, amount_minor=0))
    method_id = await method(shop, italy, rates=rates)
    async with shop.application.database.read() as connection:
        (offer,) = await queries.quotes_for(connection, "IT", "EUR", 1500, 7999)
        assert (offer.method_id, offer.amount_minor) == (method_id, 590)
        assert (await queries.quotes_for(connection, "IT", "EUR", 9000, 8000))[0].amount_minor == 0
        assert await queries.quotes_for(connection, "IT", "EUR", 9000, 7999) == []
        assert await queries.quotes_for(connection, "IT", "USD", 1500, 7999) == []


async def test_a_country_belongs_to_one_zone(shop: Shop) -> None:
    italy = await zone(shop, "Italy", "IT", "SM")
    europe = await zone(shop, "Europe", "FR")
    assert code_of(await shop.perform(CreateZone(name="Other", countries=("SM",)))) == "country_in_another_zone"
    taken = ChangeZone(zone_id=europe, name="Europe", countries=("FR", "IT"))
    assert code_of(await shop.perform(taken)) == "country_in_another_zone"
    assert code_of(await shop.perform(CreateZone(name="Italy", countries=("VA",)))) == "zone_name_taken"
    missing = ChangeZone(zone_id=new_id("shz"), name="Nowhere", countries=("VA",))
    assert code_of(await shop.perform(missing)) == "no_such_zone"
    await shop.done(ChangeZone(zone_id=italy, name="Italy", countries=("IT", "VA")))
    async with shop.application.database.read() as connection:
        found = {zone.name: zone.countries for zone in await queries.zones(connection)}
    assert found == {"Europe": ("FR",), "Italy": ("IT", "VA")}


async def test_racing_zones_do_not_share_a_country(shop: Shop) -> None:
    outcomes = await asyncio.gather(
        *(shop.perform(CreateZone(name=f"Zone {number}", countries=("IT",))) for number in range(6))
    )
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 1
    assert await shop.fetchval("SELECT count(*) FROM shop.shipping_zones") == 1


async def test_changed_rates_hold_at_once_and_are_undone(shop: Shop) -> None:
    italy = await zone(shop, "Italy", "IT")
    method_id = await method(shop, italy)

    async def price() -> int:
        async with shop.application.database.read() as connection:
            return (await queries.quotes_for(connection, "IT", "EUR", 1, 1))[0].amount_minor

    changed = await shop.perform(ChangeRates(method_id=method_id, rates=(RateRow(amount_minor=690),)))
    assert isinstance(changed, Done)
    assert await price() == 690
    await shop.done(UndoEntry(entry_id=changed.entry_id))
    assert await price() == 590
    nowhere = ChangeRates(method_id=new_id("shm"), rates=(RateRow(amount_minor=1),))
    assert code_of(await shop.perform(nowhere)) == "no_such_shipping_method"


async def test_a_method_that_is_switched_off_is_not_offered(shop: Shop) -> None:
    method_id = await method(shop, await zone(shop, "Italy", "IT"))
    off = ChangeMethod(
        method_id=method_id, name="Old", minimum_days=1, maximum_days=2, tax_class="standard", active=False
    )
    backwards = off.model_copy(update={"minimum_days": 3})
    assert code_of(await shop.perform(backwards)) == "days_out_of_order"
    assert await names_for(shop, "IT") == ["Standard"]
    await shop.done(off)
    assert await names_for(shop, "IT") == []
    async with shop.application.database.read() as connection:
        assert [found.name for found in await queries.all_methods(connection)] == ["Old"]


async def test_collection_names_an_active_location(shop: Shop) -> None:
    italy = await zone(shop, "Italy", "IT")
    rates = (RateRow(amount_minor=0),)

    async def refused(**changes: Any) -> str:
        action = CreateMethod(zone_id=italy, name="Collect", currency="EUR", rates=rates, **changes)
        return code_of(await shop.perform(action))

    assert await refused(kind="collection") == "collection_needs_location"
    assert await refused(kind="collection", location_id=new_id("loc")) == "collection_needs_location"
    store = (await shop.done(CreateLocation(handle="store", name="Store", kind="store")))["location_id"]
    assert await refused(kind="delivery", location_id=store) == "collection_needs_location"
    await method(shop, italy, name="Collect", kind="collection", location_id=store, rates=rates)
    async with shop.application.database.read() as connection:
        (offer,) = await queries.quotes_for(connection, "IT", "EUR", 10, 10)
    assert (offer.kind, offer.location_id) == ("collection", store)


async def test_a_method_needs_a_zone_and_a_known_currency(shop: Shop) -> None:
    rates = (RateRow(amount_minor=0),)
    nowhere = CreateMethod(zone_id=new_id("shz"), name="X", currency="EUR", rates=rates)
    assert code_of(await shop.perform(nowhere)) == "no_such_zone"
    assert code_of(await shop.perform(nowhere.model_copy(update={"currency": "XXX"}))) == "unknown_currency"
    assert await shop.fetchval("SELECT count(*) FROM shop.shipping_methods") == 0


async def test_an_order_leaves_in_parts_and_each_part_arrives_once(shop: Shop) -> None:
    order_id = new_id("ord")
    async with entry(shop) as work:
        first = await record_shipment(work, order_id, [("oln_a", 1), ("oln_b", 2)], "Corriere", "T-1")
        second = await record_shipment(work, order_id, [("oln_b", 1)], "Corriere", "T-2")
    async with entry(shop) as work:
        assert await mark_delivered(work, first) == order_id
    with pytest.raises(ShipmentEnded):
        async with entry(shop) as work:
            await mark_delivered(work, first)
    async with entry(shop) as work:
        assert await mark_lost(work, second) == order_id
    with pytest.raises(NoSuchShipment):
        async with entry(shop) as work:
            await mark_delivered(work, new_id("shp"))
    async with shop.application.database.read() as connection:
        found = await queries.shipments_of_order(connection, order_id)
        recent = await queries.recent_shipments(connection, states=["lost"])
        assert await queries.shipment(connection, new_id("shp")) is None
    assert {part.id: part.state for part in found} == {first: "delivered", second: "lost"}
    by_id = {part.id: part for part in found}
    assert sorted((line.line_id, line.quantity) for line in by_id[first].lines) == [("oln_a", 1), ("oln_b", 2)]
    assert by_id[first].delivered_at is not None
    assert by_id[second].delivered_at is None
    assert [part.id for part in recent] == [second]


async def test_tracking_is_corrected_while_the_parcel_is_under_way(shop: Shop) -> None:
    async with entry(shop) as work:
        shipment_id = await record_shipment(work, new_id("ord"), [("oln_a", 1)], "", "")
    action = ChangeTracking(shipment_id=shipment_id, carrier="Corriere", tracking_number="T-9")
    await shop.done(action, by=WAREHOUSE)
    assert isinstance(await shop.perform(action, by=SUPPORT), Denied)
    async with entry(shop) as work:
        await mark_delivered(work, shipment_id)
    late = action.model_copy(update={"tracking_number": "T-10"})
    assert code_of(await shop.perform(late)) == "shipment_ended"
    assert await shop.fetchval("SELECT tracking_number FROM shop.shipments") == "T-9"
