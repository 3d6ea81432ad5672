"""The read model of published products: which products a log entry touches, and writing their rows anew."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bottega.actions.log.entries import LoggedChange, LoggedEntry
from bottega.actions.log.readers import LogReader
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Connection, Row
from bottega.retrieval import postings
from bottega.retrieval.schema import ensure
from bottega.shop.catalogue import constraint_index, vocabulary_store
from bottega.shop.catalogue.product_documents import PRODUCTS, READER, documents_of

REFRESHED_AT_ONCE = 500
ANALYSED_AFTER = 2_000

# The columns of a product whose change leaves its words as they were.
_WORDLESS = frozenset({"version", "updated_at", "tax_class", "option_names", "source", "source_id", "related"})


# The columns of a variant by which it is found.
_VARIANT_WORDS = ("sku", "barcode", "option_values", "weight_grams", "active")

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
                if change.operation != "update" or _differs(change, *_VARIANT_WORDS):
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
        await ensure(connection, PRODUCTS)
        await constraint_index.ensure(connection)
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
        if worded:
            await vocabulary_store.learn_if_due(connection, self._clock.now())


def log_readers(application: Any) -> list[LogReader]:
    """The reader, for the worker that runs all of them."""
    return [ProductIndex(application.clock)]


async def refresh(connection: Connection, product_ids: set[str], worded: set[str], at: datetime) -> None:
    """Writes the cards of `product_ids` and the words of `worded`; what is not published disappears."""
    for start in range(0, len(worded), REFRESHED_AT_ONCE):
        await _refresh_words(connection, sorted(worded)[start : start + REFRESHED_AT_ONCE], at)
    for start in range(0, len(product_ids), REFRESHED_AT_ONCE):
        ids = sorted(product_ids)[start : start + REFRESHED_AT_ONCE]
        for table in ("search.products", "search.product_cards"):
            await connection.execute(f"DELETE FROM {table} WHERE product_id = ANY ($1::text[])", ids)
        await connection.execute(_INSERT_CARDS, ids, at)
        await constraint_index.refresh_offers(connection, ids, at)
    if product_ids:
        # Whoever remembers what met a condition sees by this row that something may meet it no more.
        await connection.execute("UPDATE log.readers SET name = name WHERE name = $1", READER)


async def _refresh_words(connection: Connection, ids: list[str], at: datetime) -> None:
    documents = await documents_of(connection, ids)
    await postings.write(connection, PRODUCTS, documents, at)
    await postings.remove(connection, PRODUCTS, sorted(set(ids) - {document.id for document in documents}))
    await constraint_index.refresh_traits(connection, ids)


async def analyse(connection: Connection) -> None:
    """Tells the planner what the tables hold now; with the figures of empty ones it would choose slow plans."""
    searched = ", ".join((PRODUCTS.documents, PRODUCTS.postings, PRODUCTS.terms))
    await connection.execute(
        f"ANALYZE search.products, search.product_cards, {searched}, shop.products, shop.variants, shop.prices, "
        f"shop.stock_levels, shop.media, {', '.join(constraint_index.TABLES)}"
    )


async def refresh_due(connection: Connection, at: datetime) -> int:
    """Writes the cards of products whose sale has begun or ended since; returns how many."""
    await wait_for_reader(connection)
    # The order leads along the index of what is due, which has next to nothing; without it all products are read.
    rows = await connection.fetch(
        "SELECT product_id FROM search.products WHERE changes_at <= $1 ORDER BY changes_at LIMIT $2",
        at,
        REFRESHED_AT_ONCE,
    )
    await refresh(connection, {row["product_id"] for row in rows}, set(), at)
    return len(rows)


async def wait_for_reader(connection: Connection) -> None:
    """Keeps the reader of the log from writing until the transaction ends."""
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


_INSERT_CARDS = f"""
WITH made AS MATERIALIZED (SELECT * FROM search.cards($1::text[], $2)),
shown AS (INSERT INTO search.product_cards (product_id, currency, card) SELECT product_id, currency, card FROM made)
INSERT INTO search.products (
    product_id, currency, handle, title_key, price_minor, facets, changes_at, rating, reviews, document, signs)
SELECT c.product_id, c.currency, c.handle, c.title_key, c.price_minor, c.facets, c.changes_at, c.rating, c.reviews,
       d.document, search.signs_of(c.facets, t.traits, v.traits, v.is_one)
FROM made c
LEFT JOIN {PRODUCTS.documents} d ON d.id = c.product_id
LEFT JOIN search.traits t ON t.product_id = c.product_id
CROSS JOIN LATERAL search.variants_told(c.product_id) AS v"""

_OF_CATEGORIES = """
SELECT p.id FROM shop.products p JOIN shop.categories k ON k.id = p.category_id
JOIN shop.categories c ON k.path = c.path OR starts_with(k.path, c.path || '/')
WHERE c.id = ANY ($1::text[])"""
