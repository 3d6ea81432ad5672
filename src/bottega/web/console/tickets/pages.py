"""The inbox of tickets, one ticket's page, and what is done about it."""

from collections.abc import Callable
from typing import get_args

from starlette.responses import Response

from bottega.actions.action import Action
from bottega.actions.outcome import Done
from bottega.shop.support.actions import (
    AnswerTicket,
    AssignTicket,
    ChangeTicketPriority,
    ChangeTicketStatus,
    EscalateTicket,
    LinkTicket,
    OpenTicket,
)
from bottega.shop.support.model import STATUS_TRANSITIONS, TicketPriority
from bottega.shop.support.queries import get_ticket
from bottega.web.console.asking import asked
from bottega.web.console.doing import chosen_of, do, do_each, tell
from bottega.web.console.history import history_of
from bottega.web.console.registry import PEOPLE, SUPPORT, deed, offered, page
from bottega.web.console.shown import words
from bottega.web.console.tickets import queries
from bottega.web.console.work_list import BulkDeed, Column, Filter, WorkList, asked_of
from bottega.web.visit import Visit, came_from, staff_of

COLUMNS = (
    Column("Ticket", "number"),
    Column("Subject"),
    Column("Customer"),
    Column("Order"),
    Column("Priority", "priority"),
    Column("With"),
    Column("Last word", "updated"),
    Column("State"),
)
FILTERS = (
    Filter(
        "state",
        "Show",
        (
            ("", "Open"),
            ("waiting", "Waiting for the customer"),
            ("resolved", "Resolved"),
            ("closed", "Closed"),
            ("all", "All tickets"),
        ),
    ),
    Filter("whose", "With", (("", "Anybody"), ("mine", "Me"), ("nobody", "Nobody"))),
)
BULK = (
    BulkDeed("Take them", "/console/tickets/mine"),
    BulkDeed("Resolve", "/console/tickets/resolutions", asks="Call the chosen tickets resolved?"),
    BulkDeed("Close", "/console/tickets/closings", asks="Close the chosen tickets for good?"),
)
PRIORITIES = [(priority, words(priority)) for priority in get_args(TicketPriority)]


async def show_all(visit: Visit) -> Response:
    """The inbox, what is most urgent first."""
    asked_for = asked_of(visit, sorts=tuple(queries.SORTS), default="-priority", filters=FILTERS)
    async with visit.read() as connection:
        rows = await queries.listed(connection, asked_for, staff_of(visit).id)
    tickets = WorkList(
        "Tickets",
        asked_for,
        COLUMNS,
        rows,
        filters=FILTERS,
        searches="Number, order, or words of the subject",
        deeds=offered(visit, SUPPORT, BULK),
        nothing="Nobody waits for an answer.",
    )
    return await visit.page("console/tickets/list.html", private=True, tickets=tickets, priorities=PRIORITIES)


async def show_one(visit: Visit) -> Response:
    """One ticket with its messages."""
    async with visit.read() as connection:
        ticket = await get_ticket(connection, staff_of(visit), _ticket_id(visit))
        around = await queries.around(connection, ticket)
        colleagues = await queries.colleagues(connection)
        history = await history_of(connection, {"shop.tickets": [ticket.id]})
    return await visit.page(
        "console/tickets/ticket.html",
        private=True,
        ticket=ticket,
        around=around,
        colleagues=[("", "Nobody"), *colleagues],
        priorities=PRIORITIES,
        following=[status for status in _ORDER if status in STATUS_TRANSITIONS[ticket.status]],
        history=history,
        me=staff_of(visit).id,
    )


_ORDER = ("open", "waiting_for_customer", "resolved", "closed")


async def open_one(visit: Visit) -> Response:
    """Written down by a colleague, for instance after a telephone call."""
    form = await visit.form()
    action = asked(
        OpenTicket,
        subject=form.text("subject"),
        text=form.text("text"),
        customer_id=form.optional("customer_id"),
        order_id=form.optional("order_id"),
        priority=form.text("priority", "normal"),
        channel="staff",
    )
    outcome = await visit.perform(action, form.key)
    tell(visit, outcome, "The ticket is open.")
    if isinstance(outcome, Done):
        return visit.redirect(f"/console/tickets/{outcome.result['ticket_id']}")
    return visit.redirect(came_from(visit))


async def answer(visit: Visit) -> Response:
    """To the customer by mail, or to colleagues alone; the second button also resolves it."""
    form = await visit.form()
    internal = form.text("step") == "internal"
    action = asked(AnswerTicket, ticket_id=_ticket_id(visit), text=form.text("text"), internal=internal)
    if form.text("step") != "resolve":
        return await do(visit, action, "Noted for colleagues." if internal else "The answer is on its way.")
    outcome = await visit.perform(action, form.key)
    if not isinstance(outcome, Done):
        tell(visit, outcome, "")
        return visit.redirect(came_from(visit))
    resolve = asked(ChangeTicketStatus, ticket_id=_ticket_id(visit), status="resolved")
    return await do(visit, resolve, "Answered and resolved.")


async def assign(visit: Visit) -> Response:
    form = await visit.form()
    action = asked(AssignTicket, ticket_id=_ticket_id(visit), assignee_id=form.optional("assignee_id"))
    return await do(visit, action, "The ticket is handed on.")


async def change_status(visit: Visit) -> Response:
    form = await visit.form()
    action = asked(ChangeTicketStatus, ticket_id=_ticket_id(visit), status=form.text("status"))
    return await do(visit, action, "The state is changed.")


async def change_priority(visit: Visit) -> Response:
    form = await visit.form()
    action = asked(ChangeTicketPriority, ticket_id=_ticket_id(visit), priority=form.text("priority"))
    return await do(visit, action, "The priority is changed.")


async def link(visit: Visit) -> Response:
    form = await visit.form()
    action = asked(LinkTicket, ticket_id=_ticket_id(visit), order_id=form.text("order_id"))
    return await do(visit, action, "The ticket names its order now.")


async def escalate(visit: Visit) -> Response:
    form = await visit.form()
    action = asked(EscalateTicket, ticket_id=_ticket_id(visit), reason=form.text("reason"))
    return await do(visit, action, "The ticket is moved up.")


async def take_each(visit: Visit) -> Response:
    me = staff_of(visit).id
    return await _each(visit, lambda row: asked(AssignTicket, ticket_id=row, assignee_id=me), "They are yours.")


async def resolve_each(visit: Visit) -> Response:
    return await _each(visit, lambda row: asked(ChangeTicketStatus, ticket_id=row, status="resolved"), "Resolved.")


async def close_each(visit: Visit) -> Response:
    return await _each(visit, lambda row: asked(ChangeTicketStatus, ticket_id=row, status="closed"), "Closed.")


async def _each(visit: Visit, action_of: Callable[[str], Action], said: str) -> Response:
    async with visit.read() as connection:
        names = await queries.numbers_of(connection, chosen_of(await visit.form()))
    return await do_each(visit, action_of, said, names=names)


def _ticket_id(visit: Visit) -> str:
    return visit.request.path_params["ticket_id"]


PAGES = (
    page("/tickets", show_all, PEOPLE),
    deed("/tickets", open_one, SUPPORT),
    deed("/tickets/mine", take_each, SUPPORT),
    deed("/tickets/resolutions", resolve_each, SUPPORT),
    deed("/tickets/closings", close_each, SUPPORT),
    page("/tickets/{ticket_id}", show_one, PEOPLE),
    deed("/tickets/{ticket_id}/messages", answer, SUPPORT),
    deed("/tickets/{ticket_id}/assignee", assign, SUPPORT),
    deed("/tickets/{ticket_id}/status", change_status, SUPPORT),
    deed("/tickets/{ticket_id}/priority", change_priority, SUPPORT),
    deed("/tickets/{ticket_id}/order", link, SUPPORT),
    deed("/tickets/{ticket_id}/escalation", escalate, SUPPORT),
)
