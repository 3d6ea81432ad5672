"""Runs: their timeline and prompts, cancelling and retrying, and the stop switch."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from bottega.kernel.identifiers import new_id
from bottega.runtime.switches import StartAgents
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.conversations.test_pages import talk
from tests.web.console.test_strictness import assert_whole
from tests.web.shelf import HOSTILE, Shelf

LIST = f"{CONSOLE}/runs"


async def run_of(shelf: Shelf, session: str) -> str:
    return await shelf.shop.fetchval("SELECT id FROM runtime.runs WHERE session_id = $1", session)


async def task(shelf: Shelf, state: str, **values: str) -> str:
    """A task of an agent outside any conversation, in that state."""
    run_id = new_id("run")
    await shelf.shop.execute(
        "INSERT INTO runtime.runs (id, role, state, principal_kind, principal_id, task, failure, created_at, "
        "finished_at) VALUES ($1, 'assistant', $2, 'staff', 'stf_1', '{}', $3, now(), "
        "CASE WHEN $2 IN ('done', 'failed', 'cancelled') THEN now() END)",
        run_id,
        state,
        values.get("failure"),
    )
    return run_id


@pytest_asyncio.fixture
async def started(shelf: Shelf) -> AsyncGenerator[None]:
    """Agents may act again afterwards."""
    yield
    await shelf.shop.done(StartAgents())
    await shelf.shop.done(StartAgents(role="assistant"))


async def test_a_run_is_shown_step_by_step_with_its_prompts(shelf: Shelf, support: Colleague) -> None:
    session, _ = await talk(shelf, f"Do you have a map? {HOSTILE}")
    run_id = await run_of(shelf, session)
    page = await support.get(f"{LIST}/{run_id}")
    assert_whole(page)
    assert HOSTILE in page.text_of(".run-turn")
    phases = await shelf.shop.fetchval("SELECT count(*) FROM runtime.steps WHERE run_id = $1", run_id)
    assert page.count(".timeline-step") == phases > 2
    prompts = await support.get(f"{LIST}/{run_id}/prompts")
    assert_whole(prompts)
    assert "<script>alert" not in prompts.response.text
    assert (await support.get(f"{LIST}?q={run_id}")).path == f"{LIST}/{run_id}"
    assert (await support.get(f"{LIST}?q={session}")).count(".work-table tbody tr") == 1


async def test_a_failed_task_is_tried_again(shelf: Shelf, owner: Colleague) -> None:
    run_id = await task(shelf, "failed", failure="provider")
    page = await owner.get(f"{LIST}/{run_id}")
    again = await owner.submit(page, 'form[action$="/retry"]')
    assert "A worker goes on with it." in again.flashes
    state = await shelf.shop.fetchval("SELECT state FROM runtime.runs WHERE id = $1", run_id)
    assert state in ("ready", "running", "done", "failed")
    job = await shelf.shop.fetchval("SELECT count(*) FROM platform.jobs WHERE key = $1", run_id)
    assert job == 1


async def test_a_waiting_task_is_cancelled_once(shelf: Shelf, owner: Colleague) -> None:
    run_id = await task(shelf, "ready")
    page = await owner.get(f"{LIST}/{run_id}")
    await owner.submit(page, "#cancel form")
    by = await shelf.shop.fetchval("SELECT cancelled_by FROM runtime.runs WHERE id = $1", run_id)
    assert by == owner.id
    assert (await owner.get(f"{LIST}/{run_id}")).count("#cancel") == 0


async def test_support_sees_runs_and_directs_none(shelf: Shelf, support: Colleague) -> None:
    run_id = await task(shelf, "ready")
    page = await support.get(f"{LIST}/{run_id}")
    assert page.count('form[action*="/runs/"]') == 0
    assert (await support.post(f"{LIST}/{run_id}/cancellation", {})).status == 403
    assert await shelf.shop.fetchval("SELECT cancelled_by FROM runtime.runs WHERE id = $1", run_id) is None


async def test_the_stop_switch_stops_one_role_or_all(shelf: Shelf, owner: Colleague, started: None) -> None:
    page = await owner.get(LIST)
    stopped = await owner.submit(page, "#stop-all form", role="assistant", reason="It talks nonsense")
    assert "It talks nonsense" in stopped.text_of(".switch-panel")
    assert await shelf.shop.fetchval("SELECT stopped FROM runtime.switches WHERE role = 'assistant'") is True
    assert await shelf.shop.fetchval("SELECT runtime.may_act('assistant')") is False
    all_stopped = await owner.submit(stopped, "#stop-all form", role="*", reason="Everything")
    assert all_stopped.count("#stop-all") == 0
    for _ in range(2):
        listed = await owner.get(LIST)
        await owner.submit(listed, ".switch-panel form")
    assert await shelf.shop.fetchval("SELECT runtime.may_act('assistant')") is True
    assert (await owner.get(LIST)).count(".switch-panel") == 0


async def test_stopping_needs_a_reason(shelf: Shelf, owner: Colleague) -> None:
    page = await owner.get(LIST)
    refused = await owner.submit(page, "#stop-all form", role="*", reason="")
    assert "Say why they are stopped" in refused.flashes
    assert await shelf.shop.fetchval("SELECT runtime.may_act('assistant')") is True


async def test_a_refused_call_is_judged_and_the_word_replaced(shelf: Shelf, owner: Colleague) -> None:
    run_id = await task(shelf, "done")
    detail = {
        "call": {"id": "call_1", "tool": "change_price"},
        "outcome": {"kind": "refused", "code": "denied_by_policy", "message": HOSTILE, "by": "policy"},
    }
    await shelf.shop.execute(
        "INSERT INTO runtime.steps (run_id, number, phase, name, state, fault, detail, began_at, ended_at) "
        "VALUES ($1, 1, 'act', 'change_price', 'refused', 'rule_violation', $2, now(), now())",
        run_id,
        detail,
    )
    calls = await shelf.shop.fetch("SELECT call_id FROM runtime.refusals WHERE run_id = $1", run_id)
    assert len(calls) == 1
    page = await owner.get(f"{LIST}/refusals")
    assert_whole(page)
    assert "<script>alert" not in page.response.text
    judged = "SELECT was_wrong FROM runtime.judgements WHERE run_id = $1"
    for said, was_wrong in (("wrong", True), ("right", False)):
        fields = {"key": new_id("frm"), "run_id": run_id, "call_id": calls[0]["call_id"], "said": said}
        assert "Noted." in (await owner.post(f"{LIST}/refusals/judgement", fields)).flashes
        assert await shelf.shop.fetchval(judged, run_id) is was_wrong
    unclear = await owner.post(f"{LIST}/refusals/judgement", {**fields, "key": new_id("frm"), "said": "perhaps"})
    assert "rightly or wrongly" in unclear.flashes
    assert await shelf.shop.fetchval(judged, run_id) is False
