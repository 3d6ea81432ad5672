"""Reviews: written by customers, decided about by staff, read by everybody."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, decode_cursor, page
from bottega.gateway.caller import Context, Customer, Staff
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import ProductId, ReviewId
from bottega.shop.reviews.actions import Author, PublishReview, Rating, RejectReview, Text, Title, WriteReview
from bottega.shop.reviews.model import Review, ReviewState
from bottega.shop.reviews.queries import reviews_in_state, reviews_of

router = APIRouter(tags=["reviews"])

Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]
Cursor = Annotated[str | None, Query(max_length=200)]


class ReviewBody(BaseModel):
    """What a customer says of a product."""

    rating: Rating
    title: Title = ""
    text: Annotated[Text, Field(examples=["Kept me dry on the Alta Via in October."])]
    author: Annotated[Author, Field(examples=["Giulia F."])]


class ReviewWritten(BaseModel):
    """The new review, which staff will look at."""

    review_id: str
    state: ReviewState
    verified_purchase: bool


class ReviewDecided(BaseModel):
    """The review after the decision."""

    review_id: str
    state: ReviewState
    product_id: str


@router.get("/products/{product_id}/reviews", responses={200: {"model": Page[Review]}, **responses()})
async def of_product(
    context: Context,
    product_id: Annotated[ProductId, Path()],
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """A product's published reviews, newest first."""
    async with context.database.read() as connection:
        rows = await reviews_of(connection, product_id, before=decode_cursor(cursor), limit=limit + 1)
    return answer(page(rows, limit, lambda review: review.id))


@router.post(
    "/products/{product_id}/reviews",
    status_code=201,
    responses={201: {"model": ReviewWritten}, **responses(404, 409)},
)
async def write(caller: Customer, product_id: Annotated[ProductId, Path()], body: ReviewBody) -> Response:
    """Writes a review; it is shown once staff have published it."""
    customer_id = caller.actor.customer_id
    assert customer_id is not None, "the dependency lets customers in only"
    action = WriteReview(
        customer_id=customer_id,
        product_id=product_id,
        rating=body.rating,
        title=body.title,
        text=body.text,
        author=body.author,
    )
    return await caller.answer(action, status=201)


@router.get("/reviews", responses={200: {"model": Page[Review]}, **responses()})
async def list_all(
    caller: Staff,
    state: Annotated[ReviewState | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """Reviews of all products, newest first."""
    async with caller.context.database.read() as connection:
        rows = await reviews_in_state(connection, state, before=decode_cursor(cursor), limit=limit + 1)
    return answer(page(rows, limit, lambda review: review.id))


@router.put("/reviews/{review_id}/publication", responses={200: {"model": ReviewDecided}, **responses(404, 409)})
async def publish(caller: Staff, review_id: Annotated[ReviewId, Path()]) -> Response:
    """Shows the review."""
    return await caller.answer(PublishReview(review_id=review_id))


@router.delete("/reviews/{review_id}/publication", responses={200: {"model": ReviewDecided}, **responses(404, 409)})
async def reject(caller: Staff, review_id: Annotated[ReviewId, Path()]) -> Response:
    """Keeps the review from being shown."""
    return await caller.answer(RejectReview(review_id=review_id))
