"""Checkout: a guest's order from cart to confirmation, and everything that may come between."""

import re

from bottega.bootstrap.invariants import check_invariants
from bottega.kernel.identifiers import new_id
from bottega.web.countries import needs_postcode
from tests.web.shelf import JACKET_MINOR, MAP_MINOR, SHIPPING_MINOR, Shelf
from tests.web.visitor import ADDRESS, Visitor

CARD = "card:sandbox_card_"


async def order_row(shelf: Shelf, path: str) -> dict[str, object]:
    order_id = re.search(r"ord_\w+", path)
    assert order_id is not None, path
    return (await shelf.shop.fetch("SELECT * FROM shop.orders WHERE id = $1", order_id[0]))[0]


async def count(shelf: Shelf, table: str) -> int:
    return await shelf.shop.fetchval(f"SELECT count(*) FROM {table}")


async def test_a_guest_orders_and_pays(shelf: Shelf, visitor: Visitor) -> None:
    cart = await visitor.put_into_cart("ridge-jacket", size="M", colour="blue")
    assert (cart.path, "is in your cart" in cart.flashes) == ("/cart", True)
    page = await visitor.get("/checkout")
    shown = await visitor.submit(page, "#checkout", button="step=reckon", shipping_method_id=shelf.delivery, **ADDRESS)
    assert f"€{(JACKET_MINOR + SHIPPING_MINOR) / 100:.2f}" in shown.text_of("#sums")
    thanks = await visitor.submit(shown, "#checkout", button="step=order")
    assert thanks.path.endswith("/thanks")
    row = await order_row(shelf, thanks.path)
    assert (row["total_minor"], row["payment_status"], row["channel"]) == (
        JACKET_MINOR + SHIPPING_MINOR,
        "paid",
        "storefront",
    )
    assert f"€{(JACKET_MINOR + SHIPPING_MINOR) / 100:.2f}" in thanks.text
    assert "Thank you" in thanks.text_of("h1")
    checked = await check_invariants(shelf.shop.application.database)
    assert [one for one in checked if one.violations] == []


async def test_collection_costs_nothing(shelf: Shelf, visitor: Visitor) -> None:
    await visitor.put_into_cart("walking-map")
    thanks = await visitor.order(shipping_method_id=shelf.collection, expected_total_minor=str(MAP_MINOR))
    assert (await order_row(shelf, thanks.path))["total_minor"] == MAP_MINOR
    assert "Collect in the store" in thanks.text


async def test_a_code_takes_ten_percent_off_and_shows_before_ordering(shelf: Shelf, visitor: Visitor) -> None:
    await visitor.put_into_cart("walking-map", quantity=2)
    page = await visitor.get("/checkout")
    shown = await visitor.submit(
        page, "#checkout", button="step=reckon", coupon_code="ten", shipping_method_id=shelf.collection, **ADDRESS
    )
    assert "€22.50" in shown.text_of("#sums")
    thanks = await visitor.submit(shown, "#checkout", button="step=order")
    assert (await order_row(shelf, thanks.path))["total_minor"] == 2250


async def test_an_unknown_code_is_said_and_nothing_is_ordered(shelf: Shelf, visitor: Visitor) -> None:
    await visitor.put_into_cart("walking-map")
    before = await count(shelf, "shop.orders")
    page = await visitor.order(coupon_code="NOPE", shipping_method_id=shelf.collection)
    assert (page.status, "There is no coupon NOPE." in page.text) == (409, True)
    assert await count(shelf, "shop.orders") == before


async def test_missing_fields_are_marked_and_what_was_typed_stays(shelf: Shelf, visitor: Visitor) -> None:
    await visitor.put_into_cart("walking-map")
    before = await count(shelf, "shop.orders")
    page = await visitor.order(city="", email="nobody")
    assert page.status == 422
    assert page.text_of("#city-note") == "Please fill this in."
    assert page.text_of("#email-note") == "Please check this."
    name = page.tree.css_first("#name")
    assert name is not None
    assert name.attributes["value"] == "Ada Prova"
    assert await count(shelf, "shop.orders") == before


async def test_a_postcode_is_asked_for_where_the_post_wants_one(shelf: Shelf, visitor: Visitor) -> None:
    await visitor.put_into_cart("walking-map")
    before = await count(shelf, "shop.orders")
    page = await visitor.order(postal_code="")
    assert (page.status, page.text_of("#postal_code-note")) == (422, "Please fill this in.")
    assert await count(shelf, "shop.orders") == before
    assert (needs_postcode("IT"), needs_postcode("IE"), needs_postcode(None)) == (True, False, False)


async def test_a_parcel_is_the_default_and_collecting_a_choice(shelf: Shelf, visitor: Visitor) -> None:
    """Though collecting costs nothing."""
    await visitor.put_into_cart("walking-map")
    page = await visitor.get("/checkout")
    chosen = page.tree.css_first("[name=shipping_method_id][checked]")
    assert chosen is not None
    assert chosen.attributes["value"] == shelf.delivery


async def test_a_total_that_was_not_shown_is_not_paid(shelf: Shelf, visitor: Visitor) -> None:
    await visitor.put_into_cart("walking-map")
    before = await count(shelf, "shop.orders")
    page = await visitor.order(shipping_method_id=shelf.delivery, expected_total_minor="1")
    assert (page.status, f"The total is €{(MAP_MINOR + SHIPPING_MINOR) / 100:.2f} now" in page.flashes) == (409, True)
    assert await count(shelf, "shop.orders") == before


async def test_the_same_form_sent_twice_orders_once(shelf: Shelf, visitor: Visitor) -> None:
    await visitor.put_into_cart("walking-map")
    page = await visitor.get("/checkout")
    before = (await count(shelf, "shop.orders"), await count(shelf, "shop.payments"))
    fields = {**ADDRESS, "shipping_method_id": shelf.collection, "expected_total_minor": str(MAP_MINOR)}
    first = await visitor.submit(page, "#checkout", button="step=order", **fields)
    second = await visitor.submit(page, "#checkout", button="step=order", **fields)
    assert first.path == second.path
    assert (await count(shelf, "shop.orders"), await count(shelf, "shop.payments")) == (before[0] + 1, before[1] + 1)


async def test_what_ran_out_meanwhile_is_refused(shelf: Shelf, visitor: Visitor) -> None:
    await visitor.put_into_cart("ridge-jacket", quantity=3, size="M", colour="red")
    assert "Only 2 left" in (await visitor.get("/cart")).text
    before = await count(shelf, "shop.orders")
    page = await visitor.order(shipping_method_id=shelf.delivery)
    assert (page.status, "not as many in stock" in page.flashes) == (409, True)
    assert await count(shelf, "shop.orders") == before


async def test_a_declined_card_may_be_tried_again(shelf: Shelf, visitor: Visitor) -> None:
    await visitor.put_into_cart("walking-map")
    page = await visitor.order(shipping_method_id=shelf.collection, pay=f"{CARD}declined")
    assert page.path.endswith("/payment")
    assert "did not accept" in page.flashes
    thanks = await visitor.submit(page, "#checkout", pay=f"{CARD}success")
    assert (await order_row(shelf, thanks.path))["payment_status"] == "paid"


async def test_the_banks_question_is_asked_and_answered(shelf: Shelf, visitor: Visitor) -> None:
    await visitor.put_into_cart("walking-map")
    asked = await visitor.order(shipping_method_id=shelf.collection, pay=f"{CARD}3d_secure")
    assert asked.path.startswith("/sandbox/challenges/")
    thanks = await visitor.submit(asked, ".bank-answers", button="answer=yes")
    assert thanks.path.endswith("/thanks")
    assert (await order_row(shelf, thanks.path))["payment_status"] == "paid"


async def test_a_no_to_the_bank_leads_back_to_paying(shelf: Shelf, visitor: Visitor) -> None:
    await visitor.put_into_cart("walking-map")
    asked = await visitor.order(shipping_method_id=shelf.collection, pay=f"{CARD}3d_secure")
    page = await visitor.submit(asked, ".bank-answers", button="answer=no")
    assert page.path.endswith("/payment")
    assert (await order_row(shelf, page.path))["payment_status"] == "awaiting"


async def test_a_transfer_says_what_to_pay(shelf: Shelf, visitor: Visitor) -> None:
    await visitor.put_into_cart("walking-map")
    page = await visitor.order(shipping_method_id=shelf.collection, pay="bank_transfer")
    assert page.path.endswith("/thanks")
    assert f"Please transfer €{MAP_MINOR / 100:.2f}" in page.text


async def test_nobody_sees_or_pays_the_order_of_another_guest(shelf: Shelf, visitor: Visitor) -> None:
    await visitor.put_into_cart("walking-map")
    page = await visitor.order(shipping_method_id=shelf.collection, pay=f"{CARD}declined")
    order = page.path.removesuffix("/payment")
    stranger = Visitor(shelf)
    await stranger.put_into_cart("walking-map")
    for path in (order, f"{order}/thanks", f"{order}/payment", f"{order}/cancellation", f"{order}/return"):
        assert (await stranger.get(path)).status == 404, path
    before = await count(shelf, "shop.payments")
    await stranger.post(f"{order}/payment", {"key": new_id("frm"), "pay": f"{CARD}success"})
    assert await count(shelf, "shop.payments") == before


async def test_a_sealed_link_pays_and_shows_nothing_else(shelf: Shelf, visitor: Visitor) -> None:
    await visitor.put_into_cart("walking-map")
    declined = await visitor.order(shipping_method_id=shelf.collection, pay=f"{CARD}declined")
    row = await order_row(shelf, declined.path)
    application = shelf.shop.application
    token = application.pages.token(str(row["id"]), application.clock.now())
    friend = Visitor(shelf)
    page = await friend.get(f"/pay/{token}")
    assert (page.status, "ada@example.com" in page.response.text) == (200, False)
    paid = await friend.submit(page, "#checkout", pay=f"{CARD}success")
    assert "is paid" in paid.text
    assert (await order_row(shelf, declined.path))["payment_status"] == "paid"
    assert (await friend.get(f"/pay/{token[:-1]}x")).status in (404, 422)


async def test_an_empty_cart_has_no_checkout(visitor: Visitor) -> None:
    page = await visitor.get("/checkout")
    assert (page.path, "Your cart is empty." in page.flashes) == ("/cart", True)
