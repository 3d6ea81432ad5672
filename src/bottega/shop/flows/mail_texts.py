"""What the shop writes to customers about their orders: plain text, made of the order's records."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bottega.kernel.money import Money


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail's subject and text."""

    subject: str
    text: str


@dataclass(frozen=True, slots=True)
class OrderFigures:
    """What letters tell about an order; `amount_minor` is that of the event (a refund), if it has one."""

    shop_name: str
    contact: str
    name: str | None
    number: str
    currency: str
    total_minor: int
    lines: Sequence[str]
    amount_minor: int | None = None
    tracking: Sequence[str] = ()
    reason: str = ""
    return_number: str = ""
    return_state: str = ""


Write = Callable[[OrderFigures], Letter]


def order_placed(order: OrderFigures) -> Letter:
    """The order is paid for, or its payment is certain."""
    total = Money(order.total_minor, order.currency)
    body = ["thank you for your order. We have received your payment and are getting it ready.", "", *order.lines]
    return _letter(order, f"Your order {order.number}", [*body, "", f"Total: {total}"])


def shipped(order: OrderFigures) -> Letter:
    """A parcel has left."""
    opening = f"a parcel of your order {order.number} is on its way to you."
    return _letter(order, f"Order {order.number} has been shipped", [opening, *_block(order.tracking)])


def refunded(order: OrderFigures) -> Letter:
    """Money goes back."""
    amount = Money(order.amount_minor or 0, order.currency)
    opening = f"we are giving you back {amount} of your order {order.number}, to where you paid from."
    return _letter(order, f"Refund for order {order.number}", [opening, "Your bank may need a few days to show it."])


def cancelled(order: OrderFigures) -> Letter:
    """The order has ended."""
    body = [f"your order {order.number} has been cancelled."]
    if order.reason:
        body.append(f"Reason: {order.reason}.")
    body.append("What you have paid goes back to where you paid from.")
    return _letter(order, f"Order {order.number} has been cancelled", body)


RETURN_SENTENCES: Mapping[str, str] = {
    "requested": "we have received your request and will look at it soon.",
    "approved": "we have approved it. Please send the goods back to us.",
    "rejected": "we are sorry that we cannot accept it. Write to us if you see it otherwise.",
    "received": "the goods have arrived with us. We are looking at them.",
    "completed": "it is complete.",
    "cancelled": "it has been cancelled.",
}


def return_update(order: OrderFigures) -> Letter:
    """A return or exchange has moved on."""
    opening = f"about your return {order.return_number} of order {order.number}:"
    return _letter(order, f"Your return {order.return_number}", [opening, RETURN_SENTENCES[order.return_state]])


def _letter(order: OrderFigures, subject: str, body: Sequence[str]) -> Letter:
    greeting = "Hello," if order.name is None else f"Hello {order.name},"
    closing = [f"{order.shop_name}", f"Questions? {order.contact}"]
    return Letter(f"{subject} – {order.shop_name}", "\n".join([greeting, "", *body, "", *closing]) + "\n")


def _block(lines: Sequence[str]) -> list[str]:
    return ["", *lines] if lines else []


WRITERS: Mapping[str, Write] = {
    "mail.order_placed": order_placed,
    "mail.shipped": shipped,
    "mail.refunded": refunded,
    "mail.cancelled": cancelled,
    "mail.return_update": return_update,
}
