"""Amending orders before shipment: exact sums, moved promises, differences charged and given back, once."""

import asyncio
from typing import Any

import pytest

from bottega.actions.actor import Actor
from bottega.actions.outcome import Denied, Done, Failed
from bottega.kernel.errors import Conflict
from bottega.kernel.identifiers import new_id
from bottega.shop.flows.amend_order import AmendOrderAddress, AmendOrderItems, ChangeOrderInstrument, LineAmendment
from bottega.shop.flows.cancel_order import CancelOrder
from bottega.shop.flows.ship_order import ShipOrder
from bottega.shop.orders.amendments import list_amendments
from bottega.shop.shop_settings import ChangeShopSettings
from tests.shop.entries import entry
from tests.shop.wardrobe import ADDRESS, CARD_BALANCE_MINOR, SHIPPING_MINOR, Wardrobe, open_wardrobe, pay
from tests.shop_fixtures import SUPPORT, Shop

STRANGER = Actor("customer", new_id("cus"), "customer")


async def swap(shop: Wardrobe, order_id: str, variant: str, **changes: Any) -> AmendOrderItems:
    """The order's first line becomes this variant."""
    line = (await shop.lines(order_id))[0]["id"]
    lines = (LineAmendment(line_id=line, variant_id=variant),)
    return AmendOrderItems(order_id=order_id, lines=lines, **changes)


async def test_another_address(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium)
    moved = ADDRESS.model_copy(update={"line1": "Via Milano 2"})
    await wardrobe.done(AmendOrderAddress(order_id=order_id, address=moved))
    kept = await shop.fetchval(
        "SELECT vault.reveal(shipping_address_ref)::jsonb ->> 'line1' FROM shop.orders WHERE id = $1", order_id
    )
    assert kept == "Via Milano 2"
    assert (await wardrobe.order(order_id))["amendments"] == 0, "only changes of items count"
    logged = await shop.fetchval("SELECT string_agg(convert_from(arguments, 'UTF8'), '') FROM log.entries")
    assert "Via Milano" not in logged


async def test_another_country_is_refused(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium)
    abroad = ADDRESS.model_copy(update={"country": "DE"})
    outcome = await wardrobe.act(AmendOrderAddress(order_id=order_id, address=abroad))
    assert isinstance(outcome, Failed)
    assert outcome.refusal.code == "country_changes_total"
    assert (await wardrobe.order(order_id))["country"] == "IT"


async def test_a_dearer_variant_is_charged_to_the_instrument(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium)
    done = await wardrobe.done(await swap(wardrobe, order_id, wardrobe.large, instrument_id=wardrobe.wallet))
    assert (done["difference_minor"], done["total_minor"]) == (2_000, 12_000 + SHIPPING_MINOR)
    order = await wardrobe.order(order_id)
    # 22 % are in 120.00 and in 4.90.
    assert (order["net_minor"], order["tax_minor"], order["shipping_minor"]) == (9_836, 2_164 + 88, 402)
    assert (order["payment_status"], order["amendments"]) == ("paid", 1)
    assert await wardrobe.paid_by(order_id) == [("captured", 10_490, 0), ("captured", 2_000, 0)]
    assert (await wardrobe.reserved(wardrobe.medium), await wardrobe.reserved(wardrobe.large)) == (0, 1)
    assert [line["sku"] for line in await wardrobe.lines(order_id)] == ["JACKET-L"]
    await wardrobe.unbroken()


async def test_a_cheaper_variant_gives_back_to_what_paid(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium)
    done = await wardrobe.done(await swap(wardrobe, order_id, wardrobe.small, instrument_id=wardrobe.card))
    assert done["difference_minor"] == -2_000
    assert await wardrobe.paid_by(order_id) == [("captured", 10_490, 2_000)]
    assert (await wardrobe.order(order_id))["payment_status"] == "paid", "its payments cover its total"
    await wardrobe.unbroken()


async def test_a_difference_onto_a_gift_card_of_the_payer(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium)
    await wardrobe.done(await swap(wardrobe, order_id, wardrobe.small, instrument_id=wardrobe.gift_card))
    assert await wardrobe.balance() == CARD_BALANCE_MINOR + 2_000
    await wardrobe.done(await swap(wardrobe, order_id, wardrobe.large, instrument_id=wardrobe.gift_card))
    assert await wardrobe.balance() == CARD_BALANCE_MINOR + 2_000 - 4_000
    assert (await wardrobe.order(order_id))["amendments"] == 2
    await wardrobe.unbroken()


async def test_quantities_grow_shrink_and_end(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium, wardrobe.boots)
    jacket, boots = [line["id"] for line in await wardrobe.lines(order_id)]
    lines = (LineAmendment(line_id=jacket, quantity=3), LineAmendment(line_id=boots, quantity=0))
    done = await wardrobe.done(AmendOrderItems(order_id=order_id, lines=lines, instrument_id=wardrobe.card))
    assert done["difference_minor"] == 2 * 10_000 - 20_000
    assert (done["payment_id"], done["refund_ids"]) == (None, [])
    assert [(line["sku"], line["quantity"]) for line in await wardrobe.lines(order_id)] == [("JACKET-M", 3)]
    assert (await wardrobe.reserved(wardrobe.medium), await wardrobe.reserved(wardrobe.boots)) == (3, 0)
    await wardrobe.unbroken()


async def test_a_price_that_was_agreed_on_stays_when_only_the_quantity_changes(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium)
    async with entry(shop) as work:
        await work.connection.execute(
            "UPDATE shop.prices SET amount_minor = 15000 WHERE variant_id = $1", wardrobe.medium
        )
    line = (await wardrobe.lines(order_id))[0]["id"]
    lines = (LineAmendment(line_id=line, quantity=2),)
    done = await wardrobe.done(AmendOrderItems(order_id=order_id, lines=lines, instrument_id=wardrobe.card))
    assert done["difference_minor"] == 10_000


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({}, "instrument_needed"),
        ({"expected_difference_minor": 1, "instrument_id": "card"}, "difference_changed"),
        ({"instrument_id": "strange"}, "no_such_instrument"),
    ],
)
async def test_refused_changes_of_items_change_nothing(shop: Shop, changes: dict[str, Any], code: str) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium)
    instruments = {"card": wardrobe.card, "strange": new_id("ins")}
    if "instrument_id" in changes:
        changes = {**changes, "instrument_id": instruments[changes["instrument_id"]]}
    before = (await wardrobe.order(order_id), await wardrobe.lines(order_id))
    outcome = await wardrobe.act(await swap(wardrobe, order_id, wardrobe.large, **changes))
    assert isinstance(outcome, Failed)
    assert outcome.refusal.code == code
    assert (await wardrobe.order(order_id), await wardrobe.lines(order_id)) == before
    assert await wardrobe.reserved(wardrobe.medium) == 1


async def test_what_is_out_of_stock_is_refused_and_the_old_goods_stay_promised(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop, units=1)
    await wardrobe.bought(wardrobe.large)
    order_id = await wardrobe.bought(wardrobe.medium)
    outcome = await wardrobe.act(await swap(wardrobe, order_id, wardrobe.large, instrument_id=wardrobe.card))
    assert isinstance(outcome, Failed)
    assert outcome.refusal.code == "out_of_stock"
    assert await wardrobe.reserved(wardrobe.medium) == 1


async def test_a_gift_card_that_is_too_small_pays_nothing(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium)
    outcome = await wardrobe.act(await swap(wardrobe, order_id, wardrobe.boots, instrument_id=wardrobe.gift_card))
    assert isinstance(outcome, Failed)
    assert outcome.refusal.code == "gift_card_too_small"
    assert await wardrobe.balance() == CARD_BALANCE_MINOR


async def test_other_people_and_shipped_orders_are_left_alone(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium)
    action = await swap(wardrobe, order_id, wardrobe.small, instrument_id=wardrobe.card)
    strange = await wardrobe.act(action, by=STRANGER)
    assert isinstance(strange, Failed)
    assert strange.refusal.code == "no_such_order"
    await shop.done(ShipOrder(order_id=order_id))
    for late in (action, AmendOrderAddress(order_id=order_id, address=ADDRESS)):
        refused = await wardrobe.act(late)
        assert isinstance(refused, Denied)
        assert refused.rule_ids == ("orders.no_amendment_after_shipment",)


async def test_support_swaps_for_a_customer_on_the_telephone(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium)
    action = await swap(wardrobe, order_id, wardrobe.small, instrument_id=wardrobe.card)
    assert (await wardrobe.done(action, by=SUPPORT))["difference_minor"] == -2_000


async def test_an_unpaid_difference_stops_the_order_and_a_later_payment_lets_it_go_on(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium)
    await spoil(wardrobe, wardrobe.wallet)
    await wardrobe.done(await swap(wardrobe, order_id, wardrobe.large, instrument_id=wardrobe.wallet))
    order = await wardrobe.order(order_id)
    assert (order["payment_status"], order["payment_due_at"] is not None) == ("awaiting", True)
    shipping = await shop.perform(ShipOrder(order_id=order_id))
    assert isinstance(shipping, Failed)
    assert shipping.refusal.code == "order_unpaid"
    await pay(wardrobe, order_id)
    assert (await wardrobe.order(order_id))["payment_status"] == "paid"
    await wardrobe.unbroken()


async def spoil(wardrobe: Wardrobe, instrument_id: str, how: str = "declined") -> None:
    """The instrument behaves like this card of the sandbox from now on."""
    async with entry(wardrobe.shop) as work:
        await work.connection.execute(
            "UPDATE shop.instruments SET token = 'sandbox_card_' || $2 WHERE id = $1", instrument_id, how
        )


async def test_another_instrument_pays_and_the_old_one_is_given_back_once(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium)
    action = ChangeOrderInstrument(order_id=order_id, instrument_id=wardrobe.wallet)
    await wardrobe.done(action, key="change")
    await wardrobe.done(action, key="change")
    assert await wardrobe.paid_by(order_id) == [("captured", 10_490, 10_490), ("captured", 10_490, 0)]
    assert (await wardrobe.order(order_id))["payment_status"] == "paid"
    await wardrobe.done(CancelOrder(order_id=order_id, reason="no longer needed"))
    assert await wardrobe.paid_by(order_id) == [("captured", 10_490, 10_490), ("captured", 10_490, 10_490)]
    refunds = await shop.fetch("SELECT amount_minor, status FROM shop.refunds WHERE order_id = $1", order_id)
    assert [(made["amount_minor"], made["status"]) for made in refunds] == [(10_490, "succeeded")] * 2
    await wardrobe.unbroken()


async def test_an_instrument_that_is_declined_leaves_the_old_one_standing(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium)
    await spoil(wardrobe, wardrobe.wallet)
    await wardrobe.done(ChangeOrderInstrument(order_id=order_id, instrument_id=wardrobe.wallet))
    assert await wardrobe.paid_by(order_id) == [("captured", 10_490, 0), ("declined", 0, 0)]
    async with shop.application.database.read() as connection:
        (amendment,) = await list_amendments(connection, wardrobe.customer, order_id)
    assert (amendment.kind, amendment.state) == ("instrument", "failed")
    await wardrobe.unbroken()


async def test_while_another_instrument_is_being_charged_nothing_else_is_amended(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium)
    await spoil(wardrobe, wardrobe.wallet, "3d_secure")
    action = ChangeOrderInstrument(order_id=order_id, instrument_id=wardrobe.wallet)
    assert (await wardrobe.done(action))["state"] == "pending"
    items = await swap(wardrobe, order_id, wardrobe.large, instrument_id=wardrobe.card)
    for other in (items, ChangeOrderInstrument(order_id=order_id, instrument_id=wardrobe.wallet)):
        outcome = await wardrobe.act(other)
        assert isinstance(outcome, Failed)
        assert outcome.refusal.code == "change_under_way"
    assert await wardrobe.paid_by(order_id) == [("captured", 10_490, 0), ("requires_action", 0, 0)]


async def test_what_was_only_authorised_is_voided(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    await shop.done(ChangeShopSettings(values={"capture_mode": "manual"}))
    order_id = await wardrobe.bought(wardrobe.medium)
    await wardrobe.done(ChangeOrderInstrument(order_id=order_id, instrument_id=wardrobe.wallet))
    assert await wardrobe.paid_by(order_id) == [("voided", 0, 0), ("authorised", 0, 0)]
    assert (await wardrobe.order(order_id))["payment_status"] == "authorised"
    await shop.done(ShipOrder(order_id=order_id))
    await wardrobe.settle()
    assert await wardrobe.paid_by(order_id) == [("voided", 0, 0), ("captured", 10_490, 0)]
    await wardrobe.unbroken()


@pytest.mark.parametrize(("instrument", "code"), [("card", "same_instrument"), ("gift_card", "gift_card_too_small")])
async def test_refused_instruments_charge_nothing(shop: Shop, instrument: str, code: str) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium)
    action = ChangeOrderInstrument(order_id=order_id, instrument_id=getattr(wardrobe, instrument))
    outcome = await wardrobe.act(action)
    assert isinstance(outcome, Failed)
    assert outcome.refusal.code == code
    assert await wardrobe.paid_by(order_id) == [("captured", 10_490, 0)]


async def test_racing_changes_of_one_order_are_made_one_after_the_other(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium)
    actions = [await swap(wardrobe, order_id, wardrobe.small, instrument_id=wardrobe.gift_card) for _ in range(4)]
    outcomes = await asyncio.gather(*(wardrobe.act(action) for action in actions), return_exceptions=True)
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 1
    assert all(isinstance(outcome, Done | Failed | Conflict) for outcome in outcomes)
    assert await wardrobe.balance() == CARD_BALANCE_MINOR + 2_000
    await wardrobe.unbroken()
