"""What a list of products can be narrowed to next, with how many products each choice leaves."""

from dataclasses import dataclass

from bottega.platform.database.pool import Connection
from bottega.shop.catalogue.listing import Conditions, Filters

MOST_BRANDS = 24
MOST_TAGS = 16
# Enough for every facet that is shown, whatever the catalogue is like.
MOST_FACETS = 400


@dataclass(frozen=True, slots=True)
class FacetCount:
    """One choice: its value as filters take it, what it is called, and how many products have it."""

    value: str
    title: str
    products: int


@dataclass(frozen=True, slots=True)
class Facets:
    """Of a narrowed list: how many products, their prices, and the choices left."""

    products: int
    lowest_minor: int | None
    highest_minor: int | None
    in_stock: int
    on_sale: int
    brands: tuple[FacetCount, ...]
    tags: tuple[FacetCount, ...]
    categories: tuple[FacetCount, ...]


async def facets_of(connection: Connection, filters: Filters) -> Facets:
    """The choices within a list; categories are those directly below the one that is filtered by."""
    conditions = Conditions()
    conditions.narrow(filters)
    row = await connection.fetchrow(
        f"SELECT count(*) AS products, min(p.price_minor) AS lowest, max(p.price_minor) AS highest "
        f"FROM search.products p WHERE {conditions}",
        *conditions.values,
    )
    assert row is not None, "an aggregate always answers"
    rows = await connection.fetch(
        f"SELECT f.facet, count(*) AS products FROM search.products p, unnest(p.facets) AS f (facet) "
        f"WHERE {conditions} GROUP BY f.facet ORDER BY products DESC, f.facet LIMIT {MOST_FACETS}",
        *conditions.values,
    )
    counts = {facet["facet"]: facet["products"] for facet in rows}
    return Facets(
        row["products"],
        row["lowest"],
        row["highest"],
        counts.get("in_stock", 0),
        counts.get("on_sale", 0),
        await _brands(connection, conditions),
        _named(counts, "tag:")[:MOST_TAGS],
        await _categories(connection, counts, filters.category),
    )


async def _brands(connection: Connection, conditions: Conditions) -> tuple[FacetCount, ...]:
    """As their products spell them, because facets are in small letters."""
    rows = await connection.fetch(
        "SELECT s.brand, count(*) AS products FROM search.products p JOIN shop.products s ON s.id = p.product_id "
        f"WHERE {conditions} AND s.brand <> '' GROUP BY s.brand ORDER BY products DESC, s.brand LIMIT {MOST_BRANDS}",
        *conditions.values,
    )
    return tuple(FacetCount(row["brand"], row["brand"], row["products"]) for row in rows)


async def _categories(connection: Connection, counts: dict[str, int], above: str | None) -> tuple[FacetCount, ...]:
    prefix = "category:" if above is None else f"category:{above}/"
    paths = {
        facet.removeprefix("category:"): number
        for facet, number in counts.items()
        if facet.startswith(prefix) and "/" not in facet.removeprefix(prefix)
    }
    rows = await connection.fetch(
        "SELECT path, title FROM shop.categories WHERE path = ANY ($1::text[]) ORDER BY title", list(paths)
    )
    return tuple(FacetCount(row["path"], row["title"], paths[row["path"]]) for row in rows)


def _named(counts: dict[str, int], prefix: str) -> tuple[FacetCount, ...]:
    """Facets of one kind, the most frequent first."""
    found = [(facet.removeprefix(prefix), number) for facet, number in counts.items() if facet.startswith(prefix)]
    return tuple(FacetCount(value, value[:1].upper() + value[1:], number) for value, number in found)
