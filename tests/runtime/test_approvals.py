"""What waits for a person's approval waits for days, and ends once."""

from datetime import timedelta

from bottega.actions.approvals import DenyApproval, GrantApproval
from bottega.runtime import sweep
from tests.runtime.parcels import MANAGER
from tests.runtime.workshop import OFFICE, Workshop, calls, good_id, says

WITHDRAW = ("withdraw_good", {"good_id": "good_1"})


async def held_task(workshop: Workshop) -> str:
    """A back-office run that waits for an approval; returns its id."""
    await workshop.stock("Blue mug", 1250)
    workshop.script.extend([calls(("list_goods", {})), calls(WITHDRAW)])
    run = await workshop.runtime.start("officer", {"do": "Withdraw the blue mug"}, OFFICE)
    await workshop.work()
    return run.id


async def approval(workshop: Workshop) -> dict[str, str]:
    rows = await workshop.rows("SELECT id, arguments_digest, because FROM log.approvals")
    assert len(rows) == 1
    return rows[0]


async def grant(workshop: Workshop) -> None:
    row = await approval(workshop)
    await workshop.done(GrantApproval(approval_id=row["id"], arguments_digest=row["arguments_digest"]), MANAGER)


async def test_a_run_waits_and_goes_on_when_it_is_granted(workshop: Workshop) -> None:
    run_id = await held_task(workshop)
    run = await workshop.runtime.find(run_id)
    row = await approval(workshop)
    assert run.waiting is not None
    assert (run.state, run.waiting.what, run.waiting.ids) == ("waiting", "approval", (row["id"],))
    assert row["because"] == f"run:{run_id}"
    workshop.clock.ahead = timedelta(days=2)
    assert await workshop.runtime.advance(run_id) is not None
    assert (await workshop.runtime.find(run_id)).state == "waiting"
    await grant(workshop)
    assert await sweep.wake_due(workshop.database, workshop.jobs, workshop.clock.now()) == [run_id]
    workshop.script.append(says("The blue mug is withdrawn."))
    await workshop.work()
    ended = await workshop.runtime.find(run_id)
    assert (ended.state, ended.result["text"]) == ("done", "The blue mug is withdrawn.")
    assert await workshop.value("SELECT count(*) FROM shop.goods") == 0
    assert await workshop.value("SELECT count(*) FROM log.entries WHERE action = 'WithdrawGood'") == 1


async def test_a_denied_approval_is_told_to_the_run(workshop: Workshop) -> None:
    run_id = await held_task(workshop)
    row = await approval(workshop)
    await workshop.done(DenyApproval(approval_id=row["id"], reason="We still sell it."), MANAGER)
    workshop.script.append(says("It stays on offer."))
    await workshop.runtime.advance(run_id)
    assert (await workshop.runtime.find(run_id)).result["text"] == "It stays on offer."
    told = workshop.model.requests[-1].messages[-1]
    assert "We still sell it." in str(told)
    assert await workshop.value("SELECT count(*) FROM shop.goods WHERE id = $1", good_id("Blue mug")) == 1


async def test_in_a_conversation_the_answer_comes_first_and_the_outcome_later(workshop: Workshop) -> None:
    await workshop.stock("Blue mug", 1250)
    turn = await workshop.say(
        "Withdraw the mug",
        calls(("list_goods", {})),
        calls(WITHDRAW),
        says("A colleague has to approve that."),
        role="officer",
        principal=OFFICE,
    )
    assert turn.reply is not None
    assert turn.reply["text"] == "A colleague has to approve that."
    assert (await workshop.runtime.find(turn.run_id)).state == "waiting"
    following = await workshop.say("Fine", says("Anything else?"), role="officer", principal=OFFICE)
    assert following.reply is not None
    assert (following.ordinal, following.reply["text"]) == (2, "Anything else?")
    await grant(workshop)
    await workshop.runtime.advance(turn.run_id)
    transcript = await workshop.runtime.sessions.transcript("s1", after=2)
    assert [(told.ordinal, told.asked) for told in transcript] == [(3, None)]
    assert transcript[0].reply is not None
    assert transcript[0].reply["text"] == "Takes a good out of the offer: good_id good_1. — approved and done."
    assert (await workshop.runtime.find(turn.run_id)).state == "done"
    after = await workshop.say("Thanks", says("You are welcome."), role="officer", principal=OFFICE)
    assert after.ordinal == 4


async def test_an_approval_that_expired_is_told_too(workshop: Workshop) -> None:
    run_id = await held_task(workshop)
    await workshop.execute("UPDATE log.approvals SET expires_at = now() - interval '1 minute'")
    assert await sweep.wake_due(workshop.database, workshop.jobs, workshop.clock.now()) == [run_id]
    workshop.script.append(says("Nobody decided in time."))
    await workshop.work()
    assert (await workshop.runtime.find(run_id)).result["text"] == "Nobody decided in time."
    assert await workshop.value("SELECT count(*) FROM shop.goods") == 1


async def test_a_run_that_waits_can_be_cancelled(workshop: Workshop) -> None:
    run_id = await held_task(workshop)
    run = await workshop.runtime.cancel(run_id, "stf_eve")
    assert (run.state, run.failure) == ("cancelled", "cancelled")
    await workshop.work()
    assert await workshop.value("SELECT count(*) FROM shop.goods") == 1
