"""What the pages of tickets ask: the inbox, colleagues to hand on to, and who wrote what."""

from collections.abc import Mapping, Sequence
from typing import Any

from bottega.platform.database.pool import Connection
from bottega.shop.support.model import Ticket
from bottega.web.console.work_list import Asked

SORTS: Mapping[str, str] = {
    "priority": "urgency, t.id",
    "updated": "t.updated_at, t.id",
    "number": "t.number, t.id",
}
# What each state of the filter means; without one, what waits for the staff.
STATES: Mapping[str, str] = {
    "": "t.status = 'open'",
    "waiting": "t.status = 'waiting_for_customer'",
    "resolved": "t.status = 'resolved'",
    "closed": "t.status = 'closed'",
    "all": "true",
}
WHOSE: Mapping[str, str] = {"": "true", "mine": "t.assignee_id = $2", "nobody": "t.assignee_id IS NULL AND $2 <> ''"}


async def listed(connection: Connection, asked: Asked, staff_id: str) -> list[dict[str, Any]]:
    """Tickets as asked; a search finds numbers of tickets and orders, and words of subjects."""
    conditions = f"{STATES[asked.chosen['state']]} AND {WHOSE[asked.chosen['whose']]}"
    rows = await connection.fetch(
        f"{_LIST} AND {conditions} ORDER BY {asked.order(SORTS)} LIMIT $3 OFFSET $4",
        asked.text,
        staff_id,
        asked.limit,
        asked.offset,
    )
    return [dict(row) for row in rows]


async def numbers_of(connection: Connection, ticket_ids: Sequence[str]) -> dict[str, str]:
    """The numbers of these tickets, by id."""
    rows = await connection.fetch("SELECT id, number FROM shop.tickets WHERE id = ANY($1::text[])", list(ticket_ids))
    return {row["id"]: row["number"] for row in rows}


async def colleagues(connection: Connection) -> list[tuple[str, str]]:
    """Who may answer tickets, by name."""
    rows = await connection.fetch(
        "SELECT id, coalesce(vault.reveal(name_ref), id) AS name FROM shop.staff "
        "WHERE active AND role IN ('owner', 'manager', 'support') ORDER BY 2"
    )
    return [(row["id"], row["name"]) for row in rows]


async def around(connection: Connection, ticket: Ticket) -> dict[str, Any]:
    """The customer and the order of a ticket, the customer's orders to choose from, and who wrote the messages."""
    row = await connection.fetchrow(_AROUND, ticket.id)
    assert row is not None, "the ticket was read"
    authors = await connection.fetch(
        "SELECT id, vault.reveal(name_ref) AS name FROM shop.staff WHERE id = ANY($1::text[])",
        [message.author_id for message in ticket.messages],
    )
    orders = await connection.fetch(
        "SELECT id, number FROM shop.orders WHERE customer_id = $1 ORDER BY id DESC LIMIT 50", ticket.customer_id
    )
    return {
        **dict(row),
        "authors": {author["id"]: author["name"] for author in authors},
        "orders": [(order["id"], order["number"]) for order in orders],
    }


_LIST = """
SELECT t.id, t.number, t.status, t.priority, t.channel, t.created_at, t.updated_at, t.customer_id, t.order_id,
       vault.reveal(t.subject_ref) AS subject, vault.reveal(c.name_ref) AS customer, o.number AS order_number,
       t.assignee_id, vault.reveal(s.name_ref) AS assignee,
       array_position(ARRAY['low', 'normal', 'high', 'urgent'], t.priority) AS urgency
FROM shop.tickets t LEFT JOIN shop.customers c ON c.id = t.customer_id LEFT JOIN shop.orders o ON o.id = t.order_id
LEFT JOIN shop.staff s ON s.id = t.assignee_id
WHERE ($1 = '' OR t.number = upper($1) OR o.number = upper($1)
       OR strpos(lower(vault.reveal(t.subject_ref)), lower($1)) > 0)
  AND $2::text IS NOT NULL"""

_AROUND = """
SELECT vault.reveal(c.name_ref) AS customer, vault.reveal(c.email_ref) AS email, o.number AS order_number,
       o.status AS order_status, o.payment_status, o.fulfilment_status, o.total_minor, o.currency,
       vault.reveal(s.name_ref) AS assignee
FROM shop.tickets t LEFT JOIN shop.customers c ON c.id = t.customer_id LEFT JOIN shop.orders o ON o.id = t.order_id
LEFT JOIN shop.staff s ON s.id = t.assignee_id WHERE t.id = $1"""
