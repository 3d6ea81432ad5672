"""Answers that no vendor documents: odd statuses, redirects, compressed bodies, errors inside a stream."""

import gzip
import io
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web
from structlog.testing import capture_logs
from urllib3 import HTTPResponse

from bottega.connectors.models.bedrock import CountedBody
from bottega.connectors.models.wire import ReplyTooLarge, Wire
from bottega.kernel.errors import OutcomeUnknown, Refusal, Unavailable
from bottega.ports import chat_model as port
from bottega.ports.chat_model import ChatReply, ReplyLost, RequestRefused, ToolCall, Usage
from tests.connectors.models.vendors import VendorWorkshop, workshop_of
from tests.contracts.chat_model import WITH_TOOLS
from tests.contracts.chat_workshop import LIMITS, QUESTION
from tests.fakes.model_cloud_formats import event_frame, exception_frame
from tests.fakes.model_formats import sse


@pytest.fixture
async def openai() -> AsyncGenerator[VendorWorkshop]:
    async with workshop_of("openai") as workshop:
        yield workshop


async def refusal_to(workshop: VendorWorkshop, answer: web.Response, *, stream: bool = False) -> Refusal:
    workshop.server.will(answer)

    async def call() -> None:
        if not stream:
            await workshop.model.complete(QUESTION, limits=LIMITS)
            return
        async for _ in workshop.model.stream(QUESTION, limits=LIMITS):
            pass

    with pytest.raises(Refusal) as caught:
        await call()
    assert len(workshop.server.requests) == 1
    return caught.value


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (302, Unavailable, port.UNREACHABLE),
        (400, RequestRefused, port.NOT_ACCEPTED),
        (401, Unavailable, port.NOT_PERMITTED),
        (403, Unavailable, port.NOT_PERMITTED),
        (404, Unavailable, port.NO_SUCH_MODEL),
        (408, ReplyLost, port.TIMED_OUT),
        (409, Unavailable, port.OVERLOADED),
        (413, RequestRefused, port.TOO_LONG),
        (422, RequestRefused, port.NOT_ACCEPTED),
        (429, Unavailable, port.RATE_LIMITED),
        (500, Unavailable, port.OVERLOADED),
        (502, Unavailable, port.OVERLOADED),
        (503, Unavailable, port.OVERLOADED),
        (504, ReplyLost, port.TIMED_OUT),
        (529, Unavailable, port.OVERLOADED),
    ],
)
async def test_each_status_has_its_failure(openai: VendorWorkshop, status: int, kind: type[Any], code: str) -> None:
    headers = {"Location": "https://elsewhere.example/v1"} if status == 302 else {}
    refusal = await refusal_to(openai, web.Response(status=status, text="upstream says no", headers=headers))
    assert (type(refusal), refusal.code) == (kind, code)


async def test_the_vendors_words_do_not_travel_on(openai: VendorWorkshop) -> None:
    body = {"error": {"message": "cannot answer 'my name is Ada Lovelace'", "code": "odd", "type": "odd"}}
    with capture_logs() as logs:
        refusal = await refusal_to(openai, web.json_response(body, status=400))
    assert "Ada" not in str(refusal.as_record())
    assert refusal.details == {"status": 400, "vendor_code": "odd"}
    (line,) = [entry for entry in logs if entry["event"] == "model_call_failed"]
    assert "Ada" not in str(line)


async def test_a_compressed_answer_is_not_unpacked(openai: VendorWorkshop) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    refusal = await refusal_to(openai, web.Response(body=bomb, headers={"Content-Encoding": "gzip"}))
    assert refusal.code == port.TOO_LARGE
    assert openai.server.headers[0]["Accept-Encoding"] == "identity"


@pytest.mark.parametrize("body", ["[]", "{}", '{"choices": []}', '{"choices": [{"message": null}]}', "null", ""])
async def test_json_of_another_shape_is_unreadable(openai: VendorWorkshop, body: str) -> None:
    refusal = await refusal_to(openai, web.Response(text=body, content_type="application/json"))
    assert (type(refusal), refusal.code) == (ReplyLost, port.UNREADABLE)


async def test_a_call_to_a_tool_that_was_not_offered(openai: VendorWorkshop) -> None:
    openai.will(ChatReply("", (ToolCall("c1", "give_discount", {}),), Usage(30, 4), "tool_calls"))
    with pytest.raises(ReplyLost) as caught:
        await openai.model.complete(WITH_TOOLS, limits=LIMITS)
    assert (caught.value.code, caught.value.usage) == (port.BAD_TOOL_CALL, Usage(30, 4))


async def test_an_error_inside_a_stream_loses_the_reply(openai: VendorWorkshop) -> None:
    error = {"error": {"message": "overloaded", "type": "server_error", "code": "server_error"}}
    begun = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    chunk = begun | {"choices": [{"index": 0, "delta": {"content": "I "}, "finish_reason": None}]}
    answer = web.Response(body=sse(chunk) + sse(error), content_type="text/event-stream")
    refusal = await refusal_to(openai, answer, stream=True)
    assert isinstance(refusal, OutcomeUnknown)
    assert refusal.code == port.CUT_OFF


async def test_an_overload_inside_a_stream_of_anthropic() -> None:
    async with workshop_of("anthropic") as workshop:
        events = list(workshop.server.form.events(ChatReply("I look.", usage=Usage(5, 2))))[:3]
        error = sse({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}, "error")
        answer = web.Response(body=b"".join(events) + error, content_type="text/event-stream")
        assert (await refusal_to(workshop, answer, stream=True)).code == port.CUT_OFF


@pytest.mark.parametrize("kind", ["throttlingException", "modelStreamErrorException", "internalServerException"])
async def test_an_exception_inside_a_stream_of_bedrock(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-tests")
    async with workshop_of("bedrock") as workshop:
        body = event_frame("messageStart", {"role": "assistant"}) + exception_frame(kind, "no more")
        answer = web.Response(body=body, content_type="application/vnd.amazon.eventstream")
        refusal = await refusal_to(workshop, answer, stream=True)
        assert (type(refusal), refusal.code) == (ReplyLost, port.CUT_OFF)


async def test_a_damaged_frame_of_bedrock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret-of-the-tests")
    async with workshop_of("bedrock") as workshop:
        frame = bytearray(event_frame("messageStart", {"role": "assistant"}))
        frame[-6] ^= 0xFF
        answer = web.Response(body=bytes(frame), content_type="application/vnd.amazon.eventstream")
        refusal = await refusal_to(workshop, answer, stream=True)
        assert (type(refusal), refusal.code) == (ReplyLost, port.UNREADABLE)


async def test_bedrock_without_credentials_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
    async with workshop_of("bedrock") as workshop:
        with pytest.raises(Unavailable) as caught:
            await workshop.model.complete(QUESTION, limits=LIMITS)
        assert caught.value.code == port.NOT_PERMITTED
        assert not isinstance(caught.value, OutcomeUnknown)
        assert workshop.server.requests == []


async def test_a_truncated_call_tells_what_it_cost(openai: VendorWorkshop) -> None:
    whole = openai.server.form.whole(ChatReply("", (ToolCall("c1", "check_inventory", {}),), Usage(30, 64), "length"))
    whole["choices"][0]["message"]["tool_calls"][0]["function"]["arguments"] = '{"sku": "TE'
    openai.server.will(web.Response(text=json.dumps(whole), content_type="application/json"))
    with pytest.raises(ReplyLost) as caught:
        await openai.model.complete(WITH_TOOLS, limits=LIMITS)
    assert (caught.value.code, caught.value.usage) == (port.BAD_TOOL_CALL, Usage(30, 64))


async def test_leaving_a_stream_hangs_up(openai: VendorWorkshop) -> None:
    import asyncio
    from contextlib import aclosing

    from bottega.connectors.sandbox.chat_model import Slowly

    openai.will(Slowly(ChatReply("word " * 50, usage=Usage(5, 50)), piece_seconds=0.05))
    async with aclosing(openai.model.stream(QUESTION, limits=LIMITS)) as stream:
        await anext(stream)
    await asyncio.wait_for(openai.server.hung_up.wait(), 5)


async def test_what_bedrock_sends_beyond_the_limit_is_not_left_open() -> None:
    """Its library closes what it has read to the end, and leaves the rest to the garbage collector."""
    answer = HTTPResponse(io.BytesIO(b"x" * 1_000), preload_content=False)
    body = CountedBody(answer, Wire(replace(LIMITS, reply_bytes=100)))
    with pytest.raises(ReplyTooLarge):
        list(body.stream(64))
    assert answer.closed
