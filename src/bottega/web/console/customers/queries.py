"""What the pages of customers ask: the list, and what belongs to one customer."""

from collections.abc import Mapping
from typing import Any

from bottega.actions.work import lookup_digest
from bottega.platform.database.pool import Connection
from bottega.shop.customers.actions.accounts import ACCOUNT_EMAIL
from bottega.web.console.work_list import Asked

SORTS: Mapping[str, str] = {
    "since": "c.created_at, c.id",
    "orders": "orders, c.id",
    "last": "last_order_at, c.id",
}
# What each choice of the filter means.
KINDS: Mapping[str, str] = {
    "": "c.kind = 'account' AND c.forgotten_at IS NULL",
    "guest": "c.kind = 'guest' AND c.forgotten_at IS NULL",
    "blocked": "c.blocked",
    "forgotten": "c.forgotten_at IS NOT NULL",
    "all": "true",
}


async def listed(connection: Connection, asked: Asked, lookup_key: bytes) -> list[dict[str, Any]]:
    """Customers as asked; a search finds an account's e-mail address, and words of names."""
    email = lookup_digest(lookup_key, ACCOUNT_EMAIL, asked.text) if "@" in asked.text else b""
    rows = await connection.fetch(
        f"{_LIST.format(kind=KINDS[asked.chosen['kind']])} ORDER BY {asked.order(SORTS)} LIMIT $3 OFFSET $4",
        asked.text,
        email,
        asked.limit,
        asked.offset,
    )
    return [dict(row) for row in rows]


async def figures_of(connection: Connection, customer_id: str) -> list[dict[str, Any]]:
    """Per currency: orders that count, what they came to, and what went back."""
    rows = await connection.fetch(
        "SELECT currency, count(*) AS orders, sum(total_minor)::bigint AS total_minor, "
        "(SELECT coalesce(sum(r.amount_minor), 0) FROM shop.refunds r JOIN shop.orders x ON x.id = r.order_id "
        " WHERE x.customer_id = $1 AND x.currency = o.currency AND r.status <> 'failed')::bigint AS refunded_minor "
        "FROM shop.orders o WHERE customer_id = $1 AND status <> 'cancelled' AND payment_status <> 'awaiting' "
        "GROUP BY currency ORDER BY 3 DESC",
        customer_id,
    )
    return [dict(row) for row in rows]


_LIST = """
SELECT c.id, c.kind, vault.reveal(c.name_ref) AS name, vault.reveal(c.email_ref) AS email, c.marketing_consent,
       c.blocked, c.created_at, c.forgotten_at, x.orders, x.last_order_at, x.total_minor, x.currency
FROM shop.customers c LEFT JOIN LATERAL (
    SELECT count(*) AS orders, max(o.placed_at) AS last_order_at, sum(o.total_minor)::bigint AS total_minor,
           min(o.currency) AS currency
    FROM shop.orders o WHERE o.customer_id = c.id AND o.status <> 'cancelled') AS x ON true
WHERE {kind}
  AND ($1 = '' OR c.id = $1
       OR c.id = (SELECT subject_id FROM vault.lookups WHERE kind = 'account_email' AND digest = $2)
       OR strpos(lower(vault.reveal(c.name_ref)), lower($1)) > 0)"""
