"""Search: products by keywords, with the filters of the product list."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer_with_etag, card_page, decode_cursor
from bottega.gateway.caller import Context
from bottega.gateway.problems import responses
from bottega.gateway.product_filters import chosen_filters, in_currency
from bottega.retrieval.search import embedder_of
from bottega.shop.catalogue.listing import Filters, ProductCard
from bottega.shop.catalogue.search import search_products

router = APIRouter(prefix="/search", tags=["catalogue"])


@router.get("", responses={200: {"model": Page[ProductCard]}, **responses()})
async def search(
    request: Request,
    context: Context,
    filters: Annotated[Filters, Depends(chosen_filters)],
    q: Annotated[str, Query(min_length=1, max_length=300, description="Words or model numbers.", examples=["jacket"])],
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Products that have all the words, then products that have some of them; the best first."""
    after = decode_cursor(cursor)
    async with context.database.read() as connection:
        chosen = await in_currency(connection, filters)
        found = await search_products(
            connection,
            q,
            chosen,
            context.clock.now(),
            embedder=embedder_of(context.services),
            after=after,
            limit=limit,
        )
    return answer_with_etag(request, card_page(found.cards, found.next_position))
