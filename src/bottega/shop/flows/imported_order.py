"""The rows that one order of another shop becomes here."""

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bottega.actions.work import Work
from bottega.kernel.address import Address
from bottega.shop.flows.shop_files.records import OrderRecord, PaymentRecord
from bottega.shop.payments.ledger import Movement, gift_card_account, order_account
from bottega.shop.payments.model import GIFT_CARD, IMPORTED

STATUSES = {
    "unfulfilled": ("open", "unfulfilled"),
    "shipped": ("open", "shipped"),
    "delivered": ("completed", "delivered"),
    "cancelled": ("cancelled", "unfulfilled"),
}
SHIPMENT_STATES = {"shipped": "shipped", "delivered": "delivered", "cancelled": "cancelled"}


class OrderRefused(ValueError):
    """Why an order cannot go in."""

    def __init__(self, field_name: str, reason: str) -> None:
        super().__init__(f"{field_name}: {reason}")
        self.field = field_name
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Known:
    """What records refer to, by the names that the other shop uses."""

    customers: dict[str, dict[str, Any]]
    orders: set[str]
    numbers: set[str]
    variants: dict[str, dict[str, Any]]
    instruments: dict[tuple[str, str], dict[str, Any]]


@dataclass(slots=True)
class OrderRows:
    """Rows by table, and what the payment history does to the ledger."""

    order: dict[str, Any]
    address: Address
    lines: list[dict[str, Any]]
    is_to_be_sent: bool
    shipments: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    shipment_lines: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    payments: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    refunds: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    movements: list[Movement] = field(default_factory=list[Movement])


def order_rows(work: Work, source: str, record: OrderRecord, known: Known, place: int) -> OrderRows:
    """Everything an order consists of; raises `OrderRefused` when it names what is not here.

    The records are in their order of time and have no dates: `place` keeps them apart.
    """
    customer = known.customers.get(record.customer_source_id)
    if customer is None:
        raise OrderRefused("customer", "this customer is not here")
    if record.number in known.numbers:
        raise OrderRefused("number", f"there is an order {record.number} already")
    order_id = work.new_id("ord")
    status, fulfilment = STATUSES[record.state]
    total = sum(line.quantity * line.unit_price_minor for line in record.lines)
    placed_at = (work.now + timedelta(microseconds=place)).isoformat()
    rows = OrderRows(
        order={
            "id": order_id,
            "number": record.number,
            "customer_id": customer["id"],
            "channel": "import",
            "origin": source,
            "currency": record.currency,
            "status": status,
            "payment_status": "awaiting",
            "fulfilment_status": fulfilment,
            "email_ref": customer["email_ref"],
            "shipping_address_ref": None,
            "country": record.address.country,
            "net_minor": total,
            "discount_minor": 0,
            "shipping_minor": 0,
            "tax_minor": 0,
            "total_minor": total,
            "hold_reason": "",
            "cancel_reason": record.cancel_reason,
            "tags": [],
            "amendments": 0,
            "version": 1,
            "source": source,
            "source_id": record.source_id,
            "placed_at": placed_at,
            "updated_at": placed_at,
        },
        address=record.address,
        lines=_lines(work, order_id, record, known),
        is_to_be_sent=record.state == "unfulfilled",
    )
    _add_shipments(work, record, rows)
    _add_payments(work, record, known, rows)
    return rows


def _lines(work: Work, order_id: str, record: OrderRecord, known: Known) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for place, line in enumerate(record.lines):
        variant = known.variants.get(line.sku)
        if variant is None:
            raise OrderRefused("lines", f"there is no variant {line.sku}")
        rows.append(
            {
                "id": work.new_id("oln"),
                "order_id": order_id,
                "variant_id": variant["id"],
                "product_id": variant["product_id"],
                "sku": line.sku,
                "title": line.title,
                "option_values": line.option_values,
                "quantity": line.quantity,
                "unit_price_minor": line.unit_price_minor,
                "net_minor": line.quantity * line.unit_price_minor,
                "discount_minor": 0,
                "tax_minor": 0,
                "tax_rate": 0,
                "tax_class": variant["tax_class"],
                "weight_grams": variant["weight_grams"],
                "shipped": line.quantity if record.state in ("shipped", "delivered") else 0,
                "returned": 0,
                "cancelled": line.quantity if record.state == "cancelled" else 0,
                "position": place,
            }
        )
    return rows


def _add_shipments(work: Work, record: OrderRecord, rows: OrderRows) -> None:
    """What left, with its tracking; a cancelled order's parcel was labelled and never left."""
    for shipment in record.shipments:
        if record.state not in SHIPMENT_STATES:
            raise OrderRefused("shipments", "an order of which nothing has left has no shipment")
        shipment_id = work.new_id("shp")
        rows.shipments.append(
            {
                "id": shipment_id,
                "order_id": rows.order["id"],
                "state": SHIPMENT_STATES[record.state],
                "carrier": "",
                "tracking_number": shipment.tracking_number,
                "shipped_at": work.now.isoformat(),
                "delivered_at": work.now.isoformat() if record.state == "delivered" else None,
            }
        )
        for place in shipment.lines:
            if place >= len(rows.lines):
                raise OrderRefused("shipments", f"the order has no line {place}")
            rows.shipment_lines.append(
                {
                    "id": work.new_id("sln"),
                    "shipment_id": shipment_id,
                    "line_id": rows.lines[place]["id"],
                    "quantity": rows.lines[place]["quantity"],
                }
            )


def _add_payments(work: Work, record: OrderRecord, known: Known, rows: OrderRows) -> None:
    """The history: payments captured elsewhere, and what went back of each through the same instrument."""
    for place, entry in enumerate(record.payments):
        instrument = known.instruments.get((rows.order["customer_id"], entry.instrument_source_id))
        if instrument is None:
            raise OrderRefused("payments", "it was paid with an instrument that is not the customer's")
        at = (work.now + timedelta(microseconds=place)).isoformat()
        if entry.kind == "payment":
            rows.payments.append(_payment(work, rows.order, instrument, entry, at))
        else:
            rows.refunds.append(_refund(work, rows, instrument, entry, at))
    captured = sum(payment["captured_minor"] for payment in rows.payments)
    gone = sum(payment["refunded_minor"] for payment in rows.payments)
    total = rows.order["total_minor"]
    if captured and gone == captured:
        rows.order["payment_status"] = "refunded"
    elif captured - gone >= total:
        rows.order["payment_status"] = "paid"
    elif gone:
        rows.order["payment_status"] = "partially_refunded"
    elif record.state == "cancelled":
        rows.order["payment_status"] = "voided"
    rows.movements = [movement for payment in rows.payments for movement in _movements(rows, payment)]


def _payment(
    work: Work, order: dict[str, Any], instrument: dict[str, Any], entry: PaymentRecord, at: str
) -> dict[str, Any]:
    return {
        "id": work.new_id("pay"),
        "order_id": order["id"],
        "customer_id": order["customer_id"],
        "instrument_id": instrument["id"],
        "gift_card_id": instrument["gift_card_id"],
        "gateway": GIFT_CARD if instrument["gift_card_id"] else IMPORTED,
        "kind": instrument["kind"],
        "currency": order["currency"],
        "amount_minor": entry.amount_minor,
        "authorised_minor": entry.amount_minor,
        "captured_minor": entry.amount_minor,
        "refunded_minor": 0,
        "status": "captured",
        "capture_mode": "automatic",
        "created_at": at,
        "updated_at": at,
    }


def _refund(work: Work, rows: OrderRows, instrument: dict[str, Any], entry: PaymentRecord, at: str) -> dict[str, Any]:
    payment = next(
        (
            payment
            for payment in rows.payments
            if payment["instrument_id"] == instrument["id"]
            and payment["captured_minor"] - payment["refunded_minor"] >= entry.amount_minor
        ),
        None,
    )
    if payment is None:
        raise OrderRefused("payments", "more was refunded than had been paid with that instrument")
    payment["refunded_minor"] += entry.amount_minor
    return {
        "id": work.new_id("rfd"),
        "payment_id": payment["id"],
        "order_id": rows.order["id"],
        "gift_card_id": payment["gift_card_id"],
        "currency": rows.order["currency"],
        "amount_minor": entry.amount_minor,
        "reason": rows.order["cancel_reason"] or "refunded before the import",
        "status": "succeeded",
        "created_at": at,
        "settled_at": at,
    }


def _movements(rows: OrderRows, payment: dict[str, Any]) -> list[Movement]:
    """The books of a payment made elsewhere: it comes out of `imported`, and what was refunded went back there.

    A gift card's opening balance is what it holds after its history, so what the history took from it is put on first.
    """
    order, currency, amount = rows.order["id"], payment["currency"], payment["captured_minor"]
    refunds = [refund for refund in rows.refunds if refund["payment_id"] == payment["id"]]
    card = payment["gift_card_id"]
    source = "imported" if card is None else gift_card_account(card)
    kind = "opening" if card is None else "redeem"
    movements = [
        Movement(kind, source, order_account(order), amount, currency, order_id=order, payment_id=payment["id"])
    ]
    spent = amount - payment["refunded_minor"]
    if card is not None and spent:
        movements.insert(0, Movement("opening", "imported", source, spent, currency))
    movements += [
        Movement(
            "refund",
            order_account(order),
            source,
            refund["amount_minor"],
            currency,
            order_id=order,
            payment_id=payment["id"],
            refund_id=refund["id"],
        )
        for refund in refunds
    ]
    return movements
