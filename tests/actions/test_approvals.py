"""Approvals: bound to what was shown, decided by somebody else, used once, and never after their time."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bottega.actions.actor import Actor
from bottega.actions.approvals import (
    DenyApproval,
    GrantApproval,
    expire_due,
    get_approval,
    list_approvals,
)
from bottega.actions.invariants import DECIDED_EFFECTS
from bottega.actions.outcome import Denied, Done, Failed, Held, Outcome
from tests.actions.box_shop import BoxShop
from tests.actions.boxes import (
    AGENT,
    CUSTOMER,
    MANAGER,
    OTHER_MANAGER,
    OWNER,
    SUPPORT,
    AddressBox,
    CountPayOut,
    LeaveJobs,
    PayOut,
    PutBox,
    TakeAll,
)

PAYOUT = PayOut(box_id="a", amount_minor=2_000)
LARGE = PayOut(box_id="a", amount_minor=20_000)


async def shown(shop: BoxShop, approval_id: str) -> dict[str, Any]:
    async with shop.database.read() as connection:
        return await get_approval(connection, approval_id, shop.clock.now())


async def hold(shop: BoxShop, payout: PayOut = PAYOUT, by: Actor = SUPPORT, key: str | None = None) -> str:
    """A held payout from a box of 50,000."""
    if await shop.amount("a") is None:
        await shop.done(PutBox(box_id="a", amount=50_000))
    return (await shop.held(payout, by, key)).approval_id


async def grant(shop: BoxShop, approval_id: str, by: Actor = MANAGER, key: str | None = None) -> Outcome:
    digest = (await shown(shop, approval_id))["arguments_digest"]
    return await shop.perform(GrantApproval(approval_id=approval_id, arguments_digest=digest), by, key)


async def code_of(outcome: Outcome) -> str:
    assert not isinstance(outcome, Done | Held), outcome
    return outcome.refusal.code if not isinstance(outcome, Denied) else ",".join(outcome.rule_ids)


async def assert_sound(shop: BoxShop) -> None:
    """I13: every entry with an approval is the one that the approval was granted for."""
    for query in DECIDED_EFFECTS.queries:
        assert await shop.rows(query) == []


async def test_a_held_action_shows_what_it_would_do_and_keeps_nothing(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a", amount=50_000))
    before = await boxes.written()
    held = await boxes.held(PAYOUT, SUPPORT)
    assert await boxes.written() == {**before, "log.approvals": 1}
    approval = await shown(boxes, held.approval_id)
    assert held.rule_ids == ("money.refund_above_limit",)
    assert (approval["amount_minor"], approval["currency"]) == (2_000, "EUR")
    assert approval["arguments"] == {"box_id": "a", "amount_minor": 2_000}
    (change,) = approval["diff"]
    assert (change["table_name"], change["row_key"], change["operation"]) == ("shop.boxes", "a", "update")
    assert (change["before"]["amount"], change["after"]["amount"]) == (50_000, 48_000)


async def test_granting_performs_it_once_as_its_requester(boxes: BoxShop) -> None:
    approval_id = await hold(boxes, key="k")
    granted = await grant(boxes, approval_id)
    assert isinstance(granted, Done)
    assert await boxes.amount("a") == 48_000
    entry_id = granted.result["entry_id"]
    (entry,) = await boxes.rows("SELECT * FROM log.entries WHERE id = $1", entry_id)
    assert (entry["action"], entry["actor_id"], entry["approval_id"]) == ("PayOut", "stf_support", approval_id)
    (effect,) = await boxes.rows("SELECT entry_id, state FROM log.effects")
    assert effect == {"entry_id": entry_id, "state": "intended"}
    assert [effect.entry_id for effect in granted.effects] == [entry_id]
    approval = await shown(boxes, approval_id)
    assert (approval["state"], approval["entry_id"]) == ("granted", entry_id)
    assert approval["approvers"][0]["id"] == "stf_manager"
    # The requester who asks again under their key hears that it is done.
    again = await boxes.done(PAYOUT, SUPPORT, "k")
    assert (again.repeated, again.entry_id) == (True, entry_id)
    await assert_sound(boxes)


async def test_an_approval_is_used_once(boxes: BoxShop) -> None:
    approval_id = await hold(boxes)
    assert isinstance(await grant(boxes, approval_id), Done)
    for by in (MANAGER, OWNER):
        assert await code_of(await grant(boxes, approval_id, by)) == "approval_already_decided"
    assert await code_of(await boxes.perform(DenyApproval(approval_id=approval_id, reason="no"), OWNER)) == (
        "approval_already_decided"
    )
    assert await boxes.amount("a") == 48_000


async def test_concurrent_grants_happen_once(boxes: BoxShop) -> None:
    approval_id = await hold(boxes)
    people = [replace(MANAGER, id=f"stf_{number}") for number in range(10)]
    outcomes = await asyncio.gather(*(grant(boxes, approval_id, person) for person in people))
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 1
    refused = {await code_of(outcome) for outcome in outcomes if not isinstance(outcome, Done)}
    assert refused == {"approval_already_decided"}
    assert await boxes.amount("a") == 48_000
    assert await boxes.value("SELECT count(*) FROM log.entries WHERE action = 'PayOut'") == 1


async def test_a_grant_racing_a_denial_ends_in_one_of_them(boxes: BoxShop) -> None:
    ids = [await hold(boxes) for _ in range(6)]
    for approval_id in ids:
        granted, denied = await asyncio.gather(
            grant(boxes, approval_id), boxes.perform(DenyApproval(approval_id=approval_id, reason="no"), OWNER)
        )
        assert isinstance(granted, Done) != isinstance(denied, Done)
        state = (await shown(boxes, approval_id))["state"]
        assert state == ("granted" if isinstance(granted, Done) else "denied")
    paid = await boxes.value("SELECT count(*) FROM log.entries WHERE action = 'PayOut'")
    assert await boxes.amount("a") == 50_000 - 2_000 * paid
    await assert_sound(boxes)


async def test_nobody_grants_their_own_request(boxes: BoxShop) -> None:
    approval_id = await hold(boxes, LARGE, MANAGER)
    assert await code_of(await grant(boxes, approval_id, MANAGER)) == "approvals.not_ones_own_request"
    # Nor through a key that they have made, in either direction, however long the chain of keys.
    key = Actor("staff", "key_of_key", "owner", frozenset({"*"}))
    for made, maker in (("key_of_manager", "stf_manager"), ("key_of_key", "key_of_manager")):
        await boxes.execute(
            "INSERT INTO platform.api_keys (id, digest, name, role, scopes, created_by, created_at) "
            "VALUES ($1, sha256(convert_to($1, 'UTF8')), 'k', 'owner', '{*}', $2, now())",
            made,
            maker,
        )
    assert await code_of(await grant(boxes, approval_id, key)) == "approvals.not_ones_own_request"
    asked_by_key = await hold(boxes, LARGE, key)
    assert await code_of(await grant(boxes, asked_by_key, MANAGER)) == "approvals.not_ones_own_request"
    assert await boxes.amount("a") == 50_000
    assert isinstance(await grant(boxes, approval_id, OWNER), Done)


async def test_who_may_not_decide_does_not(boxes: BoxShop) -> None:
    approval_id = await hold(boxes)
    for actor in (replace(SUPPORT, id="stf_colleague"), CUSTOMER, AGENT):
        assert isinstance(await grant(boxes, approval_id, actor), Denied)
    assert (await shown(boxes, approval_id))["state"] == "waiting"
    # Who asked may take the request back.
    assert isinstance(await boxes.perform(DenyApproval(approval_id=approval_id, reason="no"), SUPPORT), Done)


async def test_above_the_second_limit_two_people_decide(boxes: BoxShop) -> None:
    approval_id = await hold(boxes, LARGE)
    first = await grant(boxes, approval_id, MANAGER)
    assert isinstance(first, Done)
    assert first.result == {"approval_id": approval_id, "state": "waiting", "approvers": 1}
    assert await boxes.amount("a") == 50_000
    assert await code_of(await grant(boxes, approval_id, MANAGER)) == "already_approved"
    # A second manager is a second person, but none of them is the owner.
    assert (await boxes.done(await granting(boxes, approval_id), OTHER_MANAGER)).result["state"] == "waiting"
    assert await boxes.amount("a") == 50_000
    last = await grant(boxes, approval_id, OWNER)
    assert isinstance(last, Done)
    assert last.result["state"] == "granted"
    assert await boxes.amount("a") == 30_000
    (entry,) = await boxes.rows("SELECT facts FROM log.entries WHERE id = $1", last.result["entry_id"])
    assert (entry["facts"]["approvers"], entry["facts"]["approver_role"]) == (3, "owner")


async def granting(shop: BoxShop, approval_id: str) -> GrantApproval:
    digest = (await shown(shop, approval_id))["arguments_digest"]
    return GrantApproval(approval_id=approval_id, arguments_digest=digest)


async def test_one_person_with_two_keys_is_one_person(boxes: BoxShop) -> None:
    approval_id = await hold(boxes, LARGE)
    await boxes.execute(
        "INSERT INTO platform.api_keys (id, digest, name, role, scopes, created_by, created_at) "
        "VALUES ('key_x', sha256('x'), 'k', 'owner', '{*}', 'stf_manager', now())"
    )
    await boxes.done(await granting(boxes, approval_id), MANAGER)
    by_key = Actor("staff", "key_x", "owner", frozenset({"*"}))
    assert await code_of(await grant(boxes, approval_id, by_key)) == "already_approved"
    assert await boxes.amount("a") == 50_000


async def test_a_grant_is_of_the_arguments_that_were_shown(boxes: BoxShop) -> None:
    approval_id = await hold(boxes)
    other = GrantApproval(approval_id=approval_id, arguments_digest="0" * 64)
    assert await boxes.refused(other, MANAGER) == "approval_shows_other_arguments"
    # Somebody who writes into the table itself cannot have other arguments approved, whichever digest they put.
    await boxes.execute(
        "UPDATE log.approvals SET arguments = $2, arguments_digest = encode(sha256($2), 'hex') WHERE id = $1",
        approval_id,
        b'{"amount_minor":40000,"box_id":"a"}',
    )
    assert await code_of(await grant(boxes, approval_id)) == "approval_shows_other_arguments"
    assert await boxes.amount("a") == 50_000


async def test_an_expired_approval_is_not_granted(boxes: BoxShop) -> None:
    approval_id = await hold(boxes)
    boxes.clock.ahead = timedelta(days=3)
    assert (await shown(boxes, approval_id))["state"] == "expired"
    assert await code_of(await grant(boxes, approval_id)) == "approval_expired"
    await expire_due(boxes.performer)
    assert await boxes.value("SELECT state FROM log.approvals") == "expired"
    assert await code_of(await grant(boxes, approval_id)) == "approval_already_decided"
    assert await boxes.amount("a") == 50_000
    entries = await boxes.value("SELECT count(*) FROM log.entries")
    await expire_due(boxes.performer)
    assert await boxes.value("SELECT count(*) FROM log.entries") == entries


async def test_policy_decides_again_over_the_facts_of_now(boxes: BoxShop) -> None:
    approval_id = await hold(boxes)
    await boxes.done(TakeAll(box_id="a"))
    before = await boxes.written()
    refused = await grant(boxes, approval_id)
    assert isinstance(refused, Failed)
    assert refused.refusal.code == "denied_by_policy"
    assert "money.refund_beyond_captured" in refused.refusal.details["rule_ids"]
    assert await boxes.written() == before
    assert (await shown(boxes, approval_id))["state"] == "waiting"


async def test_a_request_that_was_done_meanwhile_is_not_done_again(boxes: BoxShop) -> None:
    """The facts changed, the requester asked again under the same key, and was not held."""
    approval_id = await hold(boxes, key="k")
    await boxes.execute(
        "UPDATE log.approvals SET expires_at = $1 WHERE id = $2", boxes.clock.now() - timedelta(hours=1), approval_id
    )
    small = await boxes.perform(PAYOUT, SUPPORT, "k")
    assert isinstance(small, Held)
    assert small.approval_id != approval_id
    # Both approvals are of one key; once one is granted, the other cannot be, even when its time is put back.
    assert isinstance(await grant(boxes, small.approval_id), Done)
    await boxes.execute("ALTER TABLE log.approvals DISABLE TRIGGER USER; DROP INDEX log.approvals_idempotency_key")
    await boxes.execute(
        "UPDATE log.approvals SET state = 'waiting', decided_at = NULL, expires_at = $1 WHERE id = $2",
        boxes.clock.now() + timedelta(hours=1),
        approval_id,
    )
    assert await code_of(await grant(boxes, approval_id)) == "done_already"
    assert await boxes.amount("a") == 48_000


async def test_personal_arguments_wait_in_the_vault_alone(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    address = AddressBox(box_id="a", customer_id="cus_alice", email="alice.personal@example.org")
    held = await boxes.held(address, AGENT, "k")
    assert "alice.personal" not in await boxes.text_outside_the_vault()
    (kept,) = await boxes.rows("SELECT subject_id, kind FROM vault.values")
    assert kept == {"subject_id": "cus_alice", "kind": "held_arguments"}
    approval = await shown(boxes, held.approval_id)
    assert approval["arguments"]["email"]["value"] == "alice.personal@example.org"
    async with boxes.database.read() as connection:
        (listed,) = await list_approvals(connection, boxes.clock.now(), state="waiting")
    assert "value" not in listed["arguments"]["email"]
    granted = await grant(boxes, held.approval_id)
    assert isinstance(granted, Done)
    assert "alice.personal" not in await boxes.text_outside_the_vault()
    assert await boxes.value("SELECT vault.reveal(email_ref) FROM shop.boxes") == "alice.personal@example.org"
    # What was held is of no use any more; only what the action itself kept stays.
    assert [row["kind"] for row in await boxes.rows("SELECT kind FROM vault.values")] == ["email"]
    await assert_sound(boxes)


async def test_equal_looking_requests_with_other_personal_values_have_other_digests(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    digests = set[str]()
    for email in ("alice@example.org", "mallory@example.org"):
        held = await boxes.held(AddressBox(box_id="a", customer_id="cus_alice", email=email), AGENT)
        digests.add((await shown(boxes, held.approval_id))["arguments_digest"])
    assert len(digests) == 2


@pytest.mark.parametrize("how", ["denied", "expired", "asked again"])
async def test_held_personal_values_do_not_outlive_the_request(boxes: BoxShop, how: str) -> None:
    await boxes.done(PutBox(box_id="a"))
    address = AddressBox(box_id="a", customer_id="cus_alice", email="alice@example.org")
    held = await boxes.held(address, AGENT, "k")
    first_ref = await boxes.value("SELECT id FROM vault.values")
    if how == "denied":
        await boxes.done(DenyApproval(approval_id=held.approval_id, reason="no"), MANAGER)
    else:
        boxes.clock.ahead = timedelta(days=3)
        if how == "expired":
            await expire_due(boxes.performer)
        else:
            await boxes.held(address, AGENT, "k")
    assert await boxes.value("SELECT count(*) FROM vault.values WHERE id = $1", first_ref) == 0


async def test_what_was_forgotten_while_it_waited_is_not_done(boxes: BoxShop) -> None:
    await boxes.done(PutBox(box_id="a"))
    held = await boxes.held(AddressBox(box_id="a", customer_id="cus_alice", email="alice@example.org"), AGENT)
    async with boxes.database.write() as connection:
        await connection.execute("SELECT set_config('bottega.entry', 'forgetting', true)")
        await connection.execute("DELETE FROM vault.values WHERE subject_id = 'cus_alice'")
    assert await code_of(await grant(boxes, held.approval_id)) == "forgotten"
    assert (await shown(boxes, held.approval_id))["arguments"]["email"]["value"] is None
    await boxes.execute("UPDATE log.approvals SET held_ref = NULL")
    assert await code_of(await grant(boxes, held.approval_id)) == "forgotten"
    assert await boxes.value("SELECT email_ref FROM shop.boxes") is None


async def test_what_the_facts_wrote_is_not_kept_while_more_approval_is_needed(boxes: BoxShop) -> None:
    """A limit that is counted in the facts counts what happens, not how often a request was looked at."""
    approval_id = (await boxes.held(CountPayOut(amount_minor=20_000), SUPPORT)).approval_id
    assert await boxes.value("SELECT count(*) FROM log.limits") == 0
    first = await boxes.done(await granting(boxes, approval_id), MANAGER)
    assert first.result["state"] == "waiting"
    assert await boxes.value("SELECT count(*) FROM log.limits") == 0
    assert isinstance(await grant(boxes, approval_id, OWNER), Done)
    assert await boxes.value("SELECT total FROM log.limits") == 20_000


async def test_limits_hold_when_everything_comes_at_once(boxes: BoxShop) -> None:
    """I16: 2,500 a day, 500 each: five pass, the rest waits, however they interleave."""
    outcomes = await asyncio.gather(*(boxes.perform(CountPayOut(amount_minor=500), SUPPORT) for _ in range(12)))
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 5
    assert sum(isinstance(outcome, Held) for outcome in outcomes) == 7
    assert await boxes.value("SELECT total FROM log.limits") == 2_500


async def test_an_unknown_approval_is_not_found(boxes: BoxShop) -> None:
    missing = "apr_" + "0" * 26
    assert await boxes.refused(GrantApproval(approval_id=missing, arguments_digest="0" * 64)) == "no_such_approval"
    assert await boxes.refused(DenyApproval(approval_id=missing, reason="no")) == "no_such_approval"


async def test_what_a_granted_action_leaves_is_set_going(boxes: BoxShop) -> None:
    """Jobs and effects of the held action are told of after the grant's commit, and only then."""
    heard: list[Any] = []
    boxes.performer.when_done.append(heard.append)
    held = await boxes.held(LeaveJobs(jobs=2, effect_key="e"), AGENT)
    assert (boxes.jobs.woken, heard) == (0, [])
    assert isinstance(await grant(boxes, held.approval_id), Done)
    assert boxes.jobs.woken == 1
    assert [[effect.key for effect in effects] for effects in heard] == [["e"]]
