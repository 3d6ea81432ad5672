"""Orders as their buyers see them: how far they are, and cancelling them."""

from tests.web.bought import bought, delivered
from tests.web.shelf import MAP_MINOR, Shelf
from tests.web.visitor import Visitor


async def test_an_order_says_how_far_it_is(shelf: Shelf, visitor: Visitor) -> None:
    order_id = await delivered(visitor, "walking-map")
    page = await visitor.get(f"/orders/{order_id}")
    steps = [" ".join(node.text(separator=" ").split()) for node in page.tree.css(".progress li")]
    assert [step.split()[0] for step in steps] == ["Ordered", "Paid", "Sent", "Arrived"]
    assert page.count(".progress li.reached") == 4
    assert "Collect in the store" in page.text
    assert page.count(f"a[href='/orders/{order_id}/return']") == 1
    assert page.count(f"a[href='/orders/{order_id}/cancellation']") == 0


async def test_what_is_not_reached_is_said_to_screen_readers(visitor: Visitor) -> None:
    order_id = await bought(visitor)
    page = await visitor.get(f"/orders/{order_id}")
    assert page.count(".progress li.reached") == 2
    assert page.text_of(".progress li:last-child") == "Arrived (not yet)"
    current = page.tree.css_first("[aria-current=step]")
    assert current is not None
    assert "Paid" in current.text()


async def test_cancelling_gives_the_money_back(shelf: Shelf, visitor: Visitor) -> None:
    order_id = await bought(visitor)
    page = await visitor.get(f"/orders/{order_id}/cancellation")
    done = await visitor.submit(page, "main form", reason="ordered twice")
    assert "The order is cancelled. What you paid is on its way back to you." in done.flashes
    row = (await shelf.shop.fetch("SELECT status, cancel_reason FROM shop.orders WHERE id = $1", order_id))[0]
    assert (row["status"], row["cancel_reason"]) == ("cancelled", "ordered twice")
    refunds = await shelf.shop.fetch("SELECT amount_minor FROM shop.refunds WHERE order_id = $1", order_id)
    assert [refund["amount_minor"] for refund in refunds] == [MAP_MINOR]
    steps = [node.text(separator=" ").split()[0] for node in done.tree.css(".progress li")]
    assert steps == ["Ordered", "Paid", "Cancelled"]


async def test_a_reason_that_is_not_on_the_list_changes_nothing(shelf: Shelf, visitor: Visitor) -> None:
    order_id = await bought(visitor)
    page = await visitor.get(f"/orders/{order_id}/cancellation")
    refused = await visitor.submit(page, "main form", reason="my own words, with my name")
    assert "not one of the reasons" in refused.flashes
    assert await shelf.shop.fetchval("SELECT status FROM shop.orders WHERE id = $1", order_id) == "open"


async def test_what_has_left_cannot_be_cancelled(shelf: Shelf, visitor: Visitor) -> None:
    order_id = await delivered(visitor, "walking-map")
    page = await visitor.get(f"/orders/{order_id}/cancellation")
    assert (page.path, "cannot be cancelled any more" in page.flashes) == (f"/orders/{order_id}", True)
    status = await shelf.shop.fetchval("SELECT status FROM shop.orders WHERE id = $1", order_id)
    assert status == "completed"
