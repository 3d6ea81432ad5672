"""Search tuning in the console: synonyms and pins come and go."""

from bottega.kernel.identifiers import new_id
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.shelf import HOSTILE

TUNING = f"{CONSOLE}/search-tuning"


async def test_synonyms_are_set_and_taken_away(owner: Colleague) -> None:
    phrase = f"settee{new_id('syn')[-6:]}"
    page = await owner.submit(await owner.get(TUNING), "#new-synonyms form", phrase=phrase, means="couch, sofa")
    assert "next search knows it" in page.flashes
    shop = owner.shelf.shop
    found = await shop.fetch("SELECT id, means, both_ways FROM shop.search_synonyms WHERE phrase = $1", phrase)
    assert [(row["means"], row["both_ways"]) for row in found] == [(["couch", "sofa"], True)]
    await owner.submit(page, f"form[action='{TUNING}/synonyms/{found[0]['id']}/removal']")
    assert await shop.fetchval("SELECT count(*) FROM shop.search_synonyms WHERE phrase = $1", phrase) == 0


async def test_products_are_put_first_by_handle_or_sku(owner: Colleague) -> None:
    query = f"warm{new_id('pin')[-6:]}"
    fields = {"query": query, "products": "scree-boot, WM-1"}
    page = await owner.submit(await owner.get(TUNING), "#new-pin form", **fields)
    assert_whole(page)
    assert "Scree Boot , Walking Map" in page.text_of("#pins") or "Scree Boot, Walking Map" in page.text_of("#pins")
    shop = owner.shelf.shop
    pin = await shop.fetchval("SELECT id FROM shop.search_pins WHERE query = $1", query)
    await owner.submit(page, f"form[action='{TUNING}/pins/{pin}/removal']")
    assert await shop.fetchval("SELECT count(*) FROM shop.search_pins WHERE query = $1", query) == 0
    unknown = await owner.submit(await owner.get(TUNING), "#new-pin form", query=query, products="no-such-thing")
    assert "No product is called no-such-thing" in unknown.flashes


async def test_hostile_words_stay_words(owner: Colleague) -> None:
    page = await owner.submit(await owner.get(TUNING), "#new-synonyms form", phrase="tent", means=HOSTILE[:60])
    assert_whole(page)
    assert page.count("main script, main img") == 0


async def test_an_analyst_looks_and_changes_nothing(colleagues: dict[str, Colleague]) -> None:
    page = await colleagues["analyst"].get(TUNING)
    assert (page.status, page.count("main form[method='post']")) == (200, 0)
