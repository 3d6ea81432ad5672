"""Several processes at once, real ones: breakers and budgets are common to all, and a killed one frees no money."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bottega.connectors.sandbox.chat_model import Fault, Slowly
from bottega.ports.chat_model import ChatReply, Usage
from tests.fakes.model_formats import OpenAIFormat
from tests.fakes.model_server import ModelServer, model_server
from tests.runtime.models.workbench import Workbench

pytestmark = pytest.mark.slow

SCRIPT = "tests.runtime.models.one_process"
ANSWER = ChatReply("Two are left.", usage=Usage(40, 20))
# At one and four millionths per token.
COST_MICROS = 40 + 20 * 4


@pytest.fixture
async def server() -> AsyncGenerator[ModelServer]:
    async with model_server(OpenAIFormat()) as running:
        yield running


def models(server: ModelServer, **rest: Any) -> dict[str, Any]:
    haiku = {
        "name": "haiku",
        "provider": "openai",
        "level": "small",
        "model": "example",
        "base_url": f"{server.url}/v1",
        "price": {"input": 1, "output": 4},
        "tries": 1,
        "concurrent_calls": 300,
    }
    return {"routes": [haiku], **rest}


async def start(dsn: str, name: str, calls: int, order: dict[str, Any]) -> asyncio.subprocess.Process:
    said = json.dumps({"dsn": dsn, "name": name, "calls": calls, "models": order})
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", SCRIPT, said, stdout=asyncio.subprocess.PIPE, limit=10_000_000
    )


async def ladders(process: asyncio.subprocess.Process) -> list[Any]:
    output, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0
    # The log, if it says anything, comes first.
    found: list[Any] = json.loads(output.splitlines()[-1])
    return found


async def test_a_breaker_that_one_opens_holds_for_the_other(
    bench: Workbench, models_database_url: str, server: ModelServer
) -> None:
    server.answers = lambda _: Fault("overloaded")
    order = models(server, breakers={"failures": 3, "first_rest_seconds": 60})
    first = await ladders(await start(models_database_url, "first", 3, order))
    assert all(ladder[0] == ["haiku", "failed", "model_overloaded"] for ladder in first)
    second = await ladders(await start(models_database_url, "second", 4, order))
    assert [ladder[0] for ladder in second] == [["haiku", "passed_over", "breaker_open"]] * 4
    assert all(ladder[-1] == ["offline", "answered", "ok"] for ladder in first + second)
    assert len(server.requests) == 3


async def test_one_process_probes_for_all(bench: Workbench, models_database_url: str, server: ModelServer) -> None:
    server.answers = lambda _: Fault("overloaded")
    order = models(server, breakers={"failures": 1, "first_rest_seconds": 0.2})
    await ladders(await start(models_database_url, "first", 1, order))
    asked_before = len(server.requests)
    await asyncio.sleep(0.3)
    server.answers = lambda _: Slowly(ANSWER, piece_seconds=3.0)
    both = [await start(models_database_url, name, 10, order) for name in ("second", "third")]
    found = [ladder for process in both for ladder in await ladders(process)]
    outcomes = Counter(tuple(ladder[0]) for ladder in found)
    # Whoever came while the probe was on its way answered without the route; nobody else asked it meanwhile.
    assert len(server.requests) - asked_before == outcomes["haiku", "answered", "ok"]
    assert outcomes["haiku", "passed_over", "breaker_open"] >= 9
    breaker = await bench.breaker("haiku")
    assert breaker is not None
    assert (breaker["state"], breaker["probing_by"]) == ("closed", None)


async def test_two_processes_do_not_pass_a_budget(
    bench: Workbench, models_database_url: str, server: ModelServer
) -> None:
    server.answers = lambda _: Slowly(ANSWER, piece_seconds=0.05)
    limit_micros = 6_000
    order = models(server, budgets={"shop": {"month": limit_micros / 1_000_000}})
    both = [await start(models_database_url, name, 100, order) for name in ("one", "two")]
    found = [ladder for process in both for ladder in await ladders(process)]
    assert len(found) == 200
    answered = sum(ladder[0] == ["haiku", "answered", "ok"] for ladder in found)
    assert answered == len(server.requests)
    ((spent, reserved),) = (await bench.accounts()).values()
    assert (spent, reserved) == (answered * COST_MICROS, 0)
    assert 0 < spent <= limit_micros
    assert all(ladder[-1][0] == "offline" for ladder in found if ladder[0][1] == "passed_over")


async def test_a_killed_process_leaves_its_reservation_as_spent(
    bench: Workbench, models_database_url: str, server: ModelServer
) -> None:
    server.answers = lambda _: Fault("silent")
    process = await start(models_database_url, "dead", 2, models(server, budgets={"shop": {"month": 1}}))
    await asyncio.wait_for(server.has_been_asked(2), 60)
    process.kill()
    await process.communicate()
    ((spent, reserved),) = (await bench.accounts()).values()
    assert spent == 0
    assert reserved > 0
    # Nobody has written the call down, but its money is not free.
    assert await bench.calls() == []
    bench.clock.set_to(datetime.now(UTC) + timedelta(minutes=1))
    assert await bench.tend("reservations_expired") == 0
    bench.clock.advance(timedelta(minutes=6))
    assert await bench.tend("reservations_expired") == 2
    assert list((await bench.accounts()).values()) == [(reserved, 0)]
    assert len(await bench.reservations()) == 2
