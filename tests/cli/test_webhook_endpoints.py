"""`bottega webhooks endpoints` and `deliveries`: made, listed, shown, replayed, removed."""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from bottega.cli.webhooks import app


@pytest.fixture(autouse=True)
def environment(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", database_url)
    monkeypatch.setenv("BOTTEGA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "200")


async def run(*arguments: str) -> tuple[int, Any]:
    """In a thread, because a command brings an event loop of its own."""
    result = await asyncio.to_thread(CliRunner().invoke, app, [*arguments, "--json"], catch_exceptions=False)
    return result.exit_code, json.loads(result.output)


async def test_from_an_endpoint_to_a_replayed_delivery(database_url: str) -> None:
    code, made = await run("endpoints", "create", "https://example.com/hooks", "--topic", "PlaceOrder")
    assert code == 0
    assert made["secret"].startswith("whsec_")
    connection = await asyncpg.connect(database_url)
    assert await connection.fetchval("SELECT secret FROM platform.webhook_endpoints") == made["secret"]
    assert made["secret"] not in str(await connection.fetch("SELECT * FROM log.entries"))
    delivery = "whd_" + "0" * 26
    await connection.execute(
        "INSERT INTO platform.webhook_deliveries (id, endpoint_id, position, topic, body, state, attempts, "
        "next_attempt_at, last_error, created_at) "
        "VALUES ($1, $2, 7, 'PlaceOrder', '{}', 'dead', 12, now(), 'gone', now())",
        delivery,
        made["endpoint_id"],
    )
    _, listed = await run("endpoints", "list")
    assert [(found["id"], found["dead"]) for found in listed["endpoints"]] == [(made["endpoint_id"], 1)]
    _, dead = await run("deliveries", "list", "--state", "dead")
    assert [found["id"] for found in dead["deliveries"]] == [delivery]
    code, replayed = await run("deliveries", "replay", delivery)
    assert (code, replayed["delivery_id"]) == (0, delivery)
    _, shown = await run("deliveries", "show", delivery)
    assert (shown["state"], shown["attempts"]) == ("waiting", 0)
    assert (await run("endpoints", "remove", made["endpoint_id"]))[0] == 0
    assert await connection.fetchval("SELECT count(*) FROM platform.webhook_deliveries") == 0
    await connection.close()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("endpoints", "create", "http://127.0.0.1/hooks", "--topic", "*"), "address_not_public"),
        (("endpoints", "create", "ftp://example.com/", "--topic", "*"), "bad_webhook_url"),
        (("endpoints", "create", "https://example.com/", "--topic", "NoSuchAction"), "unknown_topics"),
        (("endpoints", "remove", "whe_" + "0" * 26), "no_such_webhook_endpoint"),
        (("deliveries", "replay", "whd_" + "0" * 26), "no_such_delivery"),
        (("deliveries", "show", "whd_" + "0" * 26), "no_such_delivery"),
        (("deliveries", "list", "--state", "lost"), "no_such_state"),
    ],
)
async def test_refusals_say_what_to_do(arguments: tuple[str, ...], code: str) -> None:
    exit_code, answer = await run(*arguments)
    assert exit_code == 1
    assert answer["error"]["code"] == code
    assert answer["error"]["next_step"]
