"""What an order is, and which changes of status are legal."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from bottega.kernel.address import Address

OrderStatus = Literal["open", "held", "completed", "cancelled"]
PaymentStatus = Literal["awaiting", "authorised", "paid", "partially_refunded", "refunded", "voided"]
FulfilmentStatus = Literal["unfulfilled", "partially_shipped", "shipped", "delivered"]

# From each status to those it may become (I10). `completed` opens again when a delivered order is exchanged.
STATUS_TRANSITIONS: Mapping[str, frozenset[str]] = {
    "open": frozenset({"held", "completed", "cancelled"}),
    "held": frozenset({"open", "cancelled"}),
    "completed": frozenset({"open"}),
    "cancelled": frozenset(),
}
PAYMENT_TRANSITIONS: Mapping[str, frozenset[str]] = {
    "awaiting": frozenset({"authorised", "paid", "voided"}),
    "authorised": frozenset({"paid", "voided", "awaiting"}),
    "paid": frozenset({"partially_refunded", "refunded", "awaiting", "authorised"}),
    "partially_refunded": frozenset({"refunded", "paid", "awaiting"}),
    # A refund that failed at the gateway is owed again.
    "refunded": frozenset({"partially_refunded", "paid"}),
    "voided": frozenset(),
}
FULFILMENT_TRANSITIONS: Mapping[str, frozenset[str]] = {
    "unfulfilled": frozenset({"partially_shipped", "shipped"}),
    "partially_shipped": frozenset({"shipped"}),
    "shipped": frozenset({"delivered"}),
    "delivered": frozenset(),
}
TRANSITIONS: Mapping[str, Mapping[str, frozenset[str]]] = {
    "status": STATUS_TRANSITIONS,
    "payment_status": PAYMENT_TRANSITIONS,
    "fulfilment_status": FULFILMENT_TRANSITIONS,
}


def legal_transitions(column: str) -> set[tuple[str, str]]:
    """The legal pairs (before, after) of one status column of `shop.orders`."""
    return {(before, after) for before, afters in TRANSITIONS[column].items() for after in afters}


@dataclass(frozen=True, slots=True)
class NewLine:
    """A line as it is sold; amounts in minor units, see `shop.order_lines`."""

    id: str
    variant_id: str
    product_id: str
    sku: str
    title: str
    option_values: Mapping[str, Any]
    quantity: int
    unit_price_minor: int
    net_minor: int
    discount_minor: int
    tax_minor: int
    tax_rate: Decimal
    tax_class: str
    weight_grams: int


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order as it is placed; the totals obey net + tax + shipping − discount = total."""

    id: str
    customer_id: str
    cart_id: str | None
    channel: str
    origin: str
    currency: str
    email_ref: str | None
    shipping_address_ref: str | None
    billing_address_ref: str | None
    country: str
    shipping_method_id: str | None
    coupon_code: str | None
    net_minor: int
    discount_minor: int
    shipping_minor: int
    tax_minor: int
    total_minor: int
    payment_due_at: datetime | None
    lines: Sequence[NewLine]


class OrderLine(BaseModel):
    """A line as it is shown."""

    model_config = ConfigDict(frozen=True)

    id: str
    variant_id: str
    product_id: str
    sku: str
    title: str
    option_values: dict[str, Any]
    quantity: int
    unit_price_minor: int
    net_minor: int
    discount_minor: int
    tax_minor: int
    tax_rate: str
    shipped: int
    returned: int
    cancelled: int


class OrderSummary(BaseModel):
    """An order in a list."""

    model_config = ConfigDict(frozen=True)

    id: str
    number: str
    customer_id: str
    channel: str
    currency: str
    status: OrderStatus
    payment_status: PaymentStatus
    fulfilment_status: FulfilmentStatus
    total_minor: int
    placed_at: datetime


class Order(OrderSummary):
    """An order with everything that belongs to it."""

    cart_id: str | None
    origin: str
    email: str | None
    shipping_address: Address | None
    billing_address: Address | None
    country: str
    shipping_method_id: str | None
    coupon_code: str | None
    net_minor: int
    discount_minor: int
    shipping_minor: int
    tax_minor: int
    hold_reason: str
    cancel_reason: str
    tags: list[str]
    amendments: int
    version: int
    payment_due_at: datetime | None
    updated_at: datetime
    lines: list[OrderLine]
    payments: list[dict[str, Any]]
    refunds: list[dict[str, Any]]
    shipments: list[dict[str, Any]]
    returns: list[dict[str, Any]]
