"""What of an order its page shows: lines beside what became of them, sums, and what may be done now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bottega.shop.orders.model import Order, OrderLine
from bottega.shop.payments.model import BANK_TRANSFER
from bottega.web.console.shown import words
from bottega.web.wording import money

SHIPPABLE_PAYMENTS = ("authorised", "paid", "partially_refunded")


@dataclass(frozen=True, slots=True)
class Line:
    """A line with what is left to send and what it came to, as the shopper saw it."""

    line: OrderLine
    left: int
    total_minor: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """A shipment with what is in it: how many of what."""

    id: str
    state: str
    carrier: str
    tracking_number: str
    shipped_at: datetime | None
    delivered_at: datetime | None
    contents: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Parts:
    """Amounts in minor units of the order's currency."""

    lines: tuple[Line, ...]
    parcels: tuple[Parcel, ...]
    payments: tuple[Mapping[str, Any], ...]
    refunds: tuple[Mapping[str, Any], ...]
    goods_minor: int
    captured_minor: int
    refunded_minor: int
    refundable_minor: int
    includes_tax: bool

    @property
    def payment_choices(self) -> list[tuple[str, str]]:
        """The payments of which something can be given back, with how much."""
        return [
            (payment["id"], f"{words(payment['kind'])}, {money(left, payment['currency'])}")
            for payment in self.payments
            if (left := payment["captured_minor"] - payment["refunded_minor"]) > 0
        ]

    @property
    def transfers(self) -> frozenset[str]:
        """Payments by bank transfer: what is given back of them is sent by hand."""
        return frozenset(payment["id"] for payment in self.payments if payment["gateway"] == BANK_TRANSFER)


@dataclass(frozen=True, slots=True)
class May:
    """What the order's own state allows; who may is policy's to say."""

    ship: bool
    cancel: bool
    hold: bool
    release: bool
    refund: bool


def parts_of(order: Order, includes_tax: bool) -> Parts:
    """Lines and sums."""
    lines = tuple(
        Line(line, line.quantity - line.shipped - line.cancelled, line.unit_price_minor * line.quantity)
        for line in order.lines
    )
    captured = sum(payment["captured_minor"] for payment in order.payments)
    refunded = sum(payment["refunded_minor"] for payment in order.payments)
    goods = sum(line.total_minor for line in lines)
    return Parts(
        lines=lines,
        parcels=tuple(_parcel(shipment, order) for shipment in order.shipments),
        payments=tuple(_timed(payment) for payment in order.payments),
        refunds=tuple(_timed(found) for found in order.refunds),
        goods_minor=goods,
        captured_minor=captured,
        refunded_minor=refunded,
        refundable_minor=captured - refunded,
        includes_tax=includes_tax,
    )


def may_of(order: Order) -> May:
    """What can be done about it now."""
    captured = sum(payment["captured_minor"] - payment["refunded_minor"] for payment in order.payments)
    return May(
        ship=order.status == "open"
        and order.payment_status in SHIPPABLE_PAYMENTS
        and order.fulfilment_status in ("unfulfilled", "partially_shipped"),
        cancel=order.status in ("open", "held") and order.fulfilment_status == "unfulfilled",
        hold=order.status == "open",
        release=order.status == "held",
        refund=captured > 0,
    )


def _parcel(shipment: Mapping[str, Any], order: Order) -> Parcel:
    titles: dict[str, str] = {str(line.id): f"{line.title}, {line.sku}" for line in order.lines}
    lines: list[dict[str, Any]] = shipment["lines"] or []
    return Parcel(
        id=shipment["id"],
        state=shipment["state"],
        carrier=shipment["carrier"],
        tracking_number=shipment["tracking_number"],
        shipped_at=_moment(shipment["shipped_at"]),
        delivered_at=_moment(shipment["delivered_at"]),
        contents=tuple((line["quantity"], titles.get(str(line["line_id"]), str(line["line_id"]))) for line in lines),
    )


def _timed(record: Mapping[str, Any]) -> Mapping[str, Any]:
    """The record with its time as one."""
    return {**record, "created_at": _moment(record["created_at"])}


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
