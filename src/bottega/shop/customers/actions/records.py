"""Customers that come without signing up: guests who order, and customers of another shop, many at a time."""

from collections.abc import Sequence
from typing import Any

from bottega.actions.action import personal_text
from bottega.actions.work import Work, lookup_digest
from bottega.platform.database.pool import Connection
from bottega.shop.customers.actions.accounts import ACCOUNT_EMAIL
from bottega.shop.customers.model import InsertedCustomer, NewCustomer, NewGiftCard


async def ensure_buyer(work: Work, customer_id: str, email_ref: str | None) -> None:
    """A guest who orders for the first time becomes a customer of kind guest; anybody else is known already."""
    await work.connection.execute(
        "INSERT INTO shop.customers (id, kind, email_ref, created_at) VALUES ($1, 'guest', $2, $3) "
        "ON CONFLICT (id) DO NOTHING",
        customer_id,
        email_ref,
        work.now,
    )


async def insert_customer(work: Work, new: NewCustomer) -> InsertedCustomer:
    """One customer of another shop; see `insert_customers`."""
    return (await insert_customers(work, [new]))[0]


async def insert_customers(work: Work, new: Sequence[NewCustomer]) -> list[InsertedCustomer]:
    """Customers with their addresses, gift cards and instruments, in seven statements however many they are.

    The caller posts the gift cards' balances to the ledger as `opening`, and has looked up with `find_customers` who
    is there already: (source, source_id) is unique.
    """
    ids = [work.new_id("cus") for _ in new]
    accounts = await _claim_emails(work, ids, new)
    await _insert_rows(work, ids, new, accounts)
    address_ids = await _insert_addresses(work, ids, new)
    cards = await _insert_gift_cards(work, ids, new)
    instrument_ids = await _insert_instruments(work, ids, new, cards)
    return [
        InsertedCustomer(
            customer_id, "account" if customer_id in accounts else "guest", addresses, instruments, tuple(gift_cards)
        )
        for customer_id, addresses, instruments, gift_cards in zip(ids, address_ids, instrument_ids, cards, strict=True)
    ]


def source_digest(lookup_key: bytes, source: str, source_id: str) -> str:
    """What stands in `shop.customers.source_id` for a customer whom another shop calls `source_id`."""
    return lookup_digest(lookup_key, f"customer of {source}", source_id).hex()


async def find_customers(
    connection: Connection, lookup_key: bytes, source: str, source_ids: Sequence[str]
) -> dict[str, str]:
    """Which of another shop's customers are here already: their id there → their id here."""
    by_digest = {source_digest(lookup_key, source, source_id): source_id for source_id in source_ids}
    rows = await connection.fetch(
        "SELECT id, source_id FROM shop.customers WHERE source = $1 AND source_id = ANY ($2::text[])",
        source,
        list(by_digest),
    )
    return {by_digest[row["source_id"]]: row["id"] for row in rows}


async def _claim_emails(work: Work, ids: Sequence[str], new: Sequence[NewCustomer]) -> set[str]:
    """The ids of those who now have an account under their address; the first of equal addresses gets it."""
    digests: dict[bytes, str] = {}
    for customer_id, customer in zip(ids, new, strict=True):
        if customer.email is not None:
            digests.setdefault(work.lookup_digest(ACCOUNT_EMAIL, customer.email), customer_id)
    rows = await work.connection.fetch(
        "INSERT INTO vault.lookups (kind, digest, subject_id) SELECT $1, r.* FROM unnest($2::bytea[], $3::text[]) AS r "
        "ON CONFLICT DO NOTHING RETURNING subject_id",
        ACCOUNT_EMAIL,
        list(digests),
        list(digests.values()),
    )
    return {row["subject_id"] for row in rows}


async def _insert_rows(work: Work, ids: Sequence[str], new: Sequence[NewCustomer], accounts: set[str]) -> None:
    personal = [
        (customer_id, kind, value)
        for customer_id, customer in zip(ids, new, strict=True)
        for kind, value in (("email", customer.email), ("name", customer.name), ("phone", customer.phone))
        if value
    ]
    kept = await work.keep_many(personal)
    references = {(owner, kind): ref for (owner, kind, _), ref in zip(personal, kept, strict=True)}
    await _insert_records(
        work,
        "shop.customers",
        [
            {
                "id": customer_id,
                "kind": "account" if customer_id in accounts else "guest",
                **{f"{kind}_ref": references.get((customer_id, kind)) for kind in ("email", "name", "phone")},
                "language": customer.language,
                "marketing_consent": customer.marketing_consent,
                "profiling_consent": customer.profiling_consent,
                "blocked": False,
                "source": customer.source,
                "source_id": work.lookup_digest(f"customer of {customer.source}", customer.source_id).hex()
                if customer.source
                else "",
                "created_at": (customer.created_at or work.now).isoformat(),
            }
            for customer_id, customer in zip(ids, new, strict=True)
        ],
    )


async def _insert_addresses(work: Work, ids: Sequence[str], new: Sequence[NewCustomer]) -> list[tuple[str, ...]]:
    numbered = [
        (customer_id, number, address)
        for customer_id, customer in zip(ids, new, strict=True)
        for number, address in enumerate(customer.addresses)
    ]
    if not numbered:
        return [() for _ in new]
    kept = await work.keep_many(
        [(owner, "address", personal_text(address.model_dump())) for owner, _, address in numbered]
    )
    rows = [
        {
            "id": work.new_id("adr"),
            "customer_id": owner,
            "address_ref": reference,
            "country": address.country,
            "is_default": number == 0,
            "created_at": work.now.isoformat(),
        }
        for (owner, number, address), reference in zip(numbered, kept, strict=True)
    ]
    await _insert_records(work, "shop.addresses", rows)
    return _ids_by_owner(ids, rows)


async def _insert_gift_cards(work: Work, ids: Sequence[str], new: Sequence[NewCustomer]) -> list[list[str]]:
    rows = [
        {
            "id": work.new_id("gft"),
            "currency": card.currency,
            "balance_minor": card.balance_minor,
            "customer_id": customer_id,
            "active": True,
            "created_at": work.now.isoformat(),
        }
        for customer_id, customer in zip(ids, new, strict=True)
        for card in _cards_of(customer)
    ]
    await _insert_records(work, "shop.gift_cards", rows)
    return [list(owned) for owned in _ids_by_owner(ids, rows)]


def _cards_of(customer: NewCustomer) -> list[NewGiftCard]:
    held = [instrument.gift_card for instrument in customer.instruments if instrument.gift_card is not None]
    return [*customer.gift_cards, *held]


async def _insert_instruments(
    work: Work, ids: Sequence[str], new: Sequence[NewCustomer], cards: Sequence[list[str]]
) -> list[tuple[str, ...]]:
    rows: list[dict[str, Any]] = []
    for customer_id, customer, card_ids in zip(ids, new, cards, strict=True):
        held = iter(card_ids[len(customer.gift_cards) :])
        rows.extend(
            {
                "id": work.new_id("ins"),
                "customer_id": customer_id,
                "kind": instrument.kind,
                "gateway": instrument.gateway,
                "token": instrument.token,
                "brand": instrument.brand,
                "last_four": instrument.last_four,
                "gift_card_id": None if instrument.gift_card is None else next(held),
                "active": True,
                "source_id": instrument.source_id,
                "created_at": work.now.isoformat(),
            }
            for instrument in customer.instruments
        )
    await _insert_records(work, "shop.instruments", rows)
    return _ids_by_owner(ids, rows)


async def _insert_records(work: Work, table: str, rows: list[dict[str, Any]]) -> None:
    if rows:
        await work.connection.execute(
            f"INSERT INTO {table} SELECT * FROM jsonb_populate_recordset(NULL::{table}, $1::jsonb)", rows
        )


def _ids_by_owner(ids: Sequence[str], rows: Sequence[dict[str, Any]]) -> list[tuple[str, ...]]:
    owned: dict[str, list[str]] = {customer_id: [] for customer_id in ids}
    for row in rows:
        owned[row["customer_id"]].append(row["id"])
    return [tuple(owned[customer_id]) for customer_id in ids]
