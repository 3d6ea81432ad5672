"""Returns in the console: approved, received, settled, rejected, one by one and many at once."""

from bottega.shop.flows.return_order import RequestReturn, ReturnedLine
from tests.web.bought import delivered, settle
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.console.working import attribute, submit_chosen
from tests.web.shelf import HOSTILE, MAP_MINOR
from tests.web.visitor import Visitor

RETURNS = f"{CONSOLE}/returns"


async def requested(visitor: Visitor, quantity: int = 2, reason: str = "changed my mind") -> str:
    """A return of some of three maps."""
    order_id = await delivered(visitor, "walking-map", 3)
    shop = visitor.shelf.shop
    line_id = await shop.fetchval("SELECT id FROM shop.order_lines WHERE order_id = $1", order_id)
    lines = (ReturnedLine(line_id=line_id, quantity=quantity, reason=reason),)
    return (await shop.done(RequestReturn(order_id=order_id, lines=lines, reason=reason)))["return_id"]


async def state_of(colleague: Colleague, return_id: str) -> str:
    return await colleague.shelf.shop.fetchval("SELECT state FROM shop.returns WHERE id = $1", return_id)


async def test_from_the_request_to_the_money(colleagues: dict[str, Colleague], visitor: Visitor) -> None:
    marta, jan = colleagues["support"], colleagues["warehouse"]
    return_id = await requested(visitor)
    page = await marta.get(f"{RETURNS}/{return_id}")
    assert_whole(page)
    assert page.count("#complete, #receive button") == 0
    await marta.submit(page, "form[action$='/approval']")
    assert await state_of(marta, return_id) == "approved"
    page = await jan.get(f"{RETURNS}/{return_id}")
    assert (page.count("#receive button"), page.count("form[action$='/cancellation']")) == (1, 0)
    line = attribute(page, "[name^='received.']", "name").removeprefix("received.")
    fields = {f"received.{line}": "2", f"condition.{line}": "opened", f"restocked.{line}": "1"}
    await jan.submit(page, "#receive", **fields)
    shop = marta.shelf.shop
    found = await shop.fetch("SELECT received, restocked, condition FROM shop.return_lines WHERE id = $1", line)
    assert (found, await state_of(marta, return_id)) == (
        [{"received": 2, "restocked": 1, "condition": "opened"}],
        "received",
    )
    settled = await marta.submit(await marta.get(f"{RETURNS}/{return_id}"), "#complete form", amount="20")
    assert "settled" in settled.flashes
    await settle(marta.shelf)
    assert await state_of(marta, return_id) == "completed"
    refunds = "SELECT sum(amount_minor)::int FROM shop.refunds WHERE return_id = $1"
    assert await shop.fetchval(refunds, return_id) == 2_000 < 2 * MAP_MINOR


async def test_nothing_received_is_said(owner: Colleague, visitor: Visitor) -> None:
    return_id = await requested(visitor)
    await owner.submit(await owner.get(f"{RETURNS}/{return_id}"), "form[action$='/approval']")
    page = await owner.get(f"{RETURNS}/{return_id}")
    name = attribute(page, "[name^='received.']", "name")
    assert "No unit" in (await owner.submit(page, "#receive", **{name: "0"})).flashes
    assert await state_of(owner, return_id) == "approved"


async def test_a_rejection_says_why(support: Colleague, visitor: Visitor) -> None:
    return_id = await requested(visitor)
    page = await support.submit(await support.get(f"{RETURNS}/{return_id}"), "#reject form", reason=HOSTILE)
    assert_whole(page)
    assert HOSTILE[:20] in page.text
    assert page.count("main script") == 0
    assert await state_of(support, return_id) == "rejected"


async def test_of_many_that_are_approved_the_refused_are_named(owner: Colleague, visitor: Visitor) -> None:
    first, second = await requested(visitor), await requested(visitor)
    await owner.submit(await owner.get(f"{RETURNS}/{second}"), "form[action$='/cancellation']")
    page = await submit_chosen(owner, RETURNS, f"{RETURNS}/approvals", [first, second])
    number = await owner.shelf.shop.fetchval("SELECT number FROM shop.returns WHERE id = $1", second)
    assert "Approved. (1 of 2)" in page.flashes
    assert f"1 row not changed: {number}:" in page.flashes
    assert [await state_of(owner, one) for one in (first, second)] == ["approved", "cancelled"]
    inbox = await owner.get(RETURNS)
    assert (inbox.count(f"a[href$='{first}']"), inbox.count(f"a[href$='{second}']")) == (1, 0)
    assert (await owner.get(f"{RETURNS}?state=settled")).count(f"a[href$='{second}']") == 1
