"""What a customer or guest looked at last: kept for them, and forgotten when they say so."""

from typing import Annotated

import orjson
from fastapi import APIRouter, Query
from pydantic import BaseModel
from starlette.responses import Response

from bottega.gateway.answers import answer
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Customer
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import ProductId
from bottega.shop import shop_settings
from bottega.shop.catalogue.listing import ProductCard
from bottega.shop.catalogue.queries import check_published
from bottega.shop.catalogue.viewed import MOST_VIEWED, forget_viewed, recently_viewed

router = APIRouter(prefix="/viewed-products", tags=["catalogue"])


class Viewed(RequestBody):
    """A product that was looked at."""

    product_id: ProductId


class ViewedProducts(BaseModel):
    """Products, the one seen last first."""

    items: list[ProductCard]


@router.get("", responses={200: {"model": ViewedProducts}, **responses()})
async def viewed(
    caller: Customer,
    limit: Annotated[int, Query(ge=1, le=MOST_VIEWED)] = MOST_VIEWED,
    currency: Annotated[str | None, Query(pattern="^[A-Z]{3}$", description="Default: the shop's.")] = None,
) -> Response:
    """What the caller looked at last, as far as it is still for sale."""
    now = caller.context.clock.now()
    async with caller.context.database.read() as connection:
        money = currency or (await shop_settings.current(connection)).currency
        cards = await recently_viewed(connection, caller.actor.customer_id or "", money, now, limit=limit)
    return answer({"items": [orjson.loads(card) for card in cards]})


@router.post("", status_code=204, responses={204: {"description": "Noted."}, **responses(404)})
async def note(caller: Customer, body: Viewed) -> Response:
    """Note that the caller looked at a product; only the newest few are kept, for 60 days."""
    async with caller.context.database.read() as connection:
        await check_published(connection, body.product_id)
    caller.context.search_notes.viewed(caller.actor.customer_id or "", (body.product_id,))
    return Response(status_code=204)


@router.delete("", status_code=204, responses={204: {"description": "Forgotten."}, **responses()})
async def forget(caller: Customer) -> Response:
    """Forget what the caller looked at."""
    await caller.context.search_notes.write()
    async with caller.context.database.write() as connection:
        await forget_viewed(connection, caller.actor.customer_id or "")
    return Response(status_code=204)
