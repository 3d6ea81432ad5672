"""One order as its buyer sees it: thanks for it, where it stands, and what can still be done about it."""

from datetime import timedelta
from typing import Any

from starlette.responses import Response

from bottega.actions.outcome import Held
from bottega.platform.database.pool import Connection
from bottega.shop import shop_settings
from bottega.shop.flows.cancel_order import CancelOrder
from bottega.shop.orders.model import Order
from bottega.shop.orders.queries import get_order, order_history
from bottega.web.countries import country_name
from bottega.web.faces import get, post
from bottega.web.storefront.checkout.paying import amount_due, own_till
from bottega.web.storefront.goods.lines import products_of_lines
from bottega.web.storefront.goods.sums import sums_of_order
from bottega.web.storefront.orders.progress import can_cancel, can_return, return_until, steps_of
from bottega.web.visit import Visit


async def thanks(visit: Visit) -> Response:
    """The confirmation."""
    return await _page(visit, "storefront/orders/thanks.html")


async def show(visit: Visit) -> Response:
    """Where it stands."""
    return await _page(visit, "storefront/orders/order.html")


async def ask_to_cancel(visit: Visit) -> Response:
    """Why, and what happens then."""
    order_id = visit.request.path_params["order_id"]
    async with visit.read() as connection:
        order = await get_order(connection, visit.shopper(), order_id)
        reasons = (await shop_settings.current(connection)).cancellation_reasons
    if not can_cancel(order):
        visit.flash("note", f"Order {order.number} cannot be cancelled any more.")
        return visit.redirect(f"/orders/{order_id}")
    return await visit.page("storefront/orders/cancel.html", private=True, order=order, reasons=reasons)


async def cancel(visit: Visit) -> Response:
    """Ends it, or says that a colleague decides."""
    order_id = visit.request.path_params["order_id"]
    form = await visit.form()
    outcome = await visit.perform(
        form.require(CancelOrder, {"order_id": order_id, "reason": form.text("reason") or "other"}), form.key
    )
    if isinstance(outcome, Held):
        visit.flash("note", "We have asked a colleague to look at it, and will write to you.")
        return visit.redirect(f"/orders/{order_id}")
    result = outcome.unwrap()
    gone = "What you paid is on its way back to you." if result["refunded_minor"] else "Nothing was taken from you."
    visit.flash("done", f"The order is cancelled. {gone}")
    return visit.redirect(f"/orders/{order_id}")


async def _page(visit: Visit, template: str) -> Response:
    order_id = visit.request.path_params["order_id"]
    async with visit.context.database.read_snapshot() as connection:
        order = await get_order(connection, visit.shopper(), order_id)
        values = await order_values(connection, visit, order)
    due = await amount_due(visit, own_till(visit, order_id)) if order.status in ("open", "held") else 0
    questions = (f"Where is order {order.number}?", f"I want to change order {order.number}", "How do returns work?")
    return await visit.page(template, private=True, order=order, due=due, questions=questions, **values)


async def order_values(connection: Connection, visit: Visit, order: Order) -> dict[str, Any]:
    """What the pages of an order show beside the order itself."""
    settings = await shop_settings.current(connection)
    window, now = timedelta(days=settings.return_window_days), visit.context.clock.now()
    until = return_until(order, window)
    return {
        "products": await products_of_lines(connection, [line.product_id for line in order.lines]),
        "sums": sums_of_order(order, includes_tax=settings.prices_include_tax),
        "steps": steps_of(order, await order_history(connection, visit.shopper(), order.id)),
        "method": await connection.fetchrow(
            "SELECT name, kind, minimum_days, maximum_days FROM shop.shipping_methods WHERE id = $1",
            order.shipping_method_id,
        ),
        "country": country_name(order.country),
        "can_cancel": can_cancel(order),
        "can_return": can_return(order, now, window),
        "returns_ended": until if until is not None and now > until else None,
    }


PAGES = (
    get("/orders/{order_id}", show),
    get("/orders/{order_id}/thanks", thanks),
    get("/orders/{order_id}/cancellation", ask_to_cancel),
    post("/orders/{order_id}/cancellation", cancel),
)
