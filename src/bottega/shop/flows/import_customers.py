"""Customers of another shop: accounts, addresses, instruments and gift cards of many people in one action."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bottega.actions.action import Action, Personal
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.shop.customers.actions import insert_customers
from bottega.shop.customers.model import InsertedCustomer, NewCustomer, NewGiftCard, NewInstrument
from bottega.shop.flows.shop_files.records import CustomerRecord, SourceName
from bottega.shop.payments.ledger import Movement, gift_card_account, post

MAXIMUM_ROWS = 200


class ImportCustomers(Action):
    """Takes over customers who are not here yet; who is here stays as they are."""

    groups: ClassVar[tuple[str, ...]] = ("imports",)
    source: SourceName
    customers: Annotated[
        tuple[CustomerRecord, ...], Field(min_length=1, max_length=MAXIMUM_ROWS), Personal("imported_customers")
    ]


async def import_customers_facts(action: ImportCustomers, work: Work) -> Facts:
    """How many people."""
    del work
    return {"rows_changed": len(action.customers)}


@handles(ImportCustomers, facts=import_customers_facts)
async def import_customers(action: ImportCustomers, work: Work) -> dict[str, Any]:
    """Rows for the new ones, and an opening entry in the ledger for what their gift cards hold."""
    known = await customer_rows(work, action.source, [record.source_id for record in action.customers])
    new: dict[str, NewCustomer] = {}
    for record in action.customers:
        if record.source_id not in known:
            new.setdefault(record.source_id, _new_customer(action.source, record))
    inserted = await insert_customers(work, list(new.values())) if new else []
    await post(
        work,
        *(
            movement
            for customer, person in zip(new.values(), inserted, strict=True)
            for movement in _openings(customer, person)
        ),
    )
    return {
        "created": len(new),
        "unchanged": len(action.customers) - len(new),
        "customer_ids": [person.id for person in inserted],
    }


async def customer_rows(work: Work, source: str, source_ids: list[str]) -> dict[str, dict[str, Any]]:
    """Another shop's customers who are here: id there → id and e-mail reference here."""
    by_digest = {work.lookup_digest(f"customer of {source}", known).hex(): known for known in source_ids}
    rows = await work.connection.fetch(
        "SELECT id, source_id, email_ref FROM shop.customers WHERE source = $1 AND source_id = ANY ($2::text[])",
        source,
        list(by_digest),
    )
    return {by_digest[row["source_id"]]: {"id": row["id"], "email_ref": row["email_ref"]} for row in rows}


def _new_customer(source: str, record: CustomerRecord) -> NewCustomer:
    return NewCustomer(
        name=record.name,
        email=record.email,
        addresses=() if record.address is None else (record.address,),
        instruments=tuple(
            NewInstrument(
                kind=instrument.kind,
                gateway=instrument.gateway,
                token=instrument.token,
                brand=instrument.brand,
                last_four=instrument.last_four,
                source_id=instrument.source_id,
                gift_card=NewGiftCard(instrument.currency, instrument.balance_minor or 0)
                if instrument.kind == "gift_card"
                else None,
            )
            for instrument in record.instruments
        ),
        source=source,
        source_id=record.source_id,
    )


def _openings(customer: NewCustomer, person: InsertedCustomer) -> list[Movement]:
    cards = [*customer.gift_cards, *(held.gift_card for held in customer.instruments if held.gift_card is not None)]
    return [
        Movement("opening", "imported", gift_card_account(card_id), card.balance_minor, card.currency)
        for card, card_id in zip(cards, person.gift_card_ids, strict=True)
        if card.balance_minor > 0
    ]
