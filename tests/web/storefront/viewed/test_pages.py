"""What a visitor looked at last: in a stranger's browser, with a guest or customer here, and forgotten at a word."""

from tests.web.shelf import Shelf
from tests.web.visitor import Page, Visitor


def looked_at(page: Page) -> list[str]:
    section = page.tree.css_first("section[aria-labelledby=viewed-title]")
    if section is None:
        return []
    return [(node.attributes["href"] or "").removeprefix("/p/") for node in section.css("a.product-card-link")]


async def test_a_strangers_list_stays_in_their_browser(shelf: Shelf, visitor: Visitor) -> None:
    kept = await shelf.shop.fetchval("SELECT count(*) FROM platform.viewed_products")
    assert looked_at(await visitor.get("/p/scree-boot")) == []
    assert looked_at(await visitor.get("/p/ridge-jacket")) == ["scree-boot"]
    assert looked_at(await visitor.get("/")) == ["ridge-jacket", "scree-boot"]
    await shelf.shop.application.search_notes.write()
    assert await shelf.shop.fetchval("SELECT count(*) FROM platform.viewed_products") == kept
    page = await visitor.submit(await visitor.get("/"), "form[action='/viewed/forgetting']")
    assert looked_at(page) == []
    assert visitor.cookie("bottega_viewed") is None
    visitor.client.cookies.set("bottega_viewed", "x.prd_'--.<script>", domain="shop.test")
    assert looked_at(await visitor.get("/")) == []


async def test_the_list_moves_to_the_guest_they_become_and_is_forgotten_with_a_word(
    shelf: Shelf, visitor: Visitor
) -> None:
    await visitor.get("/p/walking-map")
    await visitor.put_into_cart("scree-boot", size="41")
    await visitor.get("/p/ridge-jacket")
    await shelf.shop.application.search_notes.write()
    assert visitor.cookie("bottega_viewed") is None
    assert looked_at(await visitor.get("/")) == ["ridge-jacket", "scree-boot", "walking-map"]
    page = await visitor.submit(await visitor.get("/"), "form[action='/viewed/forgetting']")
    assert "Forgotten what you looked at." in page.flashes
    assert looked_at(await visitor.get("/")) == []


async def test_similar_goods_fill_up_what_colleagues_relate(visitor: Visitor) -> None:
    page = await visitor.get("/p/ridge-jacket")
    section = page.tree.css_first("section[aria-labelledby=similar-title]")
    assert section is None or "/p/ridge-jacket" not in {node.attributes["href"] for node in section.css("a")}
