"""What the pages of prices ask: the list, the prices that a change is about, and what was changed before."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from bottega.platform.database.pool import Connection
from bottega.web.console.work_list import Asked

SORTS: Mapping[str, str] = {"title": "title, sku, id", "price": "amount_minor, id", "margin": "margin_percent, id"}
# What each choice of the filter means.
KINDS: Mapping[str, str] = {
    "": "true",
    "sale": "effective_minor < amount_minor",
    "missing": "amount_minor IS NULL",
    "below_cost": "cost_minor > effective_minor",
}
MOST_ENTRIES = 50
# Actions that can move a price.
MOVING = ("SetPrice", "SetPrices", "ChangePrice", "SetSalePrice", "EndSale", "UpsertProducts", "UndoEntry")


async def listed(connection: Connection, asked: Asked, currency: str, now: datetime) -> list[dict[str, Any]]:
    """Variants with their price in one currency; a search finds SKUs, titles and brands."""
    rows = await connection.fetch(
        f"{_PRICES} SELECT * FROM priced WHERE {KINDS[asked.chosen['kind']]} "
        f"ORDER BY {asked.order(SORTS)} LIMIT $6 OFFSET $7",
        currency,
        now,
        asked.text,
        f"%{asked.text.translate(_LIKE)}%",
        asked.chosen["category"],
        asked.limit,
        asked.offset,
    )
    return [dict(row) for row in rows]


async def currencies(connection: Connection) -> list[str]:
    """In which currencies there are prices."""
    return [row["currency"] for row in await connection.fetch(_CURRENCIES)]


async def whole_list(connection: Connection, limit: int) -> list[dict[str, Any]]:
    """Every ordinary price, as a list that can be changed and given back."""
    rows = await connection.fetch(
        "SELECT v.sku, r.currency, r.amount_minor FROM shop.prices r JOIN shop.variants v ON v.id = r.variant_id "
        "JOIN shop.products p ON p.id = v.product_id WHERE v.active AND p.status <> 'archived' "
        "ORDER BY v.sku, r.currency LIMIT $1",
        limit,
    )
    return [dict(row) for row in rows]


async def of_category(
    connection: Connection, category: str, text: str, currency: str, now: datetime, limit: int
) -> list[dict[str, Any]]:
    """Every priced variant that a list with these choices would show."""
    rows = await connection.fetch(
        f"{_PRICES} SELECT * FROM priced WHERE amount_minor IS NOT NULL ORDER BY title, sku LIMIT $6",
        currency,
        now,
        text,
        f"%{text.translate(_LIKE)}%",
        category,
        limit,
    )
    return [dict(row) for row in rows]


async def of_variants(
    connection: Connection, variant_ids: Sequence[str], currency: str, now: datetime
) -> list[dict[str, Any]]:
    """The prices of these variants."""
    rows = await connection.fetch(_OF_VARIANTS, currency, now, list(variant_ids))
    return [dict(row) for row in rows]


async def variants_of_skus(connection: Connection, skus: Sequence[str]) -> dict[str, str]:
    """Variant ids by SKU, those that exist."""
    rows = await connection.fetch("SELECT id, sku FROM shop.variants WHERE sku = ANY($1::text[])", list(skus))
    return {row["sku"]: row["id"] for row in rows}


async def changes(connection: Connection) -> list[dict[str, Any]]:
    """The newest actions that changed prices: who, how many, and how far."""
    return [dict(row) for row in await connection.fetch(_CHANGES, MOST_ENTRIES, list(MOVING))]


async def before(connection: Connection, entry_id: str) -> list[dict[str, Any]]:
    """The prices as they stood before an entry, beside what they are now; those that it made anew are left out."""
    return [dict(row) for row in await connection.fetch(_BEFORE, entry_id)]


_LIKE = str.maketrans({"\\": r"\\", "%": r"\%", "_": r"\_"})

_CURRENCIES = "SELECT DISTINCT currency FROM shop.prices ORDER BY currency"

_COLUMNS = """
SELECT v.id, v.sku, p.id AS product_id, p.title, v.option_values, p.status, r.amount_minor, r.cost_minor,
       r.sale_amount_minor, r.sale_starts_at, r.sale_ends_at,
       CASE WHEN r.id IS NULL THEN NULL ELSE shop.effective_amount(r, $2) END AS effective_minor,
       CASE WHEN r.cost_minor IS NOT NULL AND r.amount_minor > 0
            THEN round(100.0 * (r.amount_minor - r.cost_minor) / r.amount_minor)::int END AS margin_percent
FROM shop.variants v JOIN shop.products p ON p.id = v.product_id
LEFT JOIN shop.prices r ON r.variant_id = v.id AND r.currency = $1"""

_PRICES = f"""
WITH priced AS ({_COLUMNS} LEFT JOIN shop.categories c ON c.id = p.category_id
WHERE v.active AND p.status <> 'archived'
  AND ($3 = '' OR v.sku ILIKE $4 OR p.title ILIKE $4 OR p.brand ILIKE $4)
  AND ($5 = '' OR c.path = $5 OR starts_with(c.path, $5 || '/')))"""

_OF_VARIANTS = f"{_COLUMNS} WHERE v.id = ANY($3::text[]) ORDER BY p.title, v.position, v.id"

# The newest entries of each action that can move a price, by the index on actions, and what they moved.
_CHANGES = """
WITH newest AS (
    SELECT e.* FROM unnest($2::text[]) AS a (action)
    CROSS JOIN LATERAL (
        SELECT * FROM log.entries n WHERE n.action = a.action ORDER BY n.sequence DESC LIMIT $1) AS e
    ORDER BY e.sequence DESC LIMIT $1)
SELECT e.id AS entry_id, e.action, e.actor_kind, e.actor_role, e.recorded_at, e.because,
       vault.reveal(s.name_ref) AS colleague, m.*
FROM newest e LEFT JOIN shop.staff s ON s.id = e.actor_id
CROSS JOIN LATERAL (
    SELECT count(*) AS prices, count(*) FILTER (WHERE c.operation = 'insert') AS made,
           min(p.percent)::int AS lowest_percent, max(p.percent)::int AS highest_percent
    FROM log.changes c CROSS JOIN LATERAL (
        SELECT round(100.0 * ((c.after ->> 'amount_minor')::bigint - (c.before ->> 'amount_minor')::bigint)
                     / nullif((c.before ->> 'amount_minor')::bigint, 0)) AS percent) AS p
    WHERE c.entry_id = e.id AND c.table_name = 'shop.prices') AS m
WHERE m.prices > 0 ORDER BY e.sequence DESC"""

_BEFORE = """
SELECT DISTINCT ON (c.row_key) c.before ->> 'variant_id' AS variant_id, c.before ->> 'currency' AS currency,
       (c.before ->> 'amount_minor')::bigint AS before_minor, r.amount_minor AS now_minor, v.sku, p.title
FROM log.changes c JOIN shop.prices r ON r.id = c.row_key JOIN shop.variants v ON v.id = r.variant_id
JOIN shop.products p ON p.id = v.product_id
WHERE c.entry_id = $1 AND c.table_name = 'shop.prices' AND c.before IS NOT NULL
ORDER BY c.row_key, c.id LIMIT 5000"""
