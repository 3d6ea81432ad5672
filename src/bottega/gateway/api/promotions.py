"""Promotions: coupons and automatic discounts, as staff set them and as orders used them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel
from starlette.responses import Response

from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, answer_with_etag, decode_cursor, page
from bottega.gateway.caller import Staff
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import PromotionId
from bottega.shop.promotions import queries
from bottega.shop.promotions.actions import ChangePromotion, CreatePromotion, DeactivatePromotion, PromotionTerms
from bottega.shop.promotions.errors import NoSuchPromotion
from bottega.shop.promotions.model import Promotion, PromotionUse

router = APIRouter(prefix="/promotions", tags=["promotions"])

PromotionPath = Annotated[PromotionId, Path()]
Cursor = Annotated[str | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]


class PromotionChanged(BaseModel):
    """The promotion that was made or changed."""

    promotion_id: str


@router.get("", responses={200: {"model": Page[Promotion]}, **responses()})
async def list_all(
    caller: Staff,
    active: Annotated[bool | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """Promotions, newest first."""
    async with caller.context.database.read() as connection:
        rows = await queries.promotions(
            connection, active=active, before=decode_cursor(cursor) or None, limit=limit + 1
        )
    return answer(page(rows, limit, lambda promotion: promotion.id))


@router.post("", status_code=201, responses={201: {"model": PromotionChanged}, **responses(409)})
async def create(caller: Staff, body: CreatePromotion) -> Response:
    """A new coupon (with a code) or automatic discount (without)."""
    return await caller.answer(body, status=201)


@router.get("/{promotion_id}", responses={200: {"model": Promotion}, **responses(404)})
async def show(request: Request, caller: Staff, promotion_id: PromotionPath) -> Response:
    """One promotion with its uses so far."""
    async with caller.context.database.read() as connection:
        found = await queries.promotion(connection, promotion_id)
    if found is None:
        raise NoSuchPromotion(promotion_id)
    return answer_with_etag(request, found)


@router.put("/{promotion_id}", responses={200: {"model": PromotionChanged}, **responses(404, 409)})
async def change(caller: Staff, promotion_id: PromotionPath, body: PromotionTerms) -> Response:
    """All terms anew; kind, code and scope stay."""
    return await caller.answer(ChangePromotion(promotion_id=promotion_id, **body.model_dump()))


@router.put("/{promotion_id}/deactivation", responses={200: {"model": PromotionChanged}, **responses(404)})
async def deactivate(caller: Staff, promotion_id: PromotionPath) -> Response:
    """Ends it now; orders keep their discount."""
    return await caller.answer(DeactivatePromotion(promotion_id=promotion_id))


@router.get("/{promotion_id}/uses", responses={200: {"model": Page[PromotionUse]}, **responses()})
async def list_uses(
    caller: Staff, promotion_id: PromotionPath, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE
) -> Response:
    """The orders that used it, newest first."""
    async with caller.context.database.read() as connection:
        rows = await queries.uses(connection, promotion_id, before=decode_cursor(cursor) or None, limit=limit + 1)
    return answer(page(rows, limit, lambda use: use.order_id))
