"""The first page of the console, and the data of its plot."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from starlette.responses import JSONResponse, Response

from bottega.actions.approvals import list_approvals
from bottega.shop import shop_settings
from bottega.web.console.approvals.shown import about, ids_of
from bottega.web.console.registry import EVERYBODY, PEOPLE, page
from bottega.web.console.shown import major_units, micros
from bottega.web.console.today import queries
from bottega.web.console.today.queries import Day
from bottega.web.console.who import names_of
from bottega.web.visit import Visit, staff_of
from bottega.web.wording import money, short_day


async def show(visit: Visit) -> Response:
    """Figures first, then the heads of the queues."""
    now = visit.context.clock.now()
    sees_people = staff_of(visit).role in PEOPLE
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        days = await queries.days_of_sales(connection, now.date(), settings.currency)
        figures = await queries.figures(connection, now)
        low = await queries.running_out(connection, settings.low_stock_threshold)
        missed = await queries.missed_targets(connection)
        to_ship = await queries.orders_to_ship(connection) if sees_people else []
        waiting = (
            await list_approvals(connection, now, state="waiting", limit=queries.SHOWN_OF_EACH) if sees_people else []
        )
        names = await names_of(connection, [name for one in waiting for name in ids_of(one)])
    today, week_before = days[-1], days[-8]
    return await visit.page(
        "console/today/today.html",
        private=True,
        currency=settings.currency,
        day=today,
        week_before=week_before,
        figures=figures,
        costs=", ".join(micros(cost, currency) for currency, cost in figures.costs) or micros(0, "USD"),
        low=low[: queries.SHOWN_OF_EACH],
        low_count=len(low),
        missed=missed,
        to_ship=to_ship,
        approvals=waiting,
        about={one["id"]: about(one, names) for one in waiting},
        sees_people=sees_people,
        plot_rows=[
            (short_day(one.day), money(one.total_minor, settings.currency), f"{one.orders:,}") for one in reversed(days)
        ],
    )


async def sales_plot(visit: Visit) -> Response:
    """Sales of the last days, as the plot draws them."""
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        days = await queries.days_of_sales(connection, visit.context.clock.now().date(), settings.currency)
    return JSONResponse(plot_of(days, settings.currency), headers={"Cache-Control": "no-store"})


def plot_of(days: Sequence[Day], currency: str) -> dict[str, Any]:
    """Seconds since the epoch and amounts in units of the currency."""
    return {
        "x": [int(datetime(one.day.year, one.day.month, one.day.day, tzinfo=UTC).timestamp()) for one in days],
        "series": [
            {
                "label": "Sales",
                "unit": "money",
                "currency": currency,
                "values": [major_units(one.total_minor, currency) for one in days],
            }
        ],
    }


PAGES = (
    page("", show, EVERYBODY),
    page("/today/sales.json", sales_plot, EVERYBODY),
)
