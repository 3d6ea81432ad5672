"""The first page: its figures are those of the shop."""

from tests.web.bought import bought
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.shelf import MAP_MINOR
from tests.web.visitor import Visitor


async def test_a_sale_is_counted_and_waits_to_be_shipped(owner: Colleague, visitor: Visitor) -> None:
    before = (await owner.client.get(f"{CONSOLE}/today/sales.json")).json()
    order_id = await bought(visitor, "walking-map", 2)
    after = (await owner.client.get(f"{CONSOLE}/today/sales.json")).json()
    assert (len(after["x"]), after["series"][0]["currency"]) == (30, "EUR")
    difference = after["series"][0]["values"][-1] - before["series"][0]["values"][-1]
    assert round(difference * 100) == 2 * MAP_MINOR
    number = await owner.shelf.shop.fetchval("SELECT number FROM shop.orders WHERE id = $1", order_id)
    waiting = await owner.shelf.shop.fetchval(
        "SELECT count(*) FROM shop.orders WHERE status = 'open' AND payment_status IN ('authorised', 'paid') "
        "AND fulfilment_status <> 'shipped' AND fulfilment_status <> 'delivered'"
    )
    page = await owner.get(CONSOLE)
    assert f"Orders to ship {waiting}" in page.text
    if waiting <= 6:
        assert number in page.text


async def test_an_analyst_sees_figures_and_no_people(colleagues: dict[str, Colleague]) -> None:
    page = await colleagues["analyst"].get(CONSOLE)
    assert "Sales today" in page.text
    assert "Approvals waiting" not in page.text
    assert page.count("a[href^='/console/orders/']") == 0


async def test_figures_stand_as_a_table_for_whoever_sees_no_plot(owner: Colleague) -> None:
    page = await owner.get(CONSOLE)
    assert page.count("[data-plot] tbody tr") == 30
    assert page.tree.css_first("[data-plot-figures][open]") is not None
