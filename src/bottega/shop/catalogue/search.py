"""Searching products, the one way for shoppers, staff, the command line and agents: by keyword and by meaning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bottega.kernel.errors import Invalid
from bottega.platform.database.pool import Connection
from bottega.ports.embedder import Embedder
from bottega.retrieval.asked import Correction
from bottega.retrieval.fusion import Scored, Weights
from bottega.retrieval.narrowing import Narrowing
from bottega.retrieval.search import Searched, Searcher
from bottega.shop.catalogue.listing import Conditions, Filters, card_column
from bottega.shop.catalogue.product_documents import PRODUCTS

# How deep a search can be paged.
DEEPEST_RESULT = 400
# What cannot be bought now stands behind what can, unless it is much better.
OUT_OF_STOCK_SHARE = 0.7
# Fitted on the open grades by `benchmarks/search_quality.py --fit`; see docs/search.md.
FITTED_ON = "d7e2995f97427daf19764da78d2bcd6931403b3b0013375dfa461a391b7d12da"
WEIGHTS = Weights(keyword=2.0, meaning=1.0, flatness=100.0, coverage=0.004, least_cosine=0.3)


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Cards as JSON text, the best first, and what is to be said about the search as a whole."""

    cards: list[str]
    next_position: str | None
    # How many products have a word of the query; with `total_is_exact` false there may be more.
    total: int
    total_is_exact: bool
    corrections: tuple[Correction, ...] = ()
    degraded: dict[str, str] = field(default_factory=dict[str, str])


async def search_products(
    connection: Connection,
    text: str,
    filters: Filters,
    now: datetime,
    *,
    embedder: Embedder | None = None,
    after: str = "",
    limit: int = 20,
) -> SearchPage:
    """A page of cards, the best first."""
    skipped = _skipped(after)
    end = min(skipped + limit, DEEPEST_RESULT)
    searched = await product_search(connection, text, filters, embedder, number=end + 1)
    ranked = searched.found
    shown = ranked[skipped:end]
    cards = await _cards(connection, [one.row["product_id"] for one in shown], filters.currency, now)
    more_follow = len(ranked) > end and end < DEEPEST_RESULT
    return SearchPage(
        cards,
        str(end) if more_follow else None,
        max(searched.considered, len(ranked)) if filters.are_wide else len(ranked),
        searched.complete,
        searched.query.corrections,
        searched.degraded,
    )


async def product_search(
    connection: Connection, text: str, filters: Filters, embedder: Embedder | None, *, number: int
) -> Searched:
    """Products ranked, those in stock before the others of their kind."""
    searcher = Searcher(PRODUCTS, WEIGHTS, search_plainly, embedder)
    searched = await searcher.search(connection, text, _narrowing(filters), number)
    searched.found.sort(key=lambda one: -_with_stock(one))
    return searched


def _with_stock(one: Scored) -> float:
    return one.score if one.row["in_stock"] else one.score * OUT_OF_STOCK_SHARE


def _narrowing(filters: Filters) -> Narrowing:
    conditions = Conditions()
    conditions.narrow(filters)
    return Narrowing(
        "search.products p",
        "p.document",
        str(conditions),
        tuple(conditions.values),
        ("p.product_id", "p.facets @> '{in_stock}' AS in_stock"),
        is_wide=filters.are_wide,
    )


async def search_plainly(
    connection: Connection, words: Sequence[str], narrowing: Narrowing, number: int
) -> list[Scored]:
    """Published products with the words in their title, brand or description, looked through one by one: for when the
    postings are lost. Those with more of the words come first."""
    values = list(narrowing.values)
    first = len(values)
    held = " + ".join(
        f"(s.title || ' ' || s.brand || ' ' || s.description ILIKE ${first + place})::int"
        for place in range(1, len(words) + 1)
    )
    values += [f"%{word.replace('%', '').replace('_', '')}%" for word in words]
    rows = await connection.fetch(
        f"SELECT * FROM (SELECT coalesce(p.document, 0) AS document, {held} AS held{narrowing.selected} "
        f"FROM {narrowing.source} JOIN shop.products s ON s.id = p.product_id WHERE {narrowing.condition}) AS found "
        f"WHERE held > 0 ORDER BY held DESC, product_id LIMIT {int(number)}",
        *values,
    )
    return [
        Scored(row["document"], row["held"] / len(words), 0.0, row["held"] / len(words), None, None, None, 0, row)
        for row in rows
    ]


async def _cards(connection: Connection, product_ids: Sequence[str], currency: str, now: datetime) -> list[str]:
    if not product_ids:
        return []
    rows = await connection.fetch(
        f"SELECT p.product_id, {card_column('$3')} FROM search.products p "
        "WHERE p.currency = $2 AND p.product_id = ANY ($1::text[])",
        list(product_ids),
        currency,
        now,
    )
    cards = {row["product_id"]: row["card"] for row in rows if row["card"] is not None}
    return [cards[product_id] for product_id in product_ids if product_id in cards]


def _skipped(after: str) -> int:
    if after and not (after.isdecimal() and len(after) < 6):
        raise Invalid("bad_cursor", "This cursor belongs to another list.", next_step="Begin without a cursor.")
    return min(int(after or 0), DEEPEST_RESULT)
