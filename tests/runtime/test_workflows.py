"""Plans that are code: steps once, children side by side, timers, and going on after anything."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest

from bottega.actions.approvals import GrantApproval
from bottega.connectors.sandbox.chat_model import Fault
from bottega.kernel.errors import Conflict, Unavailable
from bottega.runtime import sweep
from bottega.runtime.parts import Pace
from bottega.runtime.role import Role
from bottega.runtime.run import Principal
from bottega.runtime.workflow import ChildFailed, ChildOutcome, FailurePolicy, Workflow
from tests.runtime.parcels import MANAGER, RepriceGood, WithdrawGood
from tests.runtime.workshop import OFFICE, Workshop, good_id, open_workshop, says

MUG = good_id("Blue mug")


def plan_role(name: str, plan: Any) -> Role:
    return Role(name, "Work.", plan=plan, acts_for_customer=False)


async def wake(workshop: Workshop, **later: float) -> list[str]:
    """What the sweeper does after some time; then the jobs are done."""
    workshop.clock.ahead += timedelta(seconds=3) + timedelta(**later)
    woken = await sweep.wake_due(workshop.database, workshop.jobs, workshop.clock.now())
    await workshop.work()
    return woken


async def test_steps_are_done_once_and_answered_from_the_journal(database_url: str) -> None:
    done: list[str] = []

    async def plan(run: Workflow) -> Any:
        async def count() -> int:
            done.append("counted")
            return len(done)

        first = await run.step("count", count)
        await run.sleep("a night", timedelta(hours=8))
        second = await run.step("count again", count)
        return {"first": first, "second": second}

    async with open_workshop(database_url, roles=(plan_role("counter", plan),)) as workshop:
        run = await workshop.runtime.start("counter", {}, OFFICE)
        await workshop.work()
        assert (await workshop.runtime.find(run.id)).state == "waiting"
        assert await wake(workshop, hours=7) == []
        assert await wake(workshop, hours=1) == [run.id]
        ended = await workshop.runtime.find(run.id)
        assert (ended.state, ended.result, done) == ("done", {"first": 1, "second": 2}, ["counted"] * 2)


async def test_actions_are_done_once_and_wait_for_approval(database_url: str) -> None:
    async def plan(run: Workflow) -> Any:
        priced = await run.act("price", RepriceGood(good_id=MUG, price_minor=1200))
        withdrawn = await run.act("withdraw", WithdrawGood(good_id=MUG))
        return {"priced": priced.result, "withdrawn": withdrawn.done}

    async with open_workshop(database_url, roles=(plan_role("shopkeeper", plan),)) as workshop:
        await workshop.stock("Blue mug", 1250)
        run = await workshop.runtime.start("shopkeeper", {}, OFFICE, key="tonight")
        again = await workshop.runtime.start("shopkeeper", {}, OFFICE, key="tonight")
        assert again.id == run.id
        await workshop.work()
        waiting = (await workshop.runtime.find(run.id)).waiting
        assert waiting is not None
        assert waiting.what == "approval"
        (row,) = await workshop.rows("SELECT id, arguments_digest FROM log.approvals")
        await workshop.done(GrantApproval(approval_id=row["id"], arguments_digest=row["arguments_digest"]), MANAGER)
        assert await wake(workshop) == [run.id]
        ended = await workshop.runtime.find(run.id)
        assert ended.result == {"priced": {"good_id": MUG, "price_minor": 1200}, "withdrawn": True}
        entries = await workshop.rows("SELECT action FROM log.entries WHERE because = $1 ORDER BY id", f"run:{run.id}")
        assert [entry["action"] for entry in entries] == ["RepriceGood", "WithdrawGood"]


async def child(run: Workflow) -> Any:
    """Fails or succeeds as its task says."""
    if run.context.task["fails"]:
        raise Conflict("no_luck", "It was not to be.")
    return {"number": run.context.task["number"]}


def parent_of(policy: FailurePolicy, fails: Sequence[bool]) -> Any:
    async def plan(run: Workflow) -> Any:
        children = [
            await run.start(f"child {number}", "child", {"number": number, "fails": fail})
            for number, fail in enumerate(fails)
        ]
        outcomes = await run.join("all of them", children, policy)
        return [[outcome.state, outcome.result, outcome.failure] for outcome in outcomes]

    return plan


@pytest.mark.parametrize(
    ("policy", "fails", "state", "result"),
    [
        ("all", [False, False], "done", [["done", {"number": 0}, None], ["done", {"number": 1}, None]]),
        ("all", [False, True], "failed", None),
        ("collect", [True, False], "done", [["failed", None, "no_luck"], ["done", {"number": 1}, None]]),
        ("any", [True, True], "failed", None),
    ],
)
async def test_children_run_side_by_side_and_may_fail(
    database_url: str, policy: FailurePolicy, fails: list[bool], state: str, result: Any
) -> None:
    roles = (plan_role("parent", parent_of(policy, fails)), plan_role("child", child))
    async with open_workshop(database_url, roles=roles) as workshop:
        run = await workshop.runtime.start("parent", {}, OFFICE)
        await workshop.work()
        ended = await workshop.runtime.find(run.id)
        assert (ended.state, ended.result) == (state, result)
        assert ended.failure == (None if state == "done" else "child_failed")
        children = await workshop.rows("SELECT parent_ids FROM runtime.runs WHERE role = 'child'")
        assert [one["parent_ids"] for one in children] == [[run.id]] * len(fails)


async def test_any_goes_on_with_the_first_success(database_url: str) -> None:
    async def slow(run: Workflow) -> Any:
        await run.sleep("long", timedelta(days=1 if run.context.task["number"] else 0))
        return run.context.task["number"]

    roles = (plan_role("parent", parent_of("any", [False, False])), plan_role("child", slow))
    async with open_workshop(database_url, roles=roles) as workshop:
        run = await workshop.runtime.start("parent", {}, OFFICE)
        await workshop.work()
        ended = await workshop.runtime.find(run.id)
        assert (ended.state, ended.result) == ("done", [["done", 0, None]])


async def test_a_parent_that_was_not_woken_is_found_by_the_sweeper(database_url: str) -> None:
    roles = (plan_role("parent", parent_of("all", [False])), plan_role("child", child))
    async with open_workshop(database_url, roles=roles) as workshop:
        run = await workshop.runtime.start("parent", {}, OFFICE)
        await workshop.runtime.advance(run.id)
        child_id = await workshop.value("SELECT id FROM runtime.runs WHERE role = 'child'")
        await workshop.runtime.advance(child_id)
        workshop.jobs.left.clear()
        assert run.id in await wake(workshop)
        assert (await workshop.runtime.find(run.id)).state == "done"


async def test_a_model_answers_once_per_label(database_url: str) -> None:
    async def plan(run: Workflow) -> Any:
        answer = await run.ask("summary", "Sum up: mail ada@example.org")
        await run.sleep("a while", timedelta(minutes=1))
        return answer["text"]

    async with open_workshop(database_url, roles=(plan_role("writer", plan),)) as workshop:
        workshop.script.append(says("Mail to [email_1]."))
        run = await workshop.runtime.start("writer", {}, OFFICE)
        await workshop.work()
        await wake(workshop, minutes=1)
        ended = await workshop.runtime.find(run.id)
        assert (ended.state, ended.result) == ("done", "Mail to ada@example.org.")
        assert len(workshop.model.requests) == 1
        assert "ada@" not in str(workshop.model.requests)


async def test_what_is_away_is_tried_again_and_not_for_ever(database_url: str) -> None:
    tries: list[int] = []

    async def plan(run: Workflow) -> Any:
        async def work() -> int:
            tries.append(1)
            if len(tries) < 3:
                raise Unavailable("away", "It is away.")
            return len(tries)

        return await run.step("reach", work)

    async def never(run: Workflow) -> Any:
        return (await run.ask("ask", "Hello?"))["text"]

    roles = (plan_role("patient", plan), plan_role("hopeless", never))
    async with open_workshop(database_url, roles=roles, pace=Pace(retries=2)) as workshop:
        run = await workshop.runtime.start("patient", {}, OFFICE)
        await workshop.work()
        await wake(workshop, seconds=5)
        await wake(workshop, seconds=5)
        assert ((await workshop.runtime.find(run.id)).result, len(tries)) == (3, 3)
        workshop.script.extend([Fault("unreachable")] * 3)
        run = await workshop.runtime.start("hopeless", {}, OFFICE)
        await workshop.work()
        await wake(workshop, seconds=5)
        await wake(workshop, seconds=5)
        ended = await workshop.runtime.find(run.id)
        assert (ended.state, ended.failure) == ("failed", "no_model_answered")
        workshop.script.append(says("Here."))
        await workshop.runtime.retry(run.id)
        await workshop.work()
        retried = await workshop.runtime.find(run.id)
        assert (retried.state, retried.result) == ("done", "Here.")


async def test_labels_name_one_step_each(database_url: str) -> None:
    async def plan(run: Workflow) -> Any:
        await run.sleep("same", timedelta(0))
        await run.sleep("same", timedelta(0))

    async with open_workshop(database_url, roles=(plan_role("twice", plan),)) as workshop:
        run = await workshop.runtime.start("twice", {}, OFFICE)
        await workshop.work()
        assert (await workshop.runtime.find(run.id)).failure == "label_used_twice"


async def test_a_run_has_so_many_children_and_generations(database_url: str) -> None:
    async def deep(run: Workflow) -> Any:
        child_id = await run.start("next", "deep", {})
        return [outcome.failure for outcome in await run.join("it", [child_id], "collect")]

    roles = (plan_role("deep", deep),)
    async with open_workshop(database_url, roles=roles, pace=Pace(depth_max=2)) as workshop:
        await workshop.runtime.start("deep", {}, Principal("system", "schedule"))
        await workshop.work()
        rows = await workshop.rows("SELECT state, failure, result FROM runtime.runs ORDER BY id")
        assert [tuple(row.values()) for row in rows] == [
            ("done", None, [None]),
            ("done", None, ["too_many_children"]),
            ("failed", "too_many_children", None),
        ]


def test_a_failed_child_is_named() -> None:
    failed = ChildFailed([ChildOutcome("run_1", "done", 1, None), ChildOutcome("run_2", "failed", None, "no_luck")])
    assert failed.details == {"run_ids": ["run_2"]}
