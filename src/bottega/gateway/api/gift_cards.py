"""Gift cards: issued by staff with a code that is shown once, and looked up by their owners."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.actions.outcome import Held
from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, decode_cursor, page
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import AnyCaller, Staff, outcome_answer, replayed
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import CustomerId, GiftCardId
from bottega.shop.payments.codes import code_for, digest_of_code
from bottega.shop.payments.gift_cards import (
    CloseGiftCard,
    GiftCard,
    IssueGiftCard,
    get_gift_card,
    gift_card_of_code,
    list_gift_cards,
)

router = APIRouter(prefix="/gift-cards", tags=["gift cards"])

CardPath = Annotated[GiftCardId, Path()]


class IssueBody(RequestBody):
    """How much is put on the card, for whom and why. A code makes it payable by whoever has it."""

    amount_minor: Annotated[int, Field(ge=1, le=1_000_000_000, examples=[5000])]
    currency: Annotated[str | None, Field(pattern="^[A-Z]{3}$")] = None
    customer_id: CustomerId | None = None
    expires_at: datetime | None = None
    reason: Annotated[str, Field(min_length=1, max_length=200, examples=["Bought at the counter"])]
    with_code: bool = True


class GiftCardIssued(BaseModel):
    """The new card; its `code` is shown to the request that issued it and kept nowhere."""

    gift_card_id: str
    amount_minor: int
    currency: str
    code: str | None


class CodeBody(RequestBody):
    """The code as printed; case, spaces and hyphens do not matter."""

    code: Annotated[str, Field(min_length=4, max_length=60, pattern="^[A-Za-z0-9 -]+$")]


class GiftCardClosed(BaseModel):
    """The card after closing."""

    gift_card_id: str
    active: bool


@router.post("", status_code=201, responses={201: {"model": GiftCardIssued}, **responses(404, 409)})
async def issue(caller: Staff, body: IssueBody) -> Response:
    """Puts money on a new card."""
    context = caller.context
    lookup_key = context.performer.lookup_key
    code = code_for(lookup_key, f"{caller.actor.key_scope} {caller.key}") if body.with_code else None
    action = IssueGiftCard(
        amount_minor=body.amount_minor,
        currency=body.currency,
        code_digest=None if code is None else digest_of_code(lookup_key, code),
        customer_id=body.customer_id,
        expires_at=body.expires_at,
        reason=body.reason,
    )
    outcome = await caller.perform(action, key_required=True)
    if isinstance(outcome, Held):
        return outcome_answer(outcome)
    return answer({**outcome.unwrap(), "code": code}, 201, replayed(outcome))


@router.get("", responses={200: {"model": Page[GiftCard]}, **responses()})
async def list_all(
    caller: AnyCaller,
    customer_id: Annotated[CustomerId | None, Query()] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Gift cards; customers see their own."""
    async with caller.context.database.read() as connection:
        rows = await list_gift_cards(
            connection, caller.actor, customer_id=customer_id, after=decode_cursor(cursor), limit=limit + 1
        )
    return answer(page(rows, limit, lambda card: card.id))


@router.get("/{gift_card_id}", responses={200: {"model": GiftCard}, **responses(404)})
async def show(caller: AnyCaller, gift_card_id: CardPath) -> Response:
    """One card with what is left on it."""
    async with caller.context.database.read() as connection:
        return answer(await get_gift_card(connection, caller.actor, gift_card_id))


@router.post("/balance", responses={200: {"model": GiftCard}, **responses(404)})
async def balance(caller: AnyCaller, body: CodeBody) -> Response:
    """What is left on the card with this code."""
    digest = digest_of_code(caller.context.performer.lookup_key, body.code)
    async with caller.context.database.read() as connection:
        return answer(await gift_card_of_code(connection, digest))


@router.post("/{gift_card_id}/closing", responses={200: {"model": GiftCardClosed}, **responses(404, 409)})
async def close(caller: Staff, gift_card_id: CardPath) -> Response:
    """Takes the card out of use."""
    return await caller.answer(CloseGiftCard(gift_card_id=gift_card_id), key_required=True)
