"""Stored instruments: references to what a payment gateway keeps, never a card number."""

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.kernel.identifiers import CustomerId, InstrumentId
from bottega.shop.customers.actions.accounts import account, customer_facts
from bottega.shop.customers.errors import looks_like_a_card_number, no_such_instrument, too_many_instruments

MOST_INSTRUMENTS = 50
_CARD_NUMBER = re.compile(r"^[0-9 -]{12,25}$")


class AddInstrument(Action):
    """Stores the token under which a gateway keeps a card or wallet."""

    groups: ClassVar[tuple[str, ...]] = ("own", "customers", "account")
    customer_id: CustomerId
    kind: Literal["card", "wallet"]
    gateway: Annotated[str, Field(pattern="^[a-z_]{1,20}$")]
    token: Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[!-~]+$")]
    brand: Annotated[str, Field(max_length=40)] = ""
    last_four: Annotated[str, Field(pattern="^([0-9]{4})?$")] = ""


class RemoveInstrument(Action):
    """Stops offering a stored instrument; payments that were made with it keep their record of it."""

    groups: ClassVar[tuple[str, ...]] = ("own", "customers", "account")
    customer_id: CustomerId
    instrument_id: InstrumentId


@handles(AddInstrument, facts=customer_facts)
async def add_instrument(action: AddInstrument, work: Work) -> dict[str, Any]:
    customer = account(work)
    if _CARD_NUMBER.match(action.token):
        raise looks_like_a_card_number()
    kept = await work.connection.fetchval(
        "SELECT count(*) FROM shop.instruments WHERE customer_id = $1 AND active", customer["id"]
    )
    if kept >= MOST_INSTRUMENTS:
        raise too_many_instruments(MOST_INSTRUMENTS)
    instrument_id = work.new_id("ins")
    await work.connection.execute(
        "INSERT INTO shop.instruments (id, customer_id, kind, gateway, token, brand, last_four, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        instrument_id,
        customer["id"],
        action.kind,
        action.gateway,
        action.token,
        action.brand,
        action.last_four,
        work.now,
    )
    return {"customer_id": customer["id"], "instrument_id": instrument_id}


@handles(RemoveInstrument, facts=customer_facts, undoable=True)
async def remove_instrument(action: RemoveInstrument, work: Work) -> dict[str, Any]:
    customer = account(work)
    removed = await work.connection.fetchval(
        "UPDATE shop.instruments SET active = false WHERE id = $2 AND customer_id = $1 AND active RETURNING id",
        customer["id"],
        action.instrument_id,
    )
    if removed is None:
        raise no_such_instrument(action.instrument_id)
    return {"customer_id": customer["id"], "instrument_id": action.instrument_id}
