"""The sealer: dense positions whatever the writers do, one chain whatever the sealers do."""

import asyncio
import random
import signal
import sys
import textwrap
from typing import Any

import asyncpg
import pytest

from bottega.actions.log.canonical import GENESIS_HASH, Block, SealedEntry
from bottega.actions.log.sealer import Sealer
from bottega.actions.log.signing import SigningKey, block_signature_holds
from bottega.actions.log.stream import sealed_log
from bottega.actions.outcome import Done, Failed
from bottega.platform.clock import SystemClock
from tests.actions.log.counters import STAFF, CounterShop, Mark, MoveCounters, OpenCounter, until


async def sealed(shop: CounterShop) -> tuple[list[SealedEntry], list[Block]]:
    async with shop.database.read_snapshot() as connection:
        records = [record async for record in sealed_log(connection)]
    entries = [record for record in records if isinstance(record, SealedEntry)]
    return entries, [record for record in records if isinstance(record, Block)]


async def assert_dense_and_ordered(shop: CounterShop) -> None:
    """Every entry has one position, without a gap, in the order of sequences; each row's changes follow one another."""
    positions = await shop.fetch("SELECT position, sequence FROM log.positions ORDER BY position")
    assert [row["position"] for row in positions] == list(range(1, len(positions) + 1))
    assert [row["sequence"] for row in positions] == sorted(row["sequence"] for row in positions)
    assert await shop.value("SELECT count(*) FROM log.entries") == len(positions)
    changes = await shop.fetch(
        "SELECT c.table_name, c.row_key, c.before, c.after FROM log.changes c "
        "JOIN log.positions p USING (entry_id) ORDER BY p.position, c.id"
    )
    images: dict[tuple[str, str], Any] = {}
    for change in changes:
        key = (change["table_name"], change["row_key"])
        assert change["before"] == images.get(key), f"{key} was changed from what it was not"
        images[key] = change["after"]


async def draw_and_wait(dsn: str, decide: "asyncio.Future[bool]", drawn: asyncio.Event) -> None:
    """A transaction that draws a number and keeps everybody waiting, then writes its entry or dies."""
    connection = await asyncpg.connect(dsn)
    try:
        transaction = connection.transaction()
        await transaction.start()
        sequence = await connection.fetchval("SELECT log.next_sequence()")
        drawn.set()
        if await decide:
            await connection.execute(
                "INSERT INTO log.entries VALUES ('ent_slow', $1, 'Slow', '{}', '', '', 'system', 's', 's', NULL, NULL,"
                " 's', NULL, '{}', 'v', NULL, '{}', '{}', '{}', now())",
                sequence,
            )
            await transaction.commit()
        else:
            await transaction.rollback()
    finally:
        await connection.close()


async def test_entries_get_positions_hashes_and_signed_blocks(
    counter_shop: CounterShop, sealer: Sealer, signing_key: SigningKey
) -> None:
    written = await counter_shop.write_some()
    assert await sealer.seal_all() == written
    await counter_shop.do(MoveCounters(counter_ids=["c0"]))
    assert await sealer.seal_once() == 1
    assert await sealer.seal_once() == 0

    entries, blocks = await sealed(counter_shop)
    assert [entry.position for entry in entries] == list(range(1, written + 2))
    # The database computed these hashes; the verifier's own arithmetic must agree to the byte.
    assert [entry.computed_hash() for entry in entries] == [entry.entry_hash for entry in entries]
    assert [(block.number, block.first_position, block.last_position) for block in blocks] == [
        (1, 1, written),
        (2, written + 1, written + 1),
    ]
    assert [block.previous_hash for block in blocks] == [GENESIS_HASH, blocks[0].hash]
    assert all(block_signature_holds(signing_key.public_key, block.hash, block.signature) for block in blocks)
    await assert_dense_and_ordered(counter_shop)


async def test_an_open_transaction_is_waited_for_and_then_comes_first(
    counter_shop: CounterShop, sealer: Sealer
) -> None:
    decide, drawn = asyncio.get_running_loop().create_future(), asyncio.Event()
    slow = asyncio.create_task(draw_and_wait(counter_shop.dsn, decide, drawn))
    await drawn.wait()
    await counter_shop.do(OpenCounter(counter_id="c0"))
    for _ in range(5):
        assert await sealer.seal_once() == 0
    decide.set_result(True)
    await slow
    assert await sealer.seal_once() == 2
    rows = await counter_shop.fetch(
        "SELECT e.action FROM log.positions p JOIN log.entries e USING (sequence) ORDER BY 1"
    )
    assert [row["action"] for row in rows] == ["OpenCounter", "Slow"]
    assert await counter_shop.value("SELECT entry_id FROM log.positions WHERE position = 1") == "ent_slow"


async def test_a_number_that_died_leaves_no_gap(counter_shop: CounterShop, sealer: Sealer) -> None:
    await counter_shop.do(OpenCounter(counter_id="c0"))
    decide, drawn = asyncio.get_running_loop().create_future(), asyncio.Event()
    slow = asyncio.create_task(draw_and_wait(counter_shop.dsn, decide, drawn))
    await drawn.wait()
    await counter_shop.do(OpenCounter(counter_id="c1"))
    assert await sealer.seal_once() == 1, "what stands before the hole is sealed"
    assert await sealer.seal_once() == 0
    decide.set_result(False)
    await slow
    assert await sealer.seal_all() == 1
    rows = await counter_shop.fetch("SELECT position, sequence FROM log.positions ORDER BY 1")
    assert [tuple(row) for row in rows] == [(1, 1), (2, 3)]


async def test_a_hole_in_a_long_log_is_passed_in_small_batches(
    counter_shop: CounterShop, signing_key: SigningKey
) -> None:
    for number in range(6):
        await counter_shop.do(OpenCounter(counter_id=f"c{number}"))
        if number % 2:
            connection = await asyncpg.connect(counter_shop.dsn)
            await connection.execute("SELECT log.next_sequence()")
            await connection.close()
    sealing = Sealer(counter_shop.dsn, signing_key, SystemClock(), batch_entries=2)
    assert await sealing.seal_all() == 6
    await sealing.close()
    await assert_dense_and_ordered(counter_shop)
    _, blocks = await sealed(counter_shop)
    assert all(block.last_position - block.first_position < 2 for block in blocks)


async def waste_a_number(shop: CounterShop, after_seconds: float) -> None:
    """A transaction that draws a number and rolls back."""
    async with shop.database.connection() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("SELECT log.next_sequence()")
        await asyncio.sleep(after_seconds)
        await transaction.rollback()


async def write_wildly(shop: CounterShop, writer: int, ids: list[str], rounds: int) -> int:
    """Moves that wait for one another, refusals, equal keys that collide, and numbers that die; returns the Done."""
    chance = random.Random(writer)
    done = 0
    for number in range(rounds):
        chosen = sorted(chance.sample(ids, 3))
        action = MoveCounters(counter_ids=chosen, fail_after=chance.random() < 0.15)
        key = f"shared-{number}" if chance.random() < 0.3 else None
        outcome = await shop.performer.perform(
            action.model_copy(update={"counter_ids": ids[:2], "fail_after": False}) if key else action,
            by=STAFF,
            key=key,
        )
        assert isinstance(outcome, Done | Failed)
        done += isinstance(outcome, Done) and not outcome.repeated
        if chance.random() < 0.2:
            await waste_a_number(shop, chance.random() * 0.02)
    return done


@pytest.mark.slow
async def test_writers_race_with_rollbacks_while_the_sealer_runs(
    counter_shop: CounterShop, signing_key: SigningKey
) -> None:
    ids = [f"c{number}" for number in range(6)]
    for counter_id in ids:
        await counter_shop.do(OpenCounter(counter_id=counter_id))
    stop = asyncio.Event()
    sealers = [Sealer(counter_shop.dsn, signing_key, SystemClock(), batch_entries=40) for _ in range(2)]
    counter_shop.performer.when_done.extend(sealing.wake for sealing in sealers)
    running = [asyncio.create_task(sealing.run(stop)) for sealing in sealers]
    done = await asyncio.gather(*(write_wildly(counter_shop, writer, ids, 40) for writer in range(12)))
    finishing = Sealer(counter_shop.dsn, signing_key, SystemClock())
    await finishing.seal_all()
    await finishing.close()
    stop.set()
    await asyncio.gather(*running)

    assert await counter_shop.value("SELECT count(*) FROM log.positions") == len(ids) + sum(done)
    highest = await counter_shop.value("SELECT max(sequence) FROM log.positions")
    assert highest > len(ids) + sum(done), "the race left no hole, so it showed nothing"
    await assert_dense_and_ordered(counter_shop)
    entries, blocks = await sealed(counter_shop)
    assert len(blocks) > 5
    assert [block.number for block in blocks] == list(range(1, len(blocks) + 1))
    assert all(entry.computed_hash() == entry.entry_hash for entry in entries)


SEALING_PROCESS = textwrap.dedent(
    """
    import asyncio, sys
    from bottega.actions.log.sealer import Sealer
    from bottega.actions.log.signing import SigningKey
    from bottega.platform.clock import SystemClock

    async def main():
        sealer = Sealer(sys.argv[1], SigningKey.from_secret(b"a secret of the tests alone"), SystemClock())
        assert await sealer.seal_once() == 1
        print("leads", flush=True)
        await sealer.run(asyncio.Event())

    asyncio.run(main())
    """
)


async def test_another_sealer_takes_over_from_a_killed_one(counter_shop: CounterShop, signing_key: SigningKey) -> None:
    await counter_shop.do(OpenCounter(counter_id="c0"))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SEALING_PROCESS, counter_shop.dsn, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    assert await asyncio.wait_for(process.stdout.readline(), 20) == b"leads\n"
    other = Sealer(counter_shop.dsn, signing_key, SystemClock())
    assert await other.seal_once() == 0
    assert not other.leads
    process.send_signal(signal.SIGKILL)
    await process.wait()
    stop = asyncio.Event()
    running = asyncio.create_task(other.run(stop))
    await counter_shop.do(Mark(counter_id="c0", name="after"))
    await until(lambda: counter_shop.value("SELECT count(*) = 2 FROM log.positions"))
    assert other.leads
    stop.set()
    await running
    await assert_dense_and_ordered(counter_shop)


async def test_the_sealer_seals_the_rest_when_it_is_stopped(counter_shop: CounterShop, signing_key: SigningKey) -> None:
    sealing = Sealer(counter_shop.dsn, signing_key, SystemClock())
    stop = asyncio.Event()
    running = asyncio.create_task(sealing.run(stop))
    await until(lambda: sealing.leads)
    written = await counter_shop.write_some()
    stop.set()
    await running
    assert await counter_shop.value("SELECT count(*) FROM log.positions") == written


async def test_a_waiting_sealer_passes_the_word_to_the_one_at_work(
    counter_shop: CounterShop, signing_key: SigningKey, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bottega.actions.log.sealer.IDLE_PAUSE_SECONDS", 30.0)
    first, second = (Sealer(counter_shop.dsn, signing_key, SystemClock()) for _ in range(2))
    stop = asyncio.Event()
    running = [asyncio.create_task(first.run(stop))]
    await until(lambda: first.leads)
    running.append(asyncio.create_task(second.run(stop)))
    await asyncio.sleep(0.1)
    counter_shop.performer.when_done.append(second.wake)
    await counter_shop.do(OpenCounter(counter_id="c0"))
    await until(lambda: counter_shop.value("SELECT count(*) FROM log.positions"))
    stop.set()
    await asyncio.gather(*running)


async def test_positions_and_blocks_refuse_to_be_changed(counter_shop: CounterShop, sealer: Sealer) -> None:
    await counter_shop.write_some()
    await sealer.seal_all()
    for statement in (
        "UPDATE log.positions SET entry_hash = ''",
        "DELETE FROM log.blocks",
        "TRUNCATE log.positions, log.blocks",
    ):
        with pytest.raises(asyncpg.PostgresError, match="the log is append-only"):
            async with counter_shop.database.write() as connection:
                await connection.execute(statement)
    await assert_dense_and_ordered(counter_shop)
