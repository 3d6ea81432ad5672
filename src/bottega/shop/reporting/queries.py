"""The figures of each report; an order counts from the day it was placed, once it is paid for."""

from typing import Any

from bottega.platform.database.pool import Connection
from bottega.shop.reporting.model import Period, SalesBy

LARGEST_REPORT_ROWS = 5_000

# Orders that were paid for, or will be captured; the cancelled ones are told apart where they matter.
_COUNTED = (
    "o.placed_at >= $1::date AND o.placed_at < $2::date AND o.currency = $3 AND o.status <> 'cancelled' "
    "AND o.payment_status IN ('authorised', 'paid', 'partially_refunded', 'refunded')"
)

_BY_ORDER = {
    "day": "to_char(o.placed_at, 'YYYY-MM-DD')",
    "week": "to_char(o.placed_at, 'IYYY-\"W\"IW')",
    "month": "to_char(o.placed_at, 'YYYY-MM')",
    "channel": "o.channel",
    "country": "o.country",
}
_BY_LINE = {"product": "p.title", "category": "coalesce(c.path, '(none)')"}


async def sales(connection: Connection, period: Period, currency: str, by: SalesBy) -> list[dict[str, Any]]:
    """Orders, units, net, discount, tax and total per group; by product and category without shipping."""
    if by in _BY_ORDER:
        statement = f"""
            SELECT {_BY_ORDER[by]} AS {by}, count(*) AS orders,
                   sum((SELECT sum(l.quantity - l.cancelled) FROM shop.order_lines l WHERE l.order_id = o.id))::bigint
                       AS units,
                   sum(o.net_minor)::bigint AS net_minor, sum(o.discount_minor)::bigint AS discount_minor,
                   sum(o.shipping_minor)::bigint AS shipping_minor, sum(o.tax_minor)::bigint AS tax_minor,
                   sum(o.total_minor)::bigint AS total_minor
            FROM shop.orders o WHERE {_COUNTED} GROUP BY 1 ORDER BY 1 LIMIT {LARGEST_REPORT_ROWS}"""
    else:
        statement = f"""
            SELECT {_BY_LINE[by]} AS {by}, count(DISTINCT o.id) AS orders,
                   sum(l.quantity - l.cancelled)::bigint AS units, sum(l.net_minor)::bigint AS net_minor,
                   sum(l.discount_minor)::bigint AS discount_minor, sum(l.tax_minor)::bigint AS tax_minor,
                   sum(l.net_minor - l.discount_minor + l.tax_minor)::bigint AS total_minor
            FROM shop.orders o JOIN shop.order_lines l ON l.order_id = o.id
            JOIN shop.products p ON p.id = l.product_id LEFT JOIN shop.categories c ON c.id = p.category_id
            WHERE {_COUNTED} GROUP BY 1 ORDER BY total_minor DESC, 1 LIMIT {LARGEST_REPORT_ROWS}"""
    return _rows(await connection.fetch(statement, period.first, period.end, currency))


async def average_order(connection: Connection, period: Period, currency: str) -> list[dict[str, Any]]:
    """One row: orders, mean and median total, mean units, share of orders with a discount."""
    return _rows(
        await connection.fetch(
            f"""
            SELECT count(*) AS orders, coalesce(round(avg(o.total_minor)), 0)::bigint AS mean_total_minor,
                   coalesce(percentile_disc(0.5) WITHIN GROUP (ORDER BY o.total_minor), 0)::bigint
                       AS median_total_minor,
                   coalesce(round(avg((SELECT sum(l.quantity) FROM shop.order_lines l WHERE l.order_id = o.id)), 2), 0)
                       ::float AS mean_units,
                   coalesce(round(100.0 * count(*) FILTER (WHERE o.discount_minor > 0) / nullif(count(*), 0), 1), 0)
                       ::float AS discounted_percent
            FROM shop.orders o WHERE {_COUNTED}""",
            period.first,
            period.end,
            currency,
        )
    )


async def refunds(connection: Connection, period: Period, currency: str) -> list[dict[str, Any]]:
    """Refunds by reason: how many, how much, and their share of what was captured in the period."""
    return _rows(
        await connection.fetch(
            """
            WITH captured AS (
                SELECT coalesce(sum(captured_minor), 0) AS total FROM shop.payments
                WHERE created_at >= $1::date AND created_at < $2::date AND currency = $3)
            SELECT r.reason, count(*) AS refunds, sum(r.amount_minor)::bigint AS amount_minor,
                   coalesce(round(100 * sum(r.amount_minor) / nullif((SELECT total FROM captured), 0), 2), 0)::float
                       AS of_captured_percent
            FROM shop.refunds r
            WHERE r.created_at >= $1::date AND r.created_at < $2::date AND r.currency = $3 AND r.status <> 'failed'
            GROUP BY 1 ORDER BY 3 DESC, 1""",
            period.first,
            period.end,
            currency,
        )
    )


async def returns(connection: Connection, period: Period, currency: str) -> list[dict[str, Any]]:
    """Returned and exchanged units by reason, and their share of the units shipped in the period."""
    return _rows(
        await connection.fetch(
            """
            WITH shipped AS (
                SELECT coalesce(sum(sl.quantity), 0) AS units
                FROM shop.shipments s JOIN shop.shipment_lines sl ON sl.shipment_id = s.id
                JOIN shop.orders o ON o.id = s.order_id
                WHERE s.shipped_at >= $1::date AND s.shipped_at < $2::date AND o.currency = $3)
            SELECT coalesce(nullif(l.reason, ''), nullif(r.reason, ''), '(none)') AS reason, r.kind,
                   count(DISTINCT r.id) AS returns, sum(l.quantity)::bigint AS units,
                   coalesce(round(100.0 * sum(l.quantity) / nullif((SELECT units FROM shipped), 0), 2), 0)::float
                       AS of_shipped_percent
            FROM shop.returns r JOIN shop.return_lines l ON l.return_id = r.id JOIN shop.orders o ON o.id = r.order_id
            WHERE r.requested_at >= $1::date AND r.requested_at < $2::date AND o.currency = $3
              AND r.state NOT IN ('rejected', 'cancelled')
            GROUP BY 1, 2 ORDER BY 4 DESC, 1, 2""",
            period.first,
            period.end,
            currency,
        )
    )


async def stock(connection: Connection, period: Period, currency: str) -> list[dict[str, Any]]:
    """Per category: units, value at cost (or price where no cost is known), and days of cover at the period's pace."""
    return _rows(
        await connection.fetch(
            f"""
            WITH sold AS (
                SELECT l.variant_id, sum(l.quantity - l.cancelled) AS units
                FROM shop.orders o JOIN shop.order_lines l ON l.order_id = o.id WHERE {_COUNTED} GROUP BY 1)
            SELECT coalesce(c.path, '(none)') AS category, count(DISTINCT v.id) AS variants,
                   sum(s.on_hand)::bigint AS on_hand, sum(s.reserved)::bigint AS reserved,
                   sum(s.on_hand * coalesce(r.cost_minor, r.amount_minor, 0))::bigint AS value_minor,
                   count(DISTINCT v.id) FILTER (WHERE s.on_hand - s.reserved <= 0) AS sold_out,
                   round(sum(s.on_hand - s.reserved) * $4::numeric / nullif(sum(sold.units), 0), 1)::float AS cover_days
            FROM shop.stock_levels s JOIN shop.variants v ON v.id = s.variant_id
            JOIN shop.products p ON p.id = v.product_id LEFT JOIN shop.categories c ON c.id = p.category_id
            LEFT JOIN shop.prices r ON r.variant_id = v.id AND r.currency = $3
            LEFT JOIN sold ON sold.variant_id = v.id
            GROUP BY 1 ORDER BY value_minor DESC, 1 LIMIT {LARGEST_REPORT_ROWS}""",
            period.first,
            period.end,
            currency,
            period.days,
        )
    )


async def low_stock(connection: Connection, threshold: int) -> list[dict[str, Any]]:
    """Active variants of published products with no more available than their threshold, the emptiest first."""
    return _rows(
        await connection.fetch(
            """
            SELECT v.sku, p.title, v.option_values, sum(s.on_hand - s.reserved)::bigint AS available
            FROM shop.variants v JOIN shop.products p ON p.id = v.product_id AND p.status = 'published'
            JOIN shop.stock_levels s ON s.variant_id = v.id
            WHERE v.active GROUP BY v.id, v.sku, p.title, v.option_values
            HAVING sum(s.on_hand - s.reserved) <= max(coalesce(s.low_threshold, $1))
            ORDER BY 4, 1 LIMIT 1000""",
            threshold,
        )
    )


async def funnel(connection: Connection, period: Period, currency: str) -> list[dict[str, Any]]:
    """Carts begun in the period and how far they came; each step as a share of the first."""
    row = await connection.fetchrow(
        """
        SELECT count(*) AS carts,
               count(*) FILTER (WHERE EXISTS (SELECT FROM shop.cart_lines l WHERE l.cart_id = c.id)) AS with_lines,
               count(*) FILTER (WHERE c.email_ref IS NOT NULL) AS with_contact,
               count(*) FILTER (WHERE c.shipping_method_id IS NOT NULL) AS with_shipping,
               count(o.id) AS ordered,
               count(o.id) FILTER (WHERE o.payment_status NOT IN ('awaiting', 'voided')) AS paid
        FROM shop.carts c LEFT JOIN shop.orders o ON o.cart_id = c.id
        WHERE c.created_at >= $1::date AND c.created_at < $2::date AND c.currency = $3 AND c.state <> 'merged'""",
        period.first,
        period.end,
        currency,
    )
    assert row is not None, "an aggregate always has a row"
    begun = row["carts"]
    return [
        {"step": step, "carts": row[step], "of_first_percent": round(100 * row[step] / begun, 1) if begun else 0.0}
        for step in ("carts", "with_lines", "with_contact", "with_shipping", "ordered", "paid")
    ]


async def promotions(connection: Connection, period: Period, currency: str) -> list[dict[str, Any]]:
    """Per promotion: orders, what it took off, and what those orders came to."""
    return _rows(
        await connection.fetch(
            """
            SELECT p.name, p.code, p.kind, count(*) AS orders, sum(u.discount_minor)::bigint AS discount_minor,
                   sum(o.total_minor)::bigint AS total_minor, p.used_total, p.limit_total
            FROM shop.promotion_uses u JOIN shop.promotions p ON p.id = u.promotion_id
            JOIN shop.orders o ON o.id = u.order_id
            WHERE u.used_at >= $1::date AND u.used_at < $2::date AND o.currency = $3
            GROUP BY p.id, p.name, p.code, p.kind, p.used_total, p.limit_total ORDER BY 5 DESC, 1""",
            period.first,
            period.end,
            currency,
        )
    )


def _rows(found: list[Any]) -> list[dict[str, Any]]:
    return [dict(row) for row in found]
