"""The index follows the log: whatever changes shows, however it is read, and it can be written anew."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from bottega.bootstrap.background import run_background
from bottega.kernel.identifiers import new_id
from bottega.shop.catalogue.actions import (
    AddToCollection,
    ArchiveProduct,
    ChangeCategory,
    ChangeProduct,
    ChangeVariant,
    CreateCollection,
    PublishProduct,
    RemoveFromCollection,
    UnpublishProduct,
)
from bottega.shop.catalogue.index import ProductIndex
from bottega.shop.catalogue.index_upkeep import rebuild
from bottega.shop.catalogue.listing import Filters
from bottega.shop.flows.job_context import JobContext
from bottega.shop.flows.refresh_search import refresh_due
from bottega.shop.prices.actions import SetPrice, SetSalePrice
from bottega.shop.reviews.actions import ImportReviews, RejectReview, ReviewRecord
from bottega.shop.stock.actions import AdjustStock, ChangeLocation
from tests.shop.catalogue.products_fixture import index, jacket, simple, stocked, upsert
from tests.shop.catalogue.test_listing import cards, found, handles, listed
from tests.shop_fixtures import Shop


async def one_card(shop: Shop) -> dict[str, Any]:
    await index(shop)
    (card,) = cards(await listed(shop))
    return card


async def test_every_kind_of_change_reaches_the_card(shop: Shop) -> None:
    (product_id,) = await stocked(shop, simple("wool-hat", 2000, category="clothing"))
    (variant_id,) = [row["id"] for row in await shop.fetch("SELECT id FROM shop.variants")]
    location_id = await shop.fetchval("SELECT id FROM shop.locations")
    await shop.done(ChangeProduct(product_id=product_id, title="Merino hat", tags=("warm",)))
    await shop.done(SetPrice(variant_id=variant_id, currency="EUR", amount_minor=2100))
    card = await one_card(shop)
    assert (card["title"], card["price_minor"], card["tags"], card["in_stock"]) == ("Merino hat", 2100, ["warm"], True)
    assert handles(await found(shop, "merino")) == ["wool-hat"]
    assert handles(await found(shop, "wool")) == ["wool-hat"]  # by its SKU
    await shop.done(AdjustStock(variant_id=variant_id, location_id=location_id, change=-5, reason="Stolen"))
    assert (await one_card(shop))["in_stock"] is False
    await shop.done(AdjustStock(variant_id=variant_id, location_id=location_id, change=1, reason="Found"))
    assert (await one_card(shop))["in_stock"] is True
    await shop.done(ChangeLocation(location_id=location_id, name="Main", priority=0, active=False))
    assert (await one_card(shop))["in_stock"] is False
    category_id = await shop.fetchval("SELECT id FROM shop.categories")
    await shop.done(ChangeCategory(category_id=category_id, path="apparel", title="Apparel"))
    assert (await one_card(shop))["category"] == "apparel"
    assert handles(await found(shop, "apparel")) == ["wool-hat"]
    await shop.done(
        ImportReviews(reviews=(ReviewRecord(product_handle="wool-hat", source_id="1", rating=3, text="x"),))
    )
    assert (await one_card(shop))["rating"] == 3
    await shop.done(RejectReview(review_id=await shop.fetchval("SELECT id FROM shop.reviews")))
    assert (await one_card(shop))["rating"] is None


async def test_what_is_not_published_leaves_the_index(shop: Shop) -> None:
    (product_id,) = await stocked(shop, simple("wool-hat"))
    for action in (UnpublishProduct, ArchiveProduct):
        await shop.done(action(product_id=product_id))
        await index(shop)
        assert cards(await listed(shop)) == []
        assert handles(await found(shop, "hat")) == []
        await shop.done(UnpublishProduct(product_id=product_id))
        await shop.done(PublishProduct(product_id=product_id))
        assert (await one_card(shop))["handle"] == "wool-hat"
        assert handles(await found(shop, "hat")) == ["wool-hat"]


async def test_collections_are_a_filter_as_they_stand(shop: Shop) -> None:
    (product_id,) = await stocked(shop, simple("wool-hat"))
    made = await shop.done(CreateCollection(title="Gifts"))
    gifts = Filters("EUR", collection="gifts")
    await shop.done(AddToCollection(collection_id=made["collection_id"], product_ids=(product_id,)))
    await index(shop)
    assert handles(await listed(shop, gifts)) == ["wool-hat"]
    await shop.done(RemoveFromCollection(collection_id=made["collection_id"], product_ids=(product_id,)))
    await index(shop)
    assert handles(await listed(shop, gifts)) == []


async def test_a_withdrawn_variant_no_longer_counts(shop: Shop) -> None:
    record = jacket()
    record["variants"][0]["prices"] = {"EUR": 100}
    await stocked(shop, record)
    assert (await one_card(shop))["price_minor"] == 100
    variant_id = await shop.fetchval("SELECT id FROM shop.variants WHERE sku = 'DJT-S'")
    await shop.done(ChangeVariant(variant_id=variant_id, active=False))
    assert (await one_card(shop))["price_minor"] == 18900


async def test_a_sale_that_begins_by_the_clock_is_written_by_the_job(shop: Shop) -> None:
    await stocked(shop, simple("wool-hat", 2000), simple("scarf", 1500))
    variant_id = await shop.fetchval("SELECT id FROM shop.variants WHERE sku = 'WOOL-HAT'")
    clock: Any = shop.application.clock
    start = clock.now() + timedelta(minutes=5)
    await shop.done(SetSalePrice(variant_id=variant_id, currency="EUR", sale_amount_minor=1400, starts_at=start))
    await index(shop)
    cheap = Filters("EUR", on_sale=True)
    clock.advance(timedelta(minutes=6))
    assert handles(await listed(shop, cheap)) == []
    application = shop.application
    await refresh_due(JobContext(application.performer, application.effects, application.services), {})
    assert handles(await listed(shop, cheap)) == ["wool-hat"]
    assert handles(await listed(shop, sort="price")) == ["wool-hat", "scarf"]
    assert await shop.fetchval("SELECT count(*) FROM search.products WHERE changes_at IS NOT NULL") == 0


# Every term by its text: its number may change.
WHOLE_INDEX = (
    "SELECT * FROM search.products ORDER BY product_id",
    "SELECT * FROM search.product_cards ORDER BY product_id",
    (
        "SELECT d.id, t.text, p.impact FROM search.products_postings p JOIN search.products_terms t USING (term) "
        "JOIN search.products_documents d USING (document) ORDER BY 1, 2, 3"
    ),
    "SELECT text, documents FROM search.products_terms WHERE documents > 0 ORDER BY text",
    "SELECT documents, total_lengths FROM search.corpora WHERE corpus = 'products'",
)


async def test_rebuilding_gives_the_same_index(shop: Shop) -> None:
    await stocked(shop, jacket(), simple("wool-hat"), simple("draft-hat", status="draft"))
    before = [await shop.fetch(statement) for statement in WHOLE_INDEX]
    await shop.execute("TRUNCATE search.products_postings, search.products_terms")
    await shop.execute("UPDATE search.product_cards SET card = '{}'")
    for table in ("search.products", "search.product_cards"):
        await shop.execute(
            f"UPDATE {table} SET product_id = $1 WHERE product_id = (SELECT id FROM shop.products WHERE handle = $2)",
            new_id("prd"),
            "wool-hat",
        )
    told: list[tuple[int, int]] = []
    application = shop.application
    number = await rebuild(
        application.database, application.clock.now(), lambda done, total: told.append((done, total))
    )
    assert (number, told) == (2, [(3, 3)])
    assert [await shop.fetch(statement) for statement in WHOLE_INDEX] == before


async def test_reading_the_whole_log_again_gives_the_same_index(shop: Shop) -> None:
    await stocked(shop, jacket(), simple("wool-hat"))
    before = [await shop.fetch(statement) for statement in WHOLE_INDEX]
    await shop.execute("UPDATE log.readers SET position = 0 WHERE name = $1", ProductIndex.name)
    await shop.execute("DELETE FROM search.products")
    await shop.execute("DELETE FROM search.product_cards")
    await index(shop)
    assert [await shop.fetch(statement) for statement in WHOLE_INDEX] == before


@pytest.mark.slow
async def test_with_a_worker_changes_show_within_a_second(shop: Shop) -> None:
    stop = asyncio.Event()
    worker = asyncio.create_task(run_background(shop.application, stop))
    try:
        await upsert(shop, simple("wool-hat"))
        variant_id = await shop.fetchval("SELECT id FROM shop.variants")
        delays: list[float] = []
        loop = asyncio.get_running_loop()
        for amount in (2000, 3000, 4000):
            await shop.done(SetPrice(variant_id=variant_id, currency="EUR", amount_minor=amount))
            started = loop.time()
            while [card["price_minor"] for card in cards(await listed(shop))] != [amount]:
                assert loop.time() - started < 10, "the index does not follow"
                await asyncio.sleep(0.01)
            delays.append(loop.time() - started)
        assert min(delays) < 1.0
    finally:
        stop.set()
        await worker
