"""What is suggested while somebody types, and another spelling where little was found."""

from typing import Any

from bottega.shop.catalogue import vocabulary_store
from bottega.shop.catalogue.search import search_products
from bottega.shop.catalogue.search_records import SearchRequest
from bottega.shop.catalogue.suggestions import Suggestions, suggestions
from tests.gateway.test_statements import statements_of
from tests.shop.catalogue.products_fixture import simple, stocked
from tests.shop.catalogue.searching import EURO, found, handles
from tests.shop_fixtures import Shop

OUTDOORS = (
    simple("down-jacket", title="Down Jacket", brand="Östra", category="clothing/jackets"),
    simple("down-vest", title="Down Vest", brand="Östra", category="clothing/vests", units=0),
    simple("rain-jacket", title="Rain Jäcket", brand="Corvado", category="clothing/jackets"),
    simple("jar", title="Jar for tea", description="Keeps a jacket of frost away.", category="kitchen"),
    simple("toner", title="Brother TN-2110 toner", brand="Brother", category="office"),
)


async def suggested(shop: Shop, text: str, **options: Any) -> Suggestions:
    async with shop.application.database.read() as connection:
        return await suggestions(connection, text, "EUR", shop.application.clock.now(), **options)


async def learn(shop: Shop) -> None:
    async with shop.application.database.write() as connection:
        await vocabulary_store.learn(connection, shop.application.clock.now())


def products(found: Suggestions) -> list[str]:
    return [one.handle for one in found.products]


async def test_titles_go_on_from_any_of_their_words_without_accents(shop: Shop) -> None:
    await stocked(shop, *OUTDOORS)
    assert set(products(await suggested(shop, "jac"))) == {"down-jacket", "rain-jacket"}
    assert set(products(await suggested(shop, "JÄC"))) == {"down-jacket", "rain-jacket"}
    assert products(await suggested(shop, "ja"))[0] == "jar"
    assert products(await suggested(shop, "down")) == ["down-jacket", "down-vest"]
    assert products(await suggested(shop, "down j")) == ["down-jacket"]
    assert products(await suggested(shop, "down ja")) == ["down-jacket"]
    assert products(await suggested(shop, "jackets")) == []
    assert products(await suggested(shop, "tn-21")) == ["toner"]
    assert products(await suggested(shop, "frost")) == []
    assert await suggested(shop, "?!") == Suggestions()
    assert await suggested(shop, "zzz") == Suggestions()


async def test_words_brands_and_categories_are_suggested_with_their_counts(shop: Shop) -> None:
    await stocked(shop, *OUTDOORS)
    await learn(shop)
    told = await suggested(shop, "o")
    assert [(one.title, one.products) for one in told.brands] == [("Östra", 2)]
    assert [(one.path, one.products) for one in told.categories] == [("office", 1)]
    assert [one.path for one in (await suggested(shop, "Jack")).categories] == ["clothing/jackets"]
    assert (await suggested(shop, "down ja")).queries == ("down jacket",)
    assert (await suggested(shop, "jac")).queries == ("jacket",)
    assert len((await suggested(shop, "jac", limit=1)).products) == 1


async def test_past_searches_are_suggested_once_others_made_them_and_found_something(shop: Shop) -> None:
    await stocked(shop, *OUTDOORS)
    application = shop.application

    async def search(text: str) -> None:
        async with application.database.read() as connection:
            request = SearchRequest(text, EURO)
            notes = application.search_notes
            await search_products(connection, request, application.clock.now(), embedder=None, notes=notes)

    for text in ("jacket in blue", "jacket in blue", "jar of ada prova", "jar of ada prova", "jacket once"):
        await search(text)
    for text in ("jar for tea", "jar for tea", "jar for tea"):
        await search(text)
    await application.search_notes.write()
    assert (await suggested(shop, "jar")).queries == ("jar for tea",)
    assert "jar of ada prova" not in (await suggested(shop, "jar o")).queries
    assert (await suggested(shop, "jacket on")).queries == ()


async def test_suggesting_takes_few_statements_and_survives_lost_postings(shop: Shop) -> None:
    await stocked(shop, *OUTDOORS)
    await suggested(shop, "do")
    async with statements_of(shop) as seen:
        await suggested(shop, "jac")
    assert len(seen) == 3, seen
    await shop.execute("DROP TABLE search.products_postings, search.vocabulary")
    assert products(await suggested(shop, "down j")) == ["down-jacket"]


async def test_suggestions_through_the_api(shop: Shop) -> None:
    await stocked(shop, *OUTDOORS)
    answered = await shop.client.get("/api/search/suggestions", params={"q": "down", "limit": 1})
    (product,) = answered.json()["products"]
    assert (product["handle"], product["title"], product["brand"]) == ("down-jacket", "Down Jacket", "Östra")
    assert (await shop.client.get("/api/search/suggestions", params={"q": ""})).status_code == 422


async def test_another_spelling_is_offered_where_it_finds_more(shop: Shop) -> None:
    await stocked(
        shop,
        *(simple(f"jacket-{number}", title=f"Jacket {number}") for number in range(40)),
        *(simple(f"lamp-{number}", title=f"Lamp {number}") for number in range(40)),
        simple("slip", title="Jackett, old stock"),
        simple("rare", title="Trangia stove"),
    )
    page = await found(shop, "jackett")
    assert (handles(page), page.did_you_mean, page.corrections) == (["slip"], "jacket", ())
    assert (await found(shop, "Jackett")).did_you_mean == "jacket"
    assert (await found(shop, "jacket")).did_you_mean is None
    assert (await found(shop, "trangia")).did_you_mean is None
    # A word that no product has is read as another at once.
    page = await found(shop, "jakcet")
    assert ([(one.said, one.read) for one in page.corrections], page.did_you_mean) == ([("jakcet", "jacket")], None)
    assert (await found(shop, "jackett", after="1")).did_you_mean is None
    answered = (await shop.client.get("/api/search", params={"q": "jackett"})).json()
    assert answered["did_you_mean"] == "jacket"
