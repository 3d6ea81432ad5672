"""Returns and exchanges in a few clicks."""

from bottega.kernel.identifiers import new_id
from tests.web.bought import bought, delivered
from tests.web.shelf import Shelf
from tests.web.visitor import Visitor


async def line_of(shelf: Shelf, order_id: str) -> str:
    return await shelf.shop.fetchval("SELECT id FROM shop.order_lines WHERE order_id = $1", order_id)


async def test_one_thing_goes_back_with_three_clicks(shelf: Shelf, visitor: Visitor) -> None:
    order_id = await delivered(visitor, "scree-boot", 2, size="41")
    page = await visitor.get(f"/orders/{order_id}/return")
    line_id = await line_of(shelf, order_id)
    asked = await visitor.submit(page, "main form", reason="too small", **{f"quantity.{line_id}": "1"})
    assert asked.path == f"/orders/{order_id}"
    assert "is asked for" in asked.flashes
    rows = await shelf.shop.fetch(
        "SELECT r.kind, r.state, l.quantity, l.reason FROM shop.returns r "
        "JOIN shop.return_lines l ON l.return_id = r.id WHERE r.order_id = $1",
        order_id,
    )
    assert [tuple(row.values()) for row in rows] == [("return", "requested", 1, "too small")]
    again = await visitor.get(f"/orders/{order_id}/return")
    quantity = again.tree.css_first(f"[name='quantity.{line_id}']")
    assert quantity is None, "one of two is left, and one needs no number"


async def test_an_exchange_names_the_other_variant(shelf: Shelf, visitor: Visitor) -> None:
    order_id = await delivered(visitor, "scree-boot", size="41")
    line_id, other = await line_of(shelf, order_id), await shelf.variant("scree-boot", size="42")
    page = await visitor.get(f"/orders/{order_id}/return")
    asked = await visitor.submit(page, "main form", reason="too small", **{f"instead.{line_id}": other})
    assert "Exchange" in asked.flashes
    row = (
        await shelf.shop.fetch(
            "SELECT r.kind, l.new_variant_id FROM shop.returns r JOIN shop.return_lines l ON l.return_id = r.id "
            "WHERE r.order_id = $1",
            order_id,
        )
    )[0]
    assert (row["kind"], row["new_variant_id"]) == ("exchange", other)


async def test_a_return_is_seen_and_taken_back(shelf: Shelf, visitor: Visitor) -> None:
    order_id = await delivered(visitor, "walking-map")
    page = await visitor.get(f"/orders/{order_id}/return")
    await visitor.submit(page, "main form", reason="changed my mind")
    return_id = await shelf.shop.fetchval("SELECT id FROM shop.returns WHERE order_id = $1", order_id)
    shown = await visitor.get(f"/returns/{return_id}")
    assert "You asked for it" in shown.text
    back = await visitor.submit(shown, "main form")
    assert "You took it back." in back.text
    assert await shelf.shop.fetchval("SELECT state FROM shop.returns WHERE id = $1", return_id) == "cancelled"
    stranger = Visitor(shelf)
    await stranger.put_into_cart("walking-map")
    assert (await stranger.get(f"/returns/{return_id}")).status == 404


async def test_nothing_chosen_asks_again(shelf: Shelf, visitor: Visitor) -> None:
    order_id = await delivered(visitor, "scree-boot", size="42")
    page = await visitor.post(f"/orders/{order_id}/return", {"key": new_id("frm"), "reason": "too small"})
    assert (page.status, "at least one thing" in page.flashes) == (422, True)
    assert await shelf.shop.fetchval("SELECT count(*) FROM shop.returns WHERE order_id = $1", order_id) == 0


async def test_what_has_not_arrived_does_not_come_back(visitor: Visitor) -> None:
    order_id = await bought(visitor)
    page = await visitor.get(f"/orders/{order_id}/return")
    assert (page.path, "Nothing of this order" in page.flashes) == (f"/orders/{order_id}", True)
