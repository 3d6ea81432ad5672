"""Tickets: questions and complaints, their messages, and who looks after them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, answer_with_etag, decode_cursor, page
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import AnyCaller, Staff
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import CustomerId, OrderId, StaffId, TicketId
from bottega.shop.support.actions import (
    AnswerTicket,
    AssignTicket,
    ChangeTicketPriority,
    ChangeTicketStatus,
    EscalateTicket,
    LinkTicket,
    OpenTicket,
    Subject,
    Text,
)
from bottega.shop.support.model import Ticket, TicketPriority, TicketStatus, TicketSummary
from bottega.shop.support.queries import get_ticket, list_tickets

router = APIRouter(prefix="/tickets", tags=["support"])

TicketPath = Annotated[TicketId, Path()]


class TicketBody(RequestBody):
    """A subject and a first message; staff may name the customer and choose the priority."""

    subject: Subject
    text: Text
    customer_id: CustomerId | None = None
    order_id: OrderId | None = None
    priority: TicketPriority = "normal"


class MessageBody(RequestBody):
    """A message; an internal one is for the staff."""

    text: Text
    internal: bool = False


class AssigneeBody(RequestBody):
    """A colleague, or nobody."""

    assignee_id: StaffId | None


class StatusBody(RequestBody):
    """Where the ticket stands; customers may say resolved."""

    status: TicketStatus


class PriorityBody(RequestBody):
    """How soon it has to be answered."""

    priority: TicketPriority


class OrderBody(RequestBody):
    """The order that it is about."""

    order_id: OrderId


class EscalationBody(RequestBody):
    """Why, and to whom if that is known."""

    reason: Text
    assignee_id: StaffId | None = None


class TicketOpened(BaseModel):
    """The ticket and its first message."""

    ticket_id: str
    number: str
    message_id: str
    status: TicketStatus


class MessageWritten(BaseModel):
    """The message, and where the ticket stands with it."""

    ticket_id: str
    message_id: str
    status: TicketStatus


class TicketAssigned(BaseModel):
    """Who looks after it."""

    ticket_id: str
    assignee_id: str | None


class StatusChanged(BaseModel):
    """Where it stands."""

    ticket_id: str
    status: TicketStatus


class PriorityChanged(BaseModel):
    """How soon it has to be answered."""

    ticket_id: str
    priority: TicketPriority


class TicketLinked(BaseModel):
    """The order and its customer."""

    ticket_id: str
    order_id: str
    customer_id: str


class TicketEscalated(BaseModel):
    """The new priority, and the internal message with the reason."""

    ticket_id: str
    message_id: str
    priority: TicketPriority


@router.post("", status_code=201, responses={201: {"model": TicketOpened}, **responses(404)})
async def open_one(caller: AnyCaller, body: TicketBody) -> Response:
    """Opens a ticket."""
    return await caller.answer(OpenTicket(**body.model_dump()), status=201)


@router.get("", responses={200: {"model": Page[TicketSummary]}, **responses()})
async def list_all(
    caller: AnyCaller,
    customer_id: Annotated[CustomerId | None, Query()] = None,
    order_id: Annotated[OrderId | None, Query()] = None,
    status: Annotated[TicketStatus | None, Query()] = None,
    priority: Annotated[TicketPriority | None, Query()] = None,
    assignee_id: Annotated[StaffId | None, Query()] = None,
    unassigned: Annotated[bool | None, Query()] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Tickets, newest first; customers see their own."""
    async with caller.context.database.read() as connection:
        rows = await list_tickets(
            connection,
            caller.actor,
            customer_id=customer_id,
            order_id=order_id,
            status=status,
            priority=priority,
            assignee_id=assignee_id,
            unassigned=unassigned,
            before=decode_cursor(cursor),
            limit=limit + 1,
        )
    return answer(page(rows, limit, lambda ticket: ticket.id))


@router.get("/{ticket_id}", responses={200: {"model": Ticket}, **responses(404)})
async def show(request: Request, caller: AnyCaller, ticket_id: TicketPath) -> Response:
    """One ticket with its messages; customers do not see the internal ones."""
    async with caller.context.database.read() as connection:
        ticket = await get_ticket(connection, caller.actor, ticket_id)
    return answer_with_etag(request, ticket.model_dump(mode="json"))


@router.post(
    "/{ticket_id}/messages", status_code=201, responses={201: {"model": MessageWritten}, **responses(404, 409)}
)
async def write(caller: AnyCaller, ticket_id: TicketPath, body: MessageBody) -> Response:
    """Writes a message into the ticket."""
    action = AnswerTicket(ticket_id=ticket_id, text=body.text, internal=body.internal)
    return await caller.answer(action, status=201)


@router.put("/{ticket_id}/status", responses={200: {"model": StatusChanged}, **responses(404, 409)})
async def change_status(caller: AnyCaller, ticket_id: TicketPath, body: StatusBody) -> Response:
    """Moves the ticket on."""
    return await caller.answer(ChangeTicketStatus(ticket_id=ticket_id, status=body.status))


@router.put("/{ticket_id}/assignee", responses={200: {"model": TicketAssigned}, **responses(404)})
async def assign(caller: Staff, ticket_id: TicketPath, body: AssigneeBody) -> Response:
    """Gives the ticket to a colleague, or to nobody."""
    return await caller.answer(AssignTicket(ticket_id=ticket_id, assignee_id=body.assignee_id))


@router.put("/{ticket_id}/priority", responses={200: {"model": PriorityChanged}, **responses(404)})
async def change_priority(caller: Staff, ticket_id: TicketPath, body: PriorityBody) -> Response:
    """Says how soon it has to be answered."""
    return await caller.answer(ChangeTicketPriority(ticket_id=ticket_id, priority=body.priority))


@router.put("/{ticket_id}/order", responses={200: {"model": TicketLinked}, **responses(404)})
async def link(caller: Staff, ticket_id: TicketPath, body: OrderBody) -> Response:
    """Says which order it is about."""
    return await caller.answer(LinkTicket(ticket_id=ticket_id, order_id=body.order_id))


@router.post("/{ticket_id}/escalation", responses={200: {"model": TicketEscalated}, **responses(404, 409)})
async def escalate(caller: Staff, ticket_id: TicketPath, body: EscalationBody) -> Response:
    """Moves the ticket up, with the reason as an internal message."""
    action = EscalateTicket(ticket_id=ticket_id, reason=body.reason, assignee_id=body.assignee_id)
    return await caller.answer(action)
