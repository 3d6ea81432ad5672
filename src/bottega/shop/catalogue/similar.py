"""Products like one: those of a like meaning and category, what can be bought now first."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg
import orjson

from bottega.platform.database.pool import Connection, Row
from bottega.retrieval import keyword, vectors
from bottega.retrieval.asked import ask
from bottega.retrieval.narrowing import Narrowing
from bottega.shop.catalogue.errors import NoSuchProduct
from bottega.shop.catalogue.listing import card_column
from bottega.shop.catalogue.product_documents import PRODUCTS
from bottega.shop.catalogue.signs import signs

MOST_SIMILAR = 24
CONSIDERED = 60
# A title has many words: of each, so many of the best postings are read.
POSTINGS_READ = 400
# What a shared category adds to a likeness between 0 and 1: all of it for the same one, half for the same department.
SAME_CATEGORY = 0.15
NOT_EMBEDDED = "This product is not embedded yet; what shares its words is shown."
VECTORS_AWAY = "Vectors cannot be searched now; what shares its words is shown."

_COLUMNS = (
    "p.product_id",
    "p.facets @> '{in_stock}' AS in_stock",
    # The deepest of its categories stands last in the order of paths.
    "(SELECT max(substr(f, 10)) FROM unnest(p.facets) AS f WHERE starts_with(f, 'category:')) AS category",
)


@dataclass(frozen=True, slots=True)
class SimilarProducts:
    """Cards as JSON text, the most alike first; `degraded` says why likeness was not by meaning."""

    cards: list[str]
    degraded: dict[str, str] = field(default_factory=dict[str, str])

    def as_record(self) -> dict[str, Any]:
        """JSON-ready."""
        return {"items": [orjson.loads(card) for card in self.cards], "degraded": self.degraded}


async def similar_products(
    connection: Connection,
    id_or_handle: str,
    currency: str,
    now: datetime,
    *,
    besides: Collection[str] = (),
    limit: int = 8,
) -> SimilarProducts:
    """At most `limit` products for sale that are like this one, without those in `besides`.

    Raises `NoSuchProduct` when it is not sold in this currency.
    """
    shown = await connection.fetchrow(_SHOWN, id_or_handle, currency)
    if shown is None:
        raise NoSuchProduct(id_or_handle)
    narrowing = Narrowing(
        "search.products p",
        "p.document",
        "p.currency = $1 AND NOT p.product_id = ANY ($2::text[])",
        (currency, [shown["product_id"], *besides]),
        _COLUMNS,
        is_wide=True,
    )
    near, reason = await _by_meaning(connection, shown, narrowing)
    if reason:
        near = await _by_words(connection, shown, narrowing)
    category = shown["category"] or ""
    near.sort(key=lambda one: (not one[1]["in_stock"], -(one[0] + _shared(category, one[1]["category"] or ""))))
    ids = [row["product_id"] for _, row in near[: min(limit, MOST_SIMILAR)]]
    rows = await connection.fetch(
        f"SELECT {card_column('$3')} FROM search.products p WHERE p.product_id = ANY ($1::text[]) AND p.currency = $2 "
        "ORDER BY array_position($1::text[], p.product_id)",
        ids,
        currency,
        now,
    )
    cards = [row["card"] for row in rows if row["card"] is not None]
    return SimilarProducts(cards, {"meaning": reason} if reason else {})


async def _by_meaning(connection: Connection, shown: Row, narrowing: Narrowing) -> tuple[list[tuple[float, Row]], str]:
    """Neighbours of its vector with their cosines, or why there are none."""
    if shown["document"] is None:
        return [], NOT_EMBEDDED
    try:
        standing = await vectors.standing(connection, PRODUCTS)
        if not standing.indexed and standing.vectors > vectors.MOST_VECTORS_WITHOUT_INDEX:
            return [], VECTORS_AWAY
        found = await vectors.near_document(connection, PRODUCTS, shown["document"], narrowing, CONSIDERED)
    except (asyncpg.UndefinedTableError, asyncpg.DataError):
        return [], VECTORS_AWAY
    if found is None:
        return [], NOT_EMBEDDED
    return [(one.cosine, one.row) for one in found], ""


async def _by_words(connection: Connection, shown: Row, narrowing: Narrowing) -> list[tuple[float, Row]]:
    """What shares words of its title and category, with how many of them as a share; else what shares the category."""
    words = f"{shown['title']} {(shown['category'] or '').rpartition('/')[2].replace('-', ' ')}"
    try:
        query = await ask(connection, PRODUCTS, words, correct=False)
        matches = await keyword.rank(connection, PRODUCTS, query, narrowing, CONSIDERED, read=POSTINGS_READ)
        found = [(query.coverage(match.bits), match.row) for match in matches.found]
    except asyncpg.UndefinedTableError:
        found = []
    if found:
        return found
    department = f"category:{shown['category']}" if shown["category"] else ""
    rows = await connection.fetch(
        f"SELECT 0 AS document{narrowing.selected} FROM {narrowing.source} WHERE {narrowing.condition} "
        f"AND p.signs @> $3::bigint[] ORDER BY p.reviews DESC, p.product_id DESC LIMIT {CONSIDERED}",
        *narrowing.values,
        signs("facet", [department]),
    )
    return [(0.0, row) for row in rows]


def _shared(one: str, other: str) -> float:
    if not one or not other:
        return 0.0
    if one == other:
        return SAME_CATEGORY
    return SAME_CATEGORY / 2 if one.partition("/")[0] == other.partition("/")[0] else 0.0


_SHOWN = """
SELECT p.product_id, p.document, s.title, c.path AS category
FROM search.products p JOIN shop.products s ON s.id = p.product_id LEFT JOIN shop.categories c ON c.id = s.category_id
WHERE (p.product_id = $1 OR p.handle = $1) AND p.currency = $2"""
