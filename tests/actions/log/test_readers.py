"""Readers of the log: everything once, in order, whatever fails and however many processes run them."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Sequence

import pytest

from bottega.actions.log.entries import LoggedEntry
from bottega.actions.log.readers import ReaderRunner, reader_states, rewind
from bottega.actions.log.sealer import Sealer
from bottega.actions.log.signing import SigningKey
from bottega.kernel.errors import NotFound
from bottega.platform.clock import SystemClock
from bottega.platform.database.pool import Connection
from tests.actions.log.counters import CounterShop, MoveCounters, OpenCounter, until
from tests.actions.log.test_sealer import write_wildly


class Copyist:
    """Copies what it reads into a table of ours, and remembers it; fails at an entry of an action when told to."""

    def __init__(self, name: str = "copyist", *, fails_at: str | None = None) -> None:
        self._name = name
        self.fails_at = fails_at
        self.seen: list[LoggedEntry] = []

    @property
    def name(self) -> str:
        return self._name

    async def read(self, entries: Sequence[LoggedEntry], connection: Connection) -> None:
        for entry in entries:
            await connection.execute(
                "INSERT INTO platform.copied (reader, position, action) VALUES ($1, $2, $3)",
                self.name,
                entry.position,
                entry.action,
            )
            if entry.action == self.fails_at:
                raise ValueError(f"cannot read {entry.action}")
        self.seen.extend(entries)


@pytest.fixture
async def shop(counter_shop: CounterShop) -> CounterShop:
    async with counter_shop.database.write() as connection:
        await connection.execute(
            "CREATE TABLE platform.copied (reader text, position bigint, action text, PRIMARY KEY (reader, position))"
        )
    return counter_shop


@contextlib.asynccontextmanager
async def running(*runs: "Sealer | ReaderRunner") -> AsyncGenerator[None]:
    stop = asyncio.Event()
    tasks = [asyncio.create_task(run.run(stop)) for run in runs]
    try:
        yield
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def copied(shop: CounterShop, reader: str = "copyist") -> list[int]:
    rows = await shop.fetch("SELECT position FROM platform.copied WHERE reader = $1 ORDER BY position", reader)
    return [row["position"] for row in rows]


async def test_a_reader_gets_every_entry_with_its_changes(shop: CounterShop, sealer: Sealer) -> None:
    written = await shop.write_some()
    await sealer.seal_all()
    reader = Copyist()
    runner = ReaderRunner(shop.database, [reader], SystemClock(), batch_entries=4)
    assert await runner.read_all() == written
    assert await runner.read_all() == 0
    assert [entry.position for entry in reader.seen] == list(range(1, written + 1))
    moved = next(entry for entry in reader.seen if entry.action == "MoveCounters")
    assert moved.arguments == {"counter_ids": ["c0", "c1", "c2", "c3"], "by": 1, "fail_after": False}
    assert (moved.actor_kind, moved.actor_id, moved.rule_ids) == ("staff", "stf_tester", ("test.everything",))
    assert moved.result == {"moved": 4}
    assert next((change.row_key, change.before, change.after) for change in moved.changes) == (
        "c0",
        {"id": "c0", "note": "line\nfeed c0 ☃", "total": 0},
        {"id": "c0", "note": "line\nfeed c0 ☃", "total": 1},
    )
    assert [change.operation for change in reader.seen[-1].changes] == ["delete"]
    assert reader.seen[-1].as_record()["changes"][0]["after"] is None


async def test_a_failing_batch_leaves_no_trace_and_is_read_again(shop: CounterShop, sealer: Sealer) -> None:
    await shop.do(OpenCounter(counter_id="c0"))
    await shop.do(MoveCounters(counter_ids=["c0"]))
    await sealer.seal_all()
    reader = Copyist(fails_at="MoveCounters")
    runner = ReaderRunner(shop.database, [reader], SystemClock())
    with pytest.raises(ValueError, match="cannot read MoveCounters"):
        await runner.read_all()
    assert await copied(shop) == []
    reader.fails_at = None
    assert await runner.read_all() == 2
    assert await copied(shop) == [1, 2]


async def test_what_stands_before_a_failing_entry_is_read_and_the_failure_is_shown(
    shop: CounterShop, sealer: Sealer
) -> None:
    await shop.do(OpenCounter(counter_id="c0"))
    await shop.do(OpenCounter(counter_id="c1"))
    await shop.do(MoveCounters(counter_ids=["c0"]))
    await shop.do(OpenCounter(counter_id="c2"))
    await sealer.seal_all()
    reader, untroubled = Copyist(fails_at="MoveCounters"), Copyist("untroubled")
    async with running(ReaderRunner(shop.database, [reader, untroubled], SystemClock())), asyncio.timeout(10):
        await until(lambda: shop.value("SELECT max(failures) >= 2 FROM log.readers WHERE position = 2"))
        assert await copied(shop) == [1, 2]
        assert await copied(shop, "untroubled") == [1, 2, 3, 4]
        async with shop.database.read() as connection:
            troubled, other = await reader_states(connection)
        assert (troubled.name, troubled.behind) == (
            "copyist",
            2,
        )
        assert troubled.last_error is not None
        assert troubled.last_error.startswith("ValueError at ")
        assert "cannot read" not in troubled.last_error, "messages of other libraries may quote a person"
        assert (other.name, other.position, other.behind, other.failures) == ("untroubled", 4, 0, 0)
        reader.fails_at = None
        await until(lambda: shop.value("SELECT count(*) = 4 FROM platform.copied WHERE reader = 'copyist'"))
    assert await copied(shop) == [1, 2, 3, 4]
    assert await shop.value("SELECT failures FROM log.readers WHERE name = 'copyist'") == 0


@pytest.mark.slow
async def test_nothing_is_skipped_or_read_twice_while_writers_race(shop: CounterShop, signing_key: SigningKey) -> None:
    ids = [f"c{number}" for number in range(6)]
    for counter_id in ids:
        await shop.do(OpenCounter(counter_id=counter_id))
    sealing = Sealer(shop.dsn, signing_key, SystemClock(), batch_entries=25)
    shop.performer.when_done.append(sealing.wake)
    # Two processes run the same reader: each entry reaches one of them.
    readers = [Copyist(), Copyist()]
    runners = [ReaderRunner(shop.database, [reader], SystemClock(), batch_entries=10) for reader in readers]
    async with running(sealing, *runners), asyncio.timeout(60):
        done = await asyncio.gather(*(write_wildly(shop, writer, ids, 25) for writer in range(10)))
        total = len(ids) + sum(done)
        await until(lambda: shop.value("SELECT count(*) >= $1 FROM platform.copied", total))
    entries = sorted((entry for reader in readers for entry in reader.seen), key=lambda entry: entry.position or 0)
    assert [entry.position for entry in entries] == list(range(1, total + 1))
    assert {entry.id for entry in entries} == {row["id"] for row in await shop.fetch("SELECT id FROM log.entries")}


async def test_a_sealed_block_wakes_the_readers(
    shop: CounterShop, signing_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bottega.actions.log.readers.POLL_SECONDS", 60.0)
    sealing = Sealer(shop.dsn, signing_key, SystemClock())
    reader = Copyist()
    shop.performer.when_done.append(sealing.wake)
    async with running(sealing, ReaderRunner(shop.database, [reader], SystemClock())), asyncio.timeout(10):
        await until(lambda: shop.value("SELECT count(*) FROM pg_stat_activity WHERE query = 'LISTEN \"bottega_log\"'"))
        await asyncio.sleep(0.3)
        await shop.do(OpenCounter(counter_id="c0"))
        await until(lambda: len(reader.seen) == 1)


async def test_readers_survive_the_loss_of_their_connections(shop: CounterShop, signing_key: SigningKey) -> None:
    async def has(*positions: int) -> bool:
        # What was read in a transaction that was cut off is read again: only what is kept counts.
        return await copied(shop) == list(positions)

    reader = Copyist()
    sealing = Sealer(shop.dsn, signing_key, SystemClock())
    async with running(sealing, ReaderRunner(shop.database, [reader], SystemClock())), asyncio.timeout(20):
        await shop.do(OpenCounter(counter_id="c0"))
        await until(lambda: has(1))
        await shop.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        while True:
            with contextlib.suppress(Exception):
                await shop.do(OpenCounter(counter_id="c1"))
                break
        await until(lambda: has(1, 2))


async def test_a_rewound_reader_reads_again(shop: CounterShop, sealer: Sealer) -> None:
    await shop.do(OpenCounter(counter_id="c0"))
    await shop.do(OpenCounter(counter_id="c1"))
    await sealer.seal_all()
    reader = Copyist()
    runner = ReaderRunner(shop.database, [reader], SystemClock())
    await runner.read_all()
    async with shop.database.write() as connection:
        await connection.execute("DELETE FROM platform.copied WHERE position > 1")
        await rewind(connection, "copyist", position=1)
    assert await runner.read_all() == 1
    assert [entry.position for entry in reader.seen] == [1, 2, 2]
    with pytest.raises(NotFound, match="No reader of the log is named nobody"):
        async with shop.database.write() as connection:
            await rewind(connection, "nobody")


async def test_a_reader_may_ask_for_the_changes_of_some_tables_alone(shop: CounterShop, sealer: Sealer) -> None:
    class Narrow(Copyist):
        tables = frozenset({"shop.marks"})

    written = await shop.write_some()
    await sealer.seal_all()
    narrow, broad = Narrow("narrow"), Copyist("broad")
    await ReaderRunner(shop.database, [narrow, broad], SystemClock()).read_all()
    assert len(narrow.seen) == len(broad.seen) == written
    marks = [change for entry in broad.seen for change in entry.changes if change.table_name == "shop.marks"]
    assert marks
    assert [change for entry in narrow.seen for change in entry.changes] == marks
