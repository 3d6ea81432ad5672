"""The changes of promotions: their terms, and each use of one by an order."""

import math
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, ClassVar

import asyncpg
from pydantic import AwareDatetime, Field, StringConstraints

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import CategoryId, CollectionId, PromotionId
from bottega.kernel.money import LARGEST_AMOUNT_MINOR, check_currency
from bottega.shop.promotions.eligibility import refusal_by_time, refusal_by_use
from bottega.shop.promotions.errors import (
    CodeTaken,
    LimitBelowUses,
    NoSuchPromotion,
    PromotionUsedByCustomer,
    PromotionUsedUp,
)
from bottega.shop.promotions.model import PromotionKind
from bottega.shop.promotions.queries import promotion_of

Code = Annotated[str, StringConstraints(to_upper=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{1,39}$")]
Limit = Annotated[int, Field(ge=1, le=100_000_000)]
Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2199, 12, 31, tzinfo=UTC))]


class PromotionTerms(Action):
    """What the actions that set a promotion's terms have in common; amounts as the shopper sees prices."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    percent: Annotated[Decimal, Field(gt=0, le=100, max_digits=5, decimal_places=2)] | None = None
    amount_minor: Annotated[int, Field(ge=1, le=LARGEST_AMOUNT_MINOR)] | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = None
    minimum_subtotal_minor: Annotated[int, Field(ge=0, le=LARGEST_AMOUNT_MINOR)] = 0
    limit_total: Limit | None = None
    limit_per_customer: Limit | None = None
    combinable: bool = False
    starts_at: Moment | None = None
    ends_at: Moment | None = None


class CreatePromotion(PromotionTerms):
    """A new coupon (with a code) or automatic discount (without), for all products, a category or a collection."""

    groups: ClassVar[tuple[str, ...]] = ("promotions",)
    kind: PromotionKind
    code: Code | None = None
    category_id: CategoryId | None = None
    collection_id: CollectionId | None = None


class ChangePromotion(PromotionTerms):
    """All terms of a promotion anew; kind, code and scope stay."""

    groups: ClassVar[tuple[str, ...]] = ("promotions",)
    promotion_id: PromotionId


class DeactivatePromotion(Action):
    """Ends a promotion now; orders that used it keep their discount."""

    groups: ClassVar[tuple[str, ...]] = ("promotions",)
    promotion_id: PromotionId


async def create_facts(action: CreatePromotion, work: Work) -> Facts:
    """How deep the discount can get."""
    del work
    return {"discount_percent": deepest_percent(action)}


@handles(CreatePromotion, facts=create_facts)
async def create_promotion(action: CreatePromotion, work: Work) -> dict[str, Any]:
    """Adds the promotion; it holds from its start, or at once."""
    check_terms(action.kind, action)
    promotion_id = work.new_id("prm")
    try:
        await work.connection.execute(
            f"INSERT INTO shop.promotions ({_TERMS}, id, kind, code, category_id, collection_id, created_at) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
            *_values(action),
            promotion_id,
            action.kind,
            action.code,
            action.category_id,
            action.collection_id,
            work.now,
        )
    except asyncpg.UniqueViolationError as error:
        raise CodeTaken(str(action.code)) from error
    except asyncpg.ForeignKeyViolationError as error:
        raise Invalid(
            "no_such_scope",
            "The category or collection that the promotion is for does not exist.",
            next_step="Name one that exists.",
        ) from error
    return {"promotion_id": promotion_id}


async def change_facts(action: ChangePromotion, work: Work) -> Facts:
    """How deep the discount can get."""
    del work
    return {"discount_percent": deepest_percent(action)}


@handles(ChangePromotion, facts=change_facts, undoable=True)
async def change_promotion(action: ChangePromotion, work: Work) -> dict[str, Any]:
    """Replaces the terms; a limit is never set below the uses so far."""
    row = await work.connection.fetchrow(
        "SELECT kind, used_total FROM shop.promotions WHERE id = $1 FOR UPDATE", action.promotion_id
    )
    if row is None:
        raise NoSuchPromotion(action.promotion_id)
    check_terms(row["kind"], action)
    if action.limit_total is not None and action.limit_total < row["used_total"]:
        raise LimitBelowUses(action.promotion_id, row["used_total"])
    await work.connection.execute(
        f"UPDATE shop.promotions SET ({_TERMS}) = ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) WHERE id = $11",
        *_values(action),
        action.promotion_id,
    )
    return {"promotion_id": action.promotion_id}


@handles(DeactivatePromotion, undoable=True)
async def deactivate_promotion(action: DeactivatePromotion, work: Work) -> dict[str, Any]:
    """Switches the promotion off."""
    status = await work.connection.execute(
        "UPDATE shop.promotions SET active = false WHERE id = $1", action.promotion_id
    )
    if status == "UPDATE 0":
        raise NoSuchPromotion(action.promotion_id)
    return {"promotion_id": action.promotion_id}


async def use(work: Work, promotion_id: str, order_id: str, customer_id: str, discount_minor: int) -> None:
    """An order uses a promotion; raises the `PromotionRefused` that says which limit or date forbids it.

    The promotion's row stays locked until the transaction ends, which is what holds both limits in a race. Use
    several promotions in the order of their ids.
    """
    row = await work.connection.fetchrow(_USE, promotion_id, work.now)
    if row is None:
        raise await _why_not(work, promotion_id)
    # A statement of its own, begun under the row lock, so that it counts what a racing order used just before.
    inserted = await work.connection.execute(
        "INSERT INTO shop.promotion_uses (promotion_id, order_id, customer_id, discount_minor, used_at) "
        "SELECT $1, $2, $3, $4, $5 WHERE $6::integer IS NULL OR $6 > "
        "(SELECT count(*) FROM shop.promotion_uses WHERE promotion_id = $1 AND customer_id = $3)",
        promotion_id,
        order_id,
        customer_id,
        discount_minor,
        work.now,
        row["limit_per_customer"],
    )
    if inserted == "INSERT 0 0":
        raise PromotionUsedByCustomer(promotion_id, row["name"], row["limit_per_customer"])


async def give_back(work: Work, order_id: str) -> int:
    """An order that is cancelled gives its uses back; returns how many."""
    rows = await work.connection.fetch(
        "SELECT p.id FROM shop.promotions p JOIN shop.promotion_uses u ON u.promotion_id = p.id "
        "WHERE u.order_id = $1 ORDER BY p.id FOR UPDATE OF p",
        order_id,
    )
    if rows:
        await work.connection.execute(_GIVE_BACK, order_id)
    return len(rows)


def deepest_percent(terms: PromotionTerms) -> int:
    """The deepest discount the terms can give on goods, in whole percent, rounded up."""
    if terms.percent is not None:
        return math.ceil(terms.percent)
    if terms.amount_minor is not None:
        return math.ceil(min(100, 100 * terms.amount_minor / max(terms.minimum_subtotal_minor, 1)))
    return 0


def check_terms(kind: PromotionKind, terms: PromotionTerms) -> None:
    """`Invalid` when the terms do not make a promotion of that kind."""
    if (kind == "percent") != (terms.percent is not None):
        raise _invalid("a percent promotion, and no other, has a percent")
    if (kind == "amount") != (terms.amount_minor is not None):
        raise _invalid("an amount promotion, and no other, has an amount")
    if terms.currency is not None:
        check_currency(terms.currency)
    elif terms.amount_minor is not None or terms.minimum_subtotal_minor:
        raise _invalid("an amount or a minimum needs its currency")
    if terms.starts_at is not None and terms.ends_at is not None and terms.ends_at <= terms.starts_at:
        raise _invalid("a promotion ends after it starts")


def _invalid(problem: str) -> Invalid:
    return Invalid("bad_promotion_terms", f"These terms do not fit: {problem}.", next_step="Correct the terms.")


async def _why_not(work: Work, promotion_id: str) -> Exception:
    row = await work.connection.fetchrow("SELECT * FROM shop.promotions WHERE id = $1", promotion_id)
    if row is None:
        return NoSuchPromotion(promotion_id)
    promotion = promotion_of(row)
    # A use given back since the refused update makes it hold again: then it was used up at that moment.
    used_up = PromotionUsedUp(promotion.id, promotion.name)
    return refusal_by_time(promotion, work.now) or refusal_by_use(promotion, 0) or used_up


def _values(terms: PromotionTerms) -> tuple[Any, ...]:
    return (
        terms.name,
        terms.percent,
        terms.amount_minor,
        terms.currency,
        terms.minimum_subtotal_minor,
        terms.limit_total,
        terms.limit_per_customer,
        terms.combinable,
        terms.starts_at,
        terms.ends_at,
    )


_TERMS = (
    "name, percent, amount_minor, currency, minimum_subtotal_minor, limit_total, limit_per_customer, combinable, "
    "starts_at, ends_at"
)

_USE = """
UPDATE shop.promotions SET used_total = used_total + 1
WHERE id = $1 AND active AND (limit_total IS NULL OR used_total < limit_total)
  AND (starts_at IS NULL OR starts_at <= $2) AND (ends_at IS NULL OR ends_at > $2)
RETURNING name, limit_per_customer"""

_GIVE_BACK = """
WITH given_back AS (DELETE FROM shop.promotion_uses WHERE order_id = $1 RETURNING promotion_id)
UPDATE shop.promotions p SET used_total = p.used_total - 1 FROM given_back g WHERE p.id = g.promotion_id"""
