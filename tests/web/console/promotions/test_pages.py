"""Promotions in the console: made, changed, ended, one by one and many at once."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bottega.kernel.identifiers import new_id
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.console.working import attribute, send, submit_chosen
from tests.web.visitor import Page

PROMOTIONS = f"{CONSOLE}/promotions"


def code() -> str:
    return f"C{new_id('prm')[-8:].upper()}"


async def make(colleague: Colleague, **fields: str) -> Page:
    page = await colleague.get(f"{PROMOTIONS}/new")
    return await colleague.submit(page, "#terms", **{"name": "Winter", "kind": "percent", "value": "10", **fields})


async def row_of(colleague: Colleague, named: str) -> dict[str, Any]:
    return (await colleague.shelf.shop.fetch("SELECT * FROM shop.promotions WHERE code = $1", named))[0]


async def test_a_coupon_with_all_its_terms(owner: Colleague) -> None:
    named = code()
    fields = {"minimum": "50", "limit_total": "100", "limit_per_customer": "1", "ends_at": "2030-01-01T08:30"}
    page = await make(owner, code=named.lower(), value="12,5", combinable="yes", **fields)
    row = await row_of(owner, named)
    assert page.path == f"{PROMOTIONS}/{row['id']}"
    assert_whole(page)
    assert (row["percent"], row["minimum_subtotal_minor"], row["limit_total"]) == (Decimal("12.50"), 5_000, 100)
    assert (row["limit_per_customer"], row["combinable"]) == (1, True)
    assert row["ends_at"] == datetime(2030, 1, 1, 8, 30, tzinfo=UTC)
    changed = await owner.submit(page, "#terms", name="Winter, longer", value="15", ends_at="")
    assert "terms are changed" in changed.flashes
    row = await row_of(owner, named)
    assert (row["name"], row["percent"], row["ends_at"], row["combinable"]) == ("Winter, longer", 15, None, True)


async def test_an_amount_off_a_category(owner: Colleague) -> None:
    named = code()
    category = await owner.shelf.shop.fetchval("SELECT id FROM shop.categories WHERE path = 'footwear'")
    page = await make(owner, code=named, kind="amount", value="7.50", scope=category)
    row = await row_of(owner, named)
    assert (row["amount_minor"], row["currency"], row["category_id"]) == (750, "EUR", category)
    assert "7.50 EUR" in page.text


async def test_what_is_wrong_stands_at_its_field(owner: Colleague) -> None:
    named = code()
    wrong = await make(owner, code=named, name="", value="250", minimum="1,000")
    assert (wrong.status, "not clear" in wrong.text_of("#minimum-note")) == (422, True)
    assert attribute(wrong, "#code", "value") == named
    again = await make(owner, code=named, value="250")
    assert (again.status, again.count("#value-note.problem")) == (422, 1)
    assert await owner.shelf.shop.fetchval("SELECT count(*) FROM shop.promotions WHERE code = $1", named) == 0


async def test_a_deep_discount_of_a_manager_waits(colleagues: dict[str, Colleague]) -> None:
    named = code()
    page = await make(colleagues["manager"], code=named, value="60")
    assert page.path.startswith(f"{CONSOLE}/approvals/apr_")
    count = "SELECT count(*) FROM shop.promotions WHERE code = $1"
    assert await colleagues["manager"].shelf.shop.fetchval(count, named) == 0


async def test_promotions_end_and_the_refused_are_named(owner: Colleague) -> None:
    first, second = code(), code()
    for named in (first, second):
        await make(owner, code=named, name=f"Sale {named}")
    ids = [(await row_of(owner, named))["id"] for named in (first, second)]
    await owner.submit(await owner.get(f"{PROMOTIONS}/{ids[0]}"), "#end form")
    assert (await row_of(owner, first))["active"] is False
    assert (await owner.get(f"{PROMOTIONS}?q={first}&state=over")).count(f"a[href$='{ids[0]}']") == 1
    await submit_chosen(owner, PROMOTIONS, f"{PROMOTIONS}/deactivations", ids)
    assert (await row_of(owner, second))["active"] is False


async def test_an_unknown_promotion_is_missing(owner: Colleague) -> None:
    assert (await owner.get(f"{PROMOTIONS}/prm_x")).status == 404
    assert (await send(owner, f"{PROMOTIONS}/prm_x", name="x")).status in (404, 200)
