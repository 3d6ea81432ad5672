"""The page of reports, the data of its plot, and every report as a file."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, get_args

from starlette.responses import JSONResponse, Response

from bottega.kernel.errors import NotFound
from bottega.shop import shop_settings
from bottega.shop.reporting.model import Period, ReportName, SalesBy
from bottega.shop.reporting.reports import as_csv, report
from bottega.web.console.registry import EVERYBODY, page
from bottega.web.console.reports.period import PRESETS, Days, days_of
from bottega.web.console.shown import major_units, words
from bottega.web.countries import country_name
from bottega.web.visit import Visit
from bottega.web.wording import money, short_day

SHOWN_BARS = 10
Bar = tuple[str, int, str]


async def show(visit: Visit) -> Response:
    """Every report over the asked days."""
    days = _days(visit)
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        currency, threshold = settings.currency, settings.low_stock_threshold

        async def rows_of(name: ReportName, by: SalesBy = "day", period: Period = days.period) -> list[dict[str, Any]]:
            return await report(connection, name, period, currency, by=by, low_threshold=threshold)

        daily = await rows_of("sales")
        before = await rows_of("sales", period=days.before)
        average = (await rows_of("average_order"))[0]
        found = {
            "best_sellers": await rows_of("best_sellers"),
            "category": await rows_of("sales", "category"),
            "channel": await rows_of("sales", "channel"),
            "country": await rows_of("sales", "country"),
            "refunds": await rows_of("refunds"),
            "returns": await rows_of("returns"),
            "stock": await rows_of("stock"),
            "funnel": await rows_of("funnel"),
            "promotions": await rows_of("promotions"),
        }
        named = await connection.fetch("SELECT path, title FROM shop.categories")
        categories = {row["path"]: row["title"] for row in named}
    return await visit.page(
        "console/reports/reports.html",
        private=True,
        days=days,
        presets=[(name, title) for name, (title, _) in PRESETS.items()],
        currency=currency,
        sold=sum(row["total_minor"] for row in daily),
        sold_before=sum(row["total_minor"] for row in before),
        orders=sum(row["orders"] for row in daily),
        units=sum(row["units"] for row in daily),
        given_back=sum(row["amount_minor"] for row in found["refunds"]),
        stock_value=sum(row["value_minor"] for row in found["stock"]),
        average=average,
        plot_rows=[
            (short_day(day), money(total, currency), str(number))
            for day, total, number in reversed(_every_day(daily, days.period))
        ],
        panels=_panels(found, currency, categories),
        promotions=found["promotions"],
    )


def _panels(
    found: Mapping[str, list[dict[str, Any]]], currency: str, categories: Mapping[str, str]
) -> list[tuple[str, str, str, list[Bar]]]:
    """Title, note, what the file is called, and bars."""

    def amounts(name: str, label: str, number: str = "total_minor", called: Callable[[str], str] = str) -> list[Bar]:
        return [(called(row[label]), row[number], money(row[number], currency)) for row in found[name][:SHOWN_BARS]]

    def titled(path: str) -> str:
        return categories.get(path, "No category")

    steps = [
        (words(row["step"]), row["carts"], _share(row["carts"], row["of_first_percent"])) for row in found["funnel"]
    ]
    returns = [
        (f"{words(row['reason'])}, {row['kind']}", row["units"], _share(row["units"], row["of_shipped_percent"]))
        for row in found["returns"][:SHOWN_BARS]
    ]
    return [
        ("Best sellers", "by what they came to", "best_sellers", amounts("best_sellers", "product")),
        ("By category", "", "sales.category", amounts("category", "category", called=titled)),
        ("By channel", "", "sales.channel", amounts("channel", "channel", called=words)),
        ("By country", "", "sales.country", amounts("country", "country", called=country_name)),
        ("From cart to payment", "of the carts begun", "funnel", steps),
        ("Returns by reason", "units, of those shipped", "returns", returns),
        ("Refunds by reason", "", "refunds", amounts("refunds", "reason", "amount_minor", words)),
        (
            "Stock value",
            "at cost, or price where no cost is known",
            "stock",
            amounts("stock", "category", "value_minor", titled),
        ),
    ]


def _share(number: int, percent: float) -> str:
    return f"{number:,} · {percent} %"


async def sales_plot(visit: Visit) -> Response:
    """Sales and orders of the asked days, as the plot draws them."""
    days = _days(visit)
    async with visit.read() as connection:
        currency = (await shop_settings.current(connection)).currency
        daily = await report(connection, "sales", days.period, currency, by="day", low_threshold=0)
    every = _every_day(daily, days.period)
    data = {
        "x": [int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) for day, _, _ in every],
        "series": [
            {
                "label": "Sales",
                "unit": "money",
                "currency": currency,
                "values": [major_units(total, currency) for _, total, _ in every],
            }
        ],
    }
    return JSONResponse(data, headers={"Cache-Control": "no-store"})


async def as_file(visit: Visit) -> Response:
    """A report as CSV; sales are named with what they are grouped by, as in `sales.category`."""
    name, _, by = visit.request.path_params["name"].partition(".")
    found = next((known for known in get_args(ReportName) if known == name), None)
    group = next((known for known in get_args(SalesBy) if known == (by or "day")), None)
    if found is None or group is None:
        raise NotFound("no_such_report", "There is no such report.", next_step="Choose one of the page.")
    days = _days(visit)
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        rows = await report(
            connection, found, days.period, settings.currency, by=group, low_threshold=settings.low_stock_threshold
        )
    called = f"{found}{'-' + group if found == 'sales' else ''}-{days.period.first}-{days.period.last}.csv"
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{called}"'}
    return Response(as_csv(rows), headers=headers, media_type="text/csv; charset=utf-8")


def _days(visit: Visit) -> Days:
    return days_of(visit.request.query_params, visit.context.clock.now().date())


def _every_day(rows: Sequence[Mapping[str, Any]], period: Period) -> list[tuple[date, int, int]]:
    """Each day with what was sold and how many orders, days without any included."""
    by_day = {row["day"]: row for row in rows}
    every = [period.first + timedelta(days=number) for number in range(period.days)]
    return [
        (day, by_day[f"{day}"]["total_minor"], by_day[f"{day}"]["orders"]) if f"{day}" in by_day else (day, 0, 0)
        for day in every
    ]


PAGES = (
    page("/reports", show, EVERYBODY),
    page("/reports/sales.json", sales_plot, EVERYBODY),
    page("/reports/{name}.csv", as_file, EVERYBODY),
)
