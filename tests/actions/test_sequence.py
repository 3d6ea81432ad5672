"""The sequence of the log: conflicting actions are numbered in the order in which they took effect."""

import asyncio
import random
from typing import Any

import pytest

from bottega.actions.outcome import Done
from tests.actions.box_shop import BoxShop
from tests.actions.boxes import OWNER, AddTo, EmptySlots, FillSlots, PayOut, PutBox, TakeAll
from tests.actions.log.counters import until

WRITERS = 12
ACTIONS_PER_WRITER = 25
BOXES = ("a", "b", "c")

# What each entry changed, in the order of the sequence, then as the entry made them.
CHANGES = """
SELECT e.sequence, c.table_name, c.row_key, c.operation, c.before::text AS before, c.after::text AS after
FROM log.changes c JOIN log.entries e ON e.id = c.entry_id ORDER BY e.sequence, c.id"""
ROWS = """
SELECT 'shop.boxes' AS table_name, id AS row_key, to_jsonb(b)::text AS image FROM shop.boxes b
UNION ALL SELECT 'shop.slots', box_id || '/' || number, to_jsonb(s)::text FROM shop.slots s"""

# In this database: others on the same server wait for each other too.
SOMEBODY_WAITS = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database())"""


def any_action(chance: random.Random) -> Any:
    """Updates of several rows, inserts, deletes, and amounts that depend on what was read under lock."""
    box_id = chance.choice(BOXES)
    match chance.randrange(6):
        case 0 | 1:
            return AddTo(box_ids=tuple(sorted(chance.sample(BOXES, 2))), amount=chance.randrange(1, 9))
        case 2:
            return FillSlots(box_id=box_id, numbers=tuple(sorted(chance.sample(range(4), 2))), content=chance.random())
        case 3:
            return EmptySlots(box_id=box_id)
        case 4:
            return TakeAll(box_id=box_id)
        case _:
            return PayOut(box_id=box_id, amount_minor=chance.randrange(1, 5))


async def write(shop: BoxShop, number: int) -> int:
    chance = random.Random(number)
    outcomes = [await shop.perform(any_action(chance), OWNER, f"{number}:{n}") for n in range(ACTIONS_PER_WRITER)]
    return sum(isinstance(outcome, Done) for outcome in outcomes)


@pytest.mark.slow
async def test_replaying_by_sequence_gives_the_tables(boxes: BoxShop) -> None:
    """Twelve writers on three boxes: each image before is what the change before it, by sequence, had made."""
    for box_id in BOXES:
        await boxes.done(PutBox(box_id=box_id, amount=10))
    done = await asyncio.gather(*(write(boxes, number) for number in range(WRITERS)))
    assert sum(done) > WRITERS * ACTIONS_PER_WRITER / 2
    replayed: dict[tuple[str, str], str] = {}
    for change in await boxes.rows(CHANGES):
        row = change["table_name"], change["row_key"]
        assert replayed.get(row) == change["before"], f"{row} at {change['sequence']} does not follow"
        if change["after"] is None:
            del replayed[row]
        else:
            replayed[row] = change["after"]
    stands = {(row["table_name"], row["row_key"]): row["image"] for row in await boxes.rows(ROWS)}
    assert replayed == stands
    assert await boxes.value("SELECT count(*) FROM log.entries") == sum(done) + len(BOXES)


async def test_the_number_is_drawn_after_the_last_lock(boxes: BoxShop) -> None:
    """Who waits for a row gets a higher number than who holds it, though it began first."""
    for box_id in ("a", "b"):
        await boxes.done(PutBox(box_id=box_id))
    holder = await boxes.database._writers.acquire()
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("SELECT set_config('bottega.entry', 'ent_holder', true)")
    await holder.execute("SELECT FROM shop.boxes WHERE id = 'b' FOR UPDATE")
    waiting = asyncio.create_task(boxes.done(AddTo(box_ids=("a", "b"))))
    await until(lambda: boxes.value(SOMEBODY_WAITS))
    last = await boxes.value("SELECT last_value FROM log.entry_sequence")
    drawn = await holder.fetchval("SELECT log.next_sequence()")
    assert drawn == last + 1, "who waits has drawn no number yet"
    await transaction.rollback()
    await boxes.database._writers.release(holder)
    entry_id = (await waiting).entry_id
    assert await boxes.value("SELECT sequence FROM log.entries WHERE id = $1", entry_id) > drawn


async def test_drawing_a_number_gives_the_transaction_an_id(boxes: BoxShop) -> None:
    """Otherwise the sealer could take the hole that it leaves for dead while it still runs."""
    async with boxes.database.write() as connection:
        assert await connection.fetchval("SELECT pg_current_xact_id_if_assigned()::text") is None
        await connection.fetchval("SELECT log.next_sequence()")
        assert await connection.fetchval("SELECT pg_current_xact_id_if_assigned()::text") is not None
    assert await boxes.value("SELECT seqcache FROM pg_sequence WHERE seqrelid = 'log.entry_sequence'::regclass") == 1
