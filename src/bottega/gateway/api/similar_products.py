"""Products like one."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.gateway.answers import answer_with_etag
from bottega.gateway.caller import Context
from bottega.gateway.problems import responses
from bottega.shop import shop_settings
from bottega.shop.catalogue.listing import ProductCard
from bottega.shop.catalogue.similar import MOST_SIMILAR, similar_products

router = APIRouter(prefix="/products", tags=["catalogue"])


class SimilarAnswer(BaseModel):
    """Products like one, the most alike first, what can be bought now before what cannot."""

    items: list[ProductCard]
    degraded: Annotated[dict[str, str], Field(description="Why likeness is not by `meaning`; empty when it is.")]


@router.get("/{id_or_handle}/similar", responses={200: {"model": SimilarAnswer}, **responses(404)})
async def similar(
    request: Request,
    context: Context,
    id_or_handle: Annotated[str, Path(pattern="^[a-z0-9_-]{1,120}$", examples=["down-jacket"])],
    limit: Annotated[int, Query(ge=1, le=MOST_SIMILAR)] = 8,
    currency: Annotated[str | None, Query(pattern="^[A-Z]{3}$", description="Default: the shop's.")] = None,
) -> Response:
    """Products of a like meaning and category; by shared words while this one is not embedded."""
    async with context.database.read() as connection:
        money = currency or (await shop_settings.current(connection)).currency
        found = await similar_products(connection, id_or_handle, money, context.clock.now(), limit=limit)
    return answer_with_etag(request, found.as_record())
