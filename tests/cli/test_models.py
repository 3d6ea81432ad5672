"""`bottega models` on a real database and a local server: what it lists, asks, sums up and corrects."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from bottega.cli import models
from bottega.connectors.sandbox.chat_model import Fault
from bottega.platform.clock import SystemClock
from bottega.platform.database.pool import Database
from bottega.ports import chat_model as port
from bottega.ports.chat_model import ChatReply, Usage
from bottega.runtime.models.breakers import Breakers
from bottega.runtime.models.budgets import BudgetLimits, Budgets, PeriodLimits
from bottega.runtime.models.call import ModelCall
from bottega.runtime.models.jobs import tend
from tests.fakes.model_formats import OpenAIFormat
from tests.fakes.model_server import ModelServer, model_server

MODELS = """
[[routes]]
name = "haiku"
provider = "compatible"
level = "small"
model = "example"
base_url = "{url}/v1"
key_env = "HAIKU_KEY"
price = {{ input = 1.0, output = 5.0 }}

[[routes]]
name = "novel"
provider = "openai"
level = "large"
model = "no-such-model-9"
key_env = "NOVEL_KEY"

[budgets.shop]
day = 0.001
"""


@pytest.fixture
async def server() -> AsyncGenerator[ModelServer]:
    async with model_server(OpenAIFormat()) as running:
        yield running


@pytest.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    opened = await Database.open(database_url, writers=2, readers=2)
    yield opened
    await opened.close()


@pytest.fixture
def shell(server: ModelServer, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    path = tmp_path / "models.toml"
    path.write_text(MODELS.format(url=server.url), encoding="utf-8")
    for name, value in {
        "DATABASE_URL": database_url,
        "BOTTEGA_DATA_DIR": str(tmp_path),
        "BOTTEGA_MODELS": str(path),
        "HAIKU_KEY": "sk-of-the-tests",
        "COLUMNS": "220",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NOVEL_KEY", raising=False)

    async def run(*arguments: str) -> tuple[int, str]:
        result = await asyncio.to_thread(CliRunner().invoke, models.app, arguments, catch_exceptions=False)
        return result.exit_code, result.output

    return run


async def test_lists_routes_and_never_a_key(shell: Any, server: ModelServer) -> None:
    exit_code, output = await shell("list", "--json")
    listed = json.loads(output)
    assert (exit_code, listed["currency"]) == (0, "USD")
    assert [(route["name"], route["level"], route["price"]) for route in listed["routes"]] == [
        ("haiku", "small", "1.0 / 5.0"),
        ("novel", "large", "unknown"),
        ("offline", "offline", "0 / 0"),
    ]
    assert [route.get("key") for route in listed["routes"]] == ["HAIKU_KEY is set", "NOVEL_KEY IS MISSING", None]
    shown = (await shell("list"))[1]
    assert f"{server.url}/v1" in shown
    assert "sk-of-the-tests" not in shown + output


async def test_asks_each_route_for_a_word(shell: Any, server: ModelServer, database: Database) -> None:
    server.will(ChatReply("ready", usage=Usage(10, 2)))
    exit_code, output = await shell("test", "haiku", "--json")
    (answer,) = json.loads(output)["routes"]
    assert (exit_code, answer["route"], answer["outcome"], answer["cost_micros"]) == (0, "haiku", "ok", 20)
    server.will(Fault("not_permitted"))
    exit_code, output = await shell("test", "haiku")
    assert exit_code == 1
    assert "model_not_permitted" in output
    assert "refuses the key" in output
    async with database.read() as connection:
        lines = await connection.fetch("SELECT role, intent, outcome, cost_micros FROM runtime.model_calls ORDER BY id")
    assert [tuple(line) for line in lines] == [("operator", "test", "answered", 20), ("operator", "test", "failed", 0)]


async def test_an_unknown_route(shell: Any) -> None:
    exit_code, output = await shell("test", "opus", "--json")
    assert (exit_code, json.loads(output)["error"]["code"]) == (1, "no_such_route")


async def test_sums_up_what_was_spent(shell: Any, server: ModelServer) -> None:
    server.will(ChatReply("ready", usage=Usage(10, 2)), Fault("overloaded"))
    await shell("test", "haiku")
    await shell("test", "haiku")
    _, output = await shell("spend", "--json")
    found = json.loads(output)
    assert [(row["role"], row["route"], row["calls"], row["cost_micros"]) for row in found["calls"]] == [
        ("operator", "haiku", 1, 20),
        ("operator", "nobody", 1, 0),
    ]
    assert [(row["route"], row["outcome"], row["reason"], row["times"]) for row in found["attempts"]] == [
        ("haiku", "answered", "ok", 1),
        ("haiku", "failed", "model_overloaded", 1),
    ]
    assert "0.000020 USD" in (await shell("spend", "--days", "7"))[1]


async def test_an_expired_reservation_is_listed_and_corrected(shell: Any, database: Database) -> None:
    class Earlier:
        def now(self) -> datetime:
            return datetime.now(UTC) - timedelta(minutes=6)

    limits = BudgetLimits(PeriodLimits(month_micros=1_000))
    await Budgets(database, Earlier(), limits).reserve(
        "mat_dead", ModelCall("chat", "assistant"), call_id="mcl_1", route="haiku", amount_micros=700, seconds=1
    )
    await tend(database, datetime.now(UTC))
    _, output = await shell("spend", "--json")
    found = json.loads(output)
    assert [(row["id"], row["amount_micros"]) for row in found["expired"]] == [("mat_dead", 700)]
    (account,) = found["accounts"]
    assert (account["limit_micros"], account["spent_micros"], account["reserved_micros"]) == (1_000, 700, 0)
    assert "mat_dead" in (await shell("spend"))[1]
    assert (await shell("reconcile", "mat_dead", "--cost", "0.00005"))[0] == 0
    (account,) = json.loads((await shell("spend", "--json"))[1])["accounts"]
    assert account["spent_micros"] == 50
    exit_code, output = await shell("reconcile", "mat_dead", "--cost", "0", "--json")
    assert (exit_code, json.loads(output)["error"]["code"]) == (1, "no_such_reservation")


async def test_a_breaker_is_listed_and_closed(shell: Any, database: Database) -> None:
    await Breakers(database, SystemClock()).failed("haiku", port.NOT_PERMITTED, "closed")
    (breaker,) = json.loads((await shell("breakers", "--json"))[1])["breakers"]
    assert (breaker["route"], breaker["state"], breaker["last_code"]) == ("haiku", "open", port.NOT_PERMITTED)
    assert "open" in (await shell("breakers"))[1]
    assert json.loads((await shell("breakers", "--close", "haiku", "--json"))[1]) == {"breakers": []}
    exit_code, output = await shell("breakers", "--close", "haiku")
    assert exit_code == 1
    assert "no_such_breaker" in output


async def test_a_file_that_is_wrong(shell: Any, tmp_path: Path) -> None:
    (tmp_path / "models.toml").write_text("[[routes]]\nname = 3\n", encoding="utf-8")
    exit_code, output = await shell("list", "--json")
    assert exit_code == 1
    assert json.loads(output)["error"]["code"] == "bad_models_file"
