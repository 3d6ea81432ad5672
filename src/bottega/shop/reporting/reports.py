"""One report by its name, and its form as CSV."""

import csv
import io
from typing import Any, assert_never

from bottega.platform.database.pool import Connection
from bottega.shop.reporting import queries, searches
from bottega.shop.reporting.model import Period, ReportName, SalesBy


async def report(
    connection: Connection, name: ReportName, period: Period, currency: str, *, by: SalesBy, low_threshold: int
) -> list[dict[str, Any]]:
    """The rows of a report; `by` matters for sales, `low_threshold` for low_stock."""
    match name:
        case "sales":
            return await queries.sales(connection, period, currency, by)
        case "best_sellers":
            return (await queries.sales(connection, period, currency, "product"))[:20]
        case "average_order":
            return await queries.average_order(connection, period, currency)
        case "refunds":
            return await queries.refunds(connection, period, currency)
        case "returns":
            return await queries.returns(connection, period, currency)
        case "stock":
            return await queries.stock(connection, period, currency)
        case "low_stock":
            return await queries.low_stock(connection, low_threshold)
        case "funnel":
            return await queries.funnel(connection, period, currency)
        case "promotions":
            return await queries.promotions(connection, period, currency)
        case "searches":
            return await searches.searches(connection, period)
        case "searches_without_results":
            return await searches.searches_without_results(connection, period)
    assert_never(name)


def as_csv(rows: list[dict[str, Any]]) -> str:
    """RFC 4180 text with a header line; cells that a spreadsheet would take for a formula are quoted with '."""
    text = io.StringIO()
    if rows:
        writer = csv.DictWriter(text, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue()


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return f"'{value}"
    return value
