"""The router: who answers, what is tried before, and what is written down about it."""

import asyncio
import time
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bottega.connectors.sandbox.chat_model import Fault, ScriptedChatModel, Slowly
from bottega.ports import chat_model as port
from bottega.ports.chat_model import (
    CallLimits,
    ChatReply,
    ModelCapabilities,
    RequestRefused,
    TextDelta,
    Usage,
)
from bottega.runtime.models.budgets import BudgetLimits, PeriodLimits
from bottega.runtime.models.call import NoModelAnswered, RoutedReply, StartedOver
from tests.runtime.models.workbench import (
    ABLE,
    CALL,
    NOW,
    QUESTION,
    Workbench,
    ladder_of,
    offline,
    route,
    says,
    scripted,
    steps,
)

ANSWERED = ("haiku", "answered", "ok")
CHAT: dict[str, Any] = {"chat": ("large", "small", "local")}


async def streamed(router: Any, call: Any = CALL, request: Any = QUESTION) -> list[Any]:
    return [item async for item in router.stream(call, request)]


async def test_the_first_rung_answers_and_is_written_down(bench: Workbench) -> None:
    router = bench.router(route("opus", "large", scripted(says("Thirty days.", Usage(60, 10, 20)))))
    reply = await router.complete(CALL, QUESTION)
    assert (reply.reply.text, reply.route, reply.level) == ("Thirty days.", "opus", "large")
    assert reply.reason == "chat: begins at large"
    assert ladder_of(reply) == [("opus", "answered", "ok")]
    # 60 tokens in and 10 out, at one and four millionths.
    assert (reply.cost_micros, reply.currency, reply.cache_hit) == (100, "USD", None)
    (line,) = await bench.calls()
    assert line["id"] == reply.call_id
    assert (line["run_id"], line["role"], line["intent"], line["outcome"]) == ("run_1", "assistant", "chat", "answered")
    assert (line["route"], line["level"], line["model"]) == ("opus", "large", "scripted")
    assert (line["input_tokens"], line["output_tokens"], line["cached_input_tokens"]) == (60, 10, 20)
    assert (line["cost_micros"], line["cost_is_estimate"], line["began_at"]) == (100, False, NOW)
    assert (line["attempts"][0]["route"], line["attempts"][0]["cost_micros"]) == ("opus", 100)
    assert (line["error_code"], line["streamed"], line["first_token_milliseconds"]) == (None, False, None)
    assert "days" not in str(line).replace("NOW", "")


async def test_without_routes_the_offline_engine_answers(bench: Workbench) -> None:
    reply = await bench.router().complete(CALL, QUESTION)
    assert (reply.reply.text, reply.level, reply.cost_micros) == ("The offline engine answers.", "offline", 0)
    (line,) = await bench.calls()
    assert (line["route"], line["cost_micros"], line["reason"]) == ("offline", 0, "chat: the last rung")


async def test_the_ladder_down_to_the_offline_engine_is_visible(bench: Workbench) -> None:
    router = bench.router(
        route("opus", "large", scripted(Fault("overloaded"), Fault("overloaded"))),
        route("haiku", "small", scripted(Fault("not_permitted"))),
        route("llama", "local", scripted(Fault("garbage"), Fault("empty"))),
    )
    reply = await router.complete(CALL, QUESTION)
    assert reply.level == "offline"
    assert reply.reason == "chat: the last rung, after llama: model_empty"
    assert ladder_of(reply) == [
        ("opus", "failed", port.OVERLOADED),
        ("opus", "failed", port.OVERLOADED),
        ("haiku", "failed", port.NOT_PERMITTED),
        ("llama", "failed", port.UNREADABLE),
        ("llama", "failed", port.EMPTY),
        ("offline", "answered", "ok"),
    ]
    (line,) = await bench.calls()
    assert [(attempt["route"], attempt["outcome"], attempt["reason"]) for attempt in line["attempts"]] == ladder_of(
        reply
    )


async def test_a_second_try_may_answer(bench: Workbench) -> None:
    router = bench.router(route("haiku", "small", scripted(Fault("cut_off"), says("Thirty days."))))
    reply = await router.complete(CALL, QUESTION)
    assert ladder_of(reply) == [("haiku", "failed", port.CUT_OFF), ANSWERED]
    assert reply.reason == "chat: then small, after haiku: model_cut_off"


async def test_tries_are_bounded(bench: Workbench) -> None:
    model = scripted(*[Fault("overloaded")] * 9)
    reply = await bench.router(route("haiku", "small", model, tries=3)).complete(CALL, QUESTION)
    assert (reply.level, len(model.requests)) == ("offline", 3)


async def test_a_short_retry_after_is_waited_for(bench: Workbench) -> None:
    model = scripted(Fault("rate_limited", retry_after_seconds=0.4), says("Thirty days."))
    router = bench.router(route("haiku", "small", model))
    bench.clock.set_to(NOW)
    begun = time.monotonic()
    waiting = asyncio.create_task(router.complete(CALL, QUESTION))
    await asyncio.sleep(0.2)
    # The breaker rests as long as the vendor asked for, by the clock.
    bench.clock.advance(timedelta(seconds=0.5))
    assert ladder_of(await waiting) == [("haiku", "failed", port.RATE_LIMITED), ANSWERED]
    assert time.monotonic() - begun >= 0.4


async def test_a_long_retry_after_goes_to_the_next_rung(bench: Workbench) -> None:
    busy = scripted(Fault("rate_limited", retry_after_seconds=60))
    router = bench.router(route("opus", "large", busy), route("haiku", "small", scripted(says("a"), says("b"))))
    begun = time.monotonic()
    reply = await router.complete(CALL, QUESTION)
    assert time.monotonic() - begun < 2
    assert ladder_of(reply) == [("opus", "failed", port.RATE_LIMITED), ANSWERED]
    # And nobody asks it again before the time.
    assert ladder_of(await router.complete(CALL, QUESTION)) == [("opus", "passed_over", "breaker_open"), ANSWERED]
    assert len(busy.requests) == 1


async def test_a_refused_request_goes_on_to_another_model(bench: Workbench) -> None:
    router = bench.router(
        route("opus", "large", scripted(Fault("filtered"))), route("haiku", "small", scripted(says("Thirty days.")))
    )
    assert ladder_of(await router.complete(CALL, QUESTION)) == [("opus", "failed", port.CONTENT_FILTERED), ANSWERED]


async def test_time_is_left_for_the_rungs_below(bench: Workbench) -> None:
    slow = ScriptedChatModel([Fault("silent")], capabilities=ABLE)
    router = bench.router(
        route("opus", "large", slow, limits=CallLimits(total_seconds=60)),
        route("haiku", "small", scripted(says("Thirty days."))),
    )
    begun = time.monotonic()
    reply = await router.complete(replace(CALL, latency_target_seconds=1.5), QUESTION)
    assert ladder_of(reply) == [("opus", "failed", port.TIMED_OUT), ANSWERED]
    assert 0.9 < time.monotonic() - begun < 1.5


async def test_when_the_time_is_up_only_the_offline_engine_answers(bench: Workbench) -> None:
    router = bench.router(
        route("opus", "large", scripted(Fault("silent")), limits=CallLimits(total_seconds=60)),
        route("haiku", "small", scripted(says("too late"))),
        engine=ScriptedChatModel([Slowly(says("Rules."), first_seconds=0.3)], name="offline"),
    )
    reply = await router.complete(replace(CALL, latency_target_seconds=0.5), QUESTION)
    assert ladder_of(reply) == [
        ("opus", "failed", port.TIMED_OUT),
        ("haiku", "passed_over", "out_of_time"),
        ("offline", "answered", "ok"),
    ]


async def test_a_connector_that_breaks_costs_its_rung_only(bench: Workbench) -> None:
    def broken(*_: Any) -> ChatReply:
        raise KeyError("choices")

    router = bench.router(
        route("opus", "large", ScriptedChatModel(broken, capabilities=ABLE)),
        route("haiku", "small", scripted(says("Thirty days."))),
    )
    assert ladder_of(await router.complete(CALL, QUESTION)) == [("opus", "failed", "model_connector_broke"), ANSWERED]


async def test_a_connector_that_ignores_its_limits_is_left_behind(bench: Workbench) -> None:
    class Stuck(ScriptedChatModel):
        async def complete(self, request: Any, *, limits: Any = None) -> ChatReply:
            await asyncio.sleep(60)
            raise AssertionError

    stuck = Stuck([], capabilities=ABLE)
    router = bench.router(route("opus", "large", stuck, limits=CallLimits(total_seconds=0.3)))
    assert ladder_of(await router.complete(CALL, QUESTION)) == [
        ("opus", "failed", port.TIMED_OUT),
        ("offline", "answered", "ok"),
    ]


async def test_nobody_answers(bench: Workbench) -> None:
    engine = ScriptedChatModel([Fault("garbage")], name="offline")
    router = bench.router(route("haiku", "small", scripted(Fault("not_found"))), engine=engine)
    with pytest.raises(NoModelAnswered) as caught:
        await router.complete(CALL, QUESTION)
    assert steps(caught.value.attempts) == [
        ("haiku", "failed", port.NO_SUCH_MODEL),
        ("offline", "failed", port.UNREADABLE),
    ]
    (line,) = await bench.calls()
    assert (line["outcome"], line["route"], line["error_code"]) == ("failed", None, port.UNREADABLE)


async def test_a_request_that_even_the_offline_engine_refuses(bench: Workbench) -> None:
    engine = ScriptedChatModel([Fault("too_long")], name="offline")
    with pytest.raises(RequestRefused) as caught:
        await bench.router(engine=engine).complete(CALL, QUESTION)
    assert caught.value.code == port.TOO_LONG


class TestRulesFirst:
    def engine(self) -> ScriptedChatModel:
        def unsure(request: Any, _: int) -> Any:
            if request.context[port.OTHERS_FOLLOW]:
                raise RequestRefused(port.UNSURE, "not sure")
            return ChatReply("As far as I know, thirty days.")

        return ScriptedChatModel(unsure, name="offline")

    async def test_a_sure_engine_answers(self, bench: Workbench) -> None:
        bench.intents = {"chat": ("offline", "small")}
        haiku = scripted()
        reply = await bench.router(route("haiku", "small", haiku)).complete(CALL, QUESTION)
        assert (reply.level, reply.reason, haiku.requests) == ("offline", "chat: rules first", [])

    async def test_an_unsure_engine_passes_on(self, bench: Workbench) -> None:
        bench.intents = {"chat": ("offline", "small")}
        router = bench.router(route("haiku", "small", scripted(says("Thirty days."))), engine=self.engine())
        assert ladder_of(await router.complete(CALL, QUESTION)) == [("offline", "failed", port.UNSURE), ANSWERED]

    async def test_and_answers_in_the_end_when_nobody_else_does(self, bench: Workbench) -> None:
        bench.intents = {"chat": ("offline", "small")}
        router = bench.router(route("haiku", "small", scripted(Fault("not_found"))), engine=self.engine())
        reply = await router.complete(CALL, QUESTION)
        assert reply.reply.text == "As far as I know, thirty days."


class TestStreams:
    async def test_deltas_and_the_reply(self, bench: Workbench) -> None:
        router = bench.router(route("haiku", "small", scripted(says("Thirty days from the day."))))
        items = await streamed(router)
        assert "".join(item.text for item in items[:-1]) == "Thirty days from the day."
        assert isinstance(items[-1], RoutedReply)
        assert items[-1].first_token_seconds is not None
        (line,) = await bench.calls()
        assert line["streamed"]
        assert line["first_token_milliseconds"] is not None

    async def test_a_stream_that_breaks_starts_over(self, bench: Workbench) -> None:
        router = bench.router(
            route("opus", "large", scripted(Fault("cut_off", said="It is twen")), tries=1),
            route("haiku", "small", scripted(says("Thirty days."))),
        )
        items = await streamed(router)
        assert items[0] == TextDelta("It is twen")
        assert items[1] == StartedOver("opus", port.CUT_OFF)
        assert "".join(item.text for item in items[2:-1]) == "Thirty days."
        assert ladder_of(items[-1]) == [("opus", "failed", port.CUT_OFF), ANSWERED]

    async def test_a_failure_before_the_first_word_needs_no_start_over(self, bench: Workbench) -> None:
        router = bench.router(
            route("opus", "large", scripted(Fault("not_found"))), route("haiku", "small", scripted(says("Yes.")))
        )
        items = await streamed(router)
        assert [type(item) for item in items] == [TextDelta, RoutedReply]

    async def test_a_model_that_cannot_stream_answers_in_one_piece(self, bench: Workbench) -> None:
        model = ScriptedChatModel([says("Thirty days.")], capabilities=ModelCapabilities(streaming=False))
        items = await streamed(bench.router(route("haiku", "small", model)))
        assert items[0] == TextDelta("Thirty days.")
        assert isinstance(items[1], RoutedReply)

    async def test_whoever_leaves_early_is_written_down_and_pays(self, bench: Workbench) -> None:
        bench.limits = BudgetLimits(PeriodLimits(100_000))
        slow = Slowly(says("Thirty days from the day."), piece_seconds=0.05)
        router = bench.router(route("haiku", "small", scripted(slow)))
        async with aclosing(router.stream(CALL, QUESTION)) as stream:
            await anext(stream)
        (line,) = await bench.calls()
        assert (line["outcome"], line["cost_is_estimate"]) == ("abandoned", True)
        assert line["cost_micros"] > 400
        assert await bench.accounts() == {"shop/day/2026-11-29": (line["cost_micros"], 0)}

    async def test_a_cancelled_call_is_written_down_too(self, bench: Workbench) -> None:
        bench.limits = BudgetLimits(PeriodLimits(100_000))
        router = bench.router(route("haiku", "small", scripted(Fault("silent"))))
        task = asyncio.create_task(router.complete(CALL, QUESTION))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        (line,) = await bench.calls()
        assert line["outcome"] == "abandoned"
        assert [attempt["reason"] for attempt in line["attempts"]] == ["abandoned"]
        (reserved,) = {reserved for _, reserved in (await bench.accounts()).values()}
        assert reserved == 0


async def test_warm_up_asks_those_that_want_it(bench: Workbench) -> None:
    llama, opus = scripted(says("ready")), scripted()
    router = bench.router(route("llama", "local", llama, warm_up=True), route("opus", "large", opus))
    assert await router.warm_up() == {"llama": "ok"}
    assert (len(llama.requests), len(opus.requests)) == (1, 0)


async def test_closing_closes_every_model(bench: Workbench) -> None:
    haiku, engine = scripted(), offline()
    await bench.router(route("haiku", "small", haiku), engine=engine).close()
    assert (haiku.closed, engine.closed) == (True, True)
