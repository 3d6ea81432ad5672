"""Prices, sizes, rates and pauses: the pure parts of the router."""

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from bottega.kernel.errors import Invalid, Unavailable
from bottega.ports import chat_model as port
from bottega.ports.chat_model import (
    AssistantMessage,
    ChatRequest,
    ReplyLost,
    RequestRefused,
    ToolCall,
    ToolResult,
    ToolSpec,
    Usage,
    UserMessage,
)
from bottega.runtime.models.prices import ListedPrice, SetPrice
from bottega.runtime.models.rates import Bucket, Rates
from bottega.runtime.models.retries import pause_before_retry
from bottega.runtime.models.route import Route
from bottega.runtime.models.sizes import likely_input_tokens, most_input_tokens
from tests.runtime.models.workbench import route, scripted


class TestPrices:
    def test_a_set_price_is_rounded_up(self) -> None:
        price = SetPrice(Decimal("0.25"), Decimal("1.25"), Decimal("0.03"))
        # 90 fresh at 0.25, 10 cached at 0.03, 7 written at 1.25: 22.5 + 0.3 + 8.75
        assert price.cost_micros(Usage(100, 7, 10)) == 32

    def test_cached_tokens_cost_the_same_when_nothing_else_is_set(self) -> None:
        assert SetPrice(Decimal(2), Decimal(0)).cost_micros(Usage(100, 0, 40)) == 200

    def test_the_list_knows_the_vendors_models(self) -> None:
        price = ListedPrice("anthropic", "claude-haiku-4-5")
        assert (price.is_known(), price.context_tokens) == (True, 200_000)
        # One dollar per million in, five out (its published price).
        assert price.cost_micros(Usage(1_000, 200)) == 2_000
        assert replace(price, per_dollar=Decimal("0.5")).cost_micros(Usage(1_000, 200)) == 1_000

    def test_the_list_knows_bedrock(self) -> None:
        price = ListedPrice("aws", "eu.amazon.nova-lite-v1:0")
        assert price.cost_micros(Usage(1_000_000, 0)) > 0

    def test_a_model_that_is_not_on_the_list(self) -> None:
        price = ListedPrice("openai", "no-such-model-9")
        assert (price.is_known(), price.cost_micros(Usage(1_000, 1_000)), price.context_tokens) == (False, 0, None)


class TestSizes:
    def test_the_most_is_never_less_than_the_bytes(self) -> None:
        request = ChatRequest(
            (
                UserMessage("Größe?"),
                AssistantMessage("é", (ToolCall("1", "look", {"a": "ü"}),), "note"),
                ToolResult("1", "look", {"units": 2}),
            ),
            tools=(ToolSpec("look", "Looks.", {"type": "object"}),),
            response_schema={"type": "object"},
        )
        written = len("Größe?".encode()) + len("é".encode()) + len("look") + len('{"a":"ü"}'.encode()) + len("note")
        written += len("look") + len('{"units":2}') + len("lookLooks.") + 2 * len('{"type":"object"}')
        assert most_input_tokens(request) == written + 600 + 3 * 8 + 32
        assert likely_input_tokens(request) == round(written / 3.2) + 3 * 8


class TestRates:
    def test_a_bucket_fills_evenly(self) -> None:
        now = [0.0]
        bucket = Bucket(60, lambda: now[0])
        assert [bucket.take(30), bucket.take(30), bucket.take(1)] == [True, True, False]
        now[0] = 10.0
        assert [bucket.take(10), bucket.take(1)] == [True, False]
        now[0] = 1_000.0
        assert [bucket.take(60), bucket.take(1)] == [True, False]

    def test_more_than_a_minutes_worth_waits_for_a_full_bucket(self) -> None:
        now = [0.0]
        bucket = Bucket(60, lambda: now[0])
        assert bucket.take(90)
        now[0] = 60.0
        assert not bucket.take(90)
        now[0] = 90.0
        assert bucket.take(90)

    def test_a_route_has_its_own_buckets(self) -> None:
        rates = Rates(lambda: 0.0)
        one = route("one", "small", scripted(), requests_per_minute=2, tokens_per_minute=100)
        other = route("other", "small", scripted(), requests_per_minute=1)
        assert [rates.allows(one, 60), rates.allows(one, 60)] == [True, False]
        assert [rates.allows(other, 10_000), rates.allows(other, 1)] == [True, False]

    async def test_places_are_waited_for_no_longer_than_asked(self) -> None:
        rates = Rates()
        narrow = route("narrow", "local", scripted(), concurrent_calls=1)
        async with rates.place(narrow, 1.0) as first:
            assert first
            async with rates.place(narrow, 0.05) as second:
                assert not second
            waiting = asyncio.create_task(_enter(rates, narrow))
            await asyncio.sleep(0.01)
        assert await waiting


async def _enter(rates: Rates, narrow: Route) -> bool:
    async with rates.place(narrow, 2.0) as there_is_room:
        return there_is_room


class TestPauses:
    def test_doubles_and_spreads(self) -> None:
        failure = Unavailable(port.OVERLOADED, "no")
        assert pause_before_retry(failure, 1, 30, jitter=lambda: 1.0) == pytest.approx(0.2)
        assert pause_before_retry(failure, 2, 30, jitter=lambda: 1.0) == pytest.approx(0.4)
        assert pause_before_retry(failure, 1, 30, jitter=lambda: 0.0) == pytest.approx(0.1)

    @pytest.mark.parametrize(("asked", "left", "expected"), [(2.0, 30.0, 2.0), (7.0, 60.0, None), (2.0, 5.0, None)])
    def test_waits_as_long_as_the_vendor_says_or_not_at_all(
        self, asked: float, left: float, expected: float | None
    ) -> None:
        failure = Unavailable(port.RATE_LIMITED, "no", retry_after_seconds=asked)
        assert pause_before_retry(failure, 1, left) == expected

    @pytest.mark.parametrize(
        "failure",
        [
            ReplyLost(port.TIMED_OUT, "no"),
            RequestRefused(port.TOO_LONG, "no"),
            Unavailable(port.NOT_PERMITTED, "no"),
            Unavailable(port.QUOTA_EXHAUSTED, "no"),
            ReplyLost(port.TOO_LARGE, "no"),
        ],
    )
    def test_what_would_fail_again_is_not_tried_again(self, failure: Unavailable | Invalid) -> None:
        assert pause_before_retry(failure, 1, 60) is None
