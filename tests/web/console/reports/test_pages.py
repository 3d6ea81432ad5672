"""Reports in the console: figures that are the shop's, plots, and files."""

import csv
import io

import pytest

from tests.web.bought import bought
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.shelf import MAP_MINOR
from tests.web.visitor import Visitor

REPORTS = f"{CONSOLE}/reports"


async def test_a_sale_shows_everywhere(owner: Colleague, visitor: Visitor) -> None:
    before = (await owner.client.get(f"{REPORTS}/sales.json?days=7")).json()
    await bought(visitor, "walking-map", 2)
    after = (await owner.client.get(f"{REPORTS}/sales.json?days=7")).json()
    difference = after["series"][0]["values"][-1] - before["series"][0]["values"][-1]
    assert (len(after["x"]), round(difference * 100)) == (7, 2 * MAP_MINOR)
    page = await owner.get(f"{REPORTS}?days=7")
    assert page.count("[data-plot] tbody tr") == 7
    assert "Walking Map" in page.text
    assert page.count(".bars-bar") >= 5


@pytest.mark.parametrize(
    "name",
    [
        "sales",
        "sales.week",
        "sales.month",
        "sales.product",
        "sales.category",
        "sales.channel",
        "sales.country",
        "average_order",
        "refunds",
        "returns",
        "stock",
        "low_stock",
        "funnel",
        "promotions",
        "best_sellers",
        "searches",
        "searches_without_results",
    ],
)
async def test_every_report_is_a_file(owner: Colleague, name: str) -> None:
    answer = (await owner.get(f"{REPORTS}/{name}.csv?days=30")).response
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert answer.headers["content-disposition"].startswith("attachment; filename=")
    assert answer.headers["cache-control"] == "no-store"


async def test_a_file_holds_what_the_page_says(owner: Colleague, visitor: Visitor) -> None:
    await bought(visitor, "walking-map")
    text = (await owner.get(f"{REPORTS}/best_sellers.csv?days=7")).response.text
    rows = list(csv.DictReader(io.StringIO(text)))
    sold = next(row for row in rows if row["product"] == "Walking Map")
    expected = await owner.shelf.shop.fetchval(
        "SELECT sum(l.net_minor - l.discount_minor + l.tax_minor)::int FROM shop.order_lines l "
        "JOIN shop.orders o ON o.id = l.order_id WHERE l.title = 'Walking Map' AND o.status <> 'cancelled' "
        "AND o.payment_status IN ('authorised', 'paid', 'partially_refunded', 'refunded')"
    )
    assert int(sold["total_minor"]) == expected


async def test_what_is_no_report_is_missing_and_no_day_refused(owner: Colleague) -> None:
    for name in ("salaries", "sales.moon"):
        assert (await owner.get(f"{REPORTS}/{name}.csv")).status == 404
    assert (await owner.get(f"{REPORTS}?first=yesterday")).status == 422
