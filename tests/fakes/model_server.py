"""A local server that answers as a vendor of models does, from a script, and fails as vendors fail."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

from aiohttp import web
from aiohttp.test_utils import unused_port

from bottega.connectors.sandbox.chat_model import Fault, Slowly, Turn
from bottega.ports.chat_model import ChatReply, ToolCall, Usage
from tests.fakes.model_formats import Format

REQUEST_ID = "req_local_1"
LONG_SILENCE_SECONDS = 30.0
HUGE_TEXT = "word " * 100_000
Answer: TypeAlias = Turn | web.Response
"""A turn, written in the vendor's format; or a raw response, sent as it is."""

Answers: TypeAlias = list[Answer] | Callable[[Any], Answer]


class ModelServer:
    """One vendor, on a port of this machine."""

    def __init__(self, form: Format) -> None:
        self.form = form
        self.port = unused_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.answers: Answers = []
        self.requests: list[Any] = []
        self.headers: list[Mapping[str, str]] = []
        self._asked = asyncio.Condition()
        self.hung_up = asyncio.Event()
        """Set when a client went away before its stream was over."""

    def begin_again(self) -> None:
        """Forgets what was asked and what was to be answered."""
        self.answers, self.requests, self.headers, self.hung_up = [], [], [], asyncio.Event()

    def will(self, *turns: Answer) -> None:
        """What it answers next, in order."""
        assert isinstance(self.answers, list)
        self.answers.extend(turns)

    async def has_been_asked(self, times: int) -> None:
        """Waits until so many requests have come."""
        async with self._asked:
            await self._asked.wait_for(lambda: len(self.requests) >= times)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        body = json.loads(await request.read())
        self.requests.append(body)
        self.headers.append(request.headers.copy())
        async with self._asked:
            self._asked.notify_all()
        turn = self.answers.pop(0) if isinstance(self.answers, list) else self.answers(body)
        streams = self.form.streams(request.path, body)
        match turn:
            case ChatReply():
                return await self._reply(request, Slowly(turn), streams)
            case Slowly():
                return await self._reply(request, turn, streams)
            case Fault():
                return await self._fail(request, turn, streams)
            case _:
                return turn

    async def _reply(self, request: web.Request, turn: Slowly, streams: bool) -> web.StreamResponse:
        await asyncio.sleep(turn.first_seconds)
        if not streams:
            await asyncio.sleep(turn.piece_seconds)
            return self._json(self.form.whole(turn.reply))
        response = await self._begin(request)
        for event in self.form.events(turn.reply):
            await self._send(response, event, turn.piece_seconds)
        await response.write_eof()
        return response

    async def _fail(self, request: web.Request, fault: Fault, streams: bool) -> web.StreamResponse:
        match fault.kind:
            case "silent":
                await asyncio.sleep(LONG_SILENCE_SECONDS)
                return web.Response(status=500)
            case "silent_after_beginning" | "cut_off" | "truncated":
                return await self._break_off(request, fault, streams)
            case "garbage":
                if not streams:
                    return web.Response(text="<html>please sign in</html>", content_type="text/html")
                response = await self._begin(request)
                await response.write(self.form.broken_event())
                await response.write_eof()
                return response
            case "bad_tool_call":
                return await self._write(request, broken_reply(), streams, broken_call=True)
            case "empty":
                return await self._write(request, ChatReply("", usage=Usage(9, 0)), streams)
            case "too_large":
                return await self._write(request, ChatReply(HUGE_TEXT, usage=Usage(9, 100_000)), streams)
            case "filtered":
                if not streams:
                    return self._json(self.form.filtered())
                response = await self._begin(request)
                for event in self.form.filtered_events():
                    await response.write(event)
                await response.write_eof()
                return response
            case _:
                error = self.form.error(fault.kind)
                headers = dict(error.headers)
                if fault.retry_after_seconds is not None:
                    headers["Retry-After"] = f"{fault.retry_after_seconds:g}"
                return web.json_response(error.body, status=error.status, headers=headers)

    async def _write(
        self, request: web.Request, reply: ChatReply, streams: bool, *, broken_call: bool = False
    ) -> web.StreamResponse:
        if not streams:
            return self._json(self.form.whole(reply, broken_call=broken_call))
        response = await self._begin(request)
        for event in self.form.events(reply, broken_call=broken_call):
            await self._send(response, event)
        await response.write_eof()
        return response

    async def _break_off(self, request: web.Request, fault: Fault, streams: bool) -> web.StreamResponse:
        """Begins an answer and does not end it."""
        reply = ChatReply(fault.said, usage=Usage(9, 9))
        if streams:
            response = await self._begin(request)
            for event in list(self.form.events(reply))[: -self.form.ending_events()]:
                await response.write(event)
        else:
            whole = json.dumps(self.form.whole(reply)).encode()
            ends = fault.kind == "truncated"
            length = len(whole) // 2 if ends else len(whole)
            response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": str(length)})
            await response.prepare(request)
            await response.write(whole[: len(whole) // 2])
        if fault.kind == "silent_after_beginning":
            await asyncio.sleep(LONG_SILENCE_SECONDS)
        if fault.kind == "cut_off":
            await asyncio.sleep(0.05)
            assert request.transport is not None
            request.transport.abort()
            return response
        await response.write_eof()
        return response

    async def _begin(self, request: web.Request) -> web.StreamResponse:
        headers = {"Content-Type": self.form.stream_type, "x-request-id": REQUEST_ID}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        return response

    async def _send(self, response: web.StreamResponse, event: bytes, seconds: float = 0.0) -> None:
        try:
            await asyncio.sleep(seconds)
            await response.write(event)
        except (ConnectionError, asyncio.CancelledError):
            self.hung_up.set()
            raise

    def _json(self, body: Any) -> web.Response:
        return web.json_response(body, headers={"x-request-id": REQUEST_ID})


def broken_reply() -> ChatReply:
    """A reply whose tool call the format is asked to break."""
    call = ToolCall("call_1", "check_inventory", {})
    return ChatReply("", (call,), usage=Usage(9, 9), stop_reason="tool_calls")


@asynccontextmanager
async def model_server(form: Format) -> AsyncGenerator[ModelServer]:
    """A running server, closed on the way out without waiting for those who still listen."""
    server = ModelServer(form)
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_post("/{path:.*}", server.answer)
    runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.2)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", server.port).start()
        yield server
    finally:
        await runner.cleanup()
