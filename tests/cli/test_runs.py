"""`bottega runs` and `bottega metrics` on a real shop: what they print, change and refuse."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bottega.cli import command_line, runs
from bottega.kernel.identifiers import new_id
from bottega.runtime.run import Principal
from bottega.runtime.sessions import Message
from bottega.shop.shop_settings import ChangeShopSettings
from tests.shop_fixtures import Shop

OFFICE = Principal("system", "schedule")


@pytest.fixture
def shell(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DATABASE_URL", shop.application.database.dsn)
    monkeypatch.setenv("BOTTEGA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "220")

    async def run(app: Any, *arguments: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, app, arguments, catch_exceptions=False)
        return result.exit_code, result.output

    return run


async def insert_run(shop: Shop, state: str, **columns: Any) -> str:
    """A back-office run as some process has left it."""
    run_id = new_id("run")
    values = {"id": run_id, "role": "office", "state": state, "principal_kind": "system", "principal_id": "schedule"}
    values |= {"task": {}, "created_at": shop.application.clock.now(), **columns}
    names = ", ".join(values)
    places = ", ".join(f"${number}" for number in range(1, len(values) + 1))
    await shop.execute(f"INSERT INTO runtime.runs ({names}) VALUES ({places})", *values.values())
    return run_id


async def test_a_turn_is_listed_and_its_timeline_shown(shop: Shop, shell: Any) -> None:
    runtime = await shop.application.agents.started()
    customer = Principal("customer", new_id("cus"), new_id("cus"))
    await runtime.open_session("chat-1", "assistant", customer)
    turn = await runtime.hear(Message("chat-1", "Hello!", "m1"))
    assert turn.reply is not None
    _, output = await shell(runs.app, "list", "--session", "chat-1", "--json")
    (listed,) = json.loads(output)["runs"]
    assert (listed["id"], listed["role"], listed["state"], listed["turn"]) == (turn.run_id, "assistant", "done", 1)
    assert turn.run_id in (await shell(runs.app, "list"))[1]
    exit_code, output = await shell(runs.app, "show", turn.run_id, "--json")
    told = json.loads(output)
    assert (exit_code, told["turn"]["asked"], told["steps"][-1]["phase"]) == (0, "Hello!", "log")
    _, output = await shell(runs.app, "show", turn.run_id)
    assert "asked    Hello!" in output
    assert f"replied  {turn.reply['text'].splitlines()[0]}" in output


async def test_runs_are_cancelled_and_tried_again(shop: Shop, shell: Any) -> None:
    ready = await insert_run(shop, "ready")
    exit_code, output = await shell(runs.app, "cancel", ready, "--json")
    assert (exit_code, json.loads(output)) == (0, {"run_id": ready, "state": "ready", "cancelled": True})
    assert await shop.fetchval("SELECT cancelled_by FROM runtime.runs WHERE id = $1", ready) == "operator"
    failed = await insert_run(shop, "failed", failure="away", finished_at=shop.application.clock.now())
    exit_code, output = await shell(runs.app, "cancel", failed, "--json")
    assert (exit_code, json.loads(output)["error"]["code"]) == (1, "run_is_over")
    exit_code, output = await shell(runs.app, "retry", failed, "--json")
    assert (exit_code, json.loads(output)) == (0, {"run_id": failed, "state": "ready"})
    exit_code, output = await shell(runs.app, "retry", failed, "--json")
    assert (exit_code, json.loads(output)["error"]["code"]) == (1, "not_to_be_retried")
    jobs = await shop.fetch("SELECT payload FROM platform.jobs WHERE name = 'runtime.advance' ORDER BY id")
    assert [job["payload"] for job in jobs] == [{"run_id": ready}, {"run_id": failed}]
    for command in ("show", "cancel", "retry"):
        exit_code, output = await shell(runs.app, command, "run_unknown", "--json")
        assert (exit_code, json.loads(output)["error"]["code"]) == (1, "no_such_run")


async def test_agents_are_stopped_and_started(shop: Shop, shell: Any) -> None:
    assert (await shell(runs.app, "stop", "Prices look wrong", "--role", "office"))[0] == 0
    assert (await shell(runs.app, "stop", "All of it", "--json"))[1] == '{"role": "*", "stopped": true}\n'
    _, output = await shell(runs.app, "list", "--json")
    assert {role: stop["reason"] for role, stop in json.loads(output)["stopped"].items()} == {
        "*": "All of it",
        "office": "Prices look wrong",
    }
    assert "stopped: office since" in (await shell(runs.app, "list"))[1]
    await shell(runs.app, "start")
    _, output = await shell(runs.app, "list", "--json")
    assert list(json.loads(output)["stopped"]) == ["office"]
    actions = await shop.fetch("SELECT action, actor_id FROM log.entries ORDER BY sequence")
    assert [tuple(entry.values()) for entry in actions] == [
        ("StopAgents", "operator"),
        ("StopAgents", "operator"),
        ("StartAgents", "operator"),
    ]


async def test_the_setting_of_the_shop_stops_agents_too(shop: Shop, shell: Any) -> None:
    await shop.done(ChangeShopSettings(values={"agents_stopped": True}))
    _, output = await shell(runs.app, "list", "--json")
    assert list(json.loads(output)["stopped"]) == ["*"]
    await shop.done(ChangeShopSettings(values={"agents_stopped": False}))
    _, output = await shell(runs.app, "list", "--json")
    assert json.loads(output)["stopped"] == {}


async def test_metrics_are_shown_and_their_targets_set(shop: Shop, shell: Any) -> None:
    app = command_line("metrics")
    exit_code, output = await shell(app, "metrics", "--json")
    found = {metric["metric"]: metric for metric in json.loads(output)["metrics"]}
    assert (exit_code, found["ungrounded"]["target"], found["ungrounded"]["is_missed"]) == (0, 3.0, False)
    assert found["ungrounded"]["value"] is None
    assert (await shell(app, "metrics", "ungrounded", "--target", "1.5"))[0] == 0
    assert await shop.fetchval("SELECT target FROM runtime.targets WHERE metric = 'ungrounded'") == 1.5
    assert "≤ 1.5" in (await shell(app, "metrics"))[1]
    for arguments, code in (
        (("ungrounded",), "target_unclear"),
        (("nothing", "--target", "1"), "no_such_metric"),
        (("ungrounded", "--target", "many"), "bad_target"),
    ):
        exit_code, output = await shell(app, "metrics", *arguments, "--json")
        assert (exit_code, json.loads(output)["error"]["code"]) == (1, code)


async def test_refusals_are_listed_and_judged(shop: Shop, shell: Any) -> None:
    assert json.loads((await shell(runs.app, "refusals", "--json"))[1]) == {"refusals": []}
    run_id = await insert_run(shop, "done", finished_at=shop.application.clock.now())
    detail = {
        "call": {"id": "c1", "tool": "reprice_good"},
        "outcome": {"by": "policy", "code": "denied_by_policy", "message": "No."},
    }
    await shop.execute(
        "INSERT INTO runtime.steps (run_id, number, phase, name, state, fault, detail, began_at) "
        "VALUES ($1, 1, 'act', 'reprice_good', 'refused', 'rule_violation', $2, now())",
        run_id,
        detail,
    )
    assert (await shell(runs.app, "judge", run_id, "c1", "--wrong"))[0] == 0
    (refusal,) = json.loads((await shell(runs.app, "refusals", "--json"))[1])["refusals"]
    assert (refusal["tool"], refusal["code"], refusal["was_wrong"]) == ("reprice_good", "denied_by_policy", True)
    assert "wrong" in (await shell(runs.app, "refusals"))[1]
    exit_code, output = await shell(runs.app, "judge", run_id, "c2", "--right", "--json")
    assert (exit_code, json.loads(output)["error"]["code"]) == (1, "no_such_refusal")
