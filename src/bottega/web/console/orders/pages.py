"""The list of orders and one order's page."""

from starlette.responses import Response

from bottega.shop import shop_settings
from bottega.shop.orders.queries import get_order
from bottega.web.console.orders import queries
from bottega.web.console.orders.deeds import DEEDS
from bottega.web.console.orders.shown import may_of, parts_of
from bottega.web.console.registry import PEOPLE, page
from bottega.web.console.shown import words
from bottega.web.console.work_list import BulkDeed, Column, Filter, WorkList, asked_of
from bottega.web.storefront.goods.sums import sums_of_order
from bottega.web.visit import Visit, staff_of

COLUMNS = (
    Column("Order", "number"),
    Column("Placed", "placed"),
    Column("Customer"),
    Column("Units", is_number=True),
    Column("Total", "total", is_number=True),
    Column("Payment"),
    Column("Fulfilment"),
    Column("Order status"),
)
STATES = (
    ("", "All orders"),
    ("to_ship", "To ship"),
    ("awaiting_payment", "Waiting for payment"),
    ("under_way", "Under way"),
    ("held", "Held"),
    ("completed", "Completed"),
    ("cancelled", "Cancelled"),
)
PAYMENTS = (
    ("", "Any"),
    ("awaiting", "Awaiting"),
    ("authorised", "Authorised"),
    ("paid", "Paid"),
    ("partially_refunded", "Partially refunded"),
    ("refunded", "Refunded"),
    ("voided", "Voided"),
)
BULK = (
    BulkDeed("Ship", "/console/orders/shipments", asks="Send everything that is left of the chosen orders?"),
    BulkDeed("Arrived", "/console/orders/deliveries", asks="Mark what is under way of the chosen orders as arrived?"),
)


async def show_all(visit: Visit) -> Response:
    """The list, the newest first."""
    async with visit.read() as connection:
        channels = await queries.channels(connection)
        filters = (
            Filter("state", "Show", STATES),
            Filter("payment", "Payment", PAYMENTS),
            Filter("channel", "Channel", (("", "Any"), *((one, one) for one in channels))),
        )
        asked = asked_of(visit, sorts=tuple(queries.SORTS), default="-placed", filters=filters)
        rows = await queries.listed(connection, asked, visit.context.performer.lookup_key)
    orders = WorkList(
        "Orders",
        asked,
        COLUMNS,
        rows,
        filters=filters,
        searches="Number, SKU, or a customer's e-mail address",
        deeds=BULK,
        nothing="No order yet.",
    )
    return await visit.page("console/orders/list.html", private=True, orders=orders)


async def show_one(visit: Visit) -> Response:
    """One order with everything that belongs to it."""
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        order = await get_order(connection, staff_of(visit), visit.request.path_params["order_id"])
        customer = await queries.customer_of(connection, order.customer_id)
        method = await queries.method_of(connection, order.shipping_method_id)
        notes = await queries.notes_of(connection, order.id)
        history = await queries.history_of_order(connection, order, notes)
    return await visit.page(
        "console/orders/order.html",
        private=True,
        order=order,
        sums=sums_of_order(order, includes_tax=settings.prices_include_tax),
        parts=parts_of(order, settings.prices_include_tax),
        may=may_of(order),
        customer=customer,
        method=method,
        notes=notes,
        history=history,
        reasons=[(reason, words(reason)) for reason in settings.cancellation_reasons],
    )


PAGES = (
    page("/orders", show_all, PEOPLE),
    page("/orders/{order_id}", show_one, PEOPLE),
    *DEEDS,
)
