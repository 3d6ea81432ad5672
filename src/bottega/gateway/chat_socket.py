"""The conversation over a WebSocket: AG-UI events out, messages in, resumable after a dropped connection."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Annotated, Any, Literal, TypeVar

import orjson
import structlog
from ag_ui.core import RunErrorEvent
from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.websockets import WebSocket, WebSocketDisconnect

from bottega.actions.actor import Actor
from bottega.agents.chat.events import position_of
from bottega.agents.chat.feed import Feed, TooManyWatchers, Watcher
from bottega.agents.chat.service import Chat, Said
from bottega.entrance import tokens
from bottega.entrance.client_address import client_address
from bottega.entrance.context import ServingContext, chat_of
from bottega.entrance.identity import actor_of_token, is_from_our_pages
from bottega.entrance.refusals import TooManyRequests
from bottega.gateway.chat_limits import (
    FIRST_FRAME_SECONDS,
    IDLE_SECONDS,
    LARGEST_FRAME_CHARACTERS,
    count_message,
    too_many_connections,
)
from bottega.kernel.errors import Forbidden, Invalid, Refusal
from bottega.kernel.identifiers import ProductId
from bottega.runtime.evidence import Json
from bottega.runtime.run import Run
from bottega.runtime.sessions import LONGEST_ID_CHARACTERS, LONGEST_MESSAGE_CHARACTERS

router = APIRouter()

log = structlog.get_logger(__name__)

# Close codes of our own (RFC 6455, section 7.4.2).
NOT_SIGNED_IN, NOT_YOURS, TOO_MANY, BAD_FRAME = 4401, 4403, 4429, 4400
MESSAGES_UNDER_WAY = 5


class _Frame(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


F = TypeVar("F", bound=_Frame)


class Hello(_Frame):
    """The first frame of a client that cannot send headers: its token, and the last event that it has seen."""

    type: Literal["hello"]
    token: Annotated[str | None, Field(max_length=tokens.LONGEST_TOKEN_CHARACTERS)] = None
    last_event_id: Annotated[str | None, Field(max_length=40)] = None


class MessageFrame(_Frame):
    """Something said, or a button pressed."""

    type: Literal["message"]
    text: Annotated[str, Field(max_length=LONGEST_MESSAGE_CHARACTERS)] = ""
    client_message_id: Annotated[str | None, Field(min_length=1, max_length=LONGEST_ID_CHARACTERS)] = None
    token: Annotated[str | None, Field(min_length=1, max_length=100)] = None
    declined: bool = False
    product_id: ProductId | None = None


class Remarks:
    """Tells everybody who looks at a conversation what its run is doing."""

    def __init__(self, feed: Feed, session: str) -> None:
        self._feed = feed
        self._session = session

    async def on_event(self, run: Run, kind: str, data: Json) -> None:
        if kind in ("tool_call", "tool_result"):
            self._feed.remark(self._session, {"run_id": run.id, "kind": kind, "tool": data.get("tool")})


@router.websocket("/chat/{session}/socket")
async def socket(websocket: WebSocket, session: str) -> None:
    """One connection to a conversation; any number of tabs may have one."""
    context: ServingContext = websocket.app.state.context
    if not is_from_our_pages(websocket, context):
        await websocket.close(NOT_YOURS)
        return
    await websocket.accept()
    connection = _Connection(websocket, context, session)
    try:
        await connection.serve()
    except WebSocketDisconnect:
        pass
    except _Ended as ended:
        await connection.end(ended.code, ended.refusal)


class _Ended(Exception):
    """The connection is over, for a reason that the client is told."""

    def __init__(self, code: int, refusal: Refusal) -> None:
        super().__init__(refusal.code)
        self.code = code
        self.refusal = refusal


class _Connection:
    def __init__(self, websocket: WebSocket, context: ServingContext, session: str) -> None:
        self._websocket = websocket
        self._context = context
        self._chat: Chat = chat_of(context)
        self._session = session
        self._saying: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Who it is, what was missed, and then both ways until one side ends it."""
        caller, last_event_id = await self._hello()
        try:
            await self._chat.enter(self._session, caller)
        except Refusal as refusal:
            raise _Ended(NOT_YOURS, refusal) from refusal
        try:
            async with self._chat.feed.watching(self._session) as watcher:
                await self._both_ways(caller, watcher, last_event_id)
        except TooManyWatchers as error:
            raise _Ended(TOO_MANY, too_many_connections()) from error

    async def end(self, code: int, refusal: Refusal) -> None:
        """Says why and closes."""
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):
            await self._send(_error(refusal))
            await self._websocket.close(code)

    async def _hello(self) -> tuple[Actor, str | None]:
        """The token of the headers or the cookie, or of the first frame; a socket without one is closed soon."""
        address = client_address(self._websocket.scope, self._context.trusted_proxies)
        token = tokens.token_of(self._websocket)
        last_event_id: str | None = self._websocket.query_params.get("last_event_id")
        if token is None:
            try:
                async with asyncio.timeout(FIRST_FRAME_SECONDS):
                    hello = _parsed(Hello, await self._receive())
            except TimeoutError:
                raise _Ended(NOT_SIGNED_IN, _nobody()) from None
            token, last_event_id = hello.token, hello.last_event_id or last_event_id
        try:
            self._context.rate_limits.count_request("GET", "/api/chat/socket", address, token)
        except TooManyRequests as refusal:
            raise _Ended(TOO_MANY, refusal) from refusal
        actor = None if token is None else await actor_of_token(self._context, token)
        if actor is None or actor.kind != "customer":
            self._context.rate_limits.count_refused_token(address)
            raise _Ended(NOT_SIGNED_IN, _nobody())
        return actor, last_event_id

    async def _both_ways(self, caller: Actor, watcher: Watcher, last_event_id: str | None) -> None:
        ways: tuple[Coroutine[Any, Any, None], ...] = (
            self._tell(caller, watcher, last_event_id),
            self._listen(caller),
        )
        tasks = [asyncio.create_task(way) for way in ways]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (*tasks, *self._saying):
                task.cancel()
            await asyncio.gather(*tasks, *self._saying, return_exceptions=True)

    async def _tell(self, caller: Actor, watcher: Watcher, last_event_id: str | None) -> None:
        position = position_of(last_event_id)
        async for event in self._chat.follow(self._session, caller, watcher, position, seconds=None):
            await self._send(event.model_dump_json(by_alias=True))

    async def _listen(self, caller: Actor) -> None:
        while True:
            try:
                async with asyncio.timeout(IDLE_SECONDS):
                    text = await self._receive()
            except TimeoutError:
                return
            frame = _parsed(MessageFrame, text)
            if len(self._saying) >= MESSAGES_UNDER_WAY:
                busy = Invalid("too_many_messages", "Too many messages wait for an answer.", next_step="Wait for one.")
                await self._send(_error(busy))
                continue
            task = asyncio.create_task(self._say(caller, frame))
            self._saying.add(task)
            task.add_done_callback(self._saying.discard)

    async def _say(self, caller: Actor, frame: MessageFrame) -> None:
        """The answer comes to every connection by the feed; what is refused is told to this one."""
        said = Said(frame.text, frame.client_message_id, frame.token, frame.declined, frame.product_id)
        try:
            count_message(self._context, self._session)
            await self._chat.say(self._session, caller, said, Remarks(self._chat.feed, self._session))
        except Refusal as refusal:
            await self._send(_error(refusal))
        except Exception as error:
            log.error("chat_message_failed", session=self._session, error=type(error).__name__)
            raise

    async def _receive(self) -> str:
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(message.get("code", 1005))
        text = message.get("text")
        if text is None or len(text) > LARGEST_FRAME_CHARACTERS:
            told = f"A frame is text of at most {LARGEST_FRAME_CHARACTERS} characters."
            raise _Ended(BAD_FRAME, Invalid("bad_frame", told, next_step="Send less."))
        return text

    async def _send(self, text: str) -> None:
        await self._websocket.send_text(text)


def _parsed(kind: type[F], text: str) -> F:
    try:
        return kind.model_validate(orjson.loads(text))
    except (orjson.JSONDecodeError, ValidationError) as error:
        told = f"This is no frame of the kind '{kind.__name__.removesuffix('Frame').lower()}'."
        raise _Ended(BAD_FRAME, Invalid("bad_frame", told, next_step="See docs/chat.md.")) from error


def _error(refusal: Refusal) -> str:
    told = f"{refusal.message} {refusal.next_step}".strip()
    return RunErrorEvent(message=told, code=refusal.code).model_dump_json(by_alias=True)


def _nobody() -> Forbidden:
    return Forbidden("not_signed_in", "Nobody is signed in.", next_step="Send a hello with a token first.")
