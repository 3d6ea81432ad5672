"""Reviews: shoppers read and write them, staff decide which are shown."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, decode_cursor, page
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Context, Customer, Staff
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import ProductId, ReviewId
from bottega.shop.reviews.actions import PublishReview, RejectReview, Stars, WriteReview
from bottega.shop.reviews.model import PublicReview, Review, ReviewState
from bottega.shop.reviews.queries import list_reviews, reviews_of_product

router = APIRouter(tags=["reviews"])

ReviewPath = Annotated[ReviewId, Path()]
Cursor = Annotated[str | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]


class ReviewBody(RequestBody):
    """A review, and the name to show beside it."""

    rating: Stars
    title: Annotated[str, Field(max_length=200)] = ""
    text: Annotated[str, Field(min_length=1, max_length=5_000, examples=["Worn all winter, still warm."])]
    author: Annotated[str, Field(max_length=60, examples=["Ada L."])] = ""


class RejectionBody(RequestBody):
    """Why nobody is to see it."""

    reason: Annotated[str, Field(max_length=200, examples=["Advertising"])] = ""


class ReviewWritten(BaseModel):
    """The new review; it shows once staff publish it."""

    review_id: str
    state: ReviewState
    verified_purchase: bool


class ReviewDecided(BaseModel):
    """The review and its state now."""

    review_id: str
    product_id: str
    state: ReviewState


@router.get("/products/{id_or_handle}/reviews", responses={200: {"model": Page[PublicReview]}, **responses(404)})
async def of_product(
    context: Context,
    id_or_handle: Annotated[str, Path(pattern="^[a-z0-9_-]{1,120}$")],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """What was published about a product, the newest first."""
    async with context.database.read() as connection:
        rows = await reviews_of_product(connection, id_or_handle, before=decode_cursor(cursor), limit=limit + 1)
    return answer(page(rows, limit, lambda review: review.id))


@router.post(
    "/products/{product_id}/reviews",
    status_code=201,
    responses={201: {"model": ReviewWritten}, **responses(404, 409)},
)
async def write(caller: Customer, product_id: Annotated[ProductId, Path()], body: ReviewBody) -> Response:
    """Review a product, once; whether you bought it is looked up."""
    action = WriteReview(
        product_id=product_id, rating=body.rating, title=body.title, text=body.text, author=body.author
    )
    return await caller.answer(action, status=201)


@router.get("/reviews", responses={200: {"model": Page[Review]}, **responses()})
async def list_all(
    caller: Staff,
    state: Annotated[ReviewState | None, Query()] = None,
    product_id: Annotated[ProductId | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """Reviews in any state, the newest first."""
    async with caller.context.database.read() as connection:
        rows = await list_reviews(
            connection, state=state, product_id=product_id, before=decode_cursor(cursor), limit=limit + 1
        )
    return answer(page(rows, limit, lambda review: review.id))


@router.put("/reviews/{review_id}/publication", responses={200: {"model": ReviewDecided}, **responses(404)})
async def publish(caller: Staff, review_id: ReviewPath) -> Response:
    """Show it to everybody."""
    return await caller.answer(PublishReview(review_id=review_id))


@router.put("/reviews/{review_id}/rejection", responses={200: {"model": ReviewDecided}, **responses(404)})
async def reject(caller: Staff, review_id: ReviewPath, body: RejectionBody) -> Response:
    """Show it to nobody, also when it was published."""
    return await caller.answer(RejectReview(review_id=review_id, reason=body.reason))
