"""Reads of tickets: their own for customers, without what is internal; all for staff."""

from typing import Any

from bottega.actions.actor import Actor
from bottega.platform.database.pool import Connection
from bottega.shop.support.errors import no_such_ticket
from bottega.shop.support.model import Ticket, TicketPriority, TicketStatus, TicketSummary

LARGEST_PAGE = 200

_SUMMARY = """
SELECT t.id, t.number, t.customer_id, t.order_id, vault.reveal(t.subject_ref) AS subject, t.status, t.priority,
       t.assignee_id, t.channel, t.created_at, t.updated_at"""

_TICKET = f"""
{_SUMMARY},
       (SELECT jsonb_agg(jsonb_build_object('id', m.id, 'author_kind', m.author_kind, 'author_id', m.author_id,
            'text', vault.reveal(m.text_ref), 'internal', m.internal, 'created_at', m.created_at) ORDER BY m.id)
        FROM shop.ticket_messages m WHERE m.ticket_id = t.id AND ($2::text IS NULL OR NOT m.internal)) AS messages
FROM shop.tickets t WHERE t.id = $1 AND ($2::text IS NULL OR t.customer_id = $2)"""

_LIST = f"""
{_SUMMARY}
FROM shop.tickets t
WHERE ($1::text IS NULL OR t.customer_id = $1) AND ($2::text IS NULL OR t.order_id = $2)
  AND ($3::text IS NULL OR t.status = $3) AND ($4::text IS NULL OR t.priority = $4)
  AND ($5::text IS NULL OR t.assignee_id = $5) AND ($6::boolean IS NULL OR (t.assignee_id IS NULL) = $6)
  AND ($7 = '' OR t.id < $7)
ORDER BY t.id DESC LIMIT $8"""


def _owner_of(actor: Actor) -> str | None:
    return None if actor.kind in ("staff", "system") else actor.customer_id or ""


async def get_ticket(connection: Connection, actor: Actor, ticket_id: str) -> Ticket:
    """One ticket with its messages, oldest first."""
    row = await connection.fetchrow(_TICKET, ticket_id, _owner_of(actor))
    if row is None:
        raise no_such_ticket(ticket_id)
    shown: dict[str, Any] = dict(row)
    shown["messages"] = shown["messages"] or []
    return Ticket.model_validate(shown)


async def list_tickets(
    connection: Connection,
    actor: Actor,
    *,
    customer_id: str | None = None,
    order_id: str | None = None,
    status: TicketStatus | None = None,
    priority: TicketPriority | None = None,
    assignee_id: str | None = None,
    unassigned: bool | None = None,
    before: str = "",
    limit: int = 20,
) -> list[TicketSummary]:
    """Tickets, newest first; customers see their own only."""
    owner = _owner_of(actor)
    rows = await connection.fetch(
        _LIST,
        customer_id if owner is None else owner,
        order_id,
        status,
        priority,
        assignee_id,
        unassigned,
        before,
        min(limit, LARGEST_PAGE + 1),
    )
    return [TicketSummary(**dict(row)) for row in rows]
