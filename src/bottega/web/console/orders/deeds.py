"""What is done about orders from their pages: ship, arrive, cancel, hold, refund, note, tag; one or many."""

from starlette.responses import Response

from bottega.kernel.errors import Invalid, NotFound
from bottega.shop.flows.bank_transfer import ConfirmBankTransfer
from bottega.shop.flows.cancel_order import CancelOrder
from bottega.shop.flows.refund_order import ConfirmTransferRefund, RefundOrder
from bottega.shop.flows.ship_order import EndShipment, ShipOrder
from bottega.shop.orders.actions import AddOrderNote, HoldOrder, ReleaseOrder, TagOrder
from bottega.shop.orders.queries import get_order
from bottega.shop.shipping.actions import ChangeTracking
from bottega.web.console.asking import amount, asked
from bottega.web.console.doing import chosen_of, do, do_each
from bottega.web.console.orders import queries
from bottega.web.console.registry import MANAGERS, PEOPLE, SUPPORT, WAREHOUSE, deed
from bottega.web.visit import Visit, staff_of

LINE_PREFIX = "line."


def _order_id(visit: Visit) -> str:
    return visit.request.path_params["order_id"]


async def ship(visit: Visit) -> Response:
    """The quantities of the form; carrier and tracking number go into the customer's mail."""
    form = await visit.form()
    lines = [
        {"line_id": name.removeprefix(LINE_PREFIX), "quantity": form.number(name)}
        for name in form.fields
        if name.startswith(LINE_PREFIX) and form.number(name) > 0
    ]
    if not lines:
        raise Invalid("nothing_chosen", "No unit is chosen.", next_step="Say how many of which line leave.")
    action = asked(
        ShipOrder,
        order_id=_order_id(visit),
        lines=lines,
        carrier=form.text("carrier"),
        tracking_number=form.text("tracking_number"),
    )
    return await do(visit, action, "It is on its way, and the customer is told.")


async def ship_each(visit: Visit) -> Response:
    """Everything that is left of each chosen order."""
    chosen = chosen_of(await visit.form())
    async with visit.read() as connection:
        names = await queries.numbers_of(connection, chosen)
    return await do_each(visit, lambda row: asked(ShipOrder, order_id=row), "Shipped.", names=names)


async def arrive_each(visit: Visit) -> Response:
    """Every parcel of the chosen orders that is under way."""
    form = await visit.form()
    async with visit.read() as connection:
        parcels = await queries.parcels_under_way(connection, chosen_of(form))
    if not parcels:
        raise Invalid("nothing_under_way", "Nothing of these orders is under way.", next_step="Ship them first.")
    names = {parcel["id"]: parcel["number"] for parcel in parcels}
    return await do_each(
        visit, lambda row: asked(EndShipment, shipment_id=row), "Arrived.", names=names, rows=list(names)
    )


async def end_shipment(visit: Visit) -> Response:
    """A parcel has arrived, or is lost."""
    form = await visit.form()
    outcome = form.text("outcome")
    action = asked(EndShipment, shipment_id=await _shipment_id(visit), outcome=outcome)
    return await do(visit, action, "The parcel has arrived." if outcome == "delivered" else "The parcel is lost.")


async def change_tracking(visit: Visit) -> Response:
    """Another carrier or number."""
    form = await visit.form()
    action = asked(
        ChangeTracking,
        shipment_id=await _shipment_id(visit),
        carrier=form.text("carrier"),
        tracking_number=form.text("tracking_number"),
    )
    return await do(visit, action, "The tracking is changed.")


async def cancel(visit: Visit) -> Response:
    """What was paid goes back."""
    form = await visit.form()
    action = asked(CancelOrder, order_id=_order_id(visit), reason=form.text("other") or form.text("reason"))
    return await do(visit, action, "The order is cancelled, and what was paid goes back.")


async def hold(visit: Visit) -> Response:
    form = await visit.form()
    action = asked(HoldOrder, order_id=_order_id(visit), reason=form.text("reason"))
    return await do(visit, action, "The order is held: nobody ships it until it is released.")


async def release(visit: Visit) -> Response:
    return await do(visit, asked(ReleaseOrder, order_id=_order_id(visit)), "The order goes on.")


async def refund(visit: Visit) -> Response:
    """An amount, or everything that is left."""
    form = await visit.form()
    async with visit.read() as connection:
        order = await get_order(connection, staff_of(visit), _order_id(visit))
    action = asked(
        RefundOrder,
        order_id=order.id,
        amount_minor=amount(form, "amount", order.currency),
        payment_id=form.optional("payment_id"),
        reason=form.text("reason"),
    )
    return await do(visit, action, "The refund is on its way.")


async def note(visit: Visit) -> Response:
    form = await visit.form()
    return await do(visit, asked(AddOrderNote, order_id=_order_id(visit), text=form.text("text")), "Noted.")


async def tag(visit: Visit) -> Response:
    """All tags anew, parted by commas."""
    form = await visit.form()
    tags = list(dict.fromkeys(part.strip() for part in form.text("tags").split(",") if part.strip()))
    return await do(visit, asked(TagOrder, order_id=_order_id(visit), tags=tags), "The tags are changed.")


async def confirm_transfer(visit: Visit) -> Response:
    """The money of a bank transfer is on the account."""
    form = await visit.form()
    async with visit.read() as connection:
        order = await get_order(connection, staff_of(visit), _order_id(visit))
    payment_id = visit.request.path_params["payment_id"]
    if payment_id not in {payment["id"] for payment in order.payments}:
        raise NotFound("no_such_payment", "This order has no such payment.", next_step="Load the order again.")
    action = asked(
        ConfirmBankTransfer,
        payment_id=payment_id,
        amount_minor=amount(form, "amount", order.currency),
        statement_reference=form.text("statement_reference"),
    )
    return await do(visit, action, "The payment is confirmed.")


async def confirm_refund(visit: Visit) -> Response:
    """A refund by bank transfer was sent by hand."""
    action = asked(ConfirmTransferRefund, refund_id=visit.request.path_params["refund_id"])
    return await do(visit, action, "The refund is confirmed.")


async def _shipment_id(visit: Visit) -> str:
    """The shipment of the address, which belongs to the order of the address."""
    async with visit.read() as connection:
        order = await get_order(connection, staff_of(visit), _order_id(visit))
    shipment_id = visit.request.path_params["shipment_id"]
    if shipment_id not in {shipment["id"] for shipment in order.shipments}:
        raise NotFound("no_such_shipment", "This order has no such parcel.", next_step="Load the order again.")
    return shipment_id


DEEDS = (
    deed("/orders/shipments", ship_each, PEOPLE),
    deed("/orders/deliveries", arrive_each, PEOPLE),
    deed("/orders/{order_id}/shipments", ship, PEOPLE),
    deed("/orders/{order_id}/shipments/{shipment_id}/end", end_shipment, PEOPLE),
    deed("/orders/{order_id}/shipments/{shipment_id}/tracking", change_tracking, WAREHOUSE),
    deed("/orders/{order_id}/cancellation", cancel, SUPPORT),
    deed("/orders/{order_id}/hold", hold, SUPPORT),
    deed("/orders/{order_id}/release", release, SUPPORT),
    deed("/orders/{order_id}/refunds", refund, SUPPORT),
    deed("/orders/{order_id}/refunds/{refund_id}/confirmation", confirm_refund, MANAGERS),
    deed("/orders/{order_id}/payments/{payment_id}/confirmation", confirm_transfer, MANAGERS),
    deed("/orders/{order_id}/notes", note, SUPPORT),
    deed("/orders/{order_id}/tags", tag, SUPPORT),
)
