"""Finding products by a sentence: what tools ask of the shop's search, and what they get back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

import orjson

from bottega.platform.database.pool import Connection
from bottega.ports.embedder import Embedder
from bottega.shop.catalogue.listing import Filters
from bottega.shop.catalogue.search import search_products
from bottega.shop.catalogue.search_notes import SearchNotes
from bottega.shop.catalogue.search_records import SearchRequest


@dataclass(frozen=True, slots=True)
class Wanted:
    """A sentence and what narrows it; amounts in minor units of `currency`."""

    sentence: str
    currency: str
    minimum_minor: int | None = None
    maximum_minor: int | None = None
    in_stock: bool | None = None
    sort: Literal["best", "price", "-price"] = "best"
    limit: int = 6
    offset: int = 0


@dataclass(frozen=True, slots=True)
class FoundProducts:
    """Cards, the best first; `understood` and `relaxed` say in words what was held and what was given up."""

    cards: list[dict[str, Any]]
    more: bool
    understood: tuple[str, ...] = ()
    relaxed: tuple[str, ...] = ()


class ProductSearch(Protocol):
    """The shop's search as tools see it."""

    async def find(self, connection: Connection, wanted: Wanted, now: datetime) -> FoundProducts:
        """A page of products; empty when nothing fits."""
        ...


class ShopSearch:
    """The query path of the storefront: what the sentence asks for holds, its words and its meaning rank."""

    def __init__(self, embedder: Embedder | None, notes: SearchNotes | None = None) -> None:
        self._embedder = embedder
        self._notes = notes

    async def find(self, connection: Connection, wanted: Wanted, now: datetime) -> FoundProducts:
        request = SearchRequest(
            wanted.sentence,
            Filters(
                wanted.currency,
                in_stock=wanted.in_stock,
                minimum_minor=wanted.minimum_minor,
                maximum_minor=wanted.maximum_minor,
            ),
            sort="relevance" if wanted.sort == "best" else wanted.sort,
            after=str(wanted.offset) if wanted.offset else "",
            limit=wanted.limit,
        )
        page = await search_products(connection, request, now, embedder=self._embedder, notes=self._notes)
        relaxed = (*page.relaxed.dropped, *page.relaxed.widened)
        return FoundProducts(
            [orjson.loads(card) for card in page.cards],
            more=page.next_position is not None,
            understood=tuple(constraint.stated.label for constraint in page.constraints),
            relaxed=tuple(constraint.stated.label for constraint in relaxed),
        )
