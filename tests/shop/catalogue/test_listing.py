"""Lists, detail and search over the index: what they show, filter, sort and page."""

from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest

from bottega.kernel.errors import Invalid, NotFound
from bottega.shop.catalogue.detail import ProductDetail, product_detail
from bottega.shop.catalogue.listing import CardPage, Filters, ProductCard, Sort, list_products
from bottega.shop.catalogue.product_ranking import DEEPEST_RESULT
from bottega.shop.catalogue.search import search_products
from bottega.shop.catalogue.search_records import SearchPage, SearchRequest
from bottega.shop.prices.actions import SetSalePrice
from bottega.shop.reviews.actions import ImportReviews, ReviewRecord
from tests.shop.catalogue.products_fixture import index, jacket, simple, stocked
from tests.shop_fixtures import Shop

EURO = Filters("EUR")


def cards(page: CardPage | SearchPage) -> list[dict[str, Any]]:
    return [orjson.loads(card) for card in page.cards]


def handles(page: CardPage | SearchPage) -> list[str]:
    return [card["handle"] for card in cards(page)]


async def listed(shop: Shop, filters: Filters = EURO, **options: Any) -> CardPage:
    async with shop.application.database.read() as connection:
        return await list_products(connection, filters, shop.application.clock.now(), **options)


async def found(shop: Shop, text: str, filters: Filters = EURO, **options: Any) -> SearchPage:
    async with shop.application.database.read() as connection:
        request = SearchRequest(text, filters, **options)
        return await search_products(connection, request, shop.application.clock.now(), embedder=None)


async def detail(shop: Shop, product: str, currency: str = "EUR", **options: Any) -> dict[str, Any]:
    async with shop.application.database.read() as connection:
        return orjson.loads(
            await product_detail(connection, product, currency, shop.application.clock.now(), **options)
        )


async def test_a_card_shows_the_product_as_it_is(shop: Shop) -> None:
    (product_id,) = await stocked(shop, jacket())
    reviews = tuple(ReviewRecord(product_handle="down-jacket", source_id=str(n), rating=n, text="x") for n in (4, 5))
    await shop.done(ImportReviews(reviews=reviews))
    await index(shop)
    (card,) = cards(await listed(shop))
    assert card == {
        "id": product_id,
        "handle": "down-jacket",
        "title": "Down Jacket",
        "brand": "Corvado",
        "category": "clothing/jackets",
        "tags": ["winter"],
        "image": {"url": "https://example.com/down-jacket.jpg", "alt": "down-jacket"},
        "currency": "EUR",
        "price_minor": 18900,
        "highest_minor": 18900,
        "regular_minor": 18900,
        "on_sale": False,
        "in_stock": True,
        "rating": 4.5,
        "reviews": 2,
    }
    ProductCard.model_validate(card)


async def test_detail_shows_everything_by_id_and_by_handle(shop: Shop) -> None:
    (product_id, _) = await stocked(shop, jacket(related=["wool-hat", "gone"]), simple("wool-hat"))
    shown = await detail(shop, product_id)
    ProductDetail.model_validate(shown)
    assert shown == await detail(shop, "down-jacket")
    assert [(v["sku"], v["price_minor"], v["available"]) for v in shown["variants"]] == [
        ("DJT-S", 18900, 5),
        ("DJT-M", 18900, 5),
    ]
    assert shown["category"]["title"] == "Jackets"
    assert shown["collections"] == [{"handle": "winter-essentials", "title": "Winter essentials"}]
    assert shown["rating"] == {"average": None, "count": 0}
    assert [card["handle"] for card in shown["related"]] == ["wool-hat"]
    in_francs = await detail(shop, product_id, "CHF")
    assert [variant["price_minor"] for variant in in_francs["variants"]] == [None, None]


async def test_drafts_and_strangers_are_not_found(shop: Shop) -> None:
    await stocked(shop, jacket(status="draft"))
    for product in ("down-jacket", "no-such", "prd_00000000000000000000000000"):
        with pytest.raises(NotFound):
            await detail(shop, product)
    assert (await detail(shop, "down-jacket", unpublished=True))["status"] == "draft"
    assert cards(await listed(shop)) == []


async def test_filters_narrow_the_list(shop: Shop) -> None:
    await stocked(
        shop,
        jacket(),
        simple("wool-hat", 2000, category="clothing", brand="Östra", tags=["Winter"]),
        simple("gas-stove", 5000, units=0, category="camping", brand="corvado"),
    )
    expected: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["gas-stove", "wool-hat", "down-jacket"]),
        ({"category": "clothing"}, ["wool-hat", "down-jacket"]),
        ({"category": "clothing/jackets"}, ["down-jacket"]),
        ({"category": "cloth"}, []),
        ({"brand": "CORVADO"}, ["gas-stove", "down-jacket"]),
        ({"brand": "Östra"}, ["wool-hat"]),
        ({"tag": "winter"}, ["wool-hat", "down-jacket"]),
        ({"collection": "winter-essentials"}, ["down-jacket"]),
        ({"in_stock": True}, ["wool-hat", "down-jacket"]),
        ({"in_stock": False}, ["gas-stove"]),
        ({"minimum_minor": 2000, "maximum_minor": 5000}, ["gas-stove", "wool-hat"]),
        ({"minimum_minor": 2001, "maximum_minor": 4999}, []),
        ({"on_sale": True}, []),
        ({"category": "clothing", "in_stock": True, "maximum_minor": 2000}, ["wool-hat"]),
    ]
    for filters, wanted in expected:
        # Those that came in one import are equally new.
        assert sorted(handles(await listed(shop, Filters("EUR", **filters)))) == sorted(wanted), filters
    assert handles(await listed(shop, Filters("CHF"))) == []


@pytest.mark.parametrize(
    ("sort", "wanted"),
    [
        ("newest", ["e", "d", "c", "b", "a"]),
        ("price", ["c", "a", "d", "b", "e"]),
        ("-price", ["e", "b", "d", "a", "c"]),
        ("title", ["a", "b", "c", "d", "e"]),
    ],
)
async def test_pages_in_every_order_show_each_product_once(shop: Shop, sort: Sort, wanted: list[str]) -> None:
    prices = {"a": 200, "b": 300, "c": 100, "d": 200, "e": 900}
    for handle, amount in prices.items():
        await stocked(shop, simple(handle, amount))
    seen: list[str] = []
    after = ""
    while True:
        page = await listed(shop, sort=sort, after=after, limit=2)
        seen += handles(page)
        if page.next_position is None:
            break
        after = page.next_position
    assert seen == wanted


async def test_a_cursor_of_another_list_is_refused(shop: Shop) -> None:
    for sort, after in (("price", "prd_x"), ("newest", "prd_x 5"), ("-price", "prd_x five"), ("title", "prd_x")):
        with pytest.raises(Invalid) as refusal:
            await listed(shop, sort=sort, after=after)
        assert refusal.value.code == "bad_cursor"
    with pytest.raises(Invalid):
        await found(shop, "boot", after="x")


async def test_prices_follow_a_sale_by_the_clock_without_any_entry(shop: Shop) -> None:
    (product_id,) = await stocked(shop, jacket())
    now: datetime = shop.application.clock.now()
    variant_id = await shop.fetchval("SELECT id FROM shop.variants WHERE sku = 'DJT-S'")
    await shop.done(
        SetSalePrice(
            variant_id=variant_id,
            currency="EUR",
            sale_amount_minor=14900,
            starts_at=now + timedelta(hours=1),
            ends_at=now + timedelta(hours=2),
        )
    )
    await index(shop)
    clock: Any = shop.application.clock
    seen: list[Any] = []
    for _ in range(3):
        (card,) = cards(await listed(shop))
        shown = await detail(shop, product_id)
        seen.append((card["price_minor"], card["on_sale"], shown["variants"][0]["price_minor"]))
        clock.advance(timedelta(minutes=65))
    assert seen == [(18900, False, 18900), (14900, True, 14900), (18900, False, 18900)]


async def test_search_finds_words_in_titles_first(shop: Shop) -> None:
    await stocked(
        shop,
        simple("wool-hat", description="Goes well with a down jacket."),
        jacket(),
        simple("rain-jacket"),
        simple("gas-stove"),
    )
    assert handles(await found(shop, "down jackets")) == ["down-jacket", "wool-hat"]
    assert handles(await found(shop, "JACKET"))[:2] in (["down-jacket", "rain-jacket"], ["rain-jacket", "down-jacket"])
    assert handles(await found(shop, "stöve")) == ["gas-stove"]
    assert handles(await found(shop, "helicopter")) == []
    assert handles(await found(shop, "?!&|()'")) == []


async def test_model_numbers_are_found_with_and_without_hyphen(shop: Shop) -> None:
    await stocked(
        shop,
        simple("toner", title="Brother TN-2110 toner"),
        simple("other", title="Brother TN-2120 toner"),
        simple("drum", title="Drum", attributes={"compatibility": "TN2110 / HL-2140"}),
    )
    for text in ("TN-2110", "tn2110", "TN 2110"):
        assert handles(await found(shop, text))[:2] == ["toner", "drum"], text


async def test_attributes_brand_category_sku_and_tags_are_words(shop: Shop) -> None:
    await stocked(shop, jacket(attributes={"hood": True, "windproof": False, "material": "merino"}), simple("stove"))
    for text in ("hood", "merino", "corvado", "clothing", "DJT-S", "winter"):
        assert handles(await found(shop, text)) == ["down-jacket"], text
    assert handles(await found(shop, "windproof")) == []


async def test_filters_and_stock_count_in_search(shop: Shop) -> None:
    await stocked(shop, simple("green-boot", 9000, units=0), simple("brown-boot", 5000), simple("black-boot", 7000))
    assert handles(await found(shop, "boot"))[-1] == "green-boot"
    assert set(handles(await found(shop, "boot", Filters("EUR", in_stock=True)))) == {"brown-boot", "black-boot"}
    assert handles(await found(shop, "boot", Filters("EUR", maximum_minor=6000))) == ["brown-boot"]
    assert handles(await found(shop, "boot", Filters("CHF"))) == []


async def test_products_without_a_price_in_the_currency_do_not_hide_others(shop: Shop) -> None:
    abroad = [{"sku": f"B{number}", "prices": {"CHF": 5}} for number in range(80)]
    await stocked(
        shop,
        simple("boot-with-a-very-long-name-that-ranks-last", 5000),
        *(simple(f"boot-{number}") | {"variants": [variant]} for number, variant in enumerate(abroad)),
    )
    assert handles(await found(shop, "boot")) == ["boot-with-a-very-long-name-that-ranks-last"]
    assert len(handles(await found(shop, "boot", Filters("CHF"), limit=100))) == 80


async def test_search_is_paged_without_repeats(shop: Shop) -> None:
    await stocked(shop, *(simple(f"boot-{number}") for number in range(25)), simple("boot-box", title="Box for a boot"))
    first = await found(shop, "boot", limit=10)
    second = await found(shop, "boot", limit=10, after=first.next_position or "")
    third = await found(shop, "boot", limit=10, after=second.next_position or "")
    seen = [*handles(first), *handles(second), *handles(third)]
    assert (len(seen), len(set(seen)), third.next_position) == (26, 26, None)
    assert handles(await found(shop, "boot", after=str(DEEPEST_RESULT))) == []


async def test_times_of_a_detail_are_in_utc(shop: Shop) -> None:
    await stocked(shop, jacket())
    shown = ProductDetail.model_validate(await detail(shop, "down-jacket"))
    assert abs(shown.updated_at - datetime.now(UTC)) < timedelta(minutes=5)
