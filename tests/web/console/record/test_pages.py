"""The log in the console: searched, one entry whole, undone, proven and exported."""

import gzip

import orjson

from bottega.bootstrap.background import catch_up
from bottega.shop.catalogue.actions import ChangeProduct
from bottega.shop.shop_settings import ChangeShopSettings
from bottega.web.forms import new_key
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.shelf import HOSTILE, Shelf

LOG = f"{CONSOLE}/log"


async def newest(shelf: Shelf, action: str) -> str:
    return await shelf.shop.fetchval(
        "SELECT id FROM log.entries WHERE action = $1 ORDER BY sequence DESC LIMIT 1", action
    )


async def retitled(shelf: Shelf, title: str) -> str:
    """The entry of a product's new title, which can be undone."""
    product = await shelf.shop.fetchval("SELECT id FROM shop.products WHERE handle = 'walking-map'")
    await shelf.shop.done(ChangeProduct(product_id=product, title=title))
    return await newest(shelf, "ChangeProduct")


async def test_entries_are_found_by_action_actor_object_and_time(shelf: Shelf, owner: Colleague) -> None:
    entry_id = await newest(shelf, "CreatePromotion")
    (entry,) = await shelf.shop.fetch(
        "SELECT e.actor_id, c.row_key FROM log.entries e JOIN log.changes c ON c.entry_id = e.id WHERE e.id = $1",
        entry_id,
    )
    for query in (
        "action=CreatePromotion",
        f"object={entry['row_key']}",
        f"actor={entry['actor_id']}&action=CreatePromotion",
        "action=CreatePromotion&since=2020-01-01T00:00",
    ):
        page = await owner.get(f"{LOG}?{query}")
        assert page.count(f'a[href="{LOG}/{entry_id}"]') == 1, query
    none = await owner.get(f"{LOG}?action=CreatePromotion&until=2020-01-01T00:00")
    assert "Nothing fits" in none.text
    assert (await owner.get(f"{LOG}?since=yesterday&before=x")).status == 200


async def test_an_entry_is_shown_whole_and_undone_once(shelf: Shelf, owner: Colleague) -> None:
    entry_id = await retitled(shelf, "Walking Map, new")
    listed = await owner.get(f"{LOG}?action=ChangeProduct")
    assert listed.text_of(".work-main") == "Change product Walking Map, new"
    page = await owner.get(f"{LOG}/{entry_id}")
    assert_whole(page)
    assert "Walking Map, new" in page.text_of(".diff-after")
    undone = await owner.submit(page, "#undo form")
    assert "Undone: the rows are as they were before." in undone.flashes
    title = "SELECT title FROM shop.products WHERE handle = 'walking-map'"
    assert await shelf.shop.fetchval(title) == "Walking Map"
    shown = await owner.get(f"{LOG}/{entry_id}")
    assert (shown.count("#undo"), "Undone since" in shown.text) == (0, True)
    again = await owner.submit(page, "#undo form", key=new_key())
    assert "was changed since" in again.flashes
    assert await shelf.shop.fetchval(title) == "Walking Map"
    assert shown.count(f"a[href='{LOG}/{await newest(shelf, 'UndoEntry')}']") == 1


async def test_support_undoes_nothing_of_others(shelf: Shelf, support: Colleague) -> None:
    entry_id = await retitled(shelf, "Walking Map, newer")
    page = await support.get(f"{LOG}/{entry_id}")
    await support.submit(page, "#undo form")
    title = "SELECT title FROM shop.products WHERE handle = 'walking-map'"
    assert await shelf.shop.fetchval(title) == "Walking Map, newer"
    await retitled(shelf, "Walking Map")


async def test_what_strangers_wrote_is_text_in_the_log(shelf: Shelf, owner: Colleague) -> None:
    before = "For people who walk"
    await shelf.shop.done(ChangeShopSettings(values={"tagline": HOSTILE}))
    page = await owner.get(f"{LOG}/{await newest(shelf, 'ChangeShopSettings')}")
    assert "<script>alert" not in page.response.text
    assert "onerror=alert(1)" in page.text
    await shelf.shop.done(ChangeShopSettings(values={"tagline": before}))


async def test_the_log_is_proven(shelf: Shelf, owner: Colleague) -> None:
    await catch_up(shelf.shop.application)
    page = await owner.get(LOG)
    proven = await owner.submit(page, 'form[action$="/verification"]')
    assert_whole(proven)
    assert "Every sealed entry is as it was written." in proven.text


async def test_what_is_exported_is_the_whole_log(shelf: Shelf, owner: Colleague) -> None:
    await catch_up(shelf.shop.application)
    answer = await owner.client.get(f"{LOG}/export")
    assert answer.headers["content-disposition"].endswith('.jsonl.gz"')
    lines = [orjson.loads(line) for line in gzip.decompress(answer.content).splitlines()]
    assert (lines[0]["kind"], lines[-1]["kind"]) == ("header", "trailer")
    sealed = await shelf.shop.fetchval("SELECT count(*) FROM log.positions")
    assert lines[-1]["entries"] == sealed
