"""perform(): all of an action or nothing of it, and every refusal says whose turn it is."""

import asyncio
import random
from typing import Any, ClassVar

import asyncpg
import pytest
from pydantic import ValidationError

from bottega.actions.action import Action
from bottega.actions.actor import Cause
from bottega.actions.outcome import Denied, Done, Failed, Held
from bottega.actions.records import LARGEST_ARGUMENTS_BYTES
from bottega.kernel.errors import Conflict, Invalid, OutcomeUnknown, Refusal, Unavailable
from tests.actions.box_shop import BoxShop, open_box_shop
from tests.actions.boxes import (
    CUSTOMER,
    MANAGER,
    OWNER,
    SUPPORT,
    AddTo,
    FillSlots,
    LeaveJobs,
    Misbehave,
    PayOut,
    PutBox,
    TakeAll,
)
from tests.actions.log.counters import until

# In this database: others on the same server wait for each other too.
SOMEBODY_WAITS = """
SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database())"""


async def test_an_entry_says_what_was_done_by_whom_why_and_by_which_rule(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a", amount=500))
    done = await boxes.performer.perform(
        PayOut(box_id="a", amount_minor=20), by=SUPPORT, key="k", because=Cause("webhook", "evt_1")
    )
    assert isinstance(done, Done)
    (entry,) = await boxes.rows("SELECT * FROM log.entries WHERE id = $1", done.entry_id)
    assert (entry["action"], entry["arguments"]) == ("PayOut", b'{"amount_minor":20,"box_id":"a"}')
    assert (entry["actor_kind"], entry["actor_id"], entry["actor_role"]) == ("staff", "stf_support", "support")
    assert (entry["because"], entry["idempotency_key"], entry["approval_id"]) == ("webhook:evt_1", "k", None)
    assert entry["rule_ids"] == ["staff.support"]
    assert entry["policy_version"] == boxes.performer.policy.decide("PayOut", SUPPORT, {}).policy_version
    assert entry["facts"]["refundable_minor"] == 500
    assert entry["result"] == done.result == {"left": 480}
    (change,) = await boxes.rows("SELECT * FROM log.changes WHERE entry_id = $1", done.entry_id)
    assert (change["table_name"], change["row_key"], change["operation"]) == ("shop.boxes", "a", "update")
    assert (change["before"]["amount"], change["after"]["amount"]) == (500, 480)


async def test_a_denied_action_leaves_a_denial_alone(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a", amount=5))
    before = await boxes.written()
    denied = await boxes.perform(PayOut(box_id="a", amount_minor=1), CUSTOMER)
    assert isinstance(denied, Denied)
    assert await boxes.written() == before
    (denial,) = await boxes.rows("SELECT action, actor_id, rule_ids FROM log.denials")
    assert denial == {"action": "PayOut", "actor_id": "cus_alice", "rule_ids": list(denied.rule_ids)}
    assert boxes.jobs.woken == 0


async def test_whatever_goes_wrong_leaves_nothing(boxes: BoxShop) -> None:
    """A refusal after a write, a bug after a write, a bug that the database finds: no row, no entry, no effect."""
    await boxes.done(PutBox(box_id="a"))
    await boxes.done(PutBox(box_id="b"))
    before = await boxes.written()
    assert await boxes.refused(AddTo(box_ids=("a", "b", "none")), key="k1") == "no_such_box"
    assert await boxes.refused(LeaveJobs(jobs=2, effect_key="e", refuse=True)) == "asked_to_refuse"
    with pytest.raises(RuntimeError):
        await boxes.perform(Misbehave(box_id="a"), key="k2")
    for statement in ("SELECT nothing", "SELECT 1/0 FROM nowhere", "INSERT INTO shop.boxes (id) VALUES (NULL)"):
        with pytest.raises(asyncpg.PostgresError):
            await boxes.perform(Misbehave(box_id="a", statement=statement), key="k3")
    assert await boxes.written() == before
    assert (await boxes.amount("a"), await boxes.amount("b")) == (0, 0)
    # None of the keys is used up.
    assert not (await boxes.done(AddTo(box_ids=("a",)), key="k1")).repeated


REFUSED: tuple[tuple[Any, type[Refusal], str], ...] = (
    (PutBox(box_id="a"), Conflict, "already_exists"),
    (PutBox(box_id="b", label="taken"), Conflict, "already_exists"),
    (PutBox(box_id="b", amount=-1), Conflict, "rule_of_the_tables"),
    (PutBox(box_id="b", inside_id="none"), Invalid, "unknown_reference"),
    (PutBox(box_id="b", amount=2**70), Invalid, "bad_value"),
    (PutBox(box_id="b", weight="heavy"), Invalid, "bad_value"),
    (PutBox(box_id="b\0"), Invalid, "bad_value"),
    (FillSlots(box_id="a", numbers=(1,), content={"n": 2**70}), Invalid, "bad_value"),
    (FillSlots(box_id="a", numbers=(1,), content="\0"), Invalid, "bad_value"),
    (FillSlots(box_id="a", numbers=(1,), content="\ud800"), Invalid, "bad_value"),
    (FillSlots(box_id="a", numbers=(1,), content="x" * LARGEST_ARGUMENTS_BYTES), Invalid, "arguments_too_large"),
    (LeaveJobs(effect_key="once"), Conflict, "effect_already_intended"),
)


async def test_what_a_caller_may_send_is_never_a_bug(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a", label="taken"))
    await boxes.done(LeaveJobs(effect_key="once"))
    before = await boxes.written()
    for action, kind, code in REFUSED:
        for key in (None, "k"):
            outcome = await boxes.perform(action, key=key)
            assert isinstance(outcome, Failed), (action, outcome)
            assert (type(outcome.refusal), outcome.refusal.code) == (kind, code), action
            assert "DETAIL" not in str(outcome.refusal)
    assert await boxes.written() == before


class Weigh(Action):
    groups: ClassVar[tuple[str, ...]] = ("stock",)
    kilograms: float


@pytest.mark.parametrize("kilograms", [float("inf"), float("-inf"), float("nan")])
def test_an_action_holds_no_number_that_json_does_not_have(kilograms: float) -> None:
    with pytest.raises(ValidationError, match="finite"):
        Weigh(kilograms=kilograms)


async def test_workers_are_woken_once_after_a_commit_that_left_jobs(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a", amount=50_000))
    assert boxes.jobs.woken == 0
    await boxes.done(LeaveJobs(jobs=3))
    assert (boxes.jobs.enqueued, boxes.jobs.woken) == (3, 1)
    await boxes.refused(LeaveJobs(jobs=3, refuse=True))
    assert (boxes.jobs.enqueued, boxes.jobs.woken) == (6, 1)
    await boxes.done(LeaveJobs(jobs=1), key="k")
    await boxes.done(LeaveJobs(jobs=1), key="k")
    assert boxes.jobs.woken == 2


async def test_hooks_hear_of_what_was_done_alone(boxes: BoxShop) -> None:
    heard: list[Any] = []
    boxes.performer.when_done.append(heard.append)
    await boxes.done(PutBox(box_id="a", amount=10), key="k")
    await boxes.done(PutBox(box_id="a", amount=10), key="k")
    await boxes.refused(TakeAll(box_id="none"))
    await boxes.perform(PayOut(box_id="a", amount_minor=5), CUSTOMER)
    done = await boxes.done(PayOut(box_id="a", amount_minor=5))
    assert [len(effects) for effects in heard] == [0, 1]
    assert heard[1][0].id == done.effects[0].id


async def test_what_stands_alongside_shares_the_actions_fate(boxes: BoxShop) -> None:
    async def count(connection: Any) -> None:
        await connection.execute(
            "INSERT INTO log.limits VALUES ('alongside', 'x', current_date, 1) "
            "ON CONFLICT (name, scope, day) DO UPDATE SET total = log.limits.total + 1"
        )

    async def fail(connection: Any) -> None:
        raise Conflict("alongside_refuses", "No.")

    assert isinstance(await boxes.performer.perform(PutBox(box_id="a"), by=OWNER, alongside=count), Done)
    assert isinstance(await boxes.performer.perform(PutBox(box_id="a"), by=OWNER, alongside=count), Failed)
    assert isinstance(await boxes.performer.perform(PutBox(box_id="b"), by=OWNER, alongside=fail), Failed)
    assert await boxes.value("SELECT total FROM log.limits") == 1
    assert await boxes.amount("b") is None


async def test_deadlocks_are_tried_again(boxes: BoxShop, monkeypatch: pytest.MonkeyPatch) -> None:
    attempts: list[Any] = []
    attempt = boxes.performer._attempt

    async def counted(*arguments: Any) -> Any:
        attempts.append(arguments)
        return await attempt(*arguments)

    monkeypatch.setattr(boxes.performer, "_attempt", counted)
    for box_id in ("a", "b"):
        await boxes.done(PutBox(box_id=box_id))
    holder = await boxes.database._writers.acquire()
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("SET LOCAL deadlock_timeout = '10s'")
    await holder.execute("SELECT FROM shop.boxes WHERE id = 'b' FOR UPDATE")
    first = asyncio.create_task(boxes.done(AddTo(box_ids=("a", "b"))))
    await until(
        lambda: boxes.value(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
    )
    # Now we wait for each other; the action is found out first, gives way, and goes through in the end.
    await holder.execute("SELECT FROM shop.boxes WHERE id = 'a' FOR UPDATE")
    await transaction.rollback()
    await boxes.database._writers.release(holder)
    assert (await first).result == {"totals": [1, 1]}
    # Once for each box and twice for the sum; a slow machine may make it give way once more.
    assert len(attempts) >= 2 + 2


async def test_a_lock_that_is_held_for_too_long_is_unavailable(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    async with boxes.database.write() as connection:
        await connection.execute("SELECT FROM shop.boxes WHERE id = 'a' FOR UPDATE")
        with pytest.raises(Unavailable) as caught:
            await boxes.perform(AddTo(box_ids=("a",), patience_milliseconds=50), key="k")
    assert (caught.value.code, caught.value.retry_after_seconds) == ("busy", 2.0)
    again = await boxes.done(AddTo(box_ids=("a",), patience_milliseconds=50), key="k")
    assert not again.repeated


async def assert_connections_are_clean(shop: BoxShop) -> None:
    """No transaction, lock, entry or setting is left on any connection of the pool."""
    pool: Any = shop.database._writers
    connections = [await pool.acquire() for _ in range(pool.get_max_size())]
    for connection in connections:
        assert not connection.is_in_transaction()
        assert await connection.fetchval("SELECT coalesce(current_setting('bottega.entry', true), '')") == ""
        assert await connection.fetchval("SHOW lock_timeout") == "10s"
        await pool.release(connection)
    states = await shop.rows(
        "SELECT state, count(*) FROM pg_stat_activity "
        "WHERE datname = current_database() AND state LIKE '%transaction%' GROUP BY state"
    )
    assert states == []


@pytest.mark.slow
async def test_a_request_that_is_cancelled_anywhere_leaves_all_or_nothing(database_url: str) -> None:
    """A client that goes away at any moment, twice over: rows and entries agree, connections come back clean."""
    async with open_box_shop(database_url, connections=4) as boxes:
        await boxes.done(PutBox(box_id="a", amount=100_000))
        chance = random.Random(7)
        cancelled = 0

        async def one(number: int) -> None:
            nonlocal cancelled
            action = PayOut(box_id="a", amount_minor=2_000 if number % 5 == 0 else 1)
            task = asyncio.create_task(boxes.perform(action, SUPPORT, f"k{number}"))
            await asyncio.sleep(chance.uniform(0, 0.03))
            task.cancel()
            await asyncio.sleep(chance.choice((0, 0, 0.001)))
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                cancelled += 1

        for start in range(0, 160, 8):
            await asyncio.gather(*(one(number) for number in range(start, start + 8)))
        assert 20 < cancelled < 160, "some are cut short and some are not"
        await assert_connections_are_clean(boxes)
        paid = await boxes.value("SELECT count(*) FROM log.entries WHERE action = 'PayOut'")
        assert await boxes.amount("a") == 100_000 - paid
        assert await boxes.value("SELECT count(*) FROM log.effects") == paid
        assert await boxes.value("SELECT count(*) FROM log.changes") == paid + 1
        # Each of them sent again under its key happens, if it had not.
        again = await asyncio.gather(
            *(boxes.perform(PayOut(box_id="a", amount_minor=1), SUPPORT, f"k{n}") for n in range(1, 160) if n % 5)
        )
        assert all(isinstance(outcome, Done) for outcome in again)
        assert sum(outcome.repeated for outcome in again if isinstance(outcome, Done)) == paid
        assert await boxes.amount("a") == 100_000 - len(again)


async def end_connections(shop: BoxShop) -> None:
    """What a restart of the database does to everybody (SQLSTATE 57P01)."""
    connection = await asyncpg.connect(shop.dsn)
    await connection.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND application_name = 'bottega'"
    )
    await connection.close()


async def test_a_database_that_goes_away_is_unavailable(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    other = await asyncpg.connect(boxes.dsn)
    async with other.transaction():
        await other.execute("SELECT FROM shop.boxes WHERE id = 'a' FOR UPDATE")
        waiting = asyncio.create_task(boxes.perform(AddTo(box_ids=("a",)), key="k"))
        await until(lambda: boxes.value(SOMEBODY_WAITS))
        await end_connections(boxes)
        with pytest.raises(Unavailable) as caught:
            await waiting
        assert caught.value.code == "database_away"
        assert not isinstance(caught.value, OutcomeUnknown)
    await other.close()
    # The pool mends itself.
    assert not (await boxes.done(AddTo(box_ids=("a",)), key="k")).repeated
    assert await boxes.amount("a") == 1


async def test_a_database_lost_in_the_middle_of_a_commit_leaves_the_outcome_open(boxes: BoxShop) -> None:
    committing = asyncio.create_task(boxes.perform(PutBox(box_id="a", label="slow commit"), key="k"))
    await until(lambda: boxes.value("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"))
    await end_connections(boxes)
    with pytest.raises(OutcomeUnknown) as caught:
        await committing
    assert "same key" in caught.value.next_step


async def test_a_process_with_too_much_to_do_says_so(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bottega.platform.database.pool.ACQUIRE_TIMEOUT_SECONDS", 0.05)
    async with open_box_shop(database_url, connections=1) as boxes:
        async with boxes.database.write():
            with pytest.raises(Unavailable):
                await boxes.perform(PutBox(box_id="a"))
        await boxes.done(PutBox(box_id="a"))


async def test_done_is_worth_three_messages(boxes: BoxShop) -> None:
    """The price of a log, of keys and of policy: begin and name the entry in one, write it with its key, commit."""
    await boxes.done(PutBox(box_id="a"))
    seen: list[str] = []
    pool: Any = boxes.database._writers
    holders = [holder._con for holder in pool._holders if holder._con is not None]
    for connection in holders:
        connection.add_query_logger(lambda record: seen.append(record.query))
    await boxes.done(PutBox(box_id="b"), MANAGER, "k")
    assert [query.split()[0] for query in seen] == ["BEGIN;", "INSERT", "INSERT", "COMMIT;"]
    assert ["bottega.entry" in query for query in seen] == [True, False, False, False]
    assert ["shop.boxes" in query for query in seen] == [False, True, False, False]


async def test_a_held_action_is_not_done(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a", amount=50_000))
    before = await boxes.written()
    held = await boxes.perform(PayOut(box_id="a", amount_minor=1_001), SUPPORT)
    assert isinstance(held, Held)
    assert await boxes.written() == {**before, "log.approvals": 1}
    with pytest.raises(Conflict) as caught:
        held.unwrap()
    assert caught.value.details["approval_id"] == held.approval_id
