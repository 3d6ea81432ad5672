"""Lists and search: narrowing by links, taking filters and understood constraints away again."""

from starlette.datastructures import QueryParams

from bottega.web.storefront.listing.wish import wish_of
from tests.web.shelf import MAP_MINOR
from tests.web.visitor import Page, Visitor


def titles(page: Page) -> list[str]:
    return [" ".join(node.text().split()) for node in page.tree.css(".product-card-title")]


def facets(page: Page) -> dict[str, str]:
    """Addresses of what the list can be narrowed to, by label."""
    found: dict[str, str] = {}
    for link in page.tree.css(".facet-list a"):
        words = " ".join(link.text(separator=" ").split())
        found[words.rpartition(" ")[0]] = link.attributes["href"] or ""
    return found


async def test_a_department_has_what_is_below_it(visitor: Visitor) -> None:
    page = await visitor.get("/c/clothing")
    assert (page.text_of("h1"), titles(page)) == ("Clothing", ["Ridge Jacket"])
    assert (await visitor.get("/c/clothing/jackets")).text_of(".breadcrumb") == "Home Clothing"


async def test_narrowing_by_links_and_back_by_chips(visitor: Visitor) -> None:
    everything = await visitor.get("/products")
    assert everything.text_of("#found-title") == "4 products"
    brand = await visitor.get(facets(everything)["Stoneferry"])
    assert sorted(titles(brand)) == ["Scree Boot", "Walking Map"]
    assert facets(everything)["Leather"] == "/products?tag=leather"
    leather = await visitor.get("/products?brand=Stoneferry&tag=leather")
    assert titles(leather) == ["Scree Boot"]
    chips = {" ".join(node.text(separator=" ").split()): node.attributes["href"] for node in leather.tree.css(".chip")}
    assert sorted(chips) == ["Remove Stoneferry", "Remove leather"]
    back = await visitor.get(chips["Remove Stoneferry"] or "")
    assert titles(back) == ["Scree Boot"]
    assert back.count(".chip") == 1


async def test_prices_by_the_form(visitor: Visitor) -> None:
    page = await visitor.get("/products?sort=price")
    cheap = await visitor.get(f"/products?sort=price&to={MAP_MINOR // 100 + 1}")
    assert titles(page)[0] == "Walking Map"
    assert titles(cheap) == ["Walking Map"]
    assert page.form(".facet-price").css_first("input[name=sort]") is not None
    nonsense = await visitor.get("/products?from=abc&to=-5&sort=sideways&after=")
    assert nonsense.text_of("#found-title") == "4 products"


async def test_a_collection_says_what_it_is(visitor: Visitor) -> None:
    page = await visitor.get("/collections/staff-picks")
    assert sorted(titles(page)) == ["Ridge Jacket", "Scree Boot"]
    assert "Ours." in page.text


async def test_a_sentence_is_understood_and_each_part_can_go(visitor: Visitor) -> None:
    page = await visitor.get("/search?q=boot under 100 euro")
    assert titles(page) == ["Scree Boot"]
    chips = {" ".join(node.text(separator=" ").split()): node.attributes["href"] for node in page.tree.css("a.chip")}
    price = next(label for label in chips if "100" in label)
    without = await visitor.get(chips[price] or "")
    assert without.count(".chip-removed") == 1
    restored = without.tree.css_first(".chip-removed")
    assert restored is not None
    again = await visitor.get(restored.attributes["href"] or "")
    assert again.count(".chip-removed") == 0
    assert titles(again) == ["Scree Boot"]


async def test_a_search_that_finds_nothing_offers_a_way_on(visitor: Visitor) -> None:
    page = await visitor.get("/search?q=xylophone")
    assert page.status == 200
    assert "We found nothing for these words." in page.text
    assert (await visitor.get("/search?q=++")).path == "/products"


def test_addresses_carry_what_was_chosen_and_nothing_else() -> None:
    given = QueryParams("q=warm  jacket&brand=Corvado&in_stock=1&from=10&to=150&sort=price&without=a&without=b&x=y")
    wish = wish_of(given, "/search", "EUR")
    assert wish.here == ("/search?q=warm+jacket&brand=Corvado&in_stock=1&from=10&to=150&sort=price&without=a&without=b")
    assert (wish.filters.minimum_minor, wish.filters.maximum_minor) == (1_000, 15_000)
    assert wish.address(brand=None, in_stock=None).startswith("/search?q=warm+jacket&from=10")
    assert wish.without("c").endswith("without=a&without=b&without=c")
    assert wish.with_again("a").endswith("sort=price&without=b")
    assert wish.next_address("24").endswith("&after=24")


def test_the_category_of_a_department_is_its_path() -> None:
    wish = wish_of(QueryParams("category=other&tag=warm"), "/c/clothing", "EUR", category="clothing")
    assert (wish.filters.category, wish.here) == ("clothing", "/c/clothing?tag=warm")
