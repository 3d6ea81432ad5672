"""Two hundred runs at once over vendors that fail in every way: no turn is lost, and the budget is never passed."""

import asyncio
import importlib
import random
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from bottega.bootstrap.models import routes_of
from bottega.connectors.sandbox.chat_model import Fault, FaultKind, Slowly
from bottega.ports.chat_model import ChatReply, ToolCall, ToolSpec, Usage
from bottega.runtime.models.breakers import BreakerPolicy
from bottega.runtime.models.budgets import BudgetLimits, PeriodLimits
from bottega.runtime.models.call import RoutedReply, StartedOver
from bottega.runtime.models.models_file import ModelsFile
from bottega.runtime.models.router import Router
from tests.fakes.model_formats import AnthropicFormat, OpenAIFormat
from tests.fakes.model_server import Answer, ModelServer, model_server
from tests.runtime.models.workbench import CALL, QUESTION, Workbench

pytestmark = pytest.mark.slow

RUNS = 200
LIMIT_MICROS = 250_000
RUN_MICROS = 30_000
PRICES = {"opus": (5, 25), "haiku": (1, 5), "llama": (0, 0)}
LOOK = ToolSpec("look", "Looks.", {"type": "object", "properties": {"sku": {"type": "string"}}})
FAULTS: tuple[FaultKind, ...] = (
    "overloaded",
    "rate_limited",
    "cut_off",
    "truncated",
    "garbage",
    "bad_tool_call",
    "empty",
    "filtered",
    "silent",
    "silent_after_beginning",
)


class Bill:
    """What a vendor would charge: every reply it began, at the size it had."""

    def __init__(self, name: str, seed: int, *, faulty: float) -> None:
        self.name = name
        self.chance = random.Random(seed)
        self.faulty = faulty
        self.micros = 0
        self.served = 0

    def __repr__(self) -> str:
        return f"{self.name} served {self.served} for {self.micros}"

    def answer(self, _: Any) -> Answer:
        self.served += 1
        if self.chance.random() < self.faulty:
            kind = self.chance.choice(FAULTS)
            if kind in ("cut_off", "truncated", "bad_tool_call", "empty", "filtered", "silent_after_beginning"):
                self._charge(Usage(9, 9))
            return Fault(kind, retry_after_seconds=0.2 if kind == "rate_limited" else None)
        usage = Usage(self.chance.randint(40, 120), self.chance.randint(5, 60))
        self._charge(usage)
        if self.chance.random() < 0.3:
            return ChatReply("", (ToolCall("c1", "look", {"sku": "T"}),), usage, "tool_calls")
        return Slowly(ChatReply("Two tents are left in the shop.", usage=usage), piece_seconds=0.005)

    def _charge(self, usage: Usage) -> None:
        into, out = PRICES[self.name]
        self.micros += usage.input_tokens * into + usage.output_tokens * out


def models(servers: dict[str, ModelServer]) -> ModelsFile:
    def a_route(name: str, provider: str, level: str, path: str) -> dict[str, Any]:
        into, out = PRICES[name]
        return {
            "name": name,
            "provider": provider,
            "level": level,
            "model": "example-model-1",
            "base_url": servers[name].url + path,
            "key_env": "KEY",
            "price": {"input": Decimal(into), "output": Decimal(out)},
            "connect_seconds": 10,
            "total_seconds": 4,
            "first_token_seconds": 2,
            "concurrent_calls": RUNS,
        }

    return ModelsFile.model_validate(
        {
            "routes": [
                a_route("opus", "anthropic", "large", ""),
                a_route("haiku", "openai", "small", "/v1"),
                a_route("llama", "compatible", "local", "/v1"),
            ],
        }
    )


async def run(router: Router, number: int) -> RoutedReply:
    request = replace(QUESTION, tools=(LOOK,))
    call = replace(
        CALL,
        run_id=f"run_{number}",
        parent_run_ids=(f"run_parent_{number % 10}",),
        latency_target_seconds=15.0,
    )
    if number % 2:
        return await router.complete(call, request)
    items: list[Any] = [item async for item in router.stream(call, request)]
    assert isinstance(items[-1], RoutedReply)
    last_start = max((place for place, item in enumerate(items) if isinstance(item, StartedOver)), default=-1)
    said = "".join(getattr(item, "text", "") for item in items[last_start + 1 : -1])
    assert said == items[-1].reply.text
    return items[-1]


def no_turn_is_lost(replies: list[RoutedReply], lines: dict[str, dict[str, Any]]) -> None:
    """Everybody was answered, and the whole ladder stands in the record of each."""
    assert len(replies) == len(lines) == RUNS
    for reply in replies:
        assert reply.reply.text or reply.reply.tool_calls
        attempts = lines[reply.call_id]["attempts"]
        told = [tuple(attempt[part] for part in ("route", "outcome", "reason")) for attempt in attempts]
        assert told == [(attempt.route, attempt.outcome, attempt.reason) for attempt in reply.attempts]
        assert told[-1] == (reply.route, "answered", "ok")


def our_books_hold(
    accounts: dict[str, tuple[int, int]], lines: dict[str, dict[str, Any]], bills: dict[str, Bill]
) -> None:
    """They never say less than the vendors' bill, and neither passes a limit."""
    spent, reserved = accounts["shop/day/2026-11-29"]
    assert reserved == 0
    assert spent == sum(line["cost_micros"] for line in lines.values())
    assert accounts["role/assistant/day/2026-11-29"] == (spent, 0)
    assert sum(bill.micros for bill in bills.values()) <= spent <= LIMIT_MICROS
    assert all(total <= RUN_MICROS for account, (total, _) in accounts.items() if account.startswith("run/"))


async def test_no_turn_is_lost_and_no_budget_is_passed(bench: Workbench) -> None:
    bench.limits = BudgetLimits(PeriodLimits(LIMIT_MICROS), {"assistant": PeriodLimits(LIMIT_MICROS)}, RUN_MICROS)
    bench.breaker_policy = BreakerPolicy(failures=20, first_rest_seconds=0.2, read_again_seconds=0.2)
    bills = {
        "opus": Bill("opus", 1, faulty=0.5),
        "haiku": Bill("haiku", 2, faulty=0.3),
        "llama": Bill("llama", 3, faulty=0.6),
    }
    async with AsyncExitStack() as stack:
        servers: dict[str, ModelServer] = {}
        for name, form in (("opus", AnthropicFormat()), ("haiku", OpenAIFormat()), ("llama", OpenAIFormat())):
            servers[name] = await stack.enter_async_context(model_server(form))
            servers[name].answers = bills[name].answer
        for connector in ("anthropic", "openai"):
            # Loading a vendor's package takes longer than a call may, on a busy machine.
            importlib.import_module(f"bottega.connectors.models.{connector}")
        router = bench.router(*routes_of(models(servers), {"KEY": "key-of-the-tests"}))
        stack.push_async_callback(router.close)
        replies = await asyncio.gather(*(run(router, number) for number in range(RUNS)))

    lines = {line["id"]: line for line in await bench.calls()}
    no_turn_is_lost(replies, lines)
    our_books_hold(await bench.accounts(), lines, bills)
    assert await bench.reservations() == []
    # It was no walk in the park: the ladder was needed, every vendor was asked, and the money did run out.
    reasons = Counter(attempt.reason.split()[0] for reply in replies for attempt in reply.attempts)
    levels = Counter(reply.level for reply in replies)
    assert all(bill.served > 10 for bill in bills.values()), (bills, reasons)
    assert reasons["over_budget"] > 0
    assert levels["offline"] > 0
    assert levels["large"] > 0
    assert sum(times for reason, times in reasons.items() if reason.startswith("model_")) > RUNS / 4
