"""Orders in the console: found, shipped, cancelled, held, refunded, annotated, one by one and many at once."""

from bottega.shop.flows.ship_order import ShipOrder
from bottega.shop.orders.actions import AddOrderNote
from tests.web.bought import bought, delivered, settle
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.console.working import statuses, submit_chosen
from tests.web.shelf import HOSTILE, MAP_MINOR
from tests.web.visitor import Visitor

ORDERS = f"{CONSOLE}/orders"


async def number_of(visitor: Visitor, order_id: str) -> str:
    return await visitor.shelf.shop.fetchval("SELECT number FROM shop.orders WHERE id = $1", order_id)


async def test_an_order_is_found_by_number_sku_and_state(owner: Colleague, visitor: Visitor) -> None:
    order_id = await bought(visitor)
    number = await number_of(visitor, order_id)
    for query in (f"q={number}", f"q={number.removeprefix('B-')}", f"q={number.lower()}", "q=WM-1", "state=to_ship"):
        page = await owner.get(f"{ORDERS}?{query}")
        assert page.count(f"a[href='{ORDERS}/{order_id}']") == 1, query
    assert (await owner.get(f"{ORDERS}?state=cancelled")).count(f"a[href='{ORDERS}/{order_id}']") == 0
    assert "Nothing fits" in (await owner.get(f"{ORDERS}?q=nobody@example.com")).text


async def test_a_page_tells_what_belongs_to_an_order(owner: Colleague, visitor: Visitor) -> None:
    order_id = await delivered(visitor, "walking-map", 2)
    page = await owner.get(f"{ORDERS}/{order_id}")
    assert_whole(page)
    for words in ("Walking Map", "WM-1", "€25.00", "Ada Prova", "Via Roma 1", "2 × Walking Map", "End shipment"):
        assert words in page.text, words


async def test_part_of_an_order_leaves(colleagues: dict[str, Colleague], visitor: Visitor) -> None:
    order_id = await bought(visitor, "walking-map", 3)
    jan = colleagues["warehouse"]
    page = await jan.get(f"{ORDERS}/{order_id}")
    line = next(node.attributes["name"] or "" for node in page.tree.css("#ship [name^='line.']"))
    sent = await jan.submit(page, "#ship form", **{line: "2", "carrier": "Posta", "tracking_number": "P-1"})
    assert "on its way" in sent.flashes
    found = await jan.shelf.shop.fetch(
        "SELECT l.shipped, o.fulfilment_status, s.carrier, s.tracking_number FROM shop.orders o "
        "JOIN shop.order_lines l ON l.order_id = o.id JOIN shop.shipments s ON s.order_id = o.id WHERE o.id = $1",
        order_id,
    )
    expected = {"shipped": 2, "fulfilment_status": "partially_shipped", "carrier": "Posta", "tracking_number": "P-1"}
    assert found == [expected]
    again = await jan.submit(page, "#ship form", **{line: "2", "carrier": "Posta", "tracking_number": "P-1"})
    assert "on its way" in again.flashes, "the same form acts once"
    assert await jan.shelf.shop.fetchval("SELECT count(*) FROM shop.shipments WHERE order_id = $1", order_id) == 1


async def test_a_parcel_arrives(owner: Colleague, visitor: Visitor) -> None:
    order_id = await bought(visitor)
    await visitor.shelf.shop.done(ShipOrder(order_id=order_id))
    page = await owner.get(f"{ORDERS}/{order_id}")
    await owner.submit(page, "form[action$='/end']")
    assert await statuses(owner.shelf, order_id) == ("completed", "paid", "delivered")


async def test_an_order_is_cancelled_and_its_money_goes_back(owner: Colleague, visitor: Visitor) -> None:
    order_id = await bought(visitor)
    page = await owner.get(f"{ORDERS}/{order_id}")
    answer = await owner.submit(page, "#cancel form", other="the customer called")
    assert "cancelled" in answer.flashes
    await settle(owner.shelf)
    assert await statuses(owner.shelf, order_id) == ("cancelled", "refunded", "unfulfilled")
    assert "the customer called" in (await owner.get(f"{ORDERS}/{order_id}")).text


async def test_an_order_is_held_and_released(support: Colleague, visitor: Visitor) -> None:
    order_id = await bought(visitor)
    held = await support.submit(await support.get(f"{ORDERS}/{order_id}"), "#hold form", reason="address unclear")
    assert "Held: address unclear" in held.text
    assert (await statuses(support.shelf, order_id))[0] == "held"
    released = await support.submit(held, "form[action$='/release']")
    assert released.count("#ship") == 1
    assert (await statuses(support.shelf, order_id))[0] == "open"


async def test_a_refund_goes_back_and_no_more_than_was_paid(owner: Colleague, visitor: Visitor) -> None:
    order_id = await delivered(visitor, "walking-map", 2)
    page = await owner.get(f"{ORDERS}/{order_id}")
    done = await owner.submit(page, "#refund form", amount="5,50", reason="scratched")
    assert "refund is on its way" in done.flashes
    amount = "SELECT sum(amount_minor)::int FROM shop.refunds WHERE order_id = $1"
    assert await owner.shelf.shop.fetchval(amount, order_id) == 550
    refused = await owner.submit(await owner.get(f"{ORDERS}/{order_id}"), "#refund form", amount="99", reason="more")
    assert refused.count("#flashes .flash-error") == 1
    unclear = await owner.submit(await owner.get(f"{ORDERS}/{order_id}"), "#refund form", amount="1,000", reason="x")
    assert "not clear" in unclear.flashes
    assert await owner.shelf.shop.fetchval(amount, order_id) == 550


async def test_a_large_refund_waits_and_says_where(support: Colleague, visitor: Visitor) -> None:
    order_id = await delivered(visitor, "ridge-jacket", 2, size="M", colour="blue")
    page = await support.submit(await support.get(f"{ORDERS}/{order_id}"), "#refund form", reason="too cold")
    assert "waits for approval" in page.flashes
    approval = page.tree.css_first("#flashes a[href^='/console/approvals/apr_']")
    assert approval is not None
    assert await support.shelf.shop.fetchval("SELECT count(*) FROM shop.refunds WHERE order_id = $1", order_id) == 0


async def test_notes_and_tags_are_written_and_hostile_ones_stay_words(support: Colleague, visitor: Visitor) -> None:
    order_id = await bought(visitor)
    page = await support.submit(await support.get(f"{ORDERS}/{order_id}"), "#note", text=HOSTILE)
    page = await support.submit(page, "#tags", tags=f"fragile, {HOSTILE[:30]}, fragile")
    assert_whole(page)
    assert HOSTILE[:20] in page.text
    assert page.count("main script, main img") == 0
    tags = await support.shelf.shop.fetchval("SELECT tags FROM shop.orders WHERE id = $1", order_id)
    assert sorted(tags) == sorted(["fragile", HOSTILE[:30].strip()])
    assert "fragile" in (await support.get(ORDERS)).text


async def test_of_many_that_are_shipped_the_refused_are_named(owner: Colleague, visitor: Visitor) -> None:
    first, second, third = [await bought(visitor) for _ in range(3)]
    await owner.shelf.shop.done(ShipOrder(order_id=third))
    page = await submit_chosen(owner, ORDERS, f"{ORDERS}/shipments", [first, third, second])
    assert "Shipped. (2 of 3)" in page.flashes
    assert f"1 row not changed: {await number_of(visitor, third)}:" in page.flashes
    assert "nothing left to ship" in page.flashes
    assert [(await statuses(owner.shelf, one))[2] for one in (first, second)] == ["shipped", "shipped"]
    arrived = await submit_chosen(owner, ORDERS, f"{ORDERS}/deliveries", [first, second, third])
    assert "Arrived. (3 of 3)" in arrived.flashes
    assert await statuses(owner.shelf, third) == ("completed", "paid", "delivered")


async def test_nothing_chosen_is_said(owner: Colleague) -> None:
    assert "No row is chosen" in (await submit_chosen(owner, ORDERS, f"{ORDERS}/shipments", [])).flashes


async def test_whoever_may_not_is_refused(colleagues: dict[str, Colleague], visitor: Visitor) -> None:
    order_id = await bought(visitor)
    jan = colleagues["warehouse"]
    page = await jan.get(f"{ORDERS}/{order_id}")
    assert (page.count("#ship"), page.count("#cancel, #refund, #hold, #note")) == (1, 0)
    refused = await jan.post(f"{ORDERS}/{order_id}/cancellation", {"key": "a-form-of-mine", "reason": "other"})
    assert refused.status == 403
    assert (await statuses(jan.shelf, order_id))[0] == "open"


async def test_amounts_of_the_list_are_those_of_the_orders(owner: Colleague, visitor: Visitor) -> None:
    order_id = await bought(visitor, "walking-map", 2)
    await owner.shelf.shop.done(AddOrderNote(order_id=order_id, text="call first"))
    row = (await owner.get(f"{ORDERS}?q={await number_of(visitor, order_id)}")).text_of(".work-table tbody tr")
    assert f"€{2 * MAP_MINOR / 100:.2f}" in row
    assert "call first" in (await owner.get(f"{ORDERS}/{order_id}")).text
