"""Gift cards: issuing, closing and reading them; their worth is an account of the ledger."""

from datetime import datetime
from typing import Annotated, Any, ClassVar

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import CustomerId, GiftCardId
from bottega.kernel.money import check_currency
from bottega.platform.database.pool import Connection
from bottega.shop import shop_settings
from bottega.shop.payments.errors import code_taken, no_such_gift_card
from bottega.shop.payments.ledger import Movement, gift_card_account, post

ISSUED_ACCOUNT = "gift_cards_issued"
CREDITS_TODAY = "refunds"
Digest = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


class IssueGiftCard(Action):
    """Puts money on a new card; the code exists at the edge only, here is its keyed digest."""

    groups: ClassVar[tuple[str, ...]] = ("money", "credits")
    amount_minor: Annotated[int, Field(ge=1, le=1_000_000_000)]
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    code_digest: Digest | None = None
    customer_id: CustomerId | None = None
    expires_at: datetime | None = None
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class CloseGiftCard(Action):
    """Takes a card out of use; what is left on it stays on it."""

    groups: ClassVar[tuple[str, ...]] = ("customers", "payments")
    gift_card_id: GiftCardId


class GiftCard(BaseModel):
    """A gift card as it is shown; never with its code."""

    model_config = ConfigDict(frozen=True)

    id: str
    currency: str
    balance_minor: int
    customer_id: str | None
    expires_at: datetime | None
    active: bool
    created_at: datetime


async def issue_facts(action: IssueGiftCard, work: Work) -> Facts:
    """The amount, the shop's limits, and what the actor has given away today before this."""
    settings = await shop_settings.current(work.connection)
    scope = f"{work.actor.kind}:{work.actor.id}"
    given = 0 if work.actor.kind == "system" else await work.count(CREDITS_TODAY, scope, action.amount_minor)
    return {
        "own": False,
        "amount_minor": action.amount_minor,
        "currency": action.currency or settings.currency,
        "limit_minor": settings.support_refund_limit_minor,
        "second_limit_minor": settings.second_refund_limit_minor,
        "day_limit_minor": settings.daily_refund_limit_minor,
        "refunded_today_minor": given,
    }


def issue_at_stake(_: IssueGiftCard, facts: Facts) -> tuple[int, str]:
    """What the card is worth."""
    return int(str(facts["amount_minor"])), str(facts["currency"])


@handles(IssueGiftCard, facts=issue_facts, at_stake=issue_at_stake)
async def issue_gift_card(action: IssueGiftCard, work: Work) -> dict[str, Any]:
    """The card and the movement that puts money on it."""
    if action.expires_at is not None and action.expires_at <= work.now:
        raise Invalid(
            "expires_in_the_past", "A gift card cannot have expired already.", next_step="Choose a later day."
        )
    settings = await shop_settings.current(work.connection)
    currency = check_currency(action.currency or settings.currency)
    gift_card_id = work.new_id("gft")
    try:
        await work.connection.execute(
            "INSERT INTO shop.gift_cards "
            "(id, code_digest, currency, balance_minor, customer_id, expires_at, created_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7)",
            gift_card_id,
            None if action.code_digest is None else bytes.fromhex(action.code_digest),
            currency,
            action.amount_minor,
            action.customer_id,
            action.expires_at,
            work.now,
        )
    except asyncpg.UniqueViolationError as error:
        raise code_taken() from error
    await post(work, Movement("issue", ISSUED_ACCOUNT, gift_card_account(gift_card_id), action.amount_minor, currency))
    return {"gift_card_id": gift_card_id, "amount_minor": action.amount_minor, "currency": currency}


@handles(CloseGiftCard, undoable=True)
async def close_gift_card(action: CloseGiftCard, work: Work) -> dict[str, Any]:
    """One update."""
    status = await work.connection.execute(
        "UPDATE shop.gift_cards SET active = false WHERE id = $1", action.gift_card_id
    )
    if status == "UPDATE 0":
        raise no_such_gift_card(action.gift_card_id)
    return {"gift_card_id": action.gift_card_id, "active": False}


_COLUMNS = ", ".join(GiftCard.model_fields)


async def list_gift_cards(
    connection: Connection, actor: Actor, *, customer_id: str | None = None, after: str = "", limit: int = 50
) -> list[GiftCard]:
    """Gift cards by id; customers see their own only."""
    owner = customer_id if actor.kind in ("staff", "system") else actor.customer_id or ""
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM shop.gift_cards WHERE ($1::text IS NULL OR customer_id = $1) AND id > $2 "
        "ORDER BY id LIMIT $3",
        owner,
        after,
        limit,
    )
    return [GiftCard(**dict(row)) for row in rows]


async def get_gift_card(connection: Connection, actor: Actor, gift_card_id: str) -> GiftCard:
    """One card; raises `no_such_gift_card`."""
    owner = None if actor.kind in ("staff", "system") else actor.customer_id or ""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM shop.gift_cards WHERE id = $1 AND ($2::text IS NULL OR customer_id = $2)",
        gift_card_id,
        owner,
    )
    if row is None:
        raise no_such_gift_card(gift_card_id)
    return GiftCard(**dict(row))


async def gift_card_of_code(connection: Connection, code_digest: str) -> GiftCard:
    """The card behind a code's digest: who has the code may see what is on it."""
    row = await connection.fetchrow(
        f"SELECT {_COLUMNS} FROM shop.gift_cards WHERE code_digest = $1 AND active", bytes.fromhex(code_digest)
    )
    if row is None:
        raise no_such_gift_card("of this code")
    return GiftCard(**dict(row))
