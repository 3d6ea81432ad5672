"""Reads of customers: their own for customers, all for staff."""

from typing import Any

import orjson

from bottega.actions.actor import Actor
from bottega.actions.work import lookup_digest
from bottega.platform.database.pool import Connection
from bottega.shop.customers.actions.accounts import ACCOUNT_EMAIL
from bottega.shop.customers.errors import no_such_customer
from bottega.shop.customers.model import Customer, CustomerKind, CustomerSummary

LARGEST_PAGE = 200

_SUMMARY = """
SELECT c.id, c.kind, vault.reveal(c.email_ref) AS email, vault.reveal(c.name_ref) AS name,
       vault.reveal(c.phone_ref) AS phone, c.language, c.marketing_consent, c.profiling_consent, c.blocked,
       c.created_at, c.forgotten_at"""

_CUSTOMER = f"""
{_SUMMARY},
       (SELECT jsonb_agg(jsonb_build_object('id', a.id, 'address', vault.reveal(a.address_ref),
            'is_default', a.is_default, 'created_at', a.created_at) ORDER BY a.id)
        FROM shop.addresses a WHERE a.customer_id = c.id) AS addresses,
       (SELECT jsonb_agg(to_jsonb(i) ORDER BY i.id) FROM (
            SELECT id, kind, gateway, brand, last_four, gift_card_id, created_at FROM shop.instruments
            WHERE customer_id = c.id AND active) AS i) AS instruments,
       (SELECT jsonb_agg(to_jsonb(g) ORDER BY g.id) FROM (
            SELECT id, currency, balance_minor, expires_at, active, created_at FROM shop.gift_cards
            WHERE customer_id = c.id) AS g) AS gift_cards
FROM shop.customers c
WHERE c.id = $1 AND ($2::text IS NULL OR c.id = $2)"""

_LIST = f"""
{_SUMMARY}
FROM shop.customers c
WHERE ($1::text IS NULL OR c.id = (SELECT subject_id FROM vault.lookups WHERE kind = '{ACCOUNT_EMAIL}' AND digest = $2))
  AND ($3::text IS NULL OR c.kind = $3) AND ($4::boolean IS NULL OR c.blocked = $4) AND ($5 = '' OR c.id < $5)
ORDER BY c.id DESC LIMIT $6"""


async def get_customer(connection: Connection, actor: Actor, customer_id: str) -> Customer:
    """The customer with addresses, active instruments and gift cards; customers see themselves only."""
    owner = None if actor.kind in ("staff", "system") else actor.customer_id or ""
    row = await connection.fetchrow(_CUSTOMER, customer_id, owner)
    if row is None:
        raise no_such_customer(customer_id)
    shown: dict[str, Any] = dict(row)
    for name in ("addresses", "instruments", "gift_cards"):
        shown[name] = shown[name] or []
    shown["addresses"] = [
        {**stored, "address": orjson.loads(stored["address"])} for stored in shown["addresses"] if stored["address"]
    ]
    return Customer.model_validate(shown)


async def list_customers(
    connection: Connection,
    lookup_key: bytes,
    *,
    email: str | None = None,
    kind: CustomerKind | None = None,
    blocked: bool | None = None,
    before: str = "",
    limit: int = 20,
) -> list[CustomerSummary]:
    """Customers, newest first, for staff; `email` finds the account with exactly that address."""
    rows = await connection.fetch(
        _LIST,
        email,
        b"" if email is None else lookup_digest(lookup_key, ACCOUNT_EMAIL, email),
        kind,
        blocked,
        before,
        min(limit, LARGEST_PAGE + 1),
    )
    return [CustomerSummary.model_validate(dict(row)) for row in rows]


async def find_account(connection: Connection, lookup_key: bytes, email: str) -> str | None:
    """The customer id of the account that signs in with an address, in any case of letters."""
    return await connection.fetchval(
        "SELECT subject_id FROM vault.lookups WHERE kind = $1 AND digest = $2",
        ACCOUNT_EMAIL,
        lookup_digest(lookup_key, ACCOUNT_EMAIL, email),
    )
