"""Reads of prices, and their history out of the log."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from bottega.platform.database.pool import Connection
from bottega.shop.prices.errors import NoSuchVariant

LONGEST_PAGE = 200


class Price(BaseModel):
    """A price as staff see it; amounts in minor units, `effective_minor` is what holds now."""

    model_config = ConfigDict(frozen=True)

    variant_id: str
    sku: str
    currency: str
    amount_minor: int
    effective_minor: int
    sale_amount_minor: int | None
    sale_starts_at: datetime | None
    sale_ends_at: datetime | None
    cost_minor: int | None
    version: int


class PriceChange(BaseModel):
    """One change of a price: who changed it, when, and what it was before; null = there was none."""

    model_config = ConfigDict(frozen=True)

    entry_id: str
    action: str
    actor_kind: str
    actor_id: str
    changed_at: datetime
    currency: str
    before_minor: int | None
    amount_minor: int | None
    sale_before_minor: int | None
    sale_amount_minor: int | None


async def prices_of_variant(connection: Connection, variant_id: str, at: datetime) -> list[Price]:
    """All prices of a variant, by currency; raises `NoSuchVariant`."""
    rows = await connection.fetch(
        "SELECT v.id AS variant_id, v.sku, p.currency, p.amount_minor, "
        "shop.effective_amount(p, $2) AS effective_minor, "
        "p.sale_amount_minor, p.sale_starts_at, p.sale_ends_at, p.cost_minor, p.version "
        "FROM shop.variants v LEFT JOIN shop.prices p ON p.variant_id = v.id WHERE v.id = $1 ORDER BY p.currency",
        variant_id,
        at,
    )
    if not rows:
        raise NoSuchVariant(variant_id)
    return [Price(**row) for row in rows if row["currency"] is not None]


async def price_history(
    connection: Connection, variant_id: str, currency: str, *, before: int | None = None, limit: int = 50
) -> list[tuple[int, PriceChange]]:
    """Changes of a price, newest first, each with its position for `before`; `limit` ≤ 200."""
    rows = await connection.fetch(_HISTORY, variant_id, currency, before, min(limit, LONGEST_PAGE))
    return [(row["id"], PriceChange(**{name: row[name] for name in PriceChange.model_fields})) for row in rows]


_HISTORY = """
SELECT c.id, e.id AS entry_id, e.action, e.actor_kind, e.actor_id, e.recorded_at AS changed_at, $2::text AS currency,
       (c.before ->> 'amount_minor')::bigint AS before_minor, (c.after ->> 'amount_minor')::bigint AS amount_minor,
       (c.before ->> 'sale_amount_minor')::bigint AS sale_before_minor,
       (c.after ->> 'sale_amount_minor')::bigint AS sale_amount_minor
FROM log.changes c JOIN log.entries e ON e.id = c.entry_id
WHERE c.table_name = 'shop.prices'
  AND c.row_key IN (SELECT p.id FROM shop.prices p WHERE p.variant_id = $1 AND p.currency = $2)
  AND ($3::bigint IS NULL OR c.id < $3)
ORDER BY c.id DESC LIMIT $4"""
