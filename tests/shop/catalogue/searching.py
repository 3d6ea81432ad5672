"""Searching in tests: the query path itself, and what it found by handles."""

from typing import Any

import orjson

from bottega.ports.embedder import Embedder
from bottega.shop.catalogue.listing import CardPage, Filters
from bottega.shop.catalogue.search import search_products
from bottega.shop.catalogue.search_records import SearchPage, SearchRequest
from tests.shop_fixtures import Shop

EURO = Filters("EUR")


async def found(
    shop: Shop, text: str, filters: Filters = EURO, *, embedder: Embedder | None = None, **options: Any
) -> SearchPage:
    """The page of a search."""
    async with shop.application.database.search() as connection:
        request = SearchRequest(text, filters, **options)
        return await search_products(connection, request, shop.application.clock.now(), embedder=embedder)


def handles(page: CardPage | SearchPage) -> list[str]:
    """The products of a page, in its order."""
    return [orjson.loads(card)["handle"] for card in page.cards]
