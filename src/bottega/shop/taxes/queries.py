"""Reads of tax rates."""

from datetime import date, datetime
from decimal import Decimal

from bottega.platform.database.pool import Connection
from bottega.shop.taxes.model import TaxRate


async def rates_for(connection: Connection, country: str, at: datetime | date) -> dict[str, Decimal]:
    """Tax class → rate in a country at that time; a class without a rate is absent (see `tax.rate_of`)."""
    day = at.date() if isinstance(at, datetime) else at
    rows = await connection.fetch(
        "SELECT DISTINCT ON (tax_class) tax_class, rate FROM shop.tax_rates "
        "WHERE country = $1 AND valid_from <= $2 ORDER BY tax_class, valid_from DESC",
        country,
        day,
    )
    return {row["tax_class"]: row["rate"] for row in rows}


async def versions(connection: Connection, *, country: str | None = None) -> list[TaxRate]:
    """All versions, those to come included, by country, class and day."""
    rows = await connection.fetch(
        "SELECT id, country, tax_class, rate, valid_from FROM shop.tax_rates "
        "WHERE $1::text IS NULL OR country = $1 ORDER BY country, tax_class, valid_from",
        country,
    )
    return [TaxRate(**row) for row in rows]


async def rates_in_force(connection: Connection, at: datetime) -> list[TaxRate]:
    """The version of every country and class that holds at that time."""
    rows = await connection.fetch(
        "SELECT DISTINCT ON (country, tax_class) id, country, tax_class, rate, valid_from FROM shop.tax_rates "
        "WHERE valid_from <= $1 ORDER BY country, tax_class, valid_from DESC",
        at.date(),
    )
    return [TaxRate(**row) for row in rows]
