"""What the pages of products ask: the list, one product as staff keep it, categories to choose from, imports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bottega.platform.database.pool import Connection
from bottega.shop.catalogue.errors import NoSuchProduct
from bottega.web.console.work_list import Asked

SORTS: Mapping[str, str] = {
    "title": "p.title, p.id",
    "updated": "p.updated_at, p.id",
    "price": "lowest_minor, p.id",
    "available": "available, p.id",
}
MOST_IMPORTS = 20


@dataclass(frozen=True, slots=True)
class Kept:
    """A product with everything that its page shows; variants carry prices and levels."""

    product: dict[str, Any]
    variants: list[dict[str, Any]]
    media: list[dict[str, Any]]

    @property
    def prices(self) -> list[tuple[str, dict[str, Any]]]:
        """Every price with the id of its variant."""
        found: list[tuple[str, dict[str, Any]]] = []
        for variant in self.variants:
            prices: list[dict[str, Any]] = variant["prices"] or []
            found += [(variant["id"], price) for price in prices]
        return found


async def listed(connection: Connection, asked: Asked, currency: str) -> list[dict[str, Any]]:
    """Products of every status; a search finds titles, brands, handles and SKUs."""
    rows = await connection.fetch(
        f"{_LIST} ORDER BY {asked.order(SORTS)} LIMIT $6 OFFSET $7",
        currency,
        asked.text,
        f"%{asked.text.translate(_LIKE)}%",
        asked.chosen["status"],
        asked.chosen["category"],
        asked.limit,
        asked.offset,
    )
    return [dict(row) for row in rows]


async def titles_of(connection: Connection, product_ids: Sequence[str]) -> dict[str, str]:
    """The titles of these products, by id."""
    rows = await connection.fetch("SELECT id, title FROM shop.products WHERE id = ANY($1::text[])", list(product_ids))
    return {row["id"]: row["title"] for row in rows}


async def top_categories(connection: Connection) -> list[tuple[str, str]]:
    """Paths and titles of the first level."""
    rows = await connection.fetch("SELECT path, title FROM shop.categories WHERE parent_id IS NULL ORDER BY title")
    return [(row["path"], row["title"]) for row in rows]


async def categories(connection: Connection) -> list[tuple[str, str]]:
    """Every category as a choice: its id, and its title under those above it."""
    rows = await connection.fetch("SELECT id, path, title FROM shop.categories ORDER BY path LIMIT 5000")
    titles = {row["path"]: row["title"] for row in rows}
    return [(row["id"], _trail(row["path"], titles)) for row in rows]


def _trail(path: str, titles: Mapping[str, str]) -> str:
    parts = path.split("/")
    return " / ".join(titles.get("/".join(parts[: depth + 1]), part) for depth, part in enumerate(parts))


async def kept(connection: Connection, product_id: str, at: datetime) -> Kept:
    """One product, whatever its status; raises `NoSuchProduct`."""
    product = await connection.fetchrow(_PRODUCT, product_id)
    if product is None:
        raise NoSuchProduct(product_id)
    variants = await connection.fetch(_VARIANTS, product_id, at)
    media = await connection.fetch(
        "SELECT id, url, alt FROM shop.media WHERE product_id = $1 ORDER BY position, id", product_id
    )
    return Kept(dict(product), [dict(row) for row in variants], [dict(row) for row in media])


async def imports(connection: Connection) -> list[dict[str, Any]]:
    """Files that were brought in, the newest first."""
    rows = await connection.fetch(
        "SELECT id, format, state, summary, started_at, finished_at FROM platform.imports "
        "ORDER BY started_at DESC, id LIMIT $1",
        MOST_IMPORTS,
    )
    return [dict(row) for row in rows]


_LIKE = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})

_LIST = """
SELECT p.id, p.handle, p.title, p.brand, p.status, p.updated_at, c.path AS category, c.title AS category_title,
       (SELECT m.url FROM shop.media m WHERE m.product_id = p.id ORDER BY m.position, m.id LIMIT 1) AS picture_url,
       v.variants, v.lowest_minor, v.highest_minor, v.available
FROM shop.products p LEFT JOIN shop.categories c ON c.id = p.category_id
LEFT JOIN LATERAL (
    SELECT count(*) AS variants, min(r.amount_minor) AS lowest_minor, max(r.amount_minor) AS highest_minor,
           coalesce(sum((SELECT sum(s.on_hand - s.reserved) FROM shop.stock_levels s WHERE s.variant_id = v.id)), 0)
               ::bigint AS available
    FROM shop.variants v LEFT JOIN shop.prices r ON r.variant_id = v.id AND r.currency = $1
    WHERE v.product_id = p.id AND v.active) AS v ON true
WHERE ($2 = '' OR p.title ILIKE $3 OR p.brand ILIKE $3 OR p.handle = $2
       OR EXISTS (SELECT FROM shop.variants x WHERE x.product_id = p.id AND x.sku = upper($2)))
  AND ($4 = '' OR p.status = $4) AND ($5 = '' OR c.path = $5 OR starts_with(c.path, $5 || '/'))"""

_PRODUCT = """
SELECT p.*, c.path AS category, c.title AS category_title,
       ARRAY(SELECT x.title FROM shop.collection_products cp JOIN shop.collections x ON x.id = cp.collection_id
             WHERE cp.product_id = p.id ORDER BY x.title) AS collections,
       (SELECT count(*) FROM shop.reviews r WHERE r.product_id = p.id AND r.state = 'published') AS reviews,
       (SELECT count(*) FROM shop.order_lines l WHERE l.product_id = p.id) AS sold_lines
FROM shop.products p LEFT JOIN shop.categories c ON c.id = p.category_id WHERE p.id = $1"""

_VARIANTS = """
SELECT v.id, v.sku, v.option_values, v.barcode, v.weight_grams, v.active,
       (SELECT jsonb_agg(jsonb_build_object('currency', r.currency, 'amount_minor', r.amount_minor,
            'sale_amount_minor', r.sale_amount_minor, 'cost_minor', r.cost_minor,
            'effective_minor', shop.effective_amount(r, $2)) ORDER BY r.currency)
        FROM shop.prices r WHERE r.variant_id = v.id) AS prices,
       (SELECT coalesce(sum(s.on_hand), 0) FROM shop.stock_levels s WHERE s.variant_id = v.id)::bigint AS on_hand,
       (SELECT coalesce(sum(s.reserved), 0) FROM shop.stock_levels s WHERE s.variant_id = v.id)::bigint AS reserved
FROM shop.variants v WHERE v.product_id = $1 ORDER BY v.position, v.id"""
