"""The cart: filling it with and without scripts, changing it, and what belongs to whom."""

from bottega.kernel.identifiers import new_id
from tests.web.shelf import JACKET_MINOR, MAP_MINOR, Shelf
from tests.web.visitor import SAME_ORIGIN, Page, Visitor

PARTIAL = {"HX-Request": "true", **SAME_ORIGIN}


async def lines(shelf: Shelf, visitor: Visitor) -> list[tuple[str, int]]:
    """(sku, quantity) of the visitor's open cart, straight from the database."""
    token = visitor.cookie("bottega_session") or ""
    owner = token.removeprefix("btg_").partition(".")[0]
    rows = await shelf.shop.fetch(
        "SELECT v.sku, l.quantity FROM shop.cart_lines l JOIN shop.carts c ON c.id = l.cart_id "
        "JOIN shop.variants v ON v.id = l.variant_id WHERE c.customer_id = $1 AND c.state = 'open' ORDER BY l.id",
        owner,
    )
    return [(row["sku"], row["quantity"]) for row in rows]


async def test_the_same_thing_twice_is_one_line(shelf: Shelf, visitor: Visitor) -> None:
    await visitor.put_into_cart("walking-map")
    page = await visitor.put_into_cart("walking-map", quantity=2)
    assert await lines(shelf, visitor) == [("WM-1", 3)]
    assert f"€{3 * MAP_MINOR / 100:.2f}" in page.text
    assert page.text_of(".cart-count") == "3"


async def test_going_back_and_sending_the_same_form_again_adds_nothing(shelf: Shelf, visitor: Visitor) -> None:
    page = await visitor.get("/p/walking-map")
    await visitor.submit(page, "#buy")
    await visitor.submit(page, "#buy")
    assert await lines(shelf, visitor) == [("WM-1", 1)]


async def test_the_same_form_with_another_choice_is_another_line(shelf: Shelf, visitor: Visitor) -> None:
    page = await visitor.get("/p/scree-boot")
    await visitor.submit(page, "#buy", **{"option.size": "41"})
    await visitor.submit(page, "#buy", **{"option.size": "42"})
    assert await lines(shelf, visitor) == [("SB-41", 1), ("SB-42", 1)]


async def test_quantities_change_and_lines_go(shelf: Shelf, visitor: Visitor) -> None:
    await visitor.put_into_cart("ridge-jacket", size="M", colour="blue")
    page = await visitor.put_into_cart("walking-map")
    page = await visitor.submit(page, ".cart-line:first-child form", quantity="2")
    assert await lines(shelf, visitor) == [("RJ-M-BLU", 2), ("WM-1", 1)]
    assert f"€{(2 * JACKET_MINOR + MAP_MINOR) / 100:.2f}" in page.text_of(".cart-sum")
    page = await visitor.submit(page, ".cart-line:first-child form", button="remove=1")
    assert await lines(shelf, visitor) == [("WM-1", 1)]
    page = await visitor.submit(page, ".cart-line form", quantity="0")
    assert "There is nothing in it yet." in page.text


async def test_a_script_gets_a_note_and_the_new_count(visitor: Visitor) -> None:
    page = await visitor.get("/p/walking-map")
    fields = {"product": "walking-map", "quantity": "2", "key": new_id("frm")}
    part = Page(await visitor.client.post("/cart/lines", data=fields, headers=PARTIAL))
    assert (part.status, part.count("html"), part.text_of("#added-title")) == (200, 1, "In your cart")
    assert "<html" not in part.response.text
    assert part.text_of(".cart-count") == "2"
    assert page.count(".cart-count") == 0


async def test_what_is_out_of_stock_or_does_not_exist_is_refused(shelf: Shelf, visitor: Visitor) -> None:
    out = await visitor.put_into_cart("ridge-jacket", size="L", colour="blue")
    assert "out of stock just now" in out.flashes
    unknown = await visitor.put_into_cart("ridge-jacket", size="L", colour="red")
    assert "This combination does not exist" in unknown.flashes
    assert await lines(shelf, visitor) == []


async def test_nobody_changes_the_cart_of_another_guest(shelf: Shelf, visitor: Visitor) -> None:
    page = await visitor.put_into_cart("walking-map")
    address = page.form(".cart-line form").attributes["action"] or ""
    stranger = Visitor(shelf)
    await stranger.put_into_cart("scree-boot", size="41")
    refused = await stranger.post(address, {"key": new_id("frm"), "quantity": "9"})
    assert "no longer in your cart" in refused.flashes
    assert await lines(shelf, visitor) == [("WM-1", 1)]
    assert await lines(shelf, stranger) == [("SB-41", 1)]


async def test_a_form_without_its_key_does_nothing(shelf: Shelf, visitor: Visitor) -> None:
    page = await visitor.post("/cart/lines", {"product": "walking-map"})
    assert "without its key" in page.flashes
    assert await lines(shelf, visitor) == []
