"""Exchanges: what is promised, charged and sent, in which order, and what becomes of it when they come to nothing."""

from typing import Any

from bottega.actions.outcome import Failed, Outcome
from bottega.shop.flows.exchange_order import ExchangedLine, RequestExchange
from bottega.shop.flows.return_handling import (
    ApproveReturn,
    CompleteReturn,
    InspectedLine,
    ReceiveReturn,
    RejectReturn,
)
from bottega.shop.flows.return_order import CancelReturn
from bottega.shop.flows.ship_order import ShipOrder
from tests.shop.entries import entry
from tests.shop.wardrobe import CARD_BALANCE_MINOR, Wardrobe, open_wardrobe, pay
from tests.shop_fixtures import OWNER, SUPPORT, WAREHOUSE, Shop


async def exchange_of(wardrobe: Wardrobe, order_id: str, variant: str, quantity: int = 1, **changes: Any) -> Any:
    line = (await wardrobe.lines(order_id))[0]["id"]
    lines = (ExchangedLine(line_id=line, new_variant_id=variant, quantity=quantity),)
    return RequestExchange(order_id=order_id, lines=lines, **changes)


async def received(wardrobe: Wardrobe, made: dict[str, Any], units: int = 1) -> None:
    line = InspectedLine(return_line_id=made["return_line_ids"][0], received=units, condition="as_new")
    await wardrobe.done(ReceiveReturn(return_id=made["return_id"], lines=(line,)), by=WAREHOUSE)


def refusal(outcome: Outcome) -> str:
    assert isinstance(outcome, Failed), outcome
    return outcome.refusal.code


async def test_for_a_dearer_variant_the_difference_is_charged_and_the_new_goods_wait_for_the_old(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.delivered(wardrobe.medium)
    action = await exchange_of(wardrobe, order_id, wardrobe.large, instrument_id=wardrobe.wallet)
    made = await wardrobe.done(action)
    assert (made["difference_minor"], await wardrobe.reserved(wardrobe.large)) == (2_000, 0)
    approved = await wardrobe.done(ApproveReturn(return_id=made["return_id"]), by=SUPPORT)
    replacement = approved["exchange_order_id"]
    order = await wardrobe.order(replacement)
    assert (order["status"], order["payment_status"], order["channel"]) == ("held", "paid", "exchange")
    # What the old jacket was paid with is the discount of the new one; 22 % are in the 20.00 that are left.
    assert (order["total_minor"], order["tax_minor"], order["net_minor"] - order["discount_minor"]) == (
        2_000,
        361,
        1_639,
    )
    assert await wardrobe.paid_by(replacement) == [("captured", 2_000, 0)]
    assert await wardrobe.reserved(wardrobe.large) == 1
    assert refusal(await shop.perform(ShipOrder(order_id=replacement))) == "order_not_open"
    await received(wardrobe, made)
    done = await wardrobe.done(CompleteReturn(return_id=made["return_id"]), by=OWNER)
    assert (done["refund_minor"], done["exchange_order_id"]) == (0, replacement)
    await shop.done(ShipOrder(order_id=replacement))
    assert (await wardrobe.on_hand(wardrobe.medium), await wardrobe.on_hand(wardrobe.large)) == (10, 9)
    assert await wardrobe.paid_by(order_id) == [("captured", 10_490, 0)]
    await wardrobe.unbroken()


async def test_for_a_cheaper_variant_the_difference_goes_back_when_the_goods_are_back(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.delivered(wardrobe.medium)
    action = await exchange_of(wardrobe, order_id, wardrobe.small, instrument_id=wardrobe.gift_card)
    made = await wardrobe.done(action)
    assert made["difference_minor"] == -2_000
    replacement = (await wardrobe.done(ApproveReturn(return_id=made["return_id"]), by=SUPPORT))["exchange_order_id"]
    order = await wardrobe.order(replacement)
    assert (order["total_minor"], order["payment_status"]) == (0, "paid")
    assert await wardrobe.balance() == CARD_BALANCE_MINOR
    await received(wardrobe, made)
    assert (await wardrobe.done(CompleteReturn(return_id=made["return_id"]), by=OWNER))["refund_minor"] == 2_000
    assert await wardrobe.balance() == CARD_BALANCE_MINOR + 2_000
    assert (await wardrobe.order(replacement))["status"] == "open"
    await wardrobe.unbroken()


async def test_for_the_same_variant_nothing_is_paid(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.delivered(wardrobe.medium, quantity=2)
    made = await wardrobe.done(await exchange_of(wardrobe, order_id, wardrobe.medium, quantity=2))
    assert made["difference_minor"] == 0
    await wardrobe.done(ApproveReturn(return_id=made["return_id"]), by=SUPPORT)
    await received(wardrobe, made, units=2)
    done = await wardrobe.done(CompleteReturn(return_id=made["return_id"]), by=OWNER)
    await shop.done(ShipOrder(order_id=done["exchange_order_id"]))
    await wardrobe.unbroken()


async def test_the_price_of_the_request_holds(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.delivered(wardrobe.medium)
    action = await exchange_of(wardrobe, order_id, wardrobe.large, instrument_id=wardrobe.card)
    made = await wardrobe.done(action)
    async with entry(shop) as work:
        await work.connection.execute(
            "UPDATE shop.prices SET amount_minor = 50000 WHERE variant_id = $1", wardrobe.large
        )
    approved = await wardrobe.done(ApproveReturn(return_id=made["return_id"]), by=SUPPORT)
    assert (await wardrobe.order(approved["exchange_order_id"]))["total_minor"] == 2_000


async def test_another_product_and_what_is_out_of_stock_are_refused(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop, units=1)
    order_id = await wardrobe.delivered(wardrobe.medium)
    assert refusal(await wardrobe.act(await exchange_of(wardrobe, order_id, wardrobe.boots))) == "other_product"
    await wardrobe.bought(wardrobe.large)
    assert refusal(await wardrobe.act(await exchange_of(wardrobe, order_id, wardrobe.large))) == "out_of_stock"
    assert await shop.fetchval("SELECT count(*) FROM shop.returns") == 0


async def test_a_difference_the_customer_has_not_seen_is_refused(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.delivered(wardrobe.medium)
    action = await exchange_of(wardrobe, order_id, wardrobe.large, expected_difference_minor=1_500)
    assert refusal(await wardrobe.act(action)) == "difference_changed"


async def test_sold_out_between_request_and_approval_the_exchange_is_not_approved(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop, units=1)
    order_id = await wardrobe.delivered(wardrobe.medium)
    made = await wardrobe.done(await exchange_of(wardrobe, order_id, wardrobe.large))
    await wardrobe.bought(wardrobe.large)
    outcome = await wardrobe.act(ApproveReturn(return_id=made["return_id"]), by=SUPPORT)
    assert refusal(outcome) == "out_of_stock"
    assert await shop.fetchval("SELECT state FROM shop.returns") == "requested"


async def test_cancelling_an_approved_exchange_gives_everything_back(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.delivered(wardrobe.medium)
    action = await exchange_of(wardrobe, order_id, wardrobe.large, instrument_id=wardrobe.gift_card)
    made = await wardrobe.done(action)
    replacement = (await wardrobe.done(ApproveReturn(return_id=made["return_id"]), by=SUPPORT))["exchange_order_id"]
    assert await wardrobe.balance() == CARD_BALANCE_MINOR - 2_000
    await wardrobe.done(CancelReturn(return_id=made["return_id"]))
    assert (await wardrobe.order(replacement))["status"] == "cancelled"
    assert (await wardrobe.balance(), await wardrobe.reserved(wardrobe.large)) == (CARD_BALANCE_MINOR, 0)
    assert (
        refusal(await wardrobe.act(RejectReturn(return_id=made["return_id"], reason="x"), by=OWNER)) == "return_state"
    )
    await wardrobe.unbroken()


async def test_an_exchange_with_something_missing_is_not_received(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.delivered(wardrobe.medium, quantity=2)
    made = await wardrobe.done(await exchange_of(wardrobe, order_id, wardrobe.small, quantity=2))
    await wardrobe.done(ApproveReturn(return_id=made["return_id"]), by=SUPPORT)
    line = InspectedLine(return_line_id=made["return_line_ids"][0], received=1, condition="as_new")
    outcome = await wardrobe.act(ReceiveReturn(return_id=made["return_id"], lines=(line,)), by=OWNER)
    assert refusal(outcome) == "exchange_incomplete"
    assert (await wardrobe.lines(order_id))[0]["returned"] == 0


async def test_an_unpaid_difference_keeps_the_new_goods_until_it_is_paid(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.delivered(wardrobe.medium)
    made = await wardrobe.done(await exchange_of(wardrobe, order_id, wardrobe.large))
    replacement = (await wardrobe.done(ApproveReturn(return_id=made["return_id"]), by=SUPPORT))["exchange_order_id"]
    await received(wardrobe, made)
    complete = CompleteReturn(return_id=made["return_id"])
    assert refusal(await wardrobe.act(complete, by=OWNER)) == "replacement_unpaid"
    assert (await wardrobe.order(replacement))["status"] == "held"
    await pay(wardrobe, replacement)
    await wardrobe.done(complete, by=OWNER)
    assert (await wardrobe.order(replacement))["status"] == "open"
    await wardrobe.unbroken()
