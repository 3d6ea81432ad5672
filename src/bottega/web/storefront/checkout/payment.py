"""Paying an order that is placed: another try, by a sealed link, the bank's question, and the way back from it."""

from starlette.responses import Response

from bottega.actions.actor import Actor
from bottega.kernel.errors import Conflict, NotFound
from bottega.ports.payment_gateway import Refused
from bottega.ports.simulated_payer import SimulatedPayer
from bottega.shop.orders.model import Order
from bottega.shop.orders.queries import get_order
from bottega.web.envelope import POLICY_HEADER, STRIPE_POLICY
from bottega.web.faces import get, post
from bottega.web.redirects import local_address
from bottega.web.storefront.checkout.pages import account_of
from bottega.web.storefront.checkout.paying import Till, amount_due, own_till, pay, progress
from bottega.web.storefront.checkout.ways_to_pay import SANDBOX, ways_to_pay
from bottega.web.visit import Visit
from bottega.web.wording import time_left


async def show(visit: Visit) -> Response:
    """What is left to pay, and how."""
    order_id = visit.request.path_params["order_id"]
    order = await _order(visit, own_till(visit, order_id))
    return await _page(visit, order, own_till(visit, order_id), otherwise=f"/orders/{order_id}")


async def send(visit: Visit) -> Response:
    """Pays what is left."""
    till = own_till(visit, visit.request.path_params["order_id"])
    return await pay(visit, await visit.form(), till)


async def follow(visit: Visit) -> Response:
    """Where a payment stands."""
    till = own_till(visit, visit.request.path_params["order_id"])
    return await progress(visit, till, await _order(visit, till), visit.request.path_params["payment_id"])


async def show_linked(visit: Visit) -> Response:
    """The same for whoever holds the order's link: it can be paid, and nothing else is shown or done."""
    till = await _linked_till(visit)
    order = await _order(visit, till)
    due = await amount_due(visit, till)
    if due <= 0 or order.status not in ("open", "held"):
        return await visit.page("storefront/checkout/linked_paid.html", private=True, order=order)
    return await _page(visit, order, till, otherwise=till.paid)


async def send_linked(visit: Visit) -> Response:
    """Pays by the link."""
    return await pay(visit, await visit.form(), await _linked_till(visit))


async def follow_linked(visit: Visit) -> Response:
    """Where a payment by the link stands."""
    till = await _linked_till(visit)
    return await progress(visit, till, await _order(visit, till), visit.request.path_params["payment_id"])


async def sandbox_question(visit: Visit) -> Response:
    """The sandbox's bank, which asks whether it is really you."""
    _simulated_payer(visit)
    return await visit.page(
        "storefront/checkout/sandbox_bank.html",
        private=True,
        reference=visit.request.path_params["reference"],
        back=local_address(visit.request.query_params.get("back")),
    )


async def sandbox_answer(visit: Visit) -> Response:
    """Yes or no to it."""
    form = await visit.form()
    ended = await _simulated_payer(visit).complete_action(
        visit.request.path_params["reference"], approve=form.text("answer") == "yes"
    )
    if isinstance(ended, Refused):
        raise Conflict(ended.code, "The bank does not ask this any more.")
    return visit.redirect(local_address(form.text("back")))


async def _page(visit: Visit, order: Order, till: Till, *, otherwise: str) -> Response:
    due = await amount_due(visit, till)
    if due <= 0 or order.status not in ("open", "held"):
        return visit.redirect(otherwise)
    async with visit.read() as connection:
        customer = await account_of(connection, visit)
    is_own = customer is not None and customer.id == order.customer_id
    ways = ways_to_pay(visit.context, customer if is_own else None)
    left = None if order.payment_due_at is None else order.payment_due_at - visit.context.clock.now()
    response = await visit.page(
        "storefront/checkout/payment.html",
        private=True,
        order=order,
        due=due,
        ways=ways,
        till=till,
        pay_chosen="",
        kept_for="" if left is None else time_left(left),
    )
    if ways.needs_script:
        response.headers[POLICY_HEADER] = STRIPE_POLICY
    return response


async def _order(visit: Visit, till: Till) -> Order:
    async with visit.read() as connection:
        return await get_order(connection, till.payer, till.order_id)


async def _linked_till(visit: Visit) -> Till:
    """The link proves that its holder may pay this order: they do so in the buyer's name."""
    pages = visit.context.pages
    token = visit.request.path_params["token"]
    if pages is None:
        raise NotFound("no_such_payment_page", "This is not a link of ours.")
    order_id = pages.order_of(token, visit.context.clock.now())
    async with visit.read() as connection:
        customer_id = await connection.fetchval("SELECT customer_id FROM shop.orders WHERE id = $1", order_id)
    if customer_id is None:
        raise NotFound("no_such_payment_page", "This is not a link of ours.")
    base = f"/pay/{token}"
    return Till(order_id, Actor("customer", customer_id, "guest"), base, base, f"{base}/payments")


def _simulated_payer(visit: Visit) -> SimulatedPayer:
    services = visit.context.services
    if SANDBOX not in services.names(SimulatedPayer):
        raise NotFound("no_sandbox", "This shop has no sandbox.")
    return services.get(SimulatedPayer, SANDBOX)  # pyright: ignore[reportAbstractUsage] - the port is the key


PAGES = (
    get("/orders/{order_id}/payment", show),
    post("/orders/{order_id}/payment", send),
    get("/orders/{order_id}/payments/{payment_id}", follow),
    get("/pay/{token}", show_linked),
    post("/pay/{token}", send_linked),
    get("/pay/{token}/payments/{payment_id}", follow_linked),
    get("/sandbox/challenges/{reference}", sandbox_question),
    post("/sandbox/challenges/{reference}", sandbox_answer),
)
