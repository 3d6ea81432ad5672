"""The router within its limits: what may be spent, and which routes are left alone."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bottega.connectors.sandbox.chat_model import Fault, ScriptedChatModel, Slowly
from bottega.ports.chat_model import (
    ChatReply,
    Usage,
)
from bottega.runtime.models.budgets import BudgetLimits, PeriodLimits
from bottega.runtime.models.prices import UNKNOWN
from tests.runtime.models.workbench import (
    ABLE,
    CALL,
    QUESTION,
    Workbench,
    ladder_of,
    route,
    says,
    scripted,
)

ANSWERED = ("haiku", "answered", "ok")


class TestMoney:
    async def test_an_empty_budget_leads_to_what_is_free(self, bench: Workbench) -> None:
        bench.limits = BudgetLimits(PeriodLimits(1_000))
        router = bench.router(
            route("haiku", "small", scripted(says("a", Usage(50, 20)))), route("llama", "local", scripted(says("b")))
        )
        # At most some 620 bytes and overhead of input, and 100 tokens of output at four: about 1,080.
        assert ladder_of(await router.complete(CALL, QUESTION)) == [
            ("haiku", "passed_over", "over_budget shop/day/2026-11-29"),
            ("llama", "answered", "ok"),
        ]

    async def test_what_is_left_over_can_be_spent(self, bench: Workbench) -> None:
        bench.limits = BudgetLimits(PeriodLimits(1_500))
        turns = [says("a", Usage(50, 20))] * 9
        router = bench.router(route("haiku", "small", scripted(*turns)))
        levels = [(await router.complete(CALL, QUESTION)).level for _ in range(6)]
        assert levels[:3] == ["small", "small", "small"]
        assert levels[-1] == "offline"
        spent = levels.count("small") * (50 + 20 * 4)
        assert await bench.accounts() == {"shop/day/2026-11-29": (spent, 0)}

    async def test_a_lost_reply_costs_what_was_put_aside(self, bench: Workbench) -> None:
        bench.limits = BudgetLimits(PeriodLimits(100_000))
        router = bench.router(route("haiku", "small", scripted(Fault("cut_off")), tries=1))
        reply = await router.complete(CALL, QUESTION)
        (line,) = await bench.calls()
        assert reply.cost_micros == line["cost_micros"] == line["attempts"][0]["cost_micros"] > 1_000
        assert line["cost_is_estimate"]
        assert await bench.accounts() == {"shop/day/2026-11-29": (reply.cost_micros, 0)}

    async def test_a_filter_that_tells_no_tokens_costs_what_was_put_aside(self, bench: Workbench) -> None:
        bench.limits = BudgetLimits(PeriodLimits(100_000))
        router = bench.router(route("haiku", "small", scripted(Fault("filtered"))))
        assert (await router.complete(CALL, QUESTION)).cost_micros > 1_000

    async def test_a_failure_that_was_not_answered_costs_nothing(self, bench: Workbench) -> None:
        bench.limits = BudgetLimits(PeriodLimits(100_000))
        router = bench.router(route("haiku", "small", scripted(Fault("overloaded")), tries=1))
        assert (await router.complete(CALL, QUESTION)).cost_micros == 0
        assert await bench.accounts() == {"shop/day/2026-11-29": (0, 0)}
        assert not (await bench.calls())[0]["cost_is_estimate"]

    async def test_usage_that_is_not_reported_is_counted_as_likely(self, bench: Workbench) -> None:
        model = ScriptedChatModel([], capabilities=ABLE)

        async def complete(request: Any, *, limits: Any = None) -> ChatReply:
            return ChatReply("Thirty days.")

        model.complete = complete
        reply = await bench.router(route("haiku", "small", model)).complete(CALL, QUESTION)
        assert reply.reply.usage.input_tokens > 10
        assert reply.cost_micros == reply.reply.usage.input_tokens + 4 * reply.reply.usage.output_tokens
        assert (await bench.calls())[0]["cost_is_estimate"]

    async def test_an_unknown_price_and_a_budget_do_not_go_together(self, bench: Workbench) -> None:
        bench.limits = BudgetLimits(PeriodLimits(100_000))
        router = bench.router(route("novel", "small", scripted(), price=UNKNOWN))
        assert ladder_of(await router.complete(CALL, QUESTION))[0] == ("novel", "passed_over", "price_unknown")

    async def test_without_a_database_nothing_is_spent_and_the_turn_is_answered(self, bench: Workbench) -> None:
        bench.limits = BudgetLimits(PeriodLimits(100_000))
        haiku = scripted()
        router = bench.router(route("haiku", "small", haiku), route("llama", "local", scripted(says("Thirty days."))))
        await bench.database.close()
        reply = await router.complete(CALL, QUESTION)
        assert ladder_of(reply) == [("haiku", "passed_over", "budget_unreachable"), ("llama", "answered", "ok")]
        assert haiku.requests == []


class TestBreaker:
    async def test_a_route_that_is_down_is_left_alone_and_comes_back(self, bench: Workbench) -> None:
        down = scripted(*[Fault("overloaded")] * 5, says("I am back."), says("Still here."))
        router = bench.router(route("haiku", "small", down, tries=1))
        for _ in range(5):
            assert (await router.complete(CALL, QUESTION)).level == "offline"
        reply = await router.complete(CALL, QUESTION)
        assert ladder_of(reply)[0] == ("haiku", "passed_over", "breaker_open")
        assert len(down.requests) == 5
        bench.clock.advance(timedelta(seconds=6))
        assert (await router.complete(CALL, QUESTION)).reply.text == "I am back."
        assert (await router.complete(CALL, QUESTION)).reply.text == "Still here."

    async def test_a_route_full_of_calls_is_passed_over(self, bench: Workbench) -> None:
        slow = scripted(Slowly(says("a"), first_seconds=2.0))
        router = bench.router(
            route("haiku", "small", slow, concurrent_calls=1), route("llama", "local", scripted(says("b")))
        )
        first = asyncio.create_task(router.complete(CALL, QUESTION))
        await asyncio.sleep(0.2)
        reply = await router.complete(replace(CALL, latency_target_seconds=0.6), QUESTION)
        assert ladder_of(reply) == [("haiku", "passed_over", "busy"), ("llama", "answered", "ok")]
        assert (await first).route == "haiku"

    async def test_a_rate_limit_of_the_settings(self, bench: Workbench) -> None:
        router = bench.router(route("haiku", "small", scripted(says("a")), requests_per_minute=1))
        assert (await router.complete(CALL, QUESTION)).level == "small"
        assert ladder_of(await router.complete(CALL, QUESTION))[0] == ("haiku", "passed_over", "rate_limit")
