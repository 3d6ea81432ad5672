"""What happens to tickets: opened, answered, assigned, moved on, escalated."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bottega.actions.action import Action, Personal
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.identifiers import CustomerId, OrderId, StaffId, TicketId
from bottega.platform.database.pool import Row
from bottega.shop.support.errors import (
    no_such_colleague,
    no_such_customer,
    no_such_order,
    no_such_ticket,
    staff_only,
    ticket_closed,
    too_many_messages,
    wrong_status,
)
from bottega.shop.support.model import NEXT_PRIORITY, STATUS_TRANSITIONS, TicketPriority, TicketStatus

MOST_MESSAGES = 500
# The effect that mails an answer of the staff to the ticket's customer.
ANSWERED = "mail.ticket_answered"

Subject = Annotated[str, Field(min_length=1, max_length=200)]
Text = Annotated[str, Field(min_length=1, max_length=10_000)]


class OpenTicket(Action):
    """A question or a complaint, of a customer or written down by staff for one; about an order if it is named."""

    groups: ClassVar[tuple[str, ...]] = ("own", "support", "light")
    subject: Annotated[Subject, Personal("ticket_subject")]
    text: Annotated[Text, Personal("ticket_message")]
    customer_id: CustomerId | None = None
    order_id: OrderId | None = None
    priority: TicketPriority = "normal"
    channel: Annotated[str, Field(pattern="^[a-z_]{1,20}$")] = "api"


class AnswerTicket(Action):
    """A message in a ticket; an internal one is seen by the staff alone."""

    groups: ClassVar[tuple[str, ...]] = ("own", "support")
    ticket_id: TicketId
    text: Annotated[Text, Personal("ticket_message")]
    internal: bool = False


class AssignTicket(Action):
    """Gives a ticket to a colleague, or to nobody."""

    groups: ClassVar[tuple[str, ...]] = ("support", "light")
    ticket_id: TicketId
    assignee_id: StaffId | None = None


class ChangeTicketStatus(Action):
    """Moves a ticket on; its customer may call it resolved."""

    groups: ClassVar[tuple[str, ...]] = ("own", "support")
    ticket_id: TicketId
    status: TicketStatus


class ChangeTicketPriority(Action):
    """How soon it has to be answered."""

    groups: ClassVar[tuple[str, ...]] = ("support", "light")
    ticket_id: TicketId
    priority: TicketPriority


class LinkTicket(Action):
    """Says which order a ticket is about; an order of the ticket's customer."""

    groups: ClassVar[tuple[str, ...]] = ("support", "light")
    ticket_id: TicketId
    order_id: OrderId


class EscalateTicket(Action):
    """Moves a ticket up: one priority higher, back to whoever takes it next, with the reason as an internal message."""

    groups: ClassVar[tuple[str, ...]] = ("support",)
    ticket_id: TicketId
    reason: Annotated[Text, Personal("ticket_message")]
    assignee_id: StaffId | None = None


async def open_facts(action: OpenTicket, work: Work) -> Facts:
    """Whose ticket it will be; the order and the customer have to belong together."""
    customer_id = work.actor.customer_id or action.customer_id
    owner: str | None = None
    if action.order_id is not None:
        owner = await work.connection.fetchval("SELECT customer_id FROM shop.orders WHERE id = $1", action.order_id)
        if owner is None or (customer_id is not None and owner != customer_id):
            raise no_such_order(action.order_id)
    if work.actor.customer_id is None and customer_id is not None and not await _is_customer(work, customer_id):
        raise no_such_customer(customer_id)
    work.loaded["customer_id"] = customer_id or owner
    return {"own": work.actor.customer_id is not None and action.customer_id in (None, work.actor.customer_id)}


async def _is_customer(work: Work, customer_id: str) -> bool:
    return await work.connection.fetchval("SELECT EXISTS (SELECT FROM shop.customers WHERE id = $1)", customer_id)


@handles(OpenTicket, facts=open_facts)
async def open_ticket(action: OpenTicket, work: Work) -> dict[str, Any]:
    """The ticket and its first message; a guest becomes a customer by it. Customers do not choose the priority."""
    customer_id: str | None = work.loaded["customer_id"]
    if work.actor.kind != "staff" and action.priority != "normal":
        raise staff_only("The priority")
    ticket_id = work.new_id("tck")
    if work.actor.customer_id is not None:
        await work.connection.execute(
            "INSERT INTO shop.customers (id, kind, created_at) VALUES ($1, 'guest', $2) ON CONFLICT (id) DO NOTHING",
            customer_id,
            work.now,
        )
    kept = await work.keep_all(
        customer_id or ticket_id, {"ticket_subject": action.subject, "ticket_message": action.text}
    )
    number = await work.connection.fetchval(
        "INSERT INTO shop.tickets (id, number, customer_id, order_id, subject_ref, status, priority, channel, "
        "created_at, updated_at) "
        "VALUES ($1, 'T-' || nextval('shop.ticket_numbers'), $2, $3, $4, 'open', $5, $6, $7, $7) RETURNING number",
        ticket_id,
        customer_id,
        action.order_id,
        kept["ticket_subject"],
        action.priority,
        action.channel,
        work.now,
    )
    message_id = await _insert_message(work, ticket_id, kept["ticket_message"], internal=False)
    return {"ticket_id": ticket_id, "number": number, "message_id": message_id, "status": "open"}


async def ticket_facts(action: Any, work: Work) -> Facts:
    """Loads and locks the ticket; whether it is the actor's."""
    ticket = await lock_ticket(work, action.ticket_id)
    return {"own": work.actor.customer_id is not None and ticket["customer_id"] == work.actor.customer_id}


async def lock_ticket(work: Work, ticket_id: str) -> Row:
    """The ticket's row, locked, once per action; customers and their agents find their own only."""
    ticket: Row | None = work.loaded.get(ticket_id)
    if ticket is None:
        ticket = await work.connection.fetchrow("SELECT * FROM shop.tickets WHERE id = $1 FOR UPDATE", ticket_id)
    is_customers = work.actor.kind == "customer" or work.actor.on_behalf_of is not None
    if ticket is None or (is_customers and ticket["customer_id"] != work.actor.customer_id):
        raise no_such_ticket(ticket_id)
    work.loaded[ticket_id] = ticket
    return ticket


@handles(AnswerTicket, facts=ticket_facts)
async def answer_ticket(action: AnswerTicket, work: Work) -> dict[str, Any]:
    """A customer's message opens the ticket again; an answer of the staff makes it wait for the customer."""
    ticket = await lock_ticket(work, action.ticket_id)
    if ticket["status"] == "closed":
        raise ticket_closed(ticket["number"])
    if action.internal and work.actor.customer_id is not None:
        raise staff_only("An internal message")
    written = await work.connection.fetchval(
        "SELECT count(*) FROM shop.ticket_messages WHERE ticket_id = $1", ticket["id"]
    )
    if written >= MOST_MESSAGES:
        raise too_many_messages(ticket["number"], MOST_MESSAGES)
    reference = await work.keep(ticket["customer_id"] or ticket["id"], "ticket_message", action.text)
    message_id = await _insert_message(work, ticket["id"], reference, internal=action.internal)
    status: str = ticket["status"]
    if not action.internal:
        status = "open" if work.actor.customer_id is not None else "waiting_for_customer"
    if status == "waiting_for_customer" and not action.internal and ticket["customer_id"] is not None:
        payload = {"ticket_id": ticket["id"], "message_id": message_id}
        await work.intend(ANSWERED, payload, key=f"{ANSWERED}:{message_id}")
    await _update(work, ticket["id"], status=status)
    return {"ticket_id": ticket["id"], "message_id": message_id, "status": status}


@handles(AssignTicket, facts=ticket_facts, undoable=True)
async def assign_ticket(action: AssignTicket, work: Work) -> dict[str, Any]:
    ticket = await lock_ticket(work, action.ticket_id)
    await _check_colleague(work, action.assignee_id)
    await _update(work, ticket["id"], assignee_id=action.assignee_id)
    return {"ticket_id": ticket["id"], "assignee_id": action.assignee_id}


@handles(ChangeTicketStatus, facts=ticket_facts)
async def change_ticket_status(action: ChangeTicketStatus, work: Work) -> dict[str, Any]:
    ticket = await lock_ticket(work, action.ticket_id)
    if work.actor.customer_id is not None and action.status != "resolved":
        raise staff_only("Any status but resolved")
    if action.status != ticket["status"]:
        if action.status not in STATUS_TRANSITIONS[ticket["status"]]:
            raise wrong_status(ticket["number"], ticket["status"], action.status)
        await _update(work, ticket["id"], status=action.status)
    return {"ticket_id": ticket["id"], "status": action.status}


@handles(ChangeTicketPriority, facts=ticket_facts, undoable=True)
async def change_ticket_priority(action: ChangeTicketPriority, work: Work) -> dict[str, Any]:
    ticket = await lock_ticket(work, action.ticket_id)
    await _update(work, ticket["id"], priority=action.priority)
    return {"ticket_id": ticket["id"], "priority": action.priority}


@handles(LinkTicket, facts=ticket_facts, undoable=True)
async def link_ticket(action: LinkTicket, work: Work) -> dict[str, Any]:
    """A ticket without a customer becomes that of the order's."""
    ticket = await lock_ticket(work, action.ticket_id)
    owner = await work.connection.fetchval("SELECT customer_id FROM shop.orders WHERE id = $1", action.order_id)
    if owner is None or ticket["customer_id"] not in (None, owner):
        raise no_such_order(action.order_id)
    await _update(work, ticket["id"], order_id=action.order_id, customer_id=owner)
    return {"ticket_id": ticket["id"], "order_id": action.order_id, "customer_id": owner}


@handles(EscalateTicket, facts=ticket_facts)
async def escalate_ticket(action: EscalateTicket, work: Work) -> dict[str, Any]:
    ticket = await lock_ticket(work, action.ticket_id)
    if ticket["status"] == "closed":
        raise ticket_closed(ticket["number"])
    await _check_colleague(work, action.assignee_id)
    reference = await work.keep(ticket["customer_id"] or ticket["id"], "ticket_message", action.reason)
    message_id = await _insert_message(work, ticket["id"], reference, internal=True)
    priority = NEXT_PRIORITY[ticket["priority"]]
    await _update(work, ticket["id"], status="open", priority=priority, assignee_id=action.assignee_id)
    return {"ticket_id": ticket["id"], "message_id": message_id, "priority": priority}


async def _check_colleague(work: Work, staff_id: str | None) -> None:
    known = staff_id is None or await work.connection.fetchval(
        "SELECT EXISTS (SELECT FROM shop.staff WHERE id = $1 AND active)", staff_id
    )
    if not known:
        raise no_such_colleague(str(staff_id))


async def _insert_message(work: Work, ticket_id: str, reference: str, *, internal: bool) -> str:
    message_id = work.new_id("msg")
    await work.connection.execute(
        "INSERT INTO shop.ticket_messages (id, ticket_id, author_kind, author_id, text_ref, internal, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        message_id,
        ticket_id,
        work.actor.kind,
        work.actor.id,
        reference,
        internal,
        work.now,
    )
    return message_id


async def _update(work: Work, ticket_id: str, **columns: Any) -> None:
    names = "".join(f", {name} = ${place}" for place, name in enumerate(columns, start=3))
    await work.connection.execute(
        f"UPDATE shop.tickets SET updated_at = $2{names} WHERE id = $1", ticket_id, work.now, *columns.values()
    )
    work.loaded.pop(ticket_id, None)
