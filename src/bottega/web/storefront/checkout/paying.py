"""Paying an order from a page, and where the payer goes next."""

from dataclasses import dataclass

from starlette.responses import Response

from bottega.actions.actor import Actor
from bottega.actions.outcome import Held
from bottega.kernel.errors import Refusal
from bottega.platform.database.pool import Connection
from bottega.ports.payment_gateway import NextAction, PaymentState
from bottega.shop.flows.pay_order import PayOrder
from bottega.shop.flows.payment_reports import take_over
from bottega.shop.orders.model import Order
from bottega.shop.payments.model import COUNTED, Payment
from bottega.shop.payments.queries import get_payment, list_payments, payment_at_gateway
from bottega.web.envelope import POLICY_HEADER, STRIPE_POLICY
from bottega.web.forms import Form
from bottega.web.redirects import local_address
from bottega.web.storefront.checkout.ways_to_pay import gift_card_of, payment_of
from bottega.web.visit import Visit
from bottega.web.wording import for_shoppers

# What banks say, for the person whose card it is.
_DECLINED = {
    "insufficient_funds": "There is not enough money on this card. Please pay with another one.",
    "expired_card": "This card has expired. Please pay with another one.",
}
DECLINED = "Your bank did not accept the payment, and nothing was taken. Please try another way to pay."


@dataclass(frozen=True, slots=True)
class Till:
    """Where an order is paid: by whom, and which pages follow. `again` is for another try, `paid` for thanks, and
    `payments` what the address of a payment under way begins with."""

    order_id: str
    payer: Actor
    again: str
    paid: str
    payments: str


def own_till(visit: Visit, order_id: str) -> Till:
    """The till of whoever ordered."""
    base = f"/orders/{order_id}"
    return Till(order_id, visit.shopper(), f"{base}/payment", f"{base}/thanks", f"{base}/payments")


async def pay(visit: Visit, form: Form, till: Till) -> Response:
    """Pays by the gift card first, when there is one, and what is left as was chosen."""
    try:
        if (by_gift_card := gift_card_of(visit.context, form, till.order_id)) is not None:
            outcome, _ = await visit.perform_driven(by_gift_card, form.key, by=till.payer)
            outcome.unwrap()
        if await amount_due(visit, till) <= 0:
            return visit.redirect(till.paid)
        payment = await _pay_by(visit, form, till, payment_of(visit.context, form, till.order_id))
    except Refusal as refusal:
        visit.flash("error", for_shoppers(refusal))
        return visit.redirect(till.again)
    return visit.redirect(till.paid) if payment is None else next_page(visit, till, payment)


def next_page(visit: Visit, till: Till, payment: Payment) -> Response:
    """After a payment: thanks, the bank's question, or another try."""
    match payment.status:
        case "requires_action":
            return visit.redirect(f"{till.payments}/{payment.id}")
        case "declined" | "voided":
            visit.flash("error", _DECLINED.get(payment.decline_code or "", DECLINED))
            return visit.redirect(till.again)
        case _:
            return visit.redirect(till.paid)


async def amount_due(visit: Visit, till: Till) -> int:
    """What is left to pay, in minor units."""
    async with visit.read() as connection:
        total = await connection.fetchval(
            "SELECT total_minor FROM shop.orders WHERE id = $1 AND customer_id = $2",
            till.order_id,
            till.payer.customer_id,
        )
        return (total or 0) - await _amount_paid(connection, till)


async def progress(visit: Visit, till: Till, order: Order, payment_id: str) -> Response:
    """Where a payment stands at its gateway: on with it, or what the payer's bank asks for."""
    state = await _taken_over(visit, till, payment_id)
    async with visit.read() as connection:
        payment = await get_payment(connection, till.payer, till.order_id, payment_id)
    asked: NextAction | None = None if state is None else state.next_action
    if payment.status != "requires_action" or asked is None:
        return next_page(visit, till, payment)
    if asked.kind == "redirect" and asked.url is not None and local_address(asked.url, "") == asked.url:
        return visit.redirect(f"{asked.url}?back={till.payments}/{payment_id}")
    response = await visit.page(
        "storefront/checkout/challenge.html",
        private=True,
        order=order,
        payment=payment,
        asked=asked,
        till=till,
        publishable_key=visit.context.publishable_key,
    )
    response.headers[POLICY_HEADER] = STRIPE_POLICY
    return response


async def _taken_over(visit: Visit, till: Till, payment_id: str) -> PaymentState | None:
    context = visit.context
    async with visit.read() as connection:
        payment = await get_payment(connection, till.payer, till.order_id, payment_id)
        row = await payment_at_gateway(connection, payment.gateway, payment_id=payment_id)
    if row is None or payment.kind not in ("card", "wallet"):
        return None
    return await take_over(context.performer, context.services, row, visit.cause)


async def _amount_paid(connection: Connection, till: Till) -> int:
    """What is paid or on its way."""
    payments = await list_payments(connection, till.payer, till.order_id)
    return sum(
        (payment.captured_minor if payment.status == "captured" else payment.amount_minor) - payment.refunded_minor
        for payment in payments
        if payment.status in COUNTED
    )


async def _pay_by(visit: Visit, form: Form, till: Till, action: PayOrder) -> Payment | None:
    outcome, _ = await visit.perform_driven(action, form.key, by=till.payer)
    if isinstance(outcome, Held):
        visit.flash("note", "A colleague has to look at this payment first. We will write to you.")
        return None
    payment_id = outcome.unwrap()["payment_id"]
    async with visit.read() as connection:
        return await get_payment(connection, till.payer, till.order_id, payment_id)
