"""Writing reviews, deciding about them, and taking them over from elsewhere."""

from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from bottega.actions.action import Action, Personal
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.identifiers import CustomerId, ProductId, ReviewId
from bottega.platform.database.pool import Row
from bottega.shop.reviews.errors import decided_already, no_such_product, no_such_review, reviewed_already

Rating = Annotated[int, Field(ge=1, le=5)]
Title = Annotated[str, Field(max_length=150)]
Text = Annotated[str, Field(min_length=1, max_length=5000)]
Author = Annotated[str, Field(min_length=1, max_length=80)]


class WriteReview(Action):
    """A customer's review of a product; waits until staff publish it."""

    groups: ClassVar[tuple[str, ...]] = ("own", "reviews", "light")
    customer_id: CustomerId
    product_id: ProductId
    rating: Rating
    title: Annotated[Title, Personal("review_title")] = ""
    text: Annotated[Text, Personal("review_text")]
    author: Annotated[Author, Personal("review_author")]


class PublishReview(Action):
    """Shows a review to everybody."""

    groups: ClassVar[tuple[str, ...]] = ("reviews",)
    review_id: ReviewId


class RejectReview(Action):
    """Keeps a review from being shown, or takes it down."""

    groups: ClassVar[tuple[str, ...]] = ("reviews",)
    review_id: ReviewId


class ReviewRecord(BaseModel):
    """A review that was written elsewhere; `source_id` is its identifier there."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    product_handle: Annotated[str, Field(min_length=1, max_length=200)]
    source_id: Annotated[str, Field(min_length=1, max_length=100)]
    rating: Rating
    title: Title = ""
    text: Text
    author: Author
    verified_purchase: bool = False
    days_ago: Annotated[int, Field(ge=0, le=36_500)] = 0


class ImportReviews(Action):
    """Takes over published reviews; those taken over before are left as they are."""

    groups: ClassVar[tuple[str, ...]] = ("imports", "reviews")
    reviews: Annotated[tuple[ReviewRecord, ...], Field(min_length=1, max_length=200), Personal("reviews")]


async def _writing_facts(action: WriteReview, work: Work) -> Facts:
    return {"own": action.customer_id == work.actor.customer_id}


_INSERT = """
INSERT INTO shop.reviews (
    id, product_id, customer_id, rating, title_ref, text_ref, author_ref, verified_purchase, created_at)
SELECT $1, p.id, $2, $4, $5, $6, $7, EXISTS (
    SELECT FROM shop.orders o JOIN shop.order_lines l ON l.order_id = o.id
    WHERE o.customer_id = $2 AND l.product_id = p.id AND l.shipped > l.returned), $8
FROM shop.products p WHERE p.id = $3 AND p.status = 'published'
RETURNING verified_purchase"""


@handles(WriteReview, facts=_writing_facts)
async def write_review(action: WriteReview, work: Work) -> dict[str, Any]:
    """One per customer and product; whether they bought it is the shop's own finding."""
    # Two reviews of one customer meet at this lock, so the second sees the first.
    await work.connection.execute("SELECT FROM shop.customers WHERE id = $1 FOR UPDATE", action.customer_id)
    known = await work.connection.fetchval(
        "SELECT EXISTS (SELECT FROM shop.reviews WHERE customer_id = $1 AND product_id = $2 AND state <> 'rejected')",
        action.customer_id,
        action.product_id,
    )
    if known:
        raise reviewed_already(action.product_id)
    references = await work.keep_all(
        action.customer_id,
        {"review_title": action.title, "review_text": action.text, "review_author": action.author},
    )
    review_id = work.new_id("rev")
    verified = await work.connection.fetchval(
        _INSERT,
        review_id,
        action.customer_id,
        action.product_id,
        action.rating,
        references["review_title"],
        references["review_text"],
        references["review_author"],
        work.now,
    )
    if verified is None:
        raise no_such_product(action.product_id)
    return {"review_id": review_id, "state": "pending", "verified_purchase": verified}


@handles(PublishReview, undoable=True)
async def publish_review(action: PublishReview, work: Work) -> dict[str, Any]:
    return await _decide(work, action.review_id, "published")


@handles(RejectReview, undoable=True)
async def reject_review(action: RejectReview, work: Work) -> dict[str, Any]:
    return await _decide(work, action.review_id, "rejected")


async def _decide(work: Work, review_id: str, state: str) -> dict[str, Any]:
    row: Row | None = await work.connection.fetchrow(
        "SELECT state, product_id FROM shop.reviews WHERE id = $1 FOR UPDATE", review_id
    )
    if row is None:
        raise no_such_review(review_id)
    if row["state"] == state:
        raise decided_already(review_id, state)
    await work.connection.execute("UPDATE shop.reviews SET state = $2 WHERE id = $1", review_id, state)
    return {"review_id": review_id, "state": state, "product_id": row["product_id"]}


@handles(ImportReviews)
async def import_reviews(action: ImportReviews, work: Work) -> dict[str, Any]:
    """In three statements, however many; reviews of products that are not here are counted and left out."""
    handles_named = sorted({review.product_handle for review in action.reviews})
    rows = await work.connection.fetch(
        "SELECT handle, id, ARRAY(SELECT r.source_id FROM shop.reviews r WHERE r.product_id = p.id) AS known "
        "FROM shop.products p WHERE handle = ANY ($1::text[])",
        handles_named,
    )
    products = {row["handle"]: row for row in rows}
    fitting = [
        review
        for review in action.reviews
        if review.product_handle in products and review.source_id not in products[review.product_handle]["known"]
    ]
    subjects = [f"review-author:{review.source_id}" for review in fitting]
    kept = await work.keep_many(
        [
            (subject, kind, value)
            for subject, review in zip(subjects, fitting, strict=True)
            for kind, value in (
                ("review_title", review.title),
                ("review_text", review.text),
                ("review_author", review.author),
            )
        ]
    )
    records = [
        {
            "id": work.new_id("rev"),
            "product_id": products[review.product_handle]["id"],
            "rating": review.rating,
            "title_ref": kept[3 * number],
            "text_ref": kept[3 * number + 1],
            "author_ref": kept[3 * number + 2],
            "verified_purchase": review.verified_purchase,
            "state": "published",
            "source_id": review.source_id,
            "created_at": (work.now - timedelta(days=review.days_ago)).isoformat(),
        }
        for number, review in enumerate(fitting)
    ]
    await work.connection.execute(
        "INSERT INTO shop.reviews SELECT * FROM jsonb_populate_recordset(NULL::shop.reviews, $1::jsonb)", records
    )
    missing = sum(review.product_handle not in products for review in action.reviews)
    return {
        "created": len(fitting),
        "known": len(action.reviews) - len(fitting) - missing,
        "without_product": missing,
    }
