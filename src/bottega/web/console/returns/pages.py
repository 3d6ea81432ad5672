"""The inbox of returns, one return's page, and what is done about it."""

from typing import Any

from starlette.responses import Response

from bottega.kernel.errors import Invalid
from bottega.shop.flows.return_handling import ApproveReturn, CompleteReturn, ReceiveReturn, RejectReturn
from bottega.shop.flows.return_order import CancelReturn
from bottega.shop.returns.queries import get_return
from bottega.web.console.asking import amount, asked
from bottega.web.console.doing import chosen_of, do, do_each
from bottega.web.console.history import history_of
from bottega.web.console.registry import PEOPLE, SUPPORT, deed, offered, page
from bottega.web.console.returns import queries
from bottega.web.console.work_list import BulkDeed, Column, Filter, WorkList, asked_of
from bottega.web.visit import Visit, staff_of

COLUMNS = (
    Column("Return", "number"),
    Column("Requested", "requested"),
    Column("Order"),
    Column("Customer"),
    Column("Goods"),
    Column("Units", is_number=True),
    Column("Reason"),
    Column("State"),
)
FILTERS = (
    Filter(
        "state",
        "Show",
        (
            ("", "What waits for us"),
            ("requested", "Requested"),
            ("approved", "Approved, not here yet"),
            ("received", "Received, not settled"),
            ("settled", "Settled"),
            ("all", "All returns"),
        ),
    ),
    Filter("kind", "Kind", (("", "Any"), ("return", "Returns"), ("exchange", "Exchanges"))),
)
BULK = (BulkDeed("Approve", "/console/returns/approvals", asks="Let the goods of the chosen returns come back?"),)
CONDITIONS = [("as_new", "As new"), ("opened", "Opened"), ("damaged", "Damaged")]


async def show_all(visit: Visit) -> Response:
    """The inbox, who waits longest first."""
    asked_for = asked_of(visit, sorts=tuple(queries.SORTS), default="requested", filters=FILTERS)
    async with visit.read() as connection:
        rows = await queries.listed(connection, asked_for)
    returns = WorkList(
        "Returns",
        asked_for,
        COLUMNS,
        rows,
        filters=FILTERS,
        searches="Number of a return or an order",
        deeds=offered(visit, SUPPORT, BULK),
        nothing="No return waits for anybody.",
    )
    return await visit.page("console/returns/list.html", private=True, returns=returns)


async def show_one(visit: Visit) -> Response:
    """One return with its goods."""
    async with visit.read() as connection:
        found = await get_return(connection, staff_of(visit), _return_id(visit))
        context = await queries.context_of(connection, found.id)
        lines = await queries.lines_of(connection, found.id)
        history = await history_of(connection, {"shop.returns": [found.id]})
    return await visit.page(
        "console/returns/return.html",
        private=True,
        found=found,
        context=context,
        lines=lines,
        history=history,
        conditions=CONDITIONS,
    )


async def approve(visit: Visit) -> Response:
    return await do(visit, asked(ApproveReturn, return_id=_return_id(visit)), "Approved: the goods may come back.")


async def approve_each(visit: Visit) -> Response:
    async with visit.read() as connection:
        names = await queries.numbers_of(connection, chosen_of(await visit.form()))
    return await do_each(visit, lambda row: asked(ApproveReturn, return_id=row), "Approved.", names=names)


async def reject(visit: Visit) -> Response:
    form = await visit.form()
    action = asked(RejectReturn, return_id=_return_id(visit), reason=form.text("reason"))
    return await do(visit, action, "Rejected: the customer is told why.")


async def receive(visit: Visit) -> Response:
    """What arrived of each line, and how it looks."""
    form = await visit.form()
    lines: list[dict[str, Any]] = []
    for name in form.fields:
        line_id = name.removeprefix("received.")
        if name == line_id or form.number(name) <= 0:
            continue
        restocked = form.text(f"restocked.{line_id}")
        lines.append(
            {
                "return_line_id": line_id,
                "received": form.number(name),
                "condition": form.text(f"condition.{line_id}"),
                "restocked": form.number(f"restocked.{line_id}", -1) if restocked else None,
            }
        )
    if not lines:
        raise Invalid("nothing_received", "No unit is said to have arrived.", next_step="Say how many of which line.")
    action = asked(ReceiveReturn, return_id=_return_id(visit), lines=lines)
    return await do(visit, action, "The goods are here.")


async def complete(visit: Visit) -> Response:
    """The money goes back, or the new goods may leave."""
    form = await visit.form()
    async with visit.read() as connection:
        found = await get_return(connection, staff_of(visit), _return_id(visit))
        context = await queries.context_of(connection, found.id)
    action = asked(
        CompleteReturn,
        return_id=found.id,
        amount_minor=amount(form, "amount", context["currency"]),
        with_shipping=form.is_ticked("with_shipping"),
    )
    return await do(visit, action, "The return is settled.")


async def cancel(visit: Visit) -> Response:
    return await do(visit, asked(CancelReturn, return_id=_return_id(visit)), "The return is taken back.")


def _return_id(visit: Visit) -> str:
    return visit.request.path_params["return_id"]


PAGES = (
    page("/returns", show_all, PEOPLE),
    deed("/returns/approvals", approve_each, SUPPORT),
    page("/returns/{return_id}", show_one, PEOPLE),
    deed("/returns/{return_id}/approval", approve, SUPPORT),
    deed("/returns/{return_id}/rejection", reject, SUPPORT),
    deed("/returns/{return_id}/receipt", receive, PEOPLE),
    deed("/returns/{return_id}/completion", complete, SUPPORT),
    deed("/returns/{return_id}/cancellation", cancel, SUPPORT),
)
