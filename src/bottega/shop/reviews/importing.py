"""Reviews taken over from elsewhere, many in one action."""

from datetime import timedelta
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from bottega.actions.action import Action, Personal
from bottega.actions.registry import handles
from bottega.actions.work import Work

Rating = Annotated[int, Field(ge=1, le=5)]
Title = Annotated[str, Field(max_length=150)]
Text = Annotated[str, Field(min_length=1, max_length=5000)]
Author = Annotated[str, Field(min_length=1, max_length=80)]


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
