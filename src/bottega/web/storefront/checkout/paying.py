"""Paying an order from a page, and where the payer goes next."""

from starlette.responses import Response

from bottega.actions.outcome import Held
from bottega.kernel.errors import Refusal
from bottega.platform.database.pool import Connection
from bottega.shop.flows.pay_order import PayOrder
from bottega.shop.payments.model import COUNTED, Payment
from bottega.shop.payments.queries import get_payment, list_payments
from bottega.web.forms import Form
from bottega.web.storefront.checkout.ways_to_pay import gift_card_of, payment_of
from bottega.web.visit import Visit
from bottega.web.wording import for_shoppers

# What banks say, for the person whose card it is.
_DECLINED = {
    "insufficient_funds": "There is not enough money on this card. Please pay with another one.",
    "expired_card": "This card has expired. Please pay with another one.",
}
DECLINED = "Your bank did not accept the payment, and nothing was taken. Please try another way to pay."


async def pay(visit: Visit, form: Form, order_id: str) -> Response:
    """Pays by the gift card first, when there is one, and what is left as was chosen."""
    retry = f"/orders/{order_id}/payment"
    try:
        if (by_gift_card := gift_card_of(visit.context, form, order_id)) is not None:
            await visit.done(by_gift_card, form.key)
        if await amount_due(visit, order_id) <= 0:
            return visit.redirect(f"/orders/{order_id}/thanks")
        payment = await _pay_by(visit, form, payment_of(visit.context, form, order_id))
    except Refusal as refusal:
        visit.flash("error", for_shoppers(refusal))
        return visit.redirect(retry)
    if payment is None:
        return visit.redirect(f"/orders/{order_id}/thanks")
    return next_page(visit, payment)


def next_page(visit: Visit, payment: Payment) -> Response:
    """After a payment: thanks, the bank's question, or another try."""
    match payment.status:
        case "requires_action":
            return visit.redirect(f"/orders/{payment.order_id}/payments/{payment.id}")
        case "declined" | "voided":
            visit.flash("error", _DECLINED.get(payment.decline_code or "", DECLINED))
            return visit.redirect(f"/orders/{payment.order_id}/payment")
        case _:
            return visit.redirect(f"/orders/{payment.order_id}/thanks")


async def amount_due(visit: Visit, order_id: str) -> int:
    """What is left to pay, in minor units."""
    async with visit.read() as connection:
        total = await connection.fetchval(
            "SELECT total_minor FROM shop.orders WHERE id = $1 AND customer_id = $2",
            order_id,
            visit.shopper().customer_id,
        )
        return (total or 0) - await amount_paid(connection, visit, order_id)


async def amount_paid(connection: Connection, visit: Visit, order_id: str) -> int:
    """What is paid or on its way."""
    payments = await list_payments(connection, visit.shopper(), order_id)
    return sum(
        (payment.captured_minor if payment.status == "captured" else payment.amount_minor) - payment.refunded_minor
        for payment in payments
        if payment.status in COUNTED
    )


async def _pay_by(visit: Visit, form: Form, action: PayOrder) -> Payment | None:
    outcome, _ = await visit.perform_driven(action, form.key)
    if isinstance(outcome, Held):
        visit.flash("note", "A colleague has to look at this payment first. We will write to you.")
        return None
    payment_id = outcome.unwrap()["payment_id"]
    async with visit.read() as connection:
        return await get_payment(connection, visit.shopper(), action.order_id, payment_id)
