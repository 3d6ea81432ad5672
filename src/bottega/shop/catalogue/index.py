"""The read model of published products: which products a log entry touches, and writing their rows anew."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bottega.actions.log.entries import LoggedChange, LoggedEntry
from bottega.actions.log.readers import LogReader
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Connection, Database, Row
from bottega.retrieval.keyword import plain_vector, weighted_vector
from bottega.shop.catalogue import constraint_index

READER = "search"
REFRESHED_AT_ONCE = 500
ANALYSED_AFTER = 2_000

# The columns of a product whose change leaves its words as they were.
_WORDLESS = frozenset(
    {"version", "updated_at", "tax_class", "status", "option_names", "source", "source_id", "related"}
)


# The tables that `Touched.look_at` knows.
LOOKED_AT = frozenset(
    {
        "shop.products",
        "shop.variants",
        "shop.prices",
        "shop.stock_levels",
        "shop.media",
        "shop.collection_products",
        "shop.reviews",
        "shop.categories",
        "shop.collections",
        "shop.locations",
    }
)
_KINDS = ("product_type", "type", "material", "activity", "season")


@dataclass(slots=True)
class Touched:
    """What entries touch, by the identifiers that their changes carry; `worded` products need their words anew too."""

    products: set[str] = field(default_factory=set[str])
    variants: set[str] = field(default_factory=set[str])
    worded: set[str] = field(default_factory=set[str])
    categories: set[str] = field(default_factory=set[str])
    collections: set[str] = field(default_factory=set[str])
    locations: bool = False

    def look_at(self, change: LoggedChange) -> None:
        """Adds what one change touches."""
        image: dict[str, Any] = change.after or change.before or {}
        match change.table_name:
            case "shop.products":
                self._product(change, image["id"])
            case "shop.variants":
                self.products.add(image["product_id"])
                if change.operation != "update" or _differs(change, "sku", "barcode", "option_values"):
                    self.worded.add(image["product_id"])
            case "shop.prices":
                self.variants.add(image["variant_id"])
            case "shop.stock_levels":
                if _sells(change.before) != _sells(change.after):
                    self.variants.add(image["variant_id"])
            case "shop.media" | "shop.collection_products" | "shop.reviews":
                self.products.add(image["product_id"])
            case "shop.categories":
                self.categories.add(image["id"])
            case "shop.collections":
                self.collections.add(image["id"])
            case "shop.locations":
                self.locations = self.locations or _differs(change, "active")
            case _:
                pass

    def _product(self, change: LoggedChange, product_id: str) -> None:
        self.products.add(product_id)
        if change.before is None or change.after is None:
            self.worded.add(product_id)
            return
        before, after = change.before, change.after
        if any(before[name] != after[name] for name in after if name not in _WORDLESS):
            self.worded.add(product_id)


def _differs(change: LoggedChange, *names: str) -> bool:
    before, after = change.before or {}, change.after or {}
    return any(before.get(name) != after.get(name) for name in names)


def _sells(level: dict[str, Any] | None) -> bool:
    return level is not None and max(level["on_hand"], 0) + level["backorder_limit"] > level["reserved"]


class ProductIndex:
    """The reader of the log that keeps the read model; what an action changes shows here within a second."""

    name = READER
    tables = LOOKED_AT

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._written = 0

    async def read(self, entries: Sequence[LoggedEntry], connection: Connection) -> None:
        """Writes the rows of every product that the entries touch."""
        touched = Touched()
        for entry in entries:
            for change in entry.changes:
                touched.look_at(change)
        product_ids, worded = await _resolve(connection, touched)
        await refresh(connection, product_ids, worded, self._clock.now())
        self._written += len(product_ids)
        if self._written >= ANALYSED_AFTER:
            self._written = 0
            await analyse(connection)


def log_readers(application: Any) -> list[LogReader]:
    """The reader, for the worker that runs all of them."""
    return [ProductIndex(application.clock)]


async def refresh(connection: Connection, product_ids: set[str], worded: set[str], at: datetime) -> None:
    """Writes the cards of `product_ids` and the words of `worded`; what is not published disappears."""
    for start in range(0, len(worded), REFRESHED_AT_ONCE):
        ids = sorted(worded)[start : start + REFRESHED_AT_ONCE]
        await _refresh_texts(connection, ids)
        await constraint_index.refresh_traits(connection, ids)
    for start in range(0, len(product_ids), REFRESHED_AT_ONCE):
        ids = sorted(product_ids)[start : start + REFRESHED_AT_ONCE]
        await connection.execute("DELETE FROM search.products WHERE product_id = ANY ($1::text[])", ids)
        await connection.execute("INSERT INTO search.products SELECT * FROM search.cards($1::text[], $2)", ids, at)
        await constraint_index.refresh_offers(connection, ids, at)


async def analyse(connection: Connection) -> None:
    """Tells the planner what the tables hold now; with the figures of empty ones it would choose slow plans."""
    await connection.execute(
        "ANALYZE search.products, search.texts, shop.products, shop.variants, shop.prices, shop.stock_levels, "
        f"shop.media, {', '.join(constraint_index.TABLES)}"
    )


async def refresh_due(connection: Connection, at: datetime) -> int:
    """Writes the cards of products whose sale has begun or ended since; returns how many."""
    await _wait_for_reader(connection)
    rows = await connection.fetch(
        "SELECT DISTINCT product_id FROM search.products WHERE changes_at <= $1 LIMIT $2", at, REFRESHED_AT_ONCE
    )
    await refresh(connection, {row["product_id"] for row in rows}, set(), at)
    return len(rows)


async def rebuild(database: Database, at: datetime, progress: Callable[[int, int], None]) -> int:
    """Writes the whole read model anew while the shop goes on; returns the number of published products."""
    async with database.read() as connection:
        ids = [row["id"] for row in await connection.fetch("SELECT id FROM shop.products ORDER BY id")]
    for start in range(0, len(ids), REFRESHED_AT_ONCE):
        batch = set(ids[start : start + REFRESHED_AT_ONCE])
        async with database.write() as connection:
            await _wait_for_reader(connection)
            await refresh(connection, batch, batch, at)
        progress(min(start + REFRESHED_AT_ONCE, len(ids)), len(ids))
    async with database.write() as connection:
        await _wait_for_reader(connection)
        for table in ("search.products", "search.texts", *constraint_index.TABLES):
            await connection.execute(
                f"DELETE FROM {table} t WHERE NOT EXISTS "
                "(SELECT FROM shop.products p WHERE p.id = t.product_id AND p.status = 'published')"
            )
        await analyse(connection)
        return await connection.fetchval("SELECT count(*) FROM shop.products WHERE status = 'published'")


async def _wait_for_reader(connection: Connection) -> None:
    # The reader holds this row while it writes: without waiting, older rows could be put over newer ones.
    await connection.execute("SELECT 1 FROM log.readers WHERE name = $1 FOR UPDATE", READER)


async def _resolve(connection: Connection, touched: Touched) -> tuple[set[str], set[str]]:
    """All products concerned, and those whose words are: a category's and a collection's title are words as well."""
    product_ids, worded = set(touched.products), set(touched.worded)
    if touched.locations:
        product_ids |= _ids(await connection.fetch("SELECT id FROM shop.products WHERE status = 'published'"))
    if touched.variants:
        rows = await connection.fetch(
            "SELECT DISTINCT product_id AS id FROM shop.variants WHERE id = ANY ($1::text[])", list(touched.variants)
        )
        product_ids |= _ids(rows)
    if touched.categories:
        rows = await connection.fetch(_OF_CATEGORIES, list(touched.categories))
        product_ids |= _ids(rows)
        worded |= _ids(rows)
    if touched.collections:
        rows = await connection.fetch(
            "SELECT product_id AS id FROM shop.collection_products WHERE collection_id = ANY ($1::text[])",
            list(touched.collections),
        )
        product_ids |= _ids(rows)
    return product_ids, worded


def _ids(rows: Sequence[Row]) -> set[str]:
    return {row["id"] for row in rows}


async def _refresh_texts(connection: Connection, ids: list[str]) -> None:
    rows = await connection.fetch(_WORDS, ids)
    await connection.execute("DELETE FROM search.texts WHERE product_id = ANY ($1::text[])", ids)
    await connection.execute(
        "INSERT INTO search.texts (product_id, title, body) "
        "SELECT t.id, t.title::tsvector, t.body::tsvector "
        "FROM unnest($1::text[], $2::text[], $3::text[]) AS t (id, title, body)",
        [row["id"] for row in rows],
        [title_vector(row) for row in rows],
        [body_vector(row) for row in rows],
    )


def title_vector(row: Row) -> str:
    """What ranks: title and model before the brand, and that before category, tags, kind and SKUs."""
    attributes: dict[str, Any] = row["attributes"]
    kinds = [attributes[name] for name in _KINDS if name in attributes]
    return weighted_vector(
        [
            ("A", row["title"]),
            ("A", str(attributes.get("model", ""))),
            ("B", row["brand"]),
            ("C", " ".join([row["categories"] or "", *row["tags"], *map(_attribute_words, kinds), *row["skus"]])),
        ]
    )


def body_vector(row: Row) -> str:
    """What matches: all of it."""
    attributes: dict[str, Any] = row["attributes"]
    return plain_vector(
        [
            row["title"],
            row["brand"],
            row["categories"] or "",
            *row["tags"],
            *row["skus"],
            *row["options"],
            # A true attribute is a word by its name (bluetooth, hood); a false one must not be found.
            *(name.replace("_", " ") for name, value in attributes.items() if value is True),
            *(_attribute_words(value) for value in attributes.values() if not isinstance(value, bool)),
            row["description"],
        ]
    )


def _attribute_words(value: Any) -> str:
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - JSON of any form


_WORDS = """
SELECT p.id, p.title, p.brand, p.description, p.attributes, p.tags,
       (SELECT string_agg(c.title, ' ') FROM shop.categories k
        JOIN shop.categories c ON k.path = c.path OR starts_with(k.path, c.path || '/')
        WHERE k.id = p.category_id) AS categories,
       coalesce(v.skus, '{}') AS skus, coalesce(v.options, '{}') AS options
FROM shop.products p
LEFT JOIN LATERAL (
    SELECT array_agg(v.sku) || array_remove(array_agg(v.barcode), '') AS skus,
           array_agg(DISTINCT o.value) FILTER (WHERE o.value IS NOT NULL) AS options
    FROM shop.variants v LEFT JOIN LATERAL jsonb_each_text(v.option_values) AS o ON true
    WHERE v.product_id = p.id AND v.active) AS v ON true
WHERE p.id = ANY ($1::text[]) AND p.status = 'published'"""

_OF_CATEGORIES = """
SELECT p.id FROM shop.products p JOIN shop.categories k ON k.id = p.category_id
JOIN shop.categories c ON k.path = c.path OR starts_with(k.path, c.path || '/')
WHERE c.id = ANY ($1::text[])"""
