"""The search box: what it suggests, that it works as a plain form, and what search pages say beside their results."""

from bottega.shop.catalogue import vocabulary_store
from bottega.shop.customers.actions import SetConsent
from tests.web.shelf import Shelf
from tests.web.visitor import ORIGIN, Visitor


async def test_suggestions_are_links_and_the_box_is_a_plain_form(shelf: Shelf, visitor: Visitor) -> None:
    async with shelf.shop.application.database.write() as connection:
        await vocabulary_store.learn(connection, shelf.shop.application.clock.now())
    page = await visitor.get("/")
    box = page.form("form[role=search]")
    assert box.attributes["action"] == "/search"
    field = box.css_first("input")
    assert field is not None
    assert field.attributes["hx-get"] == "/search/suggestions"
    part = await visitor.get("/search/suggestions?q=sc")
    links = {node.attributes["href"] for node in part.tree.css("a")}
    assert {"/p/scree-boot", "/search?q=scree"} <= links
    assert part.response.headers["cache-control"] == "no-store"
    assert "/c/footwear" in {
        one.attributes["href"] for one in (await visitor.get("/search/suggestions?q=foo")).tree.css("a")
    }
    for nothing in ("", "?!", "zzzz", "%00"):
        assert (await visitor.get(f"/search/suggestions?q={nothing}")).count("a") == 0


async def test_texts_of_strangers_are_texts_in_suggestions(visitor: Visitor) -> None:
    part = await visitor.get("/search/suggestions?q=tent")
    assert "&lt;script&gt;" in part.response.text
    assert "<script" not in part.response.text


async def test_opening_a_result_is_counted_without_a_script(shelf: Shelf, visitor: Visitor) -> None:
    page = await visitor.get("/search?q=scree+boot")
    (link, *_) = [node.attributes["href"] or "" for node in page.tree.css("a.product-card-link")]
    assert link == "/p/scree-boot?at=1"
    notes = shelf.shop.application.search_notes
    await notes.write()
    before = await clicks(shelf)
    assert (await visitor.get(link, Referer=f"{ORIGIN}/search?q=scree+boot")).status == 200
    for elsewhere in ("", "https://other.example/search?q=scree+boot", f"{ORIGIN}/"):
        await visitor.get(link, Referer=elsewhere)
    await visitor.get("/p/scree-boot?at=9999999999", Referer=f"{ORIGIN}/search?q=scree+boot")
    await notes.write()
    assert await clicks(shelf) == before + 1
    assert (await visitor.get("/products")).tree.css_first("a.product-card-link[href*='at=']") is None


async def clicks(shelf: Shelf) -> int:
    return await shelf.shop.fetchval("SELECT coalesce(sum(clicks), 0) FROM platform.search_clicks")


async def test_a_page_says_when_ones_own_taste_counts_and_offers_to_go_without(shelf: Shelf, visitor: Visitor) -> None:
    page = await visitor.get("/register")
    await visitor.submit(
        page, "form[action='/register']", name="Ada Prova", email="taste@example.com", password="correct horse battery"
    )
    customer = await shelf.shop.fetchval("SELECT max(id) FROM shop.customers WHERE kind = 'account'")
    boot = (await shelf.product("scree-boot"))["id"]
    notes = shelf.shop.application.search_notes
    notes.viewed(customer, [boot])
    await notes.write()
    assert "as you allowed" not in (await visitor.get("/search?q=boot")).text
    await shelf.shop.done(SetConsent(customer_id=customer, marketing_consent=False, profiling_consent=True))
    page = await visitor.get("/search?q=boot")
    assert "What you bought and looked at counts here, as you allowed." in page.text
    (without,) = [node.attributes["href"] or "" for node in page.tree.css("a[href*='impersonal=1']")]
    assert "as you allowed" not in (await visitor.get(without)).text
