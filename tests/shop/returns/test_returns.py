"""Returns from the request to the refund: exact sums, restocking, every refusal, and races."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bottega.actions.actor import Actor
from bottega.actions.outcome import Denied, Done, Failed, Held, Outcome
from bottega.kernel.identifiers import new_id
from bottega.shop.flows.return_handling import (
    ApproveReturn,
    CompleteReturn,
    InspectedLine,
    ReceiveReturn,
    RejectReturn,
)
from bottega.shop.flows.return_order import CancelReturn, RequestReturn, ReturnedLine
from bottega.shop.flows.ship_order import ShipOrder
from bottega.shop.returns.queries import get_return, list_returns, return_history
from bottega.shop.shop_settings import ChangeShopSettings
from tests.shop.entries import add_category, entry
from tests.shop.wardrobe import CARD_BALANCE_MINOR, SHIPPING_MINOR, Wardrobe, open_wardrobe
from tests.shop_fixtures import MANAGER, OWNER, SUPPORT, WAREHOUSE, MovableClock, Shop

STRANGER = Actor("customer", new_id("cus"), "customer")


async def requested(wardrobe: Wardrobe, order_id: str, *quantities: int, **changes: Any) -> dict[str, Any]:
    """A request for so many units of each line."""
    return await wardrobe.done(await request_of(wardrobe, order_id, *quantities, **changes))


async def request_of(wardrobe: Wardrobe, order_id: str, *quantities: int, **changes: Any) -> RequestReturn:
    lines = await wardrobe.lines(order_id)
    wanted = tuple(
        ReturnedLine(line_id=line["id"], quantity=units)
        for line, units in zip(lines, quantities, strict=False)
        if units
    )
    return RequestReturn(order_id=order_id, lines=wanted, reason="too small", **changes)


def inspected(return_line_id: str, received: int, condition: Any = "as_new", **changes: Any) -> InspectedLine:
    return InspectedLine(return_line_id=return_line_id, received=received, condition=condition, **changes)


async def received(wardrobe: Wardrobe, made: dict[str, Any], *lines: InspectedLine) -> None:
    """Approved, arrived, inspected."""
    await wardrobe.done(ApproveReturn(return_id=made["return_id"]), by=SUPPORT)
    await wardrobe.done(ReceiveReturn(return_id=made["return_id"], lines=lines), by=WAREHOUSE)


def refusal(outcome: Outcome) -> str:
    assert isinstance(outcome, Failed), outcome
    return outcome.refusal.code


async def test_from_the_request_to_the_refund(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.delivered(wardrobe.medium, wardrobe.boots, quantity=2)
    made = await requested(wardrobe, order_id, 1, 2)
    assert made["number"] == "R-5001"
    assert await wardrobe.paid_by(order_id) == [("captured", 60_000 + SHIPPING_MINOR, 0)], "nothing moves yet"
    jacket, boots = made["return_line_ids"]
    before = (await wardrobe.on_hand(wardrobe.medium), await wardrobe.on_hand(wardrobe.boots))
    await received(wardrobe, made, inspected(jacket, 1), inspected(boots, 1, "damaged"))
    assert (await wardrobe.on_hand(wardrobe.medium), await wardrobe.on_hand(wardrobe.boots)) == (
        before[0] + 1,
        before[1],
    ), "what is as new can be sold again, what is damaged cannot"
    assert [line["returned"] for line in await wardrobe.lines(order_id)] == [1, 1]
    done = await wardrobe.done(CompleteReturn(return_id=made["return_id"]), by=OWNER)
    assert done["refund_minor"] == 10_000 + 20_000
    assert await wardrobe.paid_by(order_id) == [("captured", 60_490, 30_000)]
    assert (await wardrobe.order(order_id))["payment_status"] == "partially_refunded"
    assert await shop.fetch("SELECT amount_minor, status, return_id FROM shop.refunds") == [
        {"amount_minor": 30_000, "status": "succeeded", "return_id": made["return_id"]}
    ]
    await wardrobe.unbroken()


async def test_a_return_is_read_by_its_customer_and_its_history_comes_from_the_log(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    made = await requested(wardrobe, await wardrobe.delivered(wardrobe.medium), 1)
    await wardrobe.done(RejectReturn(return_id=made["return_id"], reason="worn"), by=SUPPORT)
    async with shop.application.database.read_snapshot() as connection:
        found = await get_return(connection, wardrobe.customer, made["return_id"])
        history = await return_history(connection, wardrobe.customer, made["return_id"])
        assert await list_returns(connection, STRANGER) == []
        assert [summary.id for summary in await list_returns(connection, SUPPORT, state="rejected")] == [found.id]
    assert (found.state, found.rejection_reason, found.lines[0].reason) == ("rejected", "worn", "too small")
    assert [(step["action"], step["state"]) for step in history] == [
        ("RequestReturn", "requested"),
        ("RejectReturn", "rejected"),
    ]


async def test_each_step_tells_the_customer_once(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    made = await requested(wardrobe, await wardrobe.delivered(wardrobe.medium), 1)
    await wardrobe.done(CancelReturn(return_id=made["return_id"]))
    told = await shop.fetch("SELECT payload FROM log.effects WHERE kind = 'mail.return_update' ORDER BY created_at")
    assert [effect["payload"]["state"] for effect in told] == ["requested", "cancelled"]


async def test_the_whole_order_with_its_shipping(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.delivered(wardrobe.medium)
    made = await requested(wardrobe, order_id, 1)
    await received(wardrobe, made, inspected(made["return_line_ids"][0], 1, "opened", restocked=1))
    done = await wardrobe.done(CompleteReturn(return_id=made["return_id"], with_shipping=True), by=OWNER)
    assert done["refund_minor"] == 10_490
    assert (await wardrobe.order(order_id))["payment_status"] == "refunded"
    await wardrobe.unbroken()


async def test_onto_a_gift_card_of_the_payer(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.delivered(wardrobe.medium)
    made = await requested(wardrobe, order_id, 1, instrument_id=wardrobe.gift_card)
    await received(wardrobe, made, inspected(made["return_line_ids"][0], 1))
    await wardrobe.done(CompleteReturn(return_id=made["return_id"]), by=OWNER)
    assert await wardrobe.balance() == CARD_BALANCE_MINOR + 10_000
    await wardrobe.unbroken()


async def test_less_for_goods_that_lost_value_and_never_more(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    made = await requested(wardrobe, await wardrobe.delivered(wardrobe.medium), 1)
    await received(wardrobe, made, inspected(made["return_line_ids"][0], 1, "damaged"))
    more = CompleteReturn(return_id=made["return_id"], amount_minor=10_001)
    assert refusal(await wardrobe.act(more, by=OWNER)) == "more_than_owed"
    less = CompleteReturn(return_id=made["return_id"], amount_minor=4_000)
    assert (await wardrobe.done(less, by=OWNER))["refund_minor"] == 4_000


async def test_unit_by_unit_it_gives_back_exactly_what_was_paid(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.delivered(wardrobe.medium, quantity=3)
    for _ in range(3):
        made = await requested(wardrobe, order_id, 1)
        await received(wardrobe, made, inspected(made["return_line_ids"][0], 1))
        await wardrobe.done(CompleteReturn(return_id=made["return_id"]), by=OWNER)
    assert await wardrobe.paid_by(order_id) == [("captured", 30_490, 30_000)]
    assert refusal(await wardrobe.act(await request_of(wardrobe, order_id, 1))) == "more_than_returnable"
    await wardrobe.unbroken()


async def test_what_was_announced_cannot_be_announced_again(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.delivered(wardrobe.medium, quantity=2)
    await requested(wardrobe, order_id, 2)
    assert refusal(await wardrobe.act(await request_of(wardrobe, order_id, 1))) == "more_than_returnable"
    assert await shop.fetchval("SELECT count(*) FROM shop.returns") == 1


async def test_only_what_has_arrived(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.bought(wardrobe.medium)
    assert refusal(await wardrobe.act(await request_of(wardrobe, order_id, 1))) == "not_delivered"
    await shop.done(ShipOrder(order_id=order_id))
    assert refusal(await wardrobe.act(await request_of(wardrobe, order_id, 1))) == "not_delivered"
    assert await shop.fetchval("SELECT count(*) FROM shop.returns") == 0


async def test_late_returns_are_refused_to_customers_and_wait_for_a_manager(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.delivered(wardrobe.medium, quantity=2)
    clock = shop.application.clock
    assert isinstance(clock, MovableClock)
    clock.advance(timedelta(days=29, hours=23))
    assert isinstance(await wardrobe.act(await request_of(wardrobe, order_id, 1)), Done)
    clock.advance(timedelta(hours=2))
    late = await request_of(wardrobe, order_id, 1)
    refused = await wardrobe.act(late)
    assert isinstance(refused, Denied)
    assert refused.rule_ids == ("returns.late_return_waits",)
    assert isinstance(await wardrobe.act(late, by=SUPPORT), Held)


async def test_excluded_categories_are_refused_to_customers(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    category = await add_category(shop, "food")
    below = await add_category(shop, "food/bars")
    async with entry(shop) as work:
        await work.connection.execute("UPDATE shop.products SET category_id = $1 WHERE handle = 'jacket'", below)
    del category
    order_id = await wardrobe.delivered(wardrobe.medium)
    await shop.done(ChangeShopSettings(values={"non_returnable_categories": ["foo"]}))
    made = await requested(wardrobe, order_id, 1)
    await wardrobe.done(CancelReturn(return_id=made["return_id"]))
    await shop.done(ChangeShopSettings(values={"non_returnable_categories": ["food"]}))
    request = await request_of(wardrobe, order_id, 1)
    assert refusal(await wardrobe.act(request)) == "not_returnable"
    assert isinstance(await wardrobe.act(request, by=SUPPORT), Done), "staff may make an exception"


async def test_an_instrument_that_did_not_pay_is_refused_at_the_request(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.delivered(wardrobe.medium)
    action = await request_of(wardrobe, order_id, 1, instrument_id=wardrobe.wallet)
    assert refusal(await wardrobe.act(action)) == "instrument_did_not_pay"


async def test_other_peoples_orders_and_returns_do_not_exist(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.delivered(wardrobe.medium)
    action = await request_of(wardrobe, order_id, 1)
    assert refusal(await wardrobe.act(action, by=STRANGER)) == "no_such_order"
    made = await wardrobe.done(action)
    cancel = CancelReturn(return_id=made["return_id"])
    assert refusal(await wardrobe.act(cancel, by=STRANGER)) in ("no_such_order", "no_such_return")
    assert await shop.fetchval("SELECT state FROM shop.returns") == "requested"


@pytest.mark.parametrize("by", [WAREHOUSE, None])
async def test_who_may_not_approve(shop: Shop, by: Actor | None) -> None:
    wardrobe = await open_wardrobe(shop)
    made = await requested(wardrobe, await wardrobe.delivered(wardrobe.medium), 1)
    outcome = await wardrobe.act(ApproveReturn(return_id=made["return_id"]), by=by)
    assert isinstance(outcome, Denied)
    assert await shop.fetchval("SELECT state FROM shop.returns") == "requested"


async def test_states_follow_in_their_order(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    made = await requested(wardrobe, await wardrobe.delivered(wardrobe.medium), 1)
    return_id, line = made["return_id"], made["return_line_ids"][0]
    receive = ReceiveReturn(return_id=return_id, lines=(inspected(line, 1),))
    assert refusal(await wardrobe.act(receive, by=OWNER)) == "return_state"
    assert refusal(await wardrobe.act(CompleteReturn(return_id=return_id), by=OWNER)) == "return_state"
    await wardrobe.done(ApproveReturn(return_id=return_id), by=OWNER)
    too_many = ReceiveReturn(return_id=return_id, lines=(inspected(line, 2),))
    assert refusal(await wardrobe.act(too_many, by=OWNER)) == "more_than_announced"
    await wardrobe.done(receive, by=OWNER)
    for late in (CancelReturn(return_id=return_id), RejectReturn(return_id=return_id, reason="late")):
        assert refusal(await wardrobe.act(late, by=OWNER)) == "return_state"
    await wardrobe.done(CompleteReturn(return_id=return_id), by=OWNER)
    assert refusal(await wardrobe.act(CompleteReturn(return_id=return_id), by=OWNER)) == "return_state"
    assert len(await shop.fetch("SELECT id FROM shop.refunds")) == 1


async def test_above_the_limit_the_refund_waits_for_a_manager(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    made = await requested(wardrobe, await wardrobe.delivered(wardrobe.boots), 1)
    await received(wardrobe, made, inspected(made["return_line_ids"][0], 1))
    held = await wardrobe.act(CompleteReturn(return_id=made["return_id"]), by=SUPPORT)
    assert isinstance(held, Held)
    assert await shop.fetchval("SELECT amount_minor FROM log.approvals") == 20_000
    assert await shop.fetchval("SELECT count(*) FROM shop.refunds") == 0
    assert isinstance(await wardrobe.act(CompleteReturn(return_id=made["return_id"]), by=MANAGER), Done)


async def test_racing_completions_give_back_once(shop: Shop) -> None:
    wardrobe = await open_wardrobe(shop)
    order_id = await wardrobe.delivered(wardrobe.medium)
    made = await requested(wardrobe, order_id, 1, instrument_id=wardrobe.gift_card)
    await received(wardrobe, made, inspected(made["return_line_ids"][0], 1))
    complete = CompleteReturn(return_id=made["return_id"])
    outcomes = await asyncio.gather(*(shop.perform(complete) for _ in range(5)))
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 1
    assert await wardrobe.balance() == CARD_BALANCE_MINOR + 10_000
    await wardrobe.unbroken()
