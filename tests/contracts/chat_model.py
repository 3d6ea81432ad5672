"""What every chat model owes the router; its tests inherit these and provide the fixture `workshop`."""

import time
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from bottega.connectors.sandbox.chat_model import Fault, FaultKind, Slowly
from bottega.kernel.errors import Invalid, OutcomeUnknown, Refusal, Unavailable
from bottega.ports import chat_model as port
from bottega.ports.chat_model import (
    AssistantMessage,
    CallLimits,
    ChatReply,
    ReplyLost,
    RequestRefused,
    TextDelta,
    ToolResult,
    Usage,
    UserMessage,
)
from tests.contracts.chat_workshop import (
    CALLING,
    INVENTORY,
    LIMITS,
    QUESTION,
    SHORT,
    ChatWorkshop,
    arguments_of,
    streamed,
    text_of,
)

ANSWER = ChatReply("Yes: two are left, and the price is 129,90 €.", usage=Usage(21, 13, 8))

UNAVAILABLE: list[tuple[FaultKind, str]] = [
    ("rate_limited", port.RATE_LIMITED),
    ("overloaded", port.OVERLOADED),
    ("quota_exhausted", port.QUOTA_EXHAUSTED),
    ("not_permitted", port.NOT_PERMITTED),
    ("not_found", port.NO_SUCH_MODEL),
]
REFUSED: list[tuple[FaultKind, str]] = [
    ("too_long", port.TOO_LONG),
    ("filtered", port.CONTENT_FILTERED),
    ("not_accepted", port.NOT_ACCEPTED),
]
LOST: list[tuple[FaultKind, set[str]]] = [
    ("cut_off", {port.CUT_OFF}),
    # An answer that ends in the middle: as a stream it has no end, as a whole it is no JSON.
    ("truncated", {port.CUT_OFF, port.UNREADABLE}),
    ("garbage", {port.UNREADABLE}),
    ("bad_tool_call", {port.BAD_TOOL_CALL}),
    ("empty", {port.EMPTY}),
]


async def complete_failure(workshop: ChatWorkshop, limits: CallLimits = LIMITS) -> Refusal:
    with pytest.raises(Refusal) as caught:
        await workshop.model.complete(WITH_TOOLS, limits=limits)
    return caught.value


async def stream_failure(workshop: ChatWorkshop, limits: CallLimits = LIMITS) -> Refusal:
    with pytest.raises(Refusal) as caught:
        async for _ in workshop.model.stream(WITH_TOOLS, limits=limits):
            pass
    return caught.value


WITH_TOOLS = replace(QUESTION, tools=(INVENTORY,))
FAILURES = pytest.mark.parametrize("failure", [complete_failure, stream_failure], ids=["complete", "stream"])


class AnswerContract:
    """Replies, tool calls, streams, structure."""

    async def test_answers(self, workshop: ChatWorkshop) -> None:
        workshop.will(ANSWER)
        reply = await workshop.model.complete(QUESTION, limits=LIMITS)
        assert (reply.text, reply.tool_calls, reply.stop_reason) == (ANSWER.text, (), "end")
        assert reply.usage == Usage(21, 13, 8)
        assert reply.model
        assert workshop.asked() == 1

    async def test_streams_what_it_answers(self, workshop: ChatWorkshop) -> None:
        workshop.will(ANSWER)
        deltas, reply = await streamed(workshop.model, QUESTION)
        assert len(deltas) > 3
        assert text_of(deltas) == reply.text == ANSWER.text
        assert (reply.usage, reply.stop_reason) == (Usage(21, 13, 8), "end")

    async def test_calls_a_tool_and_takes_its_result(self, workshop: ChatWorkshop) -> None:
        workshop.will(CALLING, ANSWER)
        reply = await workshop.model.complete(WITH_TOOLS, limits=LIMITS)
        assert (reply.text, reply.stop_reason) == ("Let me look. ", "tool_calls")
        assert [(call.id, call.name, dict(call.arguments)) for call in reply.tool_calls] == [
            ("call_77", "check_inventory", {"sku": "TENT-2", "warehouses": ["Genova", "Århus"]})
        ]
        result = ToolResult("call_77", "check_inventory", {"units": 2})
        answer = await workshop.model.complete(
            replace(WITH_TOOLS, messages=(*WITH_TOOLS.messages, reply.as_message(), result)), limits=LIMITS
        )
        assert answer.text == ANSWER.text

    async def test_streams_a_tool_call(self, workshop: ChatWorkshop) -> None:
        workshop.will(CALLING)
        deltas, reply = await streamed(workshop.model, WITH_TOOLS)
        (call,) = reply.tool_calls
        assert (call.name, dict(call.arguments)) == (
            "check_inventory",
            {"sku": "TENT-2", "warehouses": ["Genova", "Århus"]},
        )
        assert text_of(deltas) == "Let me look. "
        assert arguments_of(deltas, call.id) in (None, dict(call.arguments))
        assert (reply.usage, reply.stop_reason) == (Usage(41, 17), "tool_calls")

    async def test_says_when_it_had_to_stop(self, workshop: ChatWorkshop) -> None:
        workshop.will(replace(ANSWER, stop_reason="length"), replace(ANSWER, stop_reason="length"))
        assert (await workshop.model.complete(QUESTION, limits=LIMITS)).stop_reason == "length"
        assert (await streamed(workshop.model, QUESTION))[1].stop_reason == "length"

    async def test_takes_a_conversation_with_a_failed_tool(self, workshop: ChatWorkshop) -> None:
        workshop.will(ANSWER)
        messages = (
            *QUESTION.messages,
            AssistantMessage("", CALLING.tool_calls),
            ToolResult("call_77", "check_inventory", {"code": "no_such_article"}, failed=True),
            AssistantMessage("Which tent?"),
            UserMessage("The small one."),
        )
        assert (
            await workshop.model.complete(replace(WITH_TOOLS, messages=messages), limits=LIMITS)
        ).text == ANSWER.text

    async def test_stopping_early_ends_the_call(self, workshop: ChatWorkshop) -> None:
        workshop.will(Slowly(ANSWER, piece_seconds=0.05), ANSWER)
        async with aclosing(workshop.model.stream(QUESTION, limits=LIMITS)) as stream:
            first = await anext(stream)
            assert isinstance(first, TextDelta)
        assert (await workshop.model.complete(QUESTION, limits=LIMITS)).text == ANSWER.text

    async def test_two_calls_at_once_do_not_mix(self, workshop: ChatWorkshop) -> None:
        workshop.will(Slowly(ANSWER, piece_seconds=0.01), CALLING)
        async with aclosing(workshop.model.stream(QUESTION, limits=LIMITS)) as stream:
            first = await anext(stream)
            other = await workshop.model.complete(WITH_TOOLS, limits=LIMITS)
            rest = [item async for item in stream]
        assert other.tool_calls[0].id == "call_77"
        assert isinstance(first, TextDelta)
        assert isinstance(rest[-1], ChatReply)
        assert rest[-1].text == ANSWER.text


class FailureContract:
    """Every failure has its category and code, and the model is asked exactly once."""

    @FAILURES
    @pytest.mark.parametrize(("kind", "code"), UNAVAILABLE)
    async def test_surely_not_answered(self, workshop: ChatWorkshop, failure: Any, kind: FaultKind, code: str) -> None:
        if kind in workshop.unsupported:
            pytest.skip("the vendor has no word of its own for this")
        workshop.will(Fault(kind))
        refusal = await failure(workshop)
        assert (refusal.code, isinstance(refusal, Unavailable)) == (code, True)
        assert not isinstance(refusal, OutcomeUnknown)
        assert workshop.asked() == 1

    @FAILURES
    async def test_says_when_to_come_again(self, workshop: ChatWorkshop, failure: Any) -> None:
        workshop.will(Fault("rate_limited", retry_after_seconds=7))
        refusal = await failure(workshop)
        assert isinstance(refusal, Unavailable)
        assert (refusal.code, refusal.retry_after_seconds) == (port.RATE_LIMITED, 7)
        assert workshop.asked() == 1

    @FAILURES
    @pytest.mark.parametrize(("kind", "code"), REFUSED)
    async def test_refuses_the_request(self, workshop: ChatWorkshop, failure: Any, kind: FaultKind, code: str) -> None:
        workshop.will(Fault(kind))
        refusal = await failure(workshop)
        assert isinstance(refusal, RequestRefused)
        assert isinstance(refusal, Invalid)
        assert (refusal.code, workshop.asked()) == (code, 1)

    @FAILURES
    @pytest.mark.parametrize(("kind", "codes"), LOST)
    async def test_loses_a_reply(self, workshop: ChatWorkshop, failure: Any, kind: FaultKind, codes: set[str]) -> None:
        workshop.will(Fault(kind))
        refusal = await failure(workshop)
        assert isinstance(refusal, ReplyLost)
        assert isinstance(refusal, OutcomeUnknown)
        assert refusal.code in codes
        assert workshop.asked() == 1

    @FAILURES
    async def test_stops_reading_what_is_too_large(self, workshop: ChatWorkshop, failure: Any) -> None:
        workshop.will(Fault("too_large"))
        refusal = await failure(workshop, replace(LIMITS, reply_bytes=100_000))
        assert isinstance(refusal, ReplyLost)
        assert (refusal.code, workshop.asked()) == (port.TOO_LARGE, 1)

    @FAILURES
    async def test_silence_ends_in_time(self, workshop: ChatWorkshop, failure: Any) -> None:
        workshop.will(Fault("silent"))
        begun = time.monotonic()
        refusal = await failure(workshop, SHORT)
        assert (type(refusal), refusal.code) == (ReplyLost, port.TIMED_OUT)
        assert 0.35 < time.monotonic() - begun < 5
        assert workshop.asked() == 1

    async def test_a_stream_that_falls_silent_ends_in_time(self, workshop: ChatWorkshop) -> None:
        workshop.will(Fault("silent_after_beginning"))
        items: list[object] = []

        async def listen() -> None:
            async for item in workshop.model.stream(QUESTION, limits=replace(LIMITS, total_seconds=1.0)):
                items.append(item)  # noqa: PERF401 - what came before the failure counts

        with pytest.raises(ReplyLost) as caught:
            await listen()
        assert caught.value.code == port.TIMED_OUT
        assert "".join(item.text for item in items if isinstance(item, TextDelta)) == "I will look "

    async def test_the_first_word_has_a_time_of_its_own(self, workshop: ChatWorkshop) -> None:
        workshop.will(Slowly(ANSWER, first_seconds=5.0))
        begun = time.monotonic()
        with pytest.raises(ReplyLost) as caught:
            await streamed(workshop.model, QUESTION, replace(LIMITS, first_token_seconds=0.4))
        assert caught.value.code == port.TIMED_OUT
        assert time.monotonic() - begun < 4

    async def test_a_slow_stream_is_taken_while_it_speaks(self, workshop: ChatWorkshop) -> None:
        workshop.will(Slowly(ANSWER, piece_seconds=0.1))
        _, reply = await streamed(workshop.model, QUESTION, replace(LIMITS, first_token_seconds=0.5))
        assert reply.text == ANSWER.text

    @FAILURES
    async def test_nobody_is_there(self, workshop: ChatWorkshop, failure: Any) -> None:
        workshop.model = workshop.unreachable()
        refusal = await failure(workshop)
        assert isinstance(refusal, Unavailable)
        assert not isinstance(refusal, OutcomeUnknown)
        assert refusal.code == port.UNREACHABLE
