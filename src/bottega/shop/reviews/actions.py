"""The changes of reviews: customers write them, staff publish or reject them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from bottega.actions.action import Action, Personal
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.errors import Forbidden
from bottega.kernel.identifiers import ProductId, ReviewId
from bottega.shop.reviews.errors import AlreadyReviewed, NoSuchReview, NothingToReview
from bottega.shop.reviews.model import ReviewState

MAXIMUM_REVIEWS = 200

Stars = Annotated[int, Field(ge=1, le=5, examples=[5])]
ReviewTitle = Annotated[str, Field(max_length=200, examples=["Warm and light"]), Personal("review_title")]
ReviewText = Annotated[
    str, Field(min_length=1, max_length=5_000, examples=["Worn all winter."]), Personal("review_text")
]
Author = Annotated[str, Field(max_length=60, examples=["Ada L."]), Personal("review_author")]


class WriteReview(Action):
    """A customer's own review of a product, once per product; `author` is the name to show."""

    groups: ClassVar[tuple[str, ...]] = ("own", "account", "reviews")
    product_id: ProductId
    rating: Stars
    title: ReviewTitle = ""
    text: ReviewText
    author: Author = ""


class ReviewRecord(BaseModel):
    """A review that was written elsewhere, of a product by its handle."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    product_handle: Annotated[str, Field(max_length=120)]
    source_id: Annotated[str, Field(min_length=1, max_length=100)]
    rating: Stars
    title: Annotated[str, Field(max_length=200)] = ""
    text: Annotated[str, Field(min_length=1, max_length=5_000)]
    author: Annotated[str, Field(max_length=60)] = ""
    verified_purchase: bool = False
    state: ReviewState = "published"
    days_ago: Annotated[int, Field(ge=0, le=36_500)] = 0


class ImportReviews(Action):
    """Reviews from another system; one with the `source_id` of an earlier one of its product is left alone."""

    groups: ClassVar[tuple[str, ...]] = ("imports",)
    reviews: Annotated[
        tuple[ReviewRecord, ...], Field(min_length=1, max_length=MAXIMUM_REVIEWS), Personal("imported_reviews")
    ]


class PublishReview(Action):
    """Everybody sees it, and it counts in the product's rating."""

    groups: ClassVar[tuple[str, ...]] = ("reviews",)
    review_id: ReviewId


class RejectReview(Action):
    """Nobody sees it; also takes back a published one."""

    groups: ClassVar[tuple[str, ...]] = ("reviews",)
    review_id: ReviewId
    reason: Annotated[str, Field(max_length=200, examples=["Advertising"])] = ""


async def write_facts(action: WriteReview, work: Work) -> Facts:
    """A new review is its writer's own; whether an agent's customer is a guest."""
    del action
    if work.actor.kind != "agent" or work.actor.customer_id is None:
        return {"own": work.actor.customer_id is not None}
    kind = await work.connection.fetchval("SELECT kind FROM shop.customers WHERE id = $1", work.actor.customer_id)
    return {"own": True, "customer_is_guest": kind != "account"}


@handles(WriteReview, facts=write_facts)
async def write_review(action: WriteReview, work: Work) -> dict[str, Any]:
    """A pending row; whether the product was bought is looked up, never believed."""
    customer_id = work.actor.customer_id
    if customer_id is None:
        raise Forbidden("customers_only", "Customers write reviews.", next_step="Sign in as a customer.")
    # Two of the same customer's at once are told apart by the customer's row.
    await work.connection.execute("SELECT 1 FROM shop.customers WHERE id = $1 FOR UPDATE", customer_id)
    seen = await work.connection.fetchrow(_BEFORE_WRITING, action.product_id, customer_id)
    if seen is None:
        raise NothingToReview(action.product_id)
    if seen["review_id"] is not None:
        raise AlreadyReviewed(action.product_id, seen["review_id"])
    where = _Where(action.product_id, customer_id, seen["bought"], "pending", "", work.now)
    review_id = await _insert(work, action, where)
    return {"review_id": review_id, "state": "pending", "verified_purchase": seen["bought"]}


async def import_facts(action: ImportReviews, work: Work) -> Facts:
    """How many at once."""
    del work
    return {"rows_changed": len(action.reviews)}


@handles(ImportReviews, facts=import_facts)
async def import_reviews(action: ImportReviews, work: Work) -> dict[str, Any]:
    """Rows without a customer of ours; each one's texts are kept under the review itself."""
    rows = await work.connection.fetch(
        "SELECT p.handle, p.id, coalesce((SELECT array_agg(r.source_id) FROM shop.reviews r WHERE r.product_id = p.id "
        "AND r.source_id = ANY ($2::text[])), '{}') AS known FROM shop.products p WHERE p.handle = ANY ($1::text[]) "
        "ORDER BY p.id FOR UPDATE OF p",
        [review.product_handle for review in action.reviews],
        [review.source_id for review in action.reviews],
    )
    products = {row["handle"]: (row["id"], set(row["known"])) for row in rows}
    created = 0
    for review in action.reviews:
        if review.product_handle not in products:
            raise NothingToReview(review.product_handle)
        product_id, known = products[review.product_handle]
        if review.source_id not in known:
            known.add(review.source_id)
            created += 1
            written_at = work.now - timedelta(days=review.days_ago)
            where = _Where(product_id, None, review.verified_purchase, review.state, review.source_id, written_at)
            await _insert(work, review, where)
    return {"created": created, "unchanged": len(action.reviews) - created}


@handles(PublishReview, undoable=True)
async def publish_review(action: PublishReview, work: Work) -> dict[str, Any]:
    """Pending or rejected → published."""
    return await _set_state(work, action.review_id, "published")


@handles(RejectReview, undoable=True)
async def reject_review(action: RejectReview, work: Work) -> dict[str, Any]:
    """Pending or published → rejected."""
    return await _set_state(work, action.review_id, "rejected")


@dataclass(frozen=True, slots=True)
class _Where:
    """What a review's row says beside its texts."""

    product_id: str
    customer_id: str | None
    bought: bool
    state: ReviewState
    source_id: str
    written_at: datetime


async def _insert(work: Work, review: WriteReview | ReviewRecord, where: _Where) -> str:
    review_id = work.new_id("rev")
    refs = await work.keep_all(
        where.customer_id or review_id,
        {"review_title": review.title, "review_text": review.text, "review_author": review.author},
    )
    await work.connection.execute(
        "INSERT INTO shop.reviews (id, product_id, customer_id, rating, title_ref, text_ref, author_ref, "
        "verified_purchase, state, source_id, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        review_id,
        where.product_id,
        where.customer_id,
        review.rating,
        refs["review_title"],
        refs["review_text"],
        refs["review_author"],
        where.bought,
        where.state,
        where.source_id,
        where.written_at,
    )
    return review_id


async def _set_state(work: Work, review_id: str, state: ReviewState) -> dict[str, Any]:
    row = await work.connection.fetchrow(
        "SELECT product_id, state FROM shop.reviews WHERE id = $1 FOR UPDATE", review_id
    )
    if row is None:
        raise NoSuchReview(review_id)
    if row["state"] != state:
        await work.connection.execute("UPDATE shop.reviews SET state = $2 WHERE id = $1", review_id, state)
    return {"review_id": review_id, "product_id": row["product_id"], "state": state}


# Bought means paid for and not called off, whatever came back later.
_BEFORE_WRITING = """
SELECT p.id,
       (SELECT r.id FROM shop.reviews r WHERE r.product_id = p.id AND r.customer_id = $2 LIMIT 1) AS review_id,
       EXISTS (SELECT FROM shop.order_lines l JOIN shop.orders o ON o.id = l.order_id
               WHERE l.product_id = p.id AND o.customer_id = $2 AND o.status <> 'cancelled'
                 AND o.payment_status IN ('paid', 'partially_refunded', 'refunded')) AS bought
FROM shop.products p WHERE p.id = $1 AND p.status = 'published'"""
