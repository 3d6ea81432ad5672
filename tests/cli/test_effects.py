"""`bottega effects` and `bottega webhooks inbox` on a real shop: what they print, change and refuse."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bottega.cli import effects, webhooks
from tests.gateway.checkout import Buyer, open_counter
from tests.shop_fixtures import Shop


@pytest.fixture
def shell(shop: Shop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("DATABASE_URL", shop.application.database.dsn)
    monkeypatch.setenv("BOTTEGA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "220")

    async def run(app: Any, *arguments: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, app, arguments, catch_exceptions=False)
        return result.exit_code, result.output

    return run


async def test_a_dead_effect_is_listed_shown_requeued_and_given_up(shop: Shop, shell: Any) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    await buyer.pay(order_id, "unavailable_twice")
    await shop.execute("UPDATE log.effects SET state = 'dead' WHERE kind = 'payment.authorise'")
    _, output = await shell(effects.app, "list", "--state", "dead", "--json")
    (effect,) = json.loads(output)["effects"]
    assert (effect["kind"], effect["last_error"]) == ("payment.authorise", "The sandbox is away.")
    assert effect["id"] in (await shell(effects.app, "list"))[1]
    assert "The sandbox is away." in (await shell(effects.app, "show", effect["id"]))[1]
    exit_code, output = await shell(effects.app, "requeue", effect["id"], "--json")
    assert (exit_code, json.loads(output)["state"]) == (0, "unknown")
    exit_code, output = await shell(effects.app, "requeue", effect["id"], "--json")
    assert (exit_code, json.loads(output)["error"]["code"]) == (1, "effect_state")
    await shop.execute("UPDATE log.effects SET state = 'dead' WHERE kind = 'payment.authorise'")
    assert "is cancelled" in (await shell(effects.app, "cancel", effect["id"], "--reason", "paid in cash"))[1]
    assert await shop.fetchval("SELECT status FROM shop.payments") == "declined"


async def test_what_does_not_exist_is_refused(shell: Any) -> None:
    exit_code, output = await shell(effects.app, "show", "eff_00000000000000000000000000", "--json")
    assert (exit_code, json.loads(output)["error"]["code"]) == (1, "no_such_effect")
    assert json.loads((await shell(effects.app, "list", "--state", "lost", "--json"))[1])["error"]["code"] == (
        "no_such_state"
    )
    exit_code, output = await shell(webhooks.app, "inbox", "show", "stripe", "evt_1", "--json")
    assert (exit_code, json.loads(output)["error"]["code"]) == (1, "no_such_event")


async def test_a_dead_event_of_the_inbox_is_worked_off_again(shop: Shop, shell: Any) -> None:
    await shop.execute(
        "INSERT INTO platform.webhook_inbox (provider, event_id, kind, body, state, last_error, received_at) "
        "VALUES ('sandbox', 'evt_1', 'payment', $1, 'dead', 'more_than_asked: …', now())",
        {"payment_id": None, "payment_reference": "sbp_of_another_shop", "refund_id": None},
    )
    _, output = await shell(webhooks.app, "inbox", "list", "--state", "dead", "--json")
    assert [event["event_id"] for event in json.loads(output)["events"]] == ["evt_1"]
    assert "evt_1" in (await shell(webhooks.app, "inbox", "list"))[1]
    exit_code, output = await shell(webhooks.app, "inbox", "requeue", "sandbox", "evt_1", "--json")
    assert (exit_code, json.loads(output)["state"]) == (0, "done")
    exit_code, output = await shell(webhooks.app, "inbox", "requeue", "sandbox", "evt_1", "--json")
    assert (exit_code, json.loads(output)["error"]["code"]) == (1, "event_not_dead")
