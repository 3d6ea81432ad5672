"""Queries of the log: pages that join without a gap, and filters that name exactly what they should."""

import itertools
from datetime import UTC, datetime, timedelta

import pytest

from bottega.actions.log.reading import following, history, newest_position, search, show, tail
from bottega.actions.log.sealer import Sealer
from bottega.kernel.errors import Invalid, NotFound
from tests.actions.log.counters import CounterShop, MoveCounters


@pytest.fixture
async def shop(counter_shop: CounterShop, sealer: Sealer) -> CounterShop:
    """Eleven sealed entries and one that is not."""
    await counter_shop.write_some()
    await sealer.seal_all()
    await counter_shop.do(MoveCounters(counter_ids=["c1"]))
    return counter_shop


async def test_the_tail_shows_the_newest_in_order_sealed_or_not(shop: CounterShop) -> None:
    async with shop.database.read() as connection:
        entries = await tail(connection, limit=3)
        assert [(entry.action, entry.position) for entry in entries] == [
            ("Mark", 10),
            ("Unmark", 11),
            ("MoveCounters", None),
        ]
        assert await newest_position(connection) == 11
        assert [entry.position for entry in await following(connection, 8)] == [9, 10, 11]
        with pytest.raises(Invalid, match="1 to 500 entries, not 0"):
            await tail(connection, limit=0)


async def test_an_entry_is_shown_by_id_and_by_position(shop: CounterShop) -> None:
    async with shop.database.read() as connection:
        entry = await show(connection, 5)
        assert entry.action == "MoveCounters"
        assert [change.row_key for change in entry.changes] == ["c0", "c1", "c2", "c3"]
        assert await show(connection, entry.id) == entry
        with pytest.raises(NotFound, match="no log entry at position 99"):
            await show(connection, 99)
        with pytest.raises(NotFound, match="no log entry ent_none"):
            await show(connection, "ent_none")


async def test_a_search_names_what_fits_page_by_page(shop: CounterShop) -> None:
    async with shop.database.read() as connection:
        assert len(await search(connection, actor_id="stf_tester")) == 12
        assert await search(connection, actor_id="stf_other") == []
        marks = await search(connection, action="Mark")
        assert [entry.arguments["name"] for entry in marks] == ["m2", "m1", "m0"]
        of_c3 = await search(connection, object_id="c3")
        assert [entry.action for entry in of_c3] == ["MoveCounters"] * 3 + ["OpenCounter"]
        of_mark = await search(connection, object_id="c0/m0", action="Unmark")
        assert [entry.position for entry in of_mark] == [11]
        now = datetime.now(UTC)
        assert len(await search(connection, since=now - timedelta(hours=1), until=now)) == 12
        assert await search(connection, since=now) == []
        pages = [await search(connection, limit=5)]
        while len(pages[-1]) == 5:
            pages.append(await search(connection, limit=5, before_sequence=pages[-1][-1].sequence))
        assert [entry.sequence for page in pages for entry in page] == list(range(12, 0, -1))


async def test_the_history_of_a_row_joins_up(shop: CounterShop) -> None:
    async with shop.database.read() as connection:
        versions = await history(connection, "shop.counters", "c1")
        assert [version.operation for version in versions] == ["insert", "update", "update", "update", "update"]
        assert [version.after and version.after["total"] for version in versions] == [0, 1, 3, 6, 7]
        assert all(later.before == earlier.after for earlier, later in itertools.pairwise(versions))
        rest = await history(connection, "shop.counters", "c1", after_change=versions[2].change_id)
        assert rest == versions[3:]
        gone = await history(connection, "shop.marks", "c0/m0")
        assert [(version.action, version.after is None) for version in gone] == [("Mark", False), ("Unmark", True)]
