"""What staff do with a return: approve or reject it, receive and inspect the goods, and settle it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.identifiers import ReturnId, ReturnLineId
from bottega.platform.database.pool import Row
from bottega.shop.flows.checkout_lines import lines_of_variants
from bottega.shop.flows.give_back import refund_status
from bottega.shop.flows.instrument_use import give_back_onto, stored_instrument
from bottega.shop.flows.pay_order import AmountMinor
from bottega.shop.flows.refund_order import money_facts
from bottega.shop.flows.replacement import (
    promise_replacement,
    replacement_sums,
    send_replacement,
    withdraw_replacement,
)
from bottega.shop.flows.return_order import return_facts
from bottega.shop.orders.actions import lock_order
from bottega.shop.payments.refunds import lock_payments, refundable_minor
from bottega.shop.returns.amounts import share_minor
from bottega.shop.returns.errors import (
    exchange_incomplete,
    line_twice,
    more_than_announced,
    more_than_owed,
    no_such_line,
    replacement_unpaid,
)
from bottega.shop.returns.model import Condition
from bottega.shop.returns.records import change_state, check_transition, lines_of_return, lock_return
from bottega.shop.stock.actions import restock

Units = Annotated[int, Field(ge=0, le=9999)]


class ApproveReturn(Action):
    """Lets the goods come back; an exchange's new goods are promised, and its price difference is charged."""

    groups: ClassVar[tuple[str, ...]] = ("returns",)
    return_id: ReturnId


class RejectReturn(Action):
    """Refuses a request; the customer is told why."""

    groups: ClassVar[tuple[str, ...]] = ("returns",)
    return_id: ReturnId
    reason: Annotated[str, Field(min_length=1, max_length=500)]


class InspectedLine(BaseModel):
    """What arrived of a line and how it looks; without `restocked`, what is as new goes back into stock."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    return_line_id: ReturnLineId
    received: Annotated[int, Field(ge=1, le=9999)]
    condition: Condition
    restocked: Units | None = None


class ReceiveReturn(Action):
    """The goods have arrived and were inspected; lines that are not named did not come."""

    groups: ClassVar[tuple[str, ...]] = ("returns", "receiving")
    return_id: ReturnId
    lines: Annotated[tuple[InspectedLine, ...], Field(min_length=1, max_length=100)]


class CompleteReturn(Action):
    """Settles a received return: the refund, or the exchange's new goods and a difference in the customer's favour.

    Without an amount, what was paid for the received goods; less when they have lost value.
    """

    groups: ClassVar[tuple[str, ...]] = ("returns", "money", "refunds")
    return_id: ReturnId
    amount_minor: AmountMinor | None = None
    with_shipping: bool = False


@handles(ApproveReturn, facts=return_facts)
async def approve_return(action: ApproveReturn, work: Work) -> dict[str, Any]:
    """An exchange promises its replacement at the prices of the request."""
    found = await lock_return(work, action.return_id)
    check_transition(found, "approved")
    result: dict[str, Any] = {"return_id": found["id"], "state": "approved"}
    columns: dict[str, Any] = {}
    if found["kind"] == "exchange":
        order_id, payment_id = await _promise(work, found)
        columns["exchange_order_id"] = order_id
        result |= {"exchange_order_id": order_id, "payment_id": payment_id}
    await change_state(work, found, "approved", **columns)
    return result


async def _promise(work: Work, found: Row) -> tuple[str, str | None]:
    order = await lock_order(work, found["order_id"])
    lines = await lines_of_return(work, found["id"])
    wanted = [(line["new_variant_id"], line["quantity"]) for line in lines]
    goods = await lines_of_variants(work.connection, wanted, order["currency"], work.now)
    agreed = [
        replace(new, unit_price_minor=line["new_unit_price_minor"]) for new, line in zip(goods, lines, strict=True)
    ]
    sums = await replacement_sums(work, order, agreed, sum(_share(line, line["quantity"]) for line in lines))
    return await promise_replacement(work, order, found, sums)


def _share(line: Row, quantity: int) -> int:
    """What so many units of a return line were paid with."""
    figures = {name: line[name] for name in ("net_minor", "discount_minor", "tax_minor")}
    return share_minor({**figures, "quantity": line["sold"]}, quantity, line["returned"])


@handles(RejectReturn, facts=return_facts)
async def reject_return(action: RejectReturn, work: Work) -> dict[str, Any]:
    found = await lock_return(work, action.return_id)
    await change_state(work, found, "rejected", rejection_reason=action.reason)
    await withdraw_replacement(work, found, "the exchange was rejected")
    return {"return_id": found["id"], "state": "rejected"}


@handles(ReceiveReturn, facts=return_facts)
async def receive_return(action: ReceiveReturn, work: Work) -> dict[str, Any]:
    """Counts what arrived on the order's lines, and puts back into stock what can be sold again."""
    found = await lock_return(work, action.return_id)
    check_transition(found, "received")
    lines = {line["id"]: line for line in await lines_of_return(work, found["id"])}
    inspected = _inspected(found, lines, action.lines)
    await work.connection.execute(
        _RECEIVE,
        [line.return_line_id for line, _ in inspected],
        [line.received for line, _ in inspected],
        [line.condition for line, _ in inspected],
        [restocked for _, restocked in inspected],
    )
    for line, restocked in inspected:
        if restocked:
            await restock(work, lines[line.return_line_id]["variant_id"], restocked, found["number"])
    await change_state(work, found, "received")
    return {
        "return_id": found["id"],
        "state": "received",
        "received": sum(line.received for line, _ in inspected),
        "restocked": sum(restocked for _, restocked in inspected),
    }


def _inspected(
    found: Row, lines: dict[str, Row], inspected: Sequence[InspectedLine]
) -> list[tuple[InspectedLine, int]]:
    """Each inspected line with the units that go back into stock."""
    if len({line.return_line_id for line in inspected}) != len(inspected):
        raise line_twice()
    checked: list[tuple[InspectedLine, int]] = []
    for line in inspected:
        announced = lines.get(line.return_line_id)
        if announced is None:
            raise no_such_line(found["number"], line.return_line_id)
        by_condition = line.received if line.condition == "as_new" else 0
        restocked = by_condition if line.restocked is None else line.restocked
        if max(line.received, restocked) > announced["quantity"] or restocked > line.received:
            raise more_than_announced(line.return_line_id, announced["quantity"])
        checked.append((line, restocked))
    arrived = {line.return_line_id: line.received for line, _ in checked}
    if found["kind"] == "exchange" and any(arrived.get(key) != line["quantity"] for key, line in lines.items()):
        raise exchange_incomplete(found["number"])
    return checked


async def completion_facts(action: CompleteReturn, work: Work) -> Facts:
    """What goes back, what may, the shop's limits, and what the one who asks has given back today."""
    facts = await return_facts(action, work)
    found = await lock_return(work, action.return_id)
    check_transition(found, "completed")
    order = await lock_order(work, found["order_id"])
    owed = await _owed_minor(work, order, found, with_shipping=action.with_shipping)
    if action.amount_minor is not None and action.amount_minor > owed:
        raise more_than_owed(owed)
    amount = owed if action.amount_minor is None else action.amount_minor
    work.loaded["amount"] = amount
    payments = await lock_payments(work, order["id"])
    return {
        **facts,
        "refundable_minor": sum(refundable_minor(payment) for payment in payments),
        "instrument_is_payers": True,
        **await money_facts(work, amount, "refunded_today_minor"),
    }


async def _owed_minor(work: Work, order: Row, found: Row, *, with_shipping: bool) -> int:
    """What was paid for the goods that came back; of an exchange only the difference, when the new ones cost less."""
    if found["kind"] == "exchange":
        return max(0, -found["price_difference_minor"])
    lines = await lines_of_return(work, found["id"])
    # The units of this return are counted on the order's lines since they were received.
    goods = sum(
        share_minor(
            {
                "net_minor": line["net_minor"],
                "discount_minor": line["discount_minor"],
                "tax_minor": line["tax_minor"],
                "quantity": line["sold"],
            },
            line["received"],
            line["returned"] - line["received"],
        )
        for line in lines
    )
    if not with_shipping:
        return goods
    tax_of_lines = await work.connection.fetchval(
        "SELECT sum(tax_minor)::bigint FROM shop.order_lines WHERE order_id = $1", order["id"]
    )
    return goods + order["shipping_minor"] + order["tax_minor"] - tax_of_lines


def refund_at_stake(_: CompleteReturn, facts: Facts) -> tuple[int, str]:
    """What goes back."""
    return int(str(facts["amount_minor"])), str(facts["currency"])


@handles(CompleteReturn, facts=completion_facts, at_stake=refund_at_stake)
async def complete_return(action: CompleteReturn, work: Work) -> dict[str, Any]:
    """The refund goes to the instrument that was named, or back to what paid; paid replacements may be shipped."""
    found = await lock_return(work, action.return_id)
    if found["exchange_order_id"] is not None:
        replacement = await send_replacement(work, found["exchange_order_id"])
        if replacement["payment_status"] not in ("authorised", "paid"):
            raise replacement_unpaid(replacement["number"])
    amount: int = work.loaded["amount"]
    refunds: list[str] = []
    if amount:
        refunds = await _give_back(work, found, amount)
    await change_state(work, found, "completed", refund_minor=amount)
    return {
        "return_id": found["id"],
        "state": "completed",
        "refund_minor": amount,
        "refund_ids": refunds,
        "exchange_order_id": found["exchange_order_id"],
    }


async def _give_back(work: Work, found: Row, amount: int) -> list[str]:
    order = await lock_order(work, found["order_id"])
    instrument: Row | None = None
    if found["instrument_id"] is not None:
        instrument = await stored_instrument(work, order["customer_id"], found["instrument_id"])
    refunds = await give_back_onto(work, order, amount, instrument, f"return {found['number']}", return_id=found["id"])
    await refund_status(work, order)
    return refunds


_RECEIVE = """
WITH inspected AS (
    SELECT * FROM unnest($1::text[], $2::integer[], $3::text[], $4::integer[])
        AS t (id, received, condition, restocked)
), counted AS (
    UPDATE shop.return_lines r SET received = t.received, condition = t.condition, restocked = t.restocked
    FROM inspected t WHERE r.id = t.id
    RETURNING r.line_id, t.received
)
UPDATE shop.order_lines l SET returned = l.returned + c.received
FROM counted c WHERE l.id = c.line_id"""
