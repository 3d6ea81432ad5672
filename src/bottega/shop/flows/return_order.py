"""Asking for a return of what has arrived, and taking the request back."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Protocol

from pydantic import BaseModel, ConfigDict, Field

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.identifiers import InstrumentId, OrderId, OrderLineId, ReturnId
from bottega.platform.database.pool import Row
from bottega.shop import shop_settings
from bottega.shop.flows.given_reason import check_reason
from bottega.shop.flows.instrument_use import check_receives, stored_instrument
from bottega.shop.flows.replacement import withdraw_replacement
from bottega.shop.orders.actions import lock_order
from bottega.shop.payments.refunds import lock_payments
from bottega.shop.returns.errors import line_twice, more_than_returnable, no_such_line, not_delivered, not_returnable
from bottega.shop.returns.records import (
    NewReturn,
    NewReturnLine,
    change_state,
    count_standing,
    insert_return,
    lock_return,
    order_of_return,
    returnable_lines,
)
from bottega.shop.shop_settings import ShopSettings

Reason = Annotated[str, Field(max_length=500)]
Quantity = Annotated[int, Field(ge=1, le=9999)]


class ReturnedLine(BaseModel):
    """Units of an order line to send back."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    line_id: OrderLineId
    quantity: Quantity
    reason: Reason = ""


class RequestReturn(Action):
    """Asks to send goods back; the money goes to the instrument, or to where it came from when none is named."""

    groups: ClassVar[tuple[str, ...]] = ("own", "returns", "return_requests")
    order_id: OrderId
    lines: Annotated[tuple[ReturnedLine, ...], Field(min_length=1, max_length=100)]
    reason: Reason = ""
    instrument_id: InstrumentId | None = None


class CancelReturn(Action):
    """Takes a return back before the goods have arrived."""

    groups: ClassVar[tuple[str, ...]] = ("own", "returns")
    return_id: ReturnId


class Announced(Protocol):
    """Units of a line that are to come back."""

    @property
    def line_id(self) -> str: ...
    @property
    def quantity(self) -> int: ...


async def request_facts(action: Any, work: Work) -> Facts:
    """Ownership, where the order stands, whether it is in time, what was asked for before, and the instrument."""
    order = await lock_order(work, action.order_id)
    settings = await shop_settings.current(work.connection)
    for reason in (action.reason, *(line.reason for line in action.lines)):
        check_reason(work.actor, reason, settings.return_reasons)
    lines = await returnable_lines(work, order["id"])
    standing = await count_standing(work, order["id"])
    instrument: Row | None = None
    if action.instrument_id is not None:
        instrument = await stored_instrument(work, order["customer_id"], action.instrument_id)
    work.loaded["lines"], work.loaded["instrument"] = lines, instrument
    first_payment = next(iter(await lock_payments(work, order["id"])), None)
    return {
        "own": order["customer_id"] == work.actor.customer_id,
        "order_status": order["status"],
        "fulfilment_status": order["fulfilment_status"],
        "return_window_open": is_window_open(lines, work, settings),
        "returns_on_order": standing.get("return", 0),
        "exchanges_on_order": standing.get("exchange", 0),
        "amendments": order["amendments"],
        "instrument_given": instrument is not None,
        "instrument_is_gift_card": instrument is not None and instrument["gift_card_id"] is not None,
        "instrument_is_original": instrument is not None
        and first_payment is not None
        and first_payment["instrument_id"] == instrument["id"],
    }


def is_window_open(lines: dict[str, Row], work: Work, settings: ShopSettings) -> bool:
    """Whether the last parcel arrived no longer ago than the shop takes goods back."""
    arrived = [row["delivered_at"] for row in lines.values() if row["delivered_at"] is not None]
    return not arrived or work.now <= max(arrived) + timedelta(days=settings.return_window_days)


def check_lines(work: Work, order: Row, wanted: Sequence[Announced], settings: ShopSettings) -> list[Row]:
    """The order lines that are to come back; refuses what has not arrived, is announced already, or is never taken."""
    lines: dict[str, Row] = work.loaded["lines"]
    if not any(row["arrived"] for row in lines.values()):
        raise not_delivered(order["number"])
    if len({line.line_id for line in wanted}) != len(wanted):
        raise line_twice()
    for line in wanted:
        row = lines.get(line.line_id)
        if row is None:
            raise no_such_line(order["number"], line.line_id)
        if work.actor.kind != "staff" and _is_excluded(row["category_path"], settings):
            raise not_returnable(row["title"])
        returnable = row["arrived"] - row["returned"] - row["announced"]
        if line.quantity > returnable:
            raise more_than_returnable(line.line_id, max(0, returnable))
    return [lines[line.line_id] for line in wanted]


def _is_excluded(path: str | None, settings: ShopSettings) -> bool:
    return path is not None and any(
        path == excluded or path.startswith(f"{excluded}/") for excluded in settings.non_returnable_categories
    )


@handles(RequestReturn, facts=request_facts)
async def request_return(action: RequestReturn, work: Work) -> dict[str, Any]:
    """Check every line and write the request down; nothing moves before somebody has approved it."""
    order = await lock_order(work, action.order_id)
    settings = await shop_settings.current(work.connection)
    check_lines(work, order, action.lines, settings)
    await check_receives(work, order, work.loaded["instrument"])
    lines = [NewReturnLine(line.line_id, line.quantity, line.reason or action.reason) for line in action.lines]
    made = await insert_return(work, NewReturn(order, "return", action.reason, lines, action.instrument_id))
    return {"order_id": order["id"], **made, "state": "requested"}


async def return_facts(action: Any, work: Work) -> Facts:
    """Locks the order and then the return; whose it is."""
    order = await lock_order(work, await order_of_return(work, action.return_id))
    found = await lock_return(work, action.return_id)
    return {
        "own": found["customer_id"] == work.actor.customer_id,
        "kind": found["kind"],
        "state": found["state"],
        "currency": order["currency"],
        "difference_minor": found["price_difference_minor"],
    }


@handles(CancelReturn, facts=return_facts)
async def cancel_return(action: CancelReturn, work: Work) -> dict[str, Any]:
    """The replacement of an exchange that was approved is given up with it."""
    found = await lock_return(work, action.return_id)
    await change_state(work, found, "cancelled")
    await withdraw_replacement(work, found, "the exchange was cancelled")
    return {"return_id": found["id"], "state": "cancelled"}
