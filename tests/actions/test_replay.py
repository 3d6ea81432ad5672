"""Replay: identical when nothing was done behind the log's back, exact about the first difference otherwise."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import asyncpg
import pytest

from bottega.actions.log.anchor import FileAnchor
from bottega.actions.log.sealer import Sealer
from bottega.actions.log.signing import SigningKey
from bottega.actions.log.verify import verify_log
from bottega.actions.outcome import Failed
from bottega.actions.replay import ReplayReport, restore, verify_replay
from bottega.actions.undo import UndoEntry
from bottega.kernel.errors import Conflict, Invalid
from bottega.platform.clock import SystemClock
from bottega.platform.database.migrate import migrate
from bottega.platform.database.pool import Database
from bottega.platform.database.scratch import drop_database
from tests.actions.log.counters import (
    STAFF,
    CounterShop,
    Mark,
    MoveCounters,
    OpenCounter,
    create_tables,
    open_counter_shop,
)
from tests.actions.log.test_sealer import write_wildly


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[CounterShop]:
    async with open_counter_shop(database_url) as shop:
        yield shop


async def prepare(dsn: str) -> None:
    await migrate(dsn)
    await create_tables(dsn)


async def replay(shop: CounterShop) -> ReplayReport:
    return await verify_replay(shop.dsn, prepare=prepare)


async def test_the_tables_are_the_fold_of_the_log(shop: CounterShop, monkeypatch: pytest.MonkeyPatch) -> None:
    written = await shop.write_some()
    moved = await shop.do(MoveCounters(counter_ids=["c1"]))
    await shop.do(UndoEntry(entry_id=moved.entry_id))
    # Batches of a few entries, so that rows change within one and across several.
    monkeypatch.setattr("bottega.actions.fold.BATCH_ENTRIES", 4)
    told: list[tuple[int, int]] = []
    report = await verify_replay(shop.dsn, prepare=prepare, tell=lambda done, total: told.append((done, total)))
    assert report.difference is None
    assert (report.entries, report.changes, report.rows) == (written + 2, 4 + 12 + 3 + 1 + 2, 4 + 2)
    assert report.tables == await shop.value("SELECT count(*) FROM log.folded_tables")
    assert told == [(4, 13), (8, 13), (12, 13), (13, 13)]
    left = await shop.value(
        "SELECT count(*) FROM pg_database WHERE datname LIKE 'bottega_replay_%' "
        "AND NOT EXISTS (SELECT FROM pg_stat_activity a WHERE a.datname = pg_database.datname)"
    )
    assert left == 0


@pytest.mark.slow
async def test_a_log_written_by_racing_writers_replays_fast(shop: CounterShop) -> None:
    ids = [f"c{number}" for number in range(6)]
    for counter_id in ids:
        await shop.do(OpenCounter(counter_id=counter_id))
    await asyncio.gather(*(write_wildly(shop, writer, ids, 60) for writer in range(12)))
    report = await replay(shop)
    assert report.difference is None
    assert report.entries > 300
    assert report.actions_per_second >= 1000


TAMPERINGS = {
    "UPDATE shop.counters SET total = total + 1 WHERE id = 'c2'": ("shop.counters c2, column total", "7", "6"),
    "UPDATE shop.counters SET note = NULL WHERE id = 'c1'": (
        "shop.counters c1, column note",
        "None",
        "'line\\nfeed c1 ☃'",
    ),
    "DELETE FROM shop.marks WHERE name = 'm1'": ("shop.marks c0/m1", "None", "{"),
    "INSERT INTO shop.counters VALUES ('a', 1, 'new')": ("shop.counters a", "{'id': 'a'", "None"),
    "UPDATE shop.marks SET weight = 12.3401 WHERE name = 'm2'": ("shop.marks c0/m2, column weight", "12.3401", "12.34"),
    "UPDATE shop.marks SET digest = 'm' WHERE name = 'm2'": (
        "shop.marks c0/m2, column digest",
        "'\\\\x6d'",
        "'\\\\x00ff6d32'",
    ),
    "UPDATE shop.marks SET document = document || '{\"price\": 1}'": ("shop.marks c0/m1, column document", "{", "{"),
    "UPDATE shop.marks SET marked_at = marked_at + interval '1 us' WHERE name = 'm2'": (
        "shop.marks c0/m2, column marked_at",
        "'2",
        "'2",
    ),
}


@pytest.mark.parametrize("statement", TAMPERINGS)
async def test_a_change_behind_the_log_is_named(shop: CounterShop, statement: str) -> None:
    await shop.write_some()
    await shop.tamper(statement)
    report = await replay(shop)
    place, in_shop, in_log = TAMPERINGS[statement]
    assert report.difference is not None
    assert str(report.difference).startswith(f"{place}: the shop has {in_shop}")
    assert f", the log makes it {in_log}" in str(report.difference)


async def test_a_log_that_does_not_join_up_is_named(shop: CounterShop) -> None:
    await shop.write_some()
    lost = await shop.do(MoveCounters(counter_ids=["c1", "c2"]))
    after = await shop.do(MoveCounters(counter_ids=["c2"]))
    await shop.tamper(f"DELETE FROM log.changes WHERE entry_id = '{lost.entry_id}' AND row_key = 'c2'")
    report = await replay(shop)
    assert str(report.difference) == (
        f"shop.counters c2, column total: entry {after.entry_id} changed 7, but 6 stood there"
    )


async def test_other_tables_than_the_programs_are_refused(shop: CounterShop) -> None:
    with pytest.raises(Invalid, match="not those of this program"):
        await verify_replay(shop.dsn)


async def test_the_shop_is_rebuilt_as_it_stood(shop: CounterShop, tmp_path: Path, signing_key: SigningKey) -> None:
    sealing = Sealer(shop.dsn, signing_key, SystemClock(), anchor=FileAnchor(tmp_path / "anchor.json"))
    await shop.write_some()
    await sealing.seal_all()
    await shop.do(MoveCounters(counter_ids=["c0"], by=100))
    await shop.do(MoveCounters(counter_ids=["c0"], by=1000))
    await sealing.seal_all()
    await sealing.close()
    name = f"{await shop.value('SELECT current_database()')}_earlier"
    try:
        report = await restore(shop.dsn, name, 12, prepare=prepare)
        assert (report.entries, report.position) == (12, 12)
        earlier = await Database.open(report.dsn, writers=2, readers=2)
        copy = CounterShop(report.dsn, earlier)
        try:
            assert await copy.value("SELECT total FROM shop.counters WHERE id = 'c0'") == 106
            assert await copy.value("SELECT count(*) FROM log.positions") == 11, "the block over 12 and 13 is not whole"
            # It is a shop like any other: it refuses what every shop refuses, goes on, and its log holds.
            with pytest.raises(asyncpg.PostgresError, match="outside an action is refused"):
                async with earlier.write() as connection:
                    await connection.execute("UPDATE shop.counters SET total = 0")
            unknown = await copy.performer.perform(Mark(counter_id="none", name="m"), by=STAFF)
            assert isinstance(unknown, Failed)
            assert "marks_counter_id_fkey" in str(unknown.refusal)
            await copy.do(OpenCounter(counter_id="c9"))
            other = Sealer(report.dsn, signing_key, SystemClock())
            assert await other.seal_all() == 2
            await other.close()
            assert (await verify_log(earlier, signing_key.public_keys)).findings == ()
            assert (await replay(copy)).difference is None
        finally:
            await earlier.close()
        with pytest.raises(Conflict, match="already"):
            await restore(shop.dsn, name, 12, prepare=prepare)
        assert await shop.value("SELECT total FROM shop.counters WHERE id = 'c0'") == 1106
    finally:
        await drop_database(shop.dsn, name)
    with pytest.raises(Invalid, match="positions 1 to 13, not 14"):
        await restore(shop.dsn, name, 14, prepare=prepare)


async def test_what_the_outside_knows_is_carried_over_as_it_stands_today(
    shop: CounterShop, signing_key: SigningKey
) -> None:
    insert = (
        "INSERT INTO platform.sandbox_events (event_id, reference, document, occurred_at) "
        "VALUES ($1, 'sbp_1', '{}', now()) RETURNING position"
    )
    sealing = Sealer(shop.dsn, signing_key, SystemClock())
    await shop.do(OpenCounter(counter_id="c0"))
    await sealing.seal_all()
    await sealing.close()
    async with shop.database.connection() as connection:
        given_out = [await connection.fetchval(insert, event_id) for event_id in ("sbe_1", "sbe_2")]
    name = f"{await shop.value('SELECT current_database()')}_carried"
    try:
        report = await restore(shop.dsn, name, 1, carried=("platform.sandbox_events",), prepare=prepare)
        copy = await Database.open(report.dsn, writers=1, readers=1)
        try:
            async with copy.connection() as connection:
                rows = await connection.fetch("SELECT position, event_id FROM platform.sandbox_events ORDER BY 1")
                assert [tuple(row) for row in rows] == [(given_out[0], "sbe_1"), (given_out[1], "sbe_2")]
                assert await connection.fetchval(insert, "sbe_3") == given_out[1] + 1
        finally:
            await copy.close()
    finally:
        await drop_database(shop.dsn, name)


@pytest.fixture
def signing_key() -> SigningKey:
    return SigningKey.from_secret(b"a secret of the tests alone")
