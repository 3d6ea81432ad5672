"""Finding products by a sentence: what tools ask of the shop's search, and what they get back."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

import orjson

from bottega.agents.assistant.wish import understand
from bottega.kernel.errors import Invalid
from bottega.platform.database.pool import Connection
from bottega.ports.embedder import Embedder
from bottega.shop.catalogue.listing import Filters
from bottega.shop.catalogue.search import search_products

# So many of the best are looked at when they are to be sorted by price.
SORTED_AMONG = 40


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
    """By the words of the sentence and their meaning, with its price limits taken out of it."""

    def __init__(self, embedder: Embedder | None) -> None:
        self._embedder = embedder

    async def find(self, connection: Connection, wanted: Wanted, now: datetime) -> FoundProducts:
        words, least, most = wanted.sentence, wanted.minimum_minor, wanted.maximum_minor
        try:
            wish = understand(wanted.sentence, wanted.currency)
        except Invalid:
            return FoundProducts([], more=False)
        words = wish.query
        least = wish.least_minor if least is None else least
        most = wish.most_minor if most is None else most
        filters = Filters(wanted.currency, in_stock=wanted.in_stock, minimum_minor=least, maximum_minor=most)
        number = SORTED_AMONG if wanted.sort != "best" else wanted.offset + wanted.limit + 1
        found = await search_products(connection, words, filters, now, embedder=self._embedder, limit=number)
        cards = [orjson.loads(card) for card in found.cards]
        if wanted.sort != "best":
            cards.sort(key=lambda card: card["price_minor"], reverse=wanted.sort == "-price")
        end = wanted.offset + wanted.limit
        return FoundProducts(cards[wanted.offset : end], more=len(cards) > end)
