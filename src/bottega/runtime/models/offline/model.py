"""The model that needs no model: a dialogue behind the port of a language model, with its memory in its own replies."""

import asyncio
from collections.abc import AsyncGenerator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import orjson

from bottega.kernel.errors import Unavailable
from bottega.ports.chat_model import (
    DEFAULT_LIMITS,
    EMPTY,
    OTHERS_FOLLOW,
    TIMED_OUT,
    UNSURE,
    AssistantMessage,
    CallLimits,
    ChatReply,
    ChatRequest,
    Delta,
    Json,
    Message,
    ModelCapabilities,
    ReplyLost,
    RequestRefused,
    TextDelta,
    ToolCall,
    ToolSpec,
)

NAME = "offline"
# Marks a continuation as ours: another model's notes are no memory of this one.
_MARK = "offline:1:"
LARGEST_MEMORY_BYTES = 32_768
# The session's slot in which the runtime hands back what the newest reply of an earlier turn carried.
MEMORY_SLOT = "offline_memory"


@dataclass(frozen=True, slots=True)
class Heard:
    """What a dialogue is given: its newest memory (None at first, or when it was lost), all messages, the place of the
    message that carries the memory (-1: an earlier turn), the tools, and what the runtime says beside the messages."""

    memory: Json | None
    messages: tuple[Message, ...]
    remembered_at: int
    tools: Mapping[str, ToolSpec]
    context: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Planned:
    """A call that a dialogue wants made."""

    tool: str
    arguments: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a dialogue wants: calls, or else a text, which `structured` describes for those who can show more."""

    memory: Json
    text: str = ""
    calls: tuple[Planned, ...] = ()
    structured: Mapping[str, Json] = field(default_factory=dict[str, Json])
    is_unsure: bool = False
    """Whether the text only says that nothing was understood or found: another model may know better."""


class Dialogue(Protocol):
    """What a role plugs in: it says what to do next; equal input gives an equal proposal."""

    async def next(self, heard: Heard) -> Proposal: ...


class OfflineModel:
    """Implements `ChatModel` with a dialogue. It uses no tokens, reaches no network, and may see personal data."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue

    @property
    def name(self) -> str:
        return NAME

    @property
    def capabilities(self) -> ModelCapabilities:
        return ModelCapabilities(
            structured_output=False, context_tokens=1_000_000, may_see_personal_data=True, local=True
        )

    async def complete(self, request: ChatRequest, *, limits: CallLimits = DEFAULT_LIMITS) -> ChatReply:
        """The dialogue's proposal as a reply; `continuation` carries its memory. `RequestRefused` when it is unsure and
        another model can be asked (`OTHERS_FOLLOW`)."""
        try:
            async with asyncio.timeout(limits.total_seconds):
                proposal = await self._dialogue.next(heard_in(request))
        except TimeoutError:
            raise ReplyLost(TIMED_OUT, f"The offline engine took longer than {limits.total_seconds:g} s.") from None
        if not proposal.calls and not proposal.text.strip():
            raise ReplyLost(EMPTY, "The offline engine had nothing to say.")
        if proposal.is_unsure and not proposal.calls and request.context.get(OTHERS_FOLLOW) is True:
            raise RequestRefused(UNSURE, "The offline engine is not sure what is meant and leaves it to another model.")
        # Ids are unique within the conversation: a place in it, then a place in the reply.
        place = len(request.messages)
        calls = tuple(
            ToolCall(f"offline-{place}-{number}", planned.tool, planned.arguments)
            for number, planned in enumerate(proposal.calls)
        )
        return ChatReply(
            text="" if calls else proposal.text,
            tool_calls=calls,
            stop_reason="tool_calls" if calls else "end",
            model=NAME,
            structured=None if calls or not proposal.structured else proposal.structured,
            continuation=_carried(proposal.memory),
        )

    async def stream(
        self, request: ChatRequest, *, limits: CallLimits = DEFAULT_LIMITS
    ) -> AsyncGenerator[Delta | ChatReply]:
        """The text word by word, then the reply; there is nothing to wait for in between."""
        reply = await self.complete(request, limits=limits)
        for piece in _pieces(reply.text):
            yield TextDelta(piece)
        yield reply

    async def close(self) -> None:
        """Nothing is held."""


def heard_in(request: ChatRequest) -> Heard:
    """What a request holds for a dialogue."""
    messages = request.messages
    tools = {tool.name: tool for tool in request.tools} if request.tool_choice != "none" else {}
    for place in range(len(messages) - 1, -1, -1):
        message = messages[place]
        if isinstance(message, AssistantMessage) and message.continuation.startswith(_MARK):
            return Heard(_remembered(message.continuation), messages, place, tools, request.context)
    slots: Json = request.context.get("slots") or {}
    carried = slots.get(MEMORY_SLOT)
    if isinstance(carried, str) and carried.startswith(_MARK):
        return Heard(_remembered(carried), messages, -1, tools, request.context)
    return Heard(None, messages, -1, tools, request.context)


def _carried(memory: Json) -> str:
    encoded = orjson.dumps(memory)
    if len(encoded) > LARGEST_MEMORY_BYTES:
        raise Unavailable(
            "offline_memory_too_large",
            f"The offline engine's memory has {len(encoded)} bytes; at most {LARGEST_MEMORY_BYTES} are carried on.",
            next_step="This is a fault of its dialogue, which has to forget what it no longer needs.",
        )
    return _MARK + encoded.decode()


def _remembered(continuation: str) -> Json | None:
    try:
        return orjson.loads(continuation.removeprefix(_MARK))
    except orjson.JSONDecodeError:
        return None


def _pieces(text: str) -> Sequence[str]:
    words = text.split(" ")
    return [word if place == len(words) - 1 else f"{word} " for place, word in enumerate(words)] if text else []
