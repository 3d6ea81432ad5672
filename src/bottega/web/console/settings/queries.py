"""Taxes as they hold today."""

from datetime import date
from typing import Any

from bottega.platform.database.pool import Connection


async def rates_in_force(connection: Connection, day: date) -> list[dict[str, Any]]:
    """The newest version of each country's rate of a class that holds on a day."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (country, tax_class) country, tax_class, rate, valid_from FROM shop.tax_rates "
        "WHERE valid_from <= $1 ORDER BY country, tax_class, valid_from DESC LIMIT 500",
        day,
    )
    return [dict(row) for row in rows]
