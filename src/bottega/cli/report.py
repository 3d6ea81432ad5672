"""`report`: figures in the terminal, as JSON, or as a CSV file."""

import asyncio
import sys
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, get_args

import typer
from rich.console import Console
from rich.table import Table

from bottega.cli.context import open_application
from bottega.cli.refusals import shown, write_json
from bottega.kernel.errors import Invalid
from bottega.kernel.money import format_amount
from bottega.shop import shop_settings
from bottega.shop.reporting.model import Period, ReportName, SalesBy
from bottega.shop.reporting.reports import as_csv, report


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("report")(show)


def show(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(get_args(ReportName))}.")],
    first: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default 30 days back.")] = None,
    last: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Default today.")] = None,
    by: Annotated[str, typer.Option(help=f"Sales by: {', '.join(get_args(SalesBy))}.")] = "day",
    as_json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
    csv: Annotated[bool, typer.Option("--csv", help="CSV on standard output.")] = False,
) -> None:
    """Show a report over a period of whole days (UTC)."""
    with shown(as_json=as_json):
        if name not in get_args(ReportName):
            raise Invalid("no_such_report", f"There is no report '{name}'.", next_step="See `bottega report --help`.")
        if by not in get_args(SalesBy):
            raise Invalid("no_such_grouping", f"Sales are not grouped by '{by}'.", next_step="See --help.")
        until = (last or datetime.now(UTC)).date()
        period = Period(until - timedelta(days=30) if first is None else first.date(), until)
        rows, currency = asyncio.run(_fetch(name, period, by))
        if as_json:
            write_json({"name": name, "first": period.first, "last": period.last, "currency": currency, "rows": rows})
        elif csv:
            sys.stdout.write(as_csv(rows))
        else:
            _table(name, period, currency, rows)


async def _fetch(name: Any, period: Period, by: Any) -> tuple[list[dict[str, Any]], str]:
    async with open_application() as application, application.database.read_snapshot() as connection:
        settings = await shop_settings.current(connection)
        threshold = settings.low_stock_threshold
        rows = await report(connection, name, period, settings.currency, by=by, low_threshold=threshold)
        return rows, settings.currency


def _table(name: str, period: Period, currency: str, rows: list[dict[str, Any]]) -> None:
    table = Table(title=f"{name}, {period.first} to {period.last}")
    for column in rows[0] if rows else ["(nothing in this period)"]:
        table.add_column(column.removesuffix("_minor"), justify="right" if column.endswith("_minor") else "left")
    for row in rows:
        table.add_row(
            *(
                format_amount(value, currency) if column.endswith("_minor") and value is not None else str(value)
                for column, value in row.items()
            )
        )
    Console().print(table)
