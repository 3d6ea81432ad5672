"""Paying an order that is placed: another try, the bank's question, and the way back from it."""

from starlette.responses import Response

from bottega.kernel.errors import Conflict, NotFound
from bottega.ports.payment_gateway import NextAction, PaymentState, Refused
from bottega.ports.simulated_payer import SimulatedPayer
from bottega.shop.flows.payment_reports import take_over
from bottega.shop.orders.queries import get_order
from bottega.shop.payments.queries import get_payment, payment_at_gateway
from bottega.web.envelope import POLICY_HEADER, STRIPE_POLICY
from bottega.web.faces import get, post
from bottega.web.redirects import local_address
from bottega.web.storefront.checkout.pages import account_of
from bottega.web.storefront.checkout.paying import amount_due, next_page, pay
from bottega.web.storefront.checkout.ways_to_pay import SANDBOX, ways_to_pay
from bottega.web.visit import Visit


async def show(visit: Visit) -> Response:
    """What is left to pay, and how."""
    order_id = visit.request.path_params["order_id"]
    async with visit.read() as connection:
        order = await get_order(connection, visit.shopper(), order_id)
        customer = await account_of(connection, visit)
    due = await amount_due(visit, order_id)
    if due <= 0 or order.status not in ("open", "held"):
        return visit.redirect(f"/orders/{order_id}")
    ways = ways_to_pay(visit.context, customer)
    response = await visit.page(
        "storefront/checkout/payment.html", private=True, order=order, due=due, ways=ways, pay_chosen=""
    )
    if ways.needs_script:
        response.headers[POLICY_HEADER] = STRIPE_POLICY
    return response


async def send(visit: Visit) -> Response:
    """Pays what is left."""
    return await pay(visit, await visit.form(), visit.request.path_params["order_id"])


async def progress(visit: Visit) -> Response:
    """Where a payment stands at its gateway: on with it, or what the payer's bank asks for."""
    order_id, payment_id = visit.request.path_params["order_id"], visit.request.path_params["payment_id"]
    state = await _taken_over(visit, order_id, payment_id)
    async with visit.read() as connection:
        order = await get_order(connection, visit.shopper(), order_id)
        payment = await get_payment(connection, visit.shopper(), order_id, payment_id)
    asked: NextAction | None = None if state is None else state.next_action
    if payment.status != "requires_action" or asked is None:
        return next_page(visit, payment)
    if asked.kind == "redirect" and asked.url is not None and local_address(asked.url, "") == asked.url:
        return visit.redirect(f"{asked.url}?back=/orders/{order_id}/payments/{payment_id}")
    response = await visit.page(
        "storefront/checkout/challenge.html",
        private=True,
        order=order,
        payment=payment,
        asked=asked,
        publishable_key=visit.context.publishable_key,
    )
    response.headers[POLICY_HEADER] = STRIPE_POLICY
    return response


async def sandbox_question(visit: Visit) -> Response:
    """The sandbox's bank, which asks whether it is really you."""
    _payer(visit)
    return await visit.page(
        "storefront/checkout/sandbox_bank.html",
        private=True,
        reference=visit.request.path_params["reference"],
        back=local_address(visit.request.query_params.get("back")),
    )


async def sandbox_answer(visit: Visit) -> Response:
    """Yes or no to it."""
    form = await visit.form()
    ended = await _payer(visit).complete_action(
        visit.request.path_params["reference"], approve=form.text("answer") == "yes"
    )
    if isinstance(ended, Refused):
        raise Conflict(ended.code, "The bank does not ask this any more.")
    return visit.redirect(local_address(form.text("back")))


async def _taken_over(visit: Visit, order_id: str, payment_id: str) -> PaymentState | None:
    context = visit.context
    async with visit.read() as connection:
        payment = await get_payment(connection, visit.shopper(), order_id, payment_id)
        row = await payment_at_gateway(connection, payment.gateway, payment_id=payment_id)
    if row is None or payment.kind not in ("card", "wallet"):
        return None
    return await take_over(context.performer, context.services, row, visit.cause)


def _payer(visit: Visit) -> SimulatedPayer:
    services = visit.context.services
    if SANDBOX not in services.names(SimulatedPayer):
        raise NotFound("no_sandbox", "This shop has no sandbox.")
    return services.get(SimulatedPayer, SANDBOX)  # pyright: ignore[reportAbstractUsage] - the port is the key


PAGES = (
    get("/orders/{order_id}/payment", show),
    post("/orders/{order_id}/payment", send),
    get("/orders/{order_id}/payments/{payment_id}", progress),
    get("/sandbox/challenges/{reference}", sandbox_question),
    post("/sandbox/challenges/{reference}", sandbox_answer),
)
