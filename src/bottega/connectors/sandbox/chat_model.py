"""A model that answers from a script, and fails as real ones fail; for tests, demonstrations and benchmarks."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias, assert_never

import orjson

from bottega.kernel.errors import Refusal, Unavailable
from bottega.ports import chat_model as port
from bottega.ports.chat_model import (
    DEFAULT_LIMITS,
    CallLimits,
    ChatReply,
    ChatRequest,
    Delta,
    ModelCapabilities,
    TextDelta,
    ToolCallDelta,
    Usage,
)

FaultKind = Literal[
    "unreachable",
    "rate_limited",
    "overloaded",
    "quota_exhausted",
    "not_permitted",
    "not_found",
    "silent",
    "silent_after_beginning",
    "cut_off",
    "truncated",
    "garbage",
    "bad_tool_call",
    "empty",
    "too_large",
    "too_long",
    "filtered",
    "not_accepted",
]


@dataclass(frozen=True, slots=True)
class Fault:
    """A turn that fails. A stream that is `silent_after_beginning`, `cut_off` or `truncated` begins with `said`."""

    kind: FaultKind
    retry_after_seconds: float | None = None
    said: str = "I will look "


@dataclass(frozen=True, slots=True)
class Slowly:
    """A reply that takes its time: before the first word, and before each further piece of a stream."""

    reply: ChatReply
    first_seconds: float = 0.0
    piece_seconds: float = 0.0


Turn: TypeAlias = ChatReply | Slowly | Fault
Script: TypeAlias = Sequence[Turn] | Callable[[ChatRequest, int], Turn]

_PIECES = re.compile(r"\S+\s*|\s+")
_CHARACTERS_PER_TOKEN = 4


class ScriptedChatModel:
    """Implements `ChatModel`. A script is one turn per call, or a function of the request and the number of the call.

    A reply without usage gets one by counting four characters as a token.
    """

    def __init__(
        self, script: Script, *, name: str = "scripted", capabilities: ModelCapabilities | None = None
    ) -> None:
        self._script = script
        self._name = name
        self._capabilities = capabilities or ModelCapabilities(may_see_personal_data=True, local=True)
        self.requests: list[ChatRequest] = []
        """What was asked, in order."""
        self.closed = False

    @property
    def name(self) -> str:
        return self._name

    @property
    def capabilities(self) -> ModelCapabilities:
        return self._capabilities

    async def complete(self, request: ChatRequest, *, limits: CallLimits = DEFAULT_LIMITS) -> ChatReply:
        turn = self._turn(request)
        match turn:
            case Fault():
                raise await self._fault(turn, limits)
            case Slowly(reply, first_seconds, piece_seconds):
                seconds = first_seconds + piece_seconds * len(list(_pieces(reply)))
                await self._take(seconds, limits.total_seconds)
                return self._checked(reply, request, limits)
            case ChatReply():
                return self._checked(turn, request, limits)
            case _:
                assert_never(turn)

    async def stream(
        self, request: ChatRequest, *, limits: CallLimits = DEFAULT_LIMITS
    ) -> AsyncGenerator[Delta | ChatReply]:
        turn = self._turn(request)
        if isinstance(turn, Fault):
            if turn.kind in ("silent_after_beginning", "cut_off", "truncated"):
                yield TextDelta(turn.said)
            raise await self._fault(turn, limits)
        slowly = turn if isinstance(turn, Slowly) else Slowly(turn)
        reply = self._checked(slowly.reply, request, limits)
        await self._take(slowly.first_seconds, min(limits.first_token_seconds, limits.total_seconds))
        left = limits.total_seconds - slowly.first_seconds
        for piece in _pieces(reply):
            await self._take(slowly.piece_seconds, left)
            left -= slowly.piece_seconds
            yield piece
        yield reply

    async def close(self) -> None:
        self.closed = True

    def _turn(self, request: ChatRequest) -> Turn:
        number = len(self.requests)
        self.requests.append(request)
        if callable(self._script):
            return self._script(request, number)
        if number >= len(self._script):
            raise AssertionError(f"the script of '{self._name}' has {len(self._script)} turns, and more were asked for")
        return self._script[number]

    def _checked(self, reply: ChatReply, request: ChatRequest, limits: CallLimits) -> ChatReply:
        # Text and values may be such as a vendor's JSON can say and ours cannot.
        said = [reply.text, *(json.dumps(dict(call.arguments), separators=(",", ":")) for call in reply.tool_calls)]
        size = sum(len(part.encode("utf-8", "surrogatepass")) for part in said)
        if size > limits.reply_bytes:
            raise self._lost(port.TOO_LARGE, f"answered more than {limits.reply_bytes} bytes")
        usage = reply.usage
        if usage == Usage():
            asked = sum(len(str(message)) for message in request.messages)
            usage = Usage(asked // _CHARACTERS_PER_TOKEN + 1, size // _CHARACTERS_PER_TOKEN + 1)
        reason = "tool_calls" if reply.tool_calls and reply.stop_reason == "end" else reply.stop_reason
        return replace(reply, usage=usage, stop_reason=reason, model=reply.model or self._name)

    async def _take(self, seconds: float, allowed_seconds: float) -> None:
        if seconds > allowed_seconds:
            await asyncio.sleep(max(0.0, allowed_seconds))
            raise self._lost(port.TIMED_OUT, f"did not answer within {allowed_seconds:g} seconds")
        if seconds > 0:
            await asyncio.sleep(seconds)

    async def _fault(self, fault: Fault, limits: CallLimits) -> Refusal:
        """The failure that a fault ends in, after the time that it takes."""
        kind = fault.kind
        if kind in ("silent", "silent_after_beginning"):
            await asyncio.sleep(limits.total_seconds)
        if kind in _UNAVAILABLE:
            return Unavailable(
                _UNAVAILABLE[kind],
                f"The model '{self._name}' is not to be had: {kind}.",
                retry_after_seconds=fault.retry_after_seconds,
            )
        if kind in _REFUSED:
            return port.RequestRefused(_REFUSED[kind], f"The model '{self._name}' does not take the request: {kind}.")
        return self._lost(_LOST[kind], f"failed: {kind}")

    def _lost(self, code: str, what: str) -> port.ReplyLost:
        return port.ReplyLost(code, f"The model '{self._name}' {what}.")


_UNAVAILABLE: dict[FaultKind, str] = {
    "unreachable": port.UNREACHABLE,
    "rate_limited": port.RATE_LIMITED,
    "overloaded": port.OVERLOADED,
    "quota_exhausted": port.QUOTA_EXHAUSTED,
    "not_permitted": port.NOT_PERMITTED,
    "not_found": port.NO_SUCH_MODEL,
}
_REFUSED: dict[FaultKind, str] = {
    "too_long": port.TOO_LONG,
    "filtered": port.CONTENT_FILTERED,
    "not_accepted": port.NOT_ACCEPTED,
}
_LOST: dict[FaultKind, str] = {
    "silent": port.TIMED_OUT,
    "silent_after_beginning": port.TIMED_OUT,
    "cut_off": port.CUT_OFF,
    "truncated": port.CUT_OFF,
    "garbage": port.UNREADABLE,
    "bad_tool_call": port.BAD_TOOL_CALL,
    "empty": port.EMPTY,
    "too_large": port.TOO_LARGE,
}


def _pieces(reply: ChatReply) -> Iterator[Delta]:
    """A reply as a stream would bring it: word by word, then each call in one piece."""
    for match in _PIECES.finditer(reply.text):
        yield TextDelta(match[0])
    for call in reply.tool_calls:
        yield ToolCallDelta(call.id, call.name, orjson.dumps(dict(call.arguments)).decode())
