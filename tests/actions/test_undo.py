"""Undo: rows go back to what they were, unless somebody changed them since."""

import asyncio
from typing import Any

import pytest

from bottega.actions import registry
from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.actions.outcome import Denied, Done, Failed
from bottega.actions.undo import UndoEntry
from bottega.kernel.errors import Conflict
from tests.actions.box_shop import BoxShop
from tests.actions.boxes import (
    MANAGER,
    OWNER,
    SUPPORT,
    WAREHOUSE,
    AddressBox,
    AddTo,
    EmptySlots,
    FillSlots,
    PayOut,
    PutBox,
    TakeAll,
)


async def images(shop: BoxShop) -> list[str]:
    """Both tables, exactly: as text, so that no digit is lost on the way."""
    boxes = await shop.rows("SELECT b::text AS row FROM shop.boxes b ORDER BY id")
    slots = await shop.rows("SELECT s::text AS row FROM shop.slots s ORDER BY box_id, number")
    return [row["row"] for row in (*boxes, *slots)]


async def undo(shop: BoxShop, entry_id: str, by: Actor = OWNER) -> Done:
    return await shop.done(UndoEntry(entry_id=entry_id), by)


async def refusal(shop: BoxShop, entry_id: str, by: Actor = OWNER) -> Conflict:
    """The refusal of an undo, which has changed nothing."""
    before = await images(shop), await shop.written()
    outcome = await shop.perform(UndoEntry(entry_id=entry_id), by)
    assert isinstance(outcome, Failed), outcome
    assert isinstance(outcome.refusal, Conflict)
    assert (await images(shop), await shop.written()) == before
    return outcome.refusal


@pytest.mark.parametrize(
    "action",
    [
        PutBox(box_id="new", amount=3, weight="0.10", label="x", inside_id="a"),
        AddTo(box_ids=("a", "b", "a"), amount=4),
        FillSlots(box_id="a", numbers=(1, 2, 3), content={"n": [1, None, "ж"]}),
        FillSlots(box_id="b", numbers=(2, 1), content=None),
        EmptySlots(box_id="b"),
        EmptySlots(box_id="b", and_box=True),
    ],
    ids=lambda action: f"{type(action).__name__}-{len(str(action))}",
)
async def test_undo_puts_every_row_back_exactly(boxes: BoxShop, action: Action) -> None:
    """Updates, inserts, deletes; composite keys; a row changed twice by one action; parents and children."""
    await boxes.done(PutBox(box_id="a", amount=1, weight="12345678901234567890.123456789012345678900"))
    await boxes.done(PutBox(box_id="b", amount=2, label="of b"))
    await boxes.done(FillSlots(box_id="b", numbers=(1, 2, 30), content={"big": 2**62, "small": 1.1}))
    before = await images(boxes)
    done = await boxes.done(action)
    assert await images(boxes) != before
    undone = await undo(boxes, done.entry_id)
    assert await images(boxes) == before
    assert undone.result["undone"] == done.entry_id
    changes = "SELECT count(*) FROM log.changes WHERE entry_id = $1"
    assert undone.result["rows"] == await boxes.value(changes, done.entry_id)
    # The undo is an action like any other, with changes of its own.
    assert await boxes.value(changes, undone.entry_id) == undone.result["rows"]


async def test_a_change_in_between_is_not_overwritten(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    first = await boxes.done(AddTo(box_ids=("a",), amount=1))
    second = await boxes.done(AddTo(box_ids=("a",), amount=10))
    refused = await refusal(boxes, first.entry_id)
    assert refused.code == "changed_since"
    assert refused.details == {"table": "shop.boxes", "row_key": "a", "later_entry_id": second.entry_id}
    # In the right order both go back.
    await undo(boxes, second.entry_id)
    await undo(boxes, first.entry_id)
    assert await boxes.amount("a") == 0


async def test_a_difference_that_floating_point_would_hide_is_seen(boxes: BoxShop) -> None:
    put = await boxes.done(PutBox(box_id="a", weight="1.00000000000000000001"))
    async with boxes.database.write() as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("UPDATE shop.boxes SET weight = 1.00000000000000000002")
    assert (await refusal(boxes, put.entry_id)).code == "changed_since"


async def test_of_several_rows_one_changed_refuses_all(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    filled = await boxes.done(FillSlots(box_id="a", numbers=(1, 2, 12), content="x"))
    await boxes.done(FillSlots(box_id="a", numbers=(12,), content="y"))
    refused = await refusal(boxes, filled.entry_id)
    assert (refused.code, refused.details["row_key"]) == ("changed_since", "a/12")


async def test_a_row_that_is_gone_or_came_back_is_a_conflict(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    filled = await boxes.done(FillSlots(box_id="a", numbers=(1,), content="x"))
    emptied = await boxes.done(EmptySlots(box_id="a"))
    assert (await refusal(boxes, filled.entry_id)).details["later_entry_id"] == emptied.entry_id
    refilled = await boxes.done(FillSlots(box_id="a", numbers=(1,), content="other"))
    assert (await refusal(boxes, emptied.entry_id)).details["later_entry_id"] == refilled.entry_id


async def test_rows_that_others_hang_on_by_now_stay(boxes: BoxShop) -> None:
    put = await boxes.done(PutBox(box_id="a"))
    filled = await boxes.done(FillSlots(box_id="a", numbers=(1,)))
    assert (await refusal(boxes, put.entry_id)).code == "needed_since"
    await undo(boxes, filled.entry_id)
    await undo(boxes, put.entry_id)
    assert await boxes.amount("a") is None
    # The other way round: a child cannot come back when its parent has gone since.
    await boxes.done(PutBox(box_id="b"))
    await boxes.done(FillSlots(box_id="b", numbers=(1,)))
    emptied = await boxes.done(EmptySlots(box_id="b"))
    await boxes.done(EmptySlots(box_id="b", and_box=True))
    assert (await refusal(boxes, emptied.entry_id)).code == "needed_since"


async def test_a_name_that_somebody_else_has_by_now_is_a_conflict(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a", label="best"))
    gone = await boxes.done(EmptySlots(box_id="a", and_box=True))
    await boxes.done(PutBox(box_id="b", label="best"))
    assert (await refusal(boxes, gone.entry_id)).code == "already_exists"


async def test_undo_happens_once(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    added = await boxes.done(AddTo(box_ids=("a",)))
    undone = await undo(boxes, added.entry_id)
    refused = await refusal(boxes, added.entry_id)
    assert (refused.code, refused.details["later_entry_id"]) == ("changed_since", undone.entry_id)


async def test_concurrent_undos_happen_once(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    await boxes.done(FillSlots(box_id="a", numbers=(1, 2)))
    for done in (
        await boxes.done(AddTo(box_ids=("a",))),
        await boxes.done(EmptySlots(box_id="a")),
        await boxes.done(PutBox(box_id="c")),
    ):
        outcomes = await asyncio.gather(*(boxes.perform(UndoEntry(entry_id=done.entry_id)) for _ in range(8)))
        assert sum(isinstance(outcome, Done) for outcome in outcomes) == 1, outcomes
        assert all(
            outcome.refusal.code in ("changed_since", "already_exists")
            for outcome in outcomes
            if isinstance(outcome, Failed)
        )
    assert (await boxes.amount("a"), await boxes.amount("c")) == (0, None)


async def test_an_undo_racing_a_change_loses_nothing(boxes: BoxShop) -> None:
    """Either the undo came first and the change is on top of it, or the undo is refused; never is the change lost."""
    await boxes.done(PutBox(box_id="a"))
    for _ in range(8):
        before = await boxes.amount("a")
        assert before is not None
        added = await boxes.done(AddTo(box_ids=("a",), amount=100))
        undone, _ = await asyncio.gather(
            boxes.perform(UndoEntry(entry_id=added.entry_id)), boxes.done(AddTo(box_ids=("a",), amount=1))
        )
        assert await boxes.amount("a") == before + (1 if isinstance(undone, Done) else 101)


async def test_an_undo_is_not_undone(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    undone = await undo(boxes, (await boxes.done(AddTo(box_ids=("a",)))).entry_id)
    assert (await refusal(boxes, undone.entry_id)).code == "not_undoable"


async def test_what_cannot_be_put_back_is_refused(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a", amount=100))
    paid = await boxes.done(PayOut(box_id="a", amount_minor=10))
    taken = await boxes.done(TakeAll(box_id="a"))
    for entry_id in (paid.entry_id, taken.entry_id):
        assert (await refusal(boxes, entry_id)).code == "not_undoable"
    changed_nothing = await boxes.done(EmptySlots(box_id="a"))
    assert (await refusal(boxes, changed_nothing.entry_id)).code == "nothing_to_undo"
    assert await boxes.refused(UndoEntry(entry_id="ent_" + "0" * 26)) == "no_such_entry"


async def test_an_entry_older_than_the_program_is_not_undone(boxes: BoxShop, monkeypatch: pytest.MonkeyPatch) -> None:
    put = await boxes.done(PutBox(box_id="a"))
    monkeypatch.delitem(registry._HANDLERS, "PutBox")
    assert (await refusal(boxes, put.entry_id)).code == "not_undoable"


@pytest.mark.parametrize(("actor", "allowed"), [(OWNER, True), (MANAGER, True), (WAREHOUSE, True), (SUPPORT, False)])
async def test_one_undoes_ones_own_work(boxes: BoxShop, actor: Actor, allowed: bool) -> None:
    put = await boxes.done(PutBox(box_id="a"), WAREHOUSE)
    outcome = await boxes.perform(UndoEntry(entry_id=put.entry_id), actor)
    assert isinstance(outcome, Done if allowed else Denied)


async def test_undoing_brings_no_forgotten_value_back(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    first = await boxes.done(AddressBox(box_id="a", customer_id="cus_1", email="first@example.org"))
    second = await boxes.done(AddressBox(box_id="a", customer_id="cus_1", email="second@example.org"))
    async with boxes.database.write() as connection:
        await connection.execute("SELECT set_config('bottega.entry', 'forgetting', true)")
        await connection.execute("DELETE FROM vault.values WHERE subject_id = 'cus_1'")
    await undo(boxes, second.entry_id)
    row: dict[str, Any] = (await boxes.rows("SELECT email_ref, vault.reveal(email_ref) AS email FROM shop.boxes"))[0]
    assert row == {"email_ref": first.result["email_ref"], "email": None}
