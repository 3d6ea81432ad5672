"""The account: addresses, details, consent, what is remembered, and being forgotten."""

from bottega.runtime.memory.model import Fact
from bottega.runtime.memory.store import remember
from tests.web.bought import bought, register
from tests.web.shelf import Shelf
from tests.web.visitor import Visitor

ADDRESS = {"name": "Ada Marchetti", "line1": "Via Verdi 2", "city": "Rovereto", "postal_code": "38068", "country": "IT"}


async def customer_id(shelf: Shelf, visitor: Visitor) -> str:
    page = await shelf.shop.client.get(
        "/api/account", headers={"Authorization": f"Bearer {visitor.cookie('bottega_session')}"}
    )
    return page.json()["id"]


async def test_orders_are_listed(visitor: Visitor) -> None:
    order_id = await bought(visitor)
    await register(visitor, "lists@example.com")
    page = await visitor.get("/account/orders")
    assert [node.attributes["href"] for node in page.tree.css(".order-row")] == [f"/orders/{order_id}"]


async def test_the_address_book(visitor: Visitor) -> None:
    await register(visitor, "book@example.com")
    page = await visitor.get("/account/addresses")
    wrong = await visitor.submit(page, "#address", **{**ADDRESS, "city": " "})
    assert (wrong.status, wrong.text_of("#city-note")) == (422, "Please fill this in.")
    saved = await visitor.submit(wrong, "#address", **ADDRESS)
    assert "Via Verdi 2" in saved.text_of(".address-grid")
    second = await visitor.submit(saved, "#address", **{**ADDRESS, "line1": "Via Mozart 9"})
    assert second.count(".address-grid > li") == 2
    link = second.tree.css_first(".address-grid > li a")
    assert link is not None
    edited = await visitor.get(f"/account/addresses{(link.attributes['href'] or '').partition('#')[0]}")
    changed = await visitor.submit(edited, "#address", line1="Via Verdi 4")
    assert "Via Verdi 4" in changed.text
    removed = await visitor.submit(changed, ".address-grid > li:first-child form")
    assert removed.count(".address-grid > li") == 1
    checkout = await visitor.put_into_cart("walking-map")
    checkout = await visitor.get("/checkout")
    line1 = checkout.tree.css_first("#line1")
    assert line1 is not None
    assert line1.attributes["value"] == "Via Mozart 9"


async def test_details_change_with_the_password(visitor: Visitor) -> None:
    await register(visitor, "details@example.com")
    page = await visitor.get("/account/details")
    named = await visitor.submit(page, "form[action='/account/profile']", name="Ada Rossi", phone="+39 0461 1")
    assert "Your details are saved." in named.flashes
    refused = await visitor.submit(
        named, "form[action='/account/email']", email="other@example.com", current_password="wrong"
    )
    assert (refused.status, "not your present password" in refused.flashes) == (409, True)
    moved = await visitor.submit(
        named, "form[action='/account/email']", email="other@example.com", current_password="a long sentence of mine"
    )
    assert "You sign in with the new address" in moved.flashes
    changed = await visitor.submit(
        moved,
        "form[action='/account/password']",
        current_password="a long sentence of mine",
        password="yet another sentence",
    )
    assert "Your new password is set" in changed.flashes
    assert (await visitor.get("/account")).status == 200


async def test_consent(shelf: Shelf, visitor: Visitor) -> None:
    await register(visitor, "consents@example.com")
    page = await visitor.get("/account/privacy")
    await visitor.submit(page, "form[action='/account/consent']", profiling_consent="1")
    row = (
        await shelf.shop.fetch(
            "SELECT marketing_consent, profiling_consent FROM shop.customers WHERE id = $1",
            await customer_id(shelf, visitor),
        )
    )[0]
    assert (row["marketing_consent"], row["profiling_consent"]) == (False, True)


async def test_what_the_assistant_remembers_is_shown_and_forgotten(shelf: Shelf, visitor: Visitor) -> None:
    await register(visitor, "remembered@example.com")
    person = await customer_id(shelf, visitor)
    fact = Fact("size.shoes", "42", "turn:ses_1.1", "principal", "service", said="I take <b>42</b>")
    async with shelf.shop.application.database.write() as connection:
        await remember(connection, person, [fact], shelf.shop.application.clock.now())
    page = await visitor.get("/account/privacy")
    assert "You said: “I take <b>42</b>”" in page.text_of(".memories")
    gone = await visitor.submit(page, ".memories form")
    assert gone.count(".memories") == 0
    assert await shelf.shop.fetchval("SELECT count(*) FROM runtime.memories WHERE customer_id = $1", person) == 0


async def test_forgetting_has_to_be_meant(shelf: Shelf, visitor: Visitor) -> None:
    await register(visitor, "forgets@example.com")
    person = await customer_id(shelf, visitor)
    page = await visitor.get("/account/privacy")
    unsure = await visitor.submit(page, "form[action='/account/forgetting']", sure="perhaps")
    assert "Nothing was deleted." in unsure.flashes
    assert await shelf.shop.fetchval("SELECT forgotten_at FROM shop.customers WHERE id = $1", person) is None
    gone = await visitor.submit(unsure, "form[action='/account/forgetting']", sure="forget me")
    assert "We have forgotten you." in gone.flashes
    assert await shelf.shop.fetchval("SELECT forgotten_at FROM shop.customers WHERE id = $1", person) is not None
    assert (await visitor.get("/account")).path == "/sign-in"


async def test_nobody_else_sees_an_account(visitor: Visitor) -> None:
    await visitor.put_into_cart("walking-map")
    for path in ("/account", "/account/orders", "/account/details", "/account/addresses", "/account/privacy"):
        assert (await visitor.get(path)).path == "/sign-in", path
