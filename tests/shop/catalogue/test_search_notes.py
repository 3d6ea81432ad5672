"""What is counted of searches and clicks: words alone, once per search, bounded, reported, and swept."""

from datetime import timedelta
from typing import Any

import pytest

from bottega.shop.catalogue import search_notes
from bottega.shop.catalogue.search import search_products
from bottega.shop.catalogue.search_notes import SearchNotes, noted_words, sweep
from bottega.shop.catalogue.search_records import SearchRequest
from bottega.shop.reporting.model import Period
from bottega.shop.reporting.reports import as_csv, report
from tests.gateway.test_statements import statements_of
from tests.shop.catalogue.products_fixture import simple, stocked
from tests.shop.catalogue.searching import EURO
from tests.shop_fixtures import Shop

BOOTS = tuple(simple(f"boot-{number}", 1000 * number) for number in range(1, 6))


async def searched(shop: Shop, text: str, **options: Any) -> None:
    application = shop.application
    async with application.database.read() as connection:
        request = SearchRequest(text, EURO, **options)
        notes = application.search_notes
        await search_products(connection, request, application.clock.now(), embedder=None, notes=notes)


async def reported(shop: Shop, name: Any = "searches") -> list[dict[str, Any]]:
    await shop.application.search_notes.write()
    today = shop.application.clock.now().date()
    async with shop.application.database.read() as connection:
        return await report(connection, name, Period(today, today), "EUR", by="day", low_threshold=0)


def test_words_are_kept_without_what_may_belong_to_a_person() -> None:
    kept = {
        "Warm  JACKETS, blue": "warm jackets blue",
        "Stövël für Übergröße": "stovel fur ubergrosse",
        "tn-2110 toner": "tn2110 toner",
        "write to ada.prova@example.com about boots": "write to about boots",
        "boots +39 333 555 01 02": "boots",
        "4111 1111 1111 1111": "",
        "?!": "",
        "x" * 200: "x" * 40,
    }
    assert {text: noted_words(text) for text in kept} == kept


async def test_searches_and_clicks_are_reported_by_words(shop: Shop) -> None:
    ids = await stocked(shop, *BOOTS)
    for text in ("boot", "BOOT", "boot ", "helicopter", "boot under 5 euro", "boot cheaper than 1 euro"):
        await searched(shop, text)
    await searched(shop, "boot", after="2")
    notes = shop.application.search_notes
    await notes.write()
    for product_id, position in ((ids[0], 1), (ids[0], 4), (ids[2], 2)):
        notes.clicked("Boot", product_id, position)
    notes.clicked("boot", "prd_00000000000000000000000000", 1)
    notes.clicked("never searched", ids[0], 1)
    rows = await reported(shop)
    assert rows[0] == {
        "words": "boot",
        "searches": 3,
        "without_results": 0,
        "relaxed": 0,
        "clicks": 3,
        "click_through_percent": 100.0,
        "mean_position": 2.33,
    }
    assert sum(row["clicks"] for row in rows) == 3
    (nothing,) = await reported(shop, "searches_without_results")
    assert (nothing["words"], nothing["searches"], nothing["without_results"]) == ("helicopter", 1, 1)
    assert nothing["mean_position"] is None
    assert as_csv([nothing]).splitlines()[1] == "helicopter,1,1,0,0,0.0,"
    relaxed = {row["words"]: row["relaxed"] for row in rows}
    assert relaxed["boot cheaper than 1 euro"] == 1


async def test_only_a_search_that_the_catalogue_understood_whole_counts_as_complete(shop: Shop) -> None:
    await stocked(shop, *BOOTS, simple("lamp"))
    for text in ("boot", "boot of ada prova", "boto", "lamp under 50 euro"):
        await searched(shop, text)
    await shop.application.search_notes.write()
    rows = await shop.fetch("SELECT words, complete FROM platform.searches")
    assert {row["words"]: row["complete"] for row in rows} == {
        "boot": 1,
        "boot of ada prova": 0,
        "boto": 0,
        "lamp under 50 euro": 1,
    }


async def test_a_search_does_not_wait_for_its_count(shop: Shop) -> None:
    await stocked(shop, *BOOTS)
    await searched(shop, "boot")
    await shop.application.search_notes.write()
    async with statements_of(shop) as seen:
        await searched(shop, "boot")
    assert not [text for text in seen if "platform.searches" in text]
    async with statements_of(shop) as seen:
        await shop.application.search_notes.write()
    assert len([text for text in seen if "INSERT" in text]) == 1


async def test_counts_are_bounded_in_memory_and_by_day(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await stocked(shop, *BOOTS)
    monkeypatch.setattr(search_notes, "MOST_NOTED", 3)
    for text in ("one", "two", "three", "four", "one"):
        await searched(shop, text)
    assert {row["words"]: row["searches"] for row in await reported(shop)} == {"one": 2, "two": 1, "three": 1}
    monkeypatch.setattr(search_notes, "MOST_WORDS_A_DAY", 3)
    for text in ("five", "one"):
        await searched(shop, text)
    assert {row["words"]: row["searches"] for row in await reported(shop)} == {"one": 3, "two": 1, "three": 1}


async def test_counts_end_after_ninety_days(shop: Shop) -> None:
    (product_id, *_) = await stocked(shop, *BOOTS)
    await searched(shop, "boot")
    await shop.application.search_notes.write()
    shop.application.search_notes.clicked("boot", product_id, 1)
    await shop.application.search_notes.write()
    today = shop.application.clock.now().date()
    async with shop.application.database.write() as connection:
        assert await sweep(connection, today + timedelta(days=90)) == 0
        assert await sweep(connection, today + timedelta(days=91)) == 2
    assert await reported(shop) == []


async def test_a_database_that_is_away_costs_counts_and_nothing_else(shop: Shop, monkeypatch: Any) -> None:
    notes = SearchNotes(shop.application.database, shop.application.clock)

    def away() -> Any:
        raise OSError("gone")

    monkeypatch.setattr(shop.application.database, "write", away)
    notes.clicked("boot", "prd_00000000000000000000000000", 1)
    await notes.write()
    await notes.close()


async def test_clicks_and_reports_through_the_api(shop: Shop) -> None:
    (product_id, *_) = await stocked(shop, *BOOTS)
    client = shop.client
    assert (await client.get("/api/search", params={"q": "boot"})).json()["total"] == 5
    await shop.application.search_notes.write()
    body = {"query": "boot", "product_id": product_id, "position": 2}
    assert (await client.post("/api/search/clicks", json=body)).status_code == 204
    assert (await client.post("/api/search/clicks", json={**body, "position": 0})).status_code == 422
    unknown = {**body, "product_id": "prd_00000000000000000000000000"}
    assert (await client.post("/api/search/clicks", json=unknown)).status_code == 404
    await shop.application.search_notes.write()
    analyst = await shop.staff_headers("analyst")
    told = (await client.get("/api/reports/searches", headers=analyst)).json()
    assert [(row["words"], row["clicks"], row["mean_position"]) for row in told["rows"]] == [("boot", 1, 2.0)]
    text = (await client.get("/api/reports/searches", params={"format": "csv"}, headers=analyst)).text
    assert text.splitlines()[0].startswith("words,searches,without_results,relaxed,clicks")
    assert (await client.get("/api/reports/searches")).status_code == 401
