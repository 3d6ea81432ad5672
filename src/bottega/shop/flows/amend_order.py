"""Changing an order before anything of it leaves: where it goes, what is in it, and what pays for it."""

from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from bottega.actions.action import Action, Personal, personal_text
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.address import Address
from bottega.kernel.errors import Conflict, Invalid
from bottega.kernel.identifiers import InstrumentId, OrderId, OrderLineId, VariantId
from bottega.platform.database.pool import Row
from bottega.shop import shop_settings
from bottega.shop.flows.amended_lines import AmendedOrder, amended
from bottega.shop.flows.give_back import refund_status
from bottega.shop.flows.instrument_change import give_back_replaced
from bottega.shop.flows.instrument_use import charge, covers, give_back_onto, paid_with, stored_instrument
from bottega.shop.orders.actions import change_status, lock_order, order_facts
from bottega.shop.orders.amendments import NewAmendment, insert_amendment, write_amended_lines
from bottega.shop.orders.errors import not_open, shipped_already
from bottega.shop.payments.refunds import lock_payments, refundable_minor
from bottega.shop.shipping.queries import collected_at
from bottega.shop.stock.actions import release, reserve

SECURED = ("authorised", "paid", "partially_refunded")


class AmendOrderAddress(Action):
    """Sends an order to another address in the same country."""

    groups: ClassVar[tuple[str, ...]] = ("own", "orders", "amendments")
    order_id: OrderId
    address: Annotated[Address, Personal("address")]


class LineAmendment(BaseModel):
    """What a line becomes: another variant, another quantity, or both; quantity 0 takes it out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line_id: OrderLineId
    variant_id: VariantId | None = None
    quantity: Annotated[int, Field(ge=0, le=9999)] | None = None


class AmendOrderItems(Action):
    """Swaps variants and quantities; the instrument pays the difference of a paid order, or receives it."""

    groups: ClassVar[tuple[str, ...]] = ("own", "orders", "amendments")
    order_id: OrderId
    lines: Annotated[tuple[LineAmendment, ...], Field(min_length=1, max_length=100)]
    instrument_id: InstrumentId | None = None
    expected_difference_minor: int | None = None


class ChangeOrderInstrument(Action):
    """Pays a paid order with another stored instrument; what had paid it is given back once the new one has paid."""

    groups: ClassVar[tuple[str, ...]] = ("own", "orders", "amendments", "payments", "money")
    order_id: OrderId
    instrument_id: InstrumentId


async def amend_facts(action: Any, work: Work) -> Facts:
    """Those of an order, where it stands, and how often its items were changed."""
    facts = await order_facts(action, work)
    order = await lock_order(work, action.order_id)
    return {**facts, "order_status": order["status"], "amendments": order["amendments"]}


@handles(AmendOrderAddress, facts=amend_facts)
async def amend_order_address(action: AmendOrderAddress, work: Work) -> dict[str, Any]:
    order = await _amendable(work, action.order_id)
    if action.address.country != order["country"]:
        raise Conflict(
            "country_changes_total",
            f"Order {order['number']} goes to {order['country']}; tax and shipping of another country differ.",
            next_step="Cancel it and order again.",
        )
    reference = await work.keep(order["customer_id"], "address", personal_text(action.address.model_dump()))
    await work.connection.execute(
        "UPDATE shop.orders SET shipping_address_ref = $2, version = version + 1, updated_at = $3 WHERE id = $1",
        order["id"],
        reference,
        work.now,
    )
    amendment_id = await insert_amendment(work, NewAmendment(order["id"], "address"))
    return {"order_id": order["id"], "amendment_id": amendment_id}


async def items_facts(action: AmendOrderItems, work: Work) -> Facts:
    """What it would come to; whether the products stay, and whether a gift card covers the difference."""
    facts = await amend_facts(action, work)
    order = await lock_order(work, action.order_id)
    settings = await shop_settings.current(work.connection)
    wanted = {line.line_id: (line.variant_id, line.quantity) for line in action.lines}
    if len(wanted) != len(action.lines):
        raise Invalid("line_twice", "A line is named twice.", next_step="Name each line once.")
    sums = await amended(work, order, wanted, settings)
    instrument = await _instrument(work, order, action.instrument_id)
    work.loaded["amended"], work.loaded["instrument"] = sums, instrument
    return {
        **facts,
        "total_minor": max(0, sums.difference_minor),
        "spend_limit_minor": settings.agent_spend_limit_minor,
        "agents_stopped": settings.agents_stopped,
        "currency": order["currency"],
        "difference_minor": sums.difference_minor,
        "same_product": sums.same_product,
        "same_variant": sums.same_variant,
        "instrument_given": instrument is not None,
        "instrument_covers": covers(instrument, sums.difference_minor),
    }


def difference_at_stake(_: Any, facts: Facts) -> tuple[int, str]:
    """What is charged or given back."""
    return abs(int(str(facts["difference_minor"]))), str(facts["currency"])


@handles(AmendOrderItems, facts=items_facts, at_stake=difference_at_stake)
async def amend_order_items(action: AmendOrderItems, work: Work) -> dict[str, Any]:
    """Promise the new goods, write the lines and sums, move the difference."""
    order = await _amendable(work, action.order_id)
    sums: AmendedOrder = work.loaded["amended"]
    await _check_no_change_under_way(work, order)
    if action.expected_difference_minor not in (None, sums.difference_minor):
        raise Conflict(
            "difference_changed",
            f"The difference is {sums.difference_minor} now, not {action.expected_difference_minor}.",
            next_step="Show the new difference and ask again.",
            difference_minor=sums.difference_minor,
        )
    await _move_reservations(work, order, sums)
    await write_amended_lines(work, order["id"], sums)
    payment_id, refund_ids = await _move_difference(work, order, sums, work.loaded["instrument"])
    amendment_id = await insert_amendment(
        work,
        NewAmendment(
            order["id"],
            "items",
            instrument_id=action.instrument_id,
            payment_id=payment_id,
            refund_ids=tuple(refund_ids),
            difference_minor=sums.difference_minor,
            lines=[line.record() for line in sums.lines],
        ),
    )
    work.resolve("prices", {line.after.variant_id: line.after.unit_price_minor for line in sums.lines if line.after})
    return {
        "order_id": order["id"],
        "amendment_id": amendment_id,
        "difference_minor": sums.difference_minor,
        "total_minor": sums.total_minor,
        "currency": order["currency"],
        "payment_id": payment_id,
        "refund_ids": refund_ids,
    }


async def _move_reservations(work: Work, order: Row, sums: AmendedOrder) -> None:
    lines = [(line.before["id"], line.before["quantity"]) for line in sums.lines]
    await release(work, order["id"], lines)
    wanted = [(line.before["id"], line.after.variant_id, line.after.quantity) for line in sums.lines if line.after]
    if wanted:
        accepted = order["payment_status"] in SECURED
        await reserve(
            work,
            order["id"],
            wanted,
            None if accepted else order["payment_due_at"],
            first_location_id=await collected_at(work.connection, order["shipping_method_id"]),
        )


async def _move_difference(
    work: Work, order: Row, sums: AmendedOrder, instrument: Row | None
) -> tuple[str | None, list[str]]:
    """Charges what is missing from a paid order, gives back what is too much; returns the payment and the refunds."""
    secured = order["payment_status"] in SECURED
    if secured and sums.difference_minor > 0:
        if instrument is None:
            raise Invalid("instrument_needed", "The order costs more now.", next_step="Name an instrument to pay with.")
        payment_id, captured = await charge(work, order, instrument, sums.difference_minor)
        if not captured:
            await _await_difference(work, order)
        return payment_id, []
    payments = await lock_payments(work, order["id"])
    surplus = sum(refundable_minor(payment) for payment in payments) - sums.total_minor
    if surplus <= 0:
        return None, []
    refund_ids = await give_back_onto(work, order, surplus, instrument, "the order was amended")
    await refund_status(work, await lock_order(work, order["id"]))
    return None, refund_ids


async def _await_difference(work: Work, order: Row) -> None:
    """The order waits for the rest; when it does not come, it is cancelled and given back like any unpaid one."""
    settings = await shop_settings.current(work.connection)
    await change_status(work, await lock_order(work, order["id"]), payment_status="awaiting")
    await work.connection.execute(
        "UPDATE shop.orders SET payment_due_at = $2::timestamptz + make_interval(days => $3) WHERE id = $1",
        order["id"],
        work.now,
        settings.bank_transfer_days,
    )
    work.loaded.pop(order["id"], None)


async def instrument_facts(action: ChangeOrderInstrument, work: Work) -> Facts:
    """What is to be paid anew, whether it is with something else, and whether a gift card covers it."""
    facts = await amend_facts(action, work)
    order = await lock_order(work, action.order_id)
    settings = await shop_settings.current(work.connection)
    instrument = await stored_instrument(work, order["customer_id"], action.instrument_id)
    standing = [
        payment
        for payment in await lock_payments(work, order["id"])
        if payment["status"] in ("authorised", "captured") and _held_minor(payment) > 0
    ]
    work.loaded["instrument"], work.loaded["standing"] = instrument, standing
    return {
        **facts,
        "amount_minor": order["total_minor"],
        "total_minor": order["total_minor"],
        "spend_limit_minor": settings.agent_spend_limit_minor,
        "agents_stopped": settings.agents_stopped,
        "currency": order["currency"],
        "instrument_differs": all(not paid_with(payment, instrument) for payment in standing),
        "instrument_covers": covers(instrument, order["total_minor"]),
        "instrument_changes": await _instrument_changes(work, order["id"]),
    }


async def _instrument_changes(work: Work, order_id: str) -> int:
    return await work.connection.fetchval(
        "SELECT count(*) FROM shop.order_amendments WHERE order_id = $1 AND kind = 'instrument' AND state <> 'failed'",
        order_id,
    )


def _held_minor(payment: Row) -> int:
    return max(payment["authorised_minor"], payment["captured_minor"]) - payment["refunded_minor"]


def order_at_stake(_: ChangeOrderInstrument, facts: Facts) -> tuple[int, str]:
    """What is paid anew."""
    return int(str(facts["amount_minor"])), str(facts["currency"])


@handles(ChangeOrderInstrument, facts=instrument_facts, at_stake=order_at_stake)
async def change_order_instrument(action: ChangeOrderInstrument, work: Work) -> dict[str, Any]:
    """Open the new payment; a gift card replaces the old ones at once, a gateway when it has answered."""
    order = await _amendable(work, action.order_id)
    instrument: Row = work.loaded["instrument"]
    if order["payment_status"] not in SECURED:
        raise Conflict(
            "order_unpaid", f"Order {order['number']} is not paid.", next_step="Pay it with that instrument."
        )
    if all(paid_with(payment, instrument) for payment in work.loaded["standing"]):
        raise Conflict("same_instrument", "The order is paid with that instrument.", next_step="Name another.")
    await _check_no_change_under_way(work, order)
    payment_id, captured = await charge(work, order, instrument, order["total_minor"])
    amendment = NewAmendment(
        order["id"], "instrument", instrument_id=instrument["id"], payment_id=payment_id, state="pending"
    )
    amendment_id = await insert_amendment(work, amendment)
    if captured:
        await give_back_replaced(work, order["id"], payment_id)
    return {
        "order_id": order["id"],
        "amendment_id": amendment_id,
        "payment_id": payment_id,
        "amount_minor": order["total_minor"],
        "currency": order["currency"],
        "state": "done" if captured else "pending",
    }


async def _check_no_change_under_way(work: Work, order: Row) -> None:
    """While another instrument is being charged, the order's total stands."""
    waiting = await work.connection.fetchval(
        "SELECT id FROM shop.order_amendments WHERE order_id = $1 AND state = 'pending'", order["id"]
    )
    if waiting is not None:
        raise Conflict("change_under_way", "Another instrument is being charged already.", next_step="Wait for it.")


async def _amendable(work: Work, order_id: str) -> Row:
    order = await lock_order(work, order_id)
    if order["status"] not in ("open", "held"):
        raise not_open(order["number"], order["status"])
    if order["fulfilment_status"] != "unfulfilled":
        raise shipped_already(order["number"])
    return order


async def _instrument(work: Work, order: Row, instrument_id: str | None) -> Row | None:
    return None if instrument_id is None else await stored_instrument(work, order["customer_id"], instrument_id)
