"""Keys: the same key happens once, whatever stands in the second request's way."""

import asyncio
import random
from collections import Counter
from dataclasses import replace
from datetime import timedelta

import pytest

from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.actions.outcome import Denied, Done, Failed, Held, Outcome
from tests.actions.box_shop import BoxShop
from tests.actions.boxes import (
    AGENT,
    CUSTOMER,
    MANAGER,
    OWNER,
    SUPPORT,
    AddressBox,
    AddTo,
    LeaveJobs,
    PayOut,
    PutBox,
    TakeAll,
)

RACERS = 12


async def race(shop: BoxShop, count: int, *requests: tuple[Action, Actor, str]) -> list[Outcome]:
    """Every request `count` times, all at once and in a random order."""
    asked = [request for request in requests for _ in range(count)]
    random.shuffle(asked)
    return await asyncio.gather(*(shop.perform(action, by, key) for action, by, key in asked))


async def test_a_repeated_request_answers_what_was_recorded(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    first = await boxes.done(AddTo(box_ids=("a",), amount=5), key="k")
    again = await boxes.done(AddTo(box_ids=("a",), amount=5), key="k")
    assert (first.repeated, again.repeated) == (False, True)
    assert (again.entry_id, again.result) == (first.entry_id, {"totals": [5]})
    assert await boxes.amount("a") == 5


async def test_a_key_does_not_serve_another_request(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    await boxes.done(AddTo(box_ids=("a",), amount=5), key="k")
    assert await boxes.refused(AddTo(box_ids=("a",), amount=6), key="k") == "key_used_with_other_arguments"
    assert await boxes.refused(TakeAll(box_id="a"), key="k") == "key_used_with_other_arguments"
    assert await boxes.amount("a") == 5


async def test_a_key_tells_personal_arguments_apart_that_the_log_does_not_hold(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    address = AddressBox(box_id="a", customer_id="cus_alice", email="alice@example.org")
    await boxes.done(address, key="k")
    other = address.model_copy(update={"email": "mallory@example.org"})
    assert await boxes.refused(other, key="k") == "key_used_with_other_arguments"
    assert (await boxes.done(address, key="k")).repeated
    assert await boxes.value("SELECT count(*) FROM vault.values") == 1


async def test_keys_belong_to_who_acts_and_for_whom(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    for actor in (OWNER, MANAGER, replace(OWNER, on_behalf_of="cus_1"), replace(OWNER, on_behalf_of="cus_2")):
        assert not (await boxes.done(AddTo(box_ids=("a",)), actor, "k")).repeated
    assert await boxes.amount("a") == 4


async def test_racing_equal_keys_happen_once(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    await boxes.done(PutBox(box_id="b"))
    for number in range(4):
        key = f"k{number}"
        outcomes = await race(boxes, RACERS, (AddTo(box_ids=("a", "b")), OWNER, key))
        assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes
        assert len({outcome.entry_id for outcome in outcomes if isinstance(outcome, Done)}) == 1
        assert Counter(outcome.repeated for outcome in outcomes if isinstance(outcome, Done)) == {
            False: 1,
            True: RACERS - 1,
        }
        assert await boxes.amount("a") == await boxes.amount("b") == number + 1


@pytest.mark.parametrize("second_meets", ["refusal", "rule", "unique", "effect"])
async def test_the_slower_of_equal_keys_gets_the_first_ones_answer(boxes: BoxShop, second_meets: str) -> None:
    """What the first has changed makes the second's handler, facts or rows refuse; the answer is Done all the same."""
    await boxes.done(PutBox(box_id="a", amount=600))
    action = {
        "refusal": TakeAll(box_id="a"),
        "rule": PayOut(box_id="a", amount_minor=600),
        "unique": PutBox(box_id="b", amount=1),
        "effect": LeaveJobs(jobs=0, effect_key="once"),
    }[second_meets]
    outcomes = await race(boxes, RACERS, (action, SUPPORT if second_meets == "rule" else OWNER, "k"))
    assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes
    assert len({outcome.entry_id for outcome in outcomes if isinstance(outcome, Done)}) == 1
    assert await boxes.value("SELECT count(*) FROM log.entries WHERE idempotency_key = 'k'") == 1
    assert await boxes.value("SELECT count(*) FROM log.denials") == 0


async def test_equal_keys_that_deadlock_happen_once(boxes: BoxShop) -> None:
    """Two requests lock two boxes in opposite orders, each sent several times under its key."""
    await boxes.done(PutBox(box_id="a"))
    await boxes.done(PutBox(box_id="b"))
    requests = (
        (AddTo(box_ids=("a", "b")), OWNER, "there"),
        (AddTo(box_ids=("b", "a")), OWNER, "back"),
    )
    outcomes = await race(boxes, 3, *requests)
    assert all(isinstance(outcome, Done) for outcome in outcomes), outcomes
    assert await boxes.amount("a") == await boxes.amount("b") == 2


async def test_different_requests_racing_for_one_key_leave_one_done(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    outcomes = await asyncio.gather(
        *(boxes.perform(AddTo(box_ids=("a",), amount=amount), key="k") for amount in range(1, RACERS + 1))
    )
    done = [outcome for outcome in outcomes if isinstance(outcome, Done)]
    refused = [outcome.refusal.code for outcome in outcomes if isinstance(outcome, Failed)]
    assert len(done) == 1
    assert refused == ["key_used_with_other_arguments"] * (RACERS - 1)
    assert await boxes.amount("a") == done[0].result["totals"][0]


async def test_a_held_request_stays_one_approval(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a", amount=9_000))
    payout = PayOut(box_id="a", amount_minor=2_000)
    outcomes = await race(boxes, RACERS, (payout, SUPPORT, "k"))
    assert all(isinstance(outcome, Held) for outcome in outcomes), outcomes
    assert len({outcome.approval_id for outcome in outcomes if isinstance(outcome, Held)}) == 1
    # To the word: whoever's answer was lost reads the same in the next.
    assert all(outcome == outcomes[0] for outcome in outcomes)
    assert await boxes.value("SELECT count(*) FROM log.approvals") == 1
    other = PayOut(box_id="a", amount_minor=2_001)
    assert await boxes.refused(other, SUPPORT, "k") == "key_used_with_other_arguments"
    assert await boxes.amount("a") == 9_000


async def test_a_held_request_waits_even_when_it_would_be_permitted_by_now(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a", amount=9_000))
    payout = PayOut(box_id="a", amount_minor=2_000)
    first = await boxes.held(payout, SUPPORT, "k")
    promoted = replace(SUPPORT, role="owner")
    again = await boxes.perform(payout, promoted, "k")
    assert isinstance(again, Held)
    assert again == first
    assert again.reasons
    assert await boxes.amount("a") == 9_000
    assert isinstance(await boxes.perform(payout, promoted, "another"), Done)


async def test_what_was_denied_or_failed_may_be_tried_again(boxes: BoxShop) -> None:
    payout = PayOut(box_id="a", amount_minor=500)
    assert await boxes.refused(payout, SUPPORT, "k") == "no_such_box"
    await boxes.done(PutBox(box_id="a", amount=100))
    denied = await boxes.perform(payout, SUPPORT, "k")
    assert isinstance(denied, Denied)
    assert "money.refund_beyond_captured" in denied.rule_ids
    assert isinstance(await boxes.perform(payout, CUSTOMER, "k"), Denied)
    await boxes.done(AddTo(box_ids=("a",), amount=500))
    assert not (await boxes.done(payout, SUPPORT, "k")).repeated
    assert await boxes.amount("a") == 100


async def test_a_held_request_whose_approval_expired_may_be_asked_again(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a", amount=9_000))
    payout = PayOut(box_id="a", amount_minor=2_000)
    first = await boxes.held(payout, AGENT, "k")
    boxes.clock.ahead = timedelta(days=3)
    second = await boxes.held(payout, AGENT, "k")
    assert second.approval_id != first.approval_id
    states = await boxes.rows("SELECT id, state FROM log.approvals ORDER BY id")
    assert [row["state"] for row in states] == ["expired", "waiting"]


async def test_a_malformed_key_is_refused(boxes: BoxShop) -> None:
    for key in ("", "x" * 201, "a\0b", "line\nfeed", "\ud800"):
        assert await boxes.refused(PutBox(box_id="a"), key=key) == "bad_key"
    assert await boxes.amount("a") is None
