"""The hostile model: it answers in every conversation what the attack of that conversation wants to call next."""

import re
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bottega.ports.chat_model import (
    LARGEST_REPLY_BYTES,
    ChatReply,
    ChatRequest,
    Delta,
    ToolCall,
    ToolResult,
    Usage,
)
from bottega.runtime.models.call import ModelCall, NoModelAnswered, RoutedReply, StartedOver

_HANDLE = re.compile(r"\b([a-z]{3,20})_(\d{1,4})\b")
LAST_WORDS = ChatReply("I looked into it.")

Planned: TypeAlias = tuple[str, Mapping[str, Any]]


@dataclass(slots=True)
class Mind:
    """What the model remembers of one conversation."""

    moves: list["Move"] = field(default_factory=list["Move"])
    requests: list[ChatRequest] = field(default_factory=list[ChatRequest])

    def results(self) -> list[Any]:
        """What tools have answered, as the newest request shows it."""
        if not self.requests:
            return []
        return [message.content for message in self.requests[-1].messages if isinstance(message, ToolResult)]

    def handles(self, noun: str) -> list[str]:
        """The names of records of one kind that were shown, in the order in which they came."""
        shown = dict.fromkeys(
            match[0]
            for request in self.requests
            for match in _HANDLE.finditer(str(request.messages))
            if match[1] == noun
        )
        return list(shown)

    def handle(self, noun: str) -> str:
        """The newest of them, or a made up one."""
        return next(reversed(self.handles(noun)), f"{noun}_1")


Move: TypeAlias = Callable[[Mind], "Sequence[Planned] | str"]


class HostileModel:
    """A router that knows one model, whose replies come from the attacks; it remembers whatever it was ever shown."""

    def __init__(self) -> None:
        self.minds: dict[str, Mind] = {}
        self.calls = 0
        self._number = 0

    def mind(self, session: str) -> Mind:
        """What it remembers of this conversation."""
        return self.minds.setdefault(session, Mind())

    async def complete(self, call: ModelCall, request: ChatRequest) -> RoutedReply:
        """The next move. As behind every connector, more bytes than the limits allow are no reply."""
        mind = self.mind(call.private_to or call.run_id or "")
        mind.requests.append(request)
        reply = self._next(mind)
        size = len(reply.text) + sum(len(one.name) + len(str(one.arguments)) for one in reply.tool_calls)
        if size > LARGEST_REPLY_BYTES:
            raise NoModelAnswered(f"It answered {size} characters.", ())
        return RoutedReply(reply, f"mcl_{self.calls}", "hostile", "small", call.intent, (), 0, "EUR", 0.0)

    def stream(self, call: ModelCall, request: ChatRequest) -> AsyncGenerator[Delta | StartedOver | RoutedReply]:
        """Attacks ask for no stream."""
        raise AssertionError(f"{call.intent} asks for a stream of {len(request.messages)} messages")

    def _next(self, mind: Mind) -> ChatReply:
        if not mind.moves:
            return LAST_WORDS
        planned = mind.moves.pop(0)(mind)
        if isinstance(planned, str):
            return ChatReply(planned)
        calls: list[ToolCall] = []
        for name, arguments in planned:
            self._number += 1
            calls.append(ToolCall(f"call_{self._number}", name, arguments))
        self.calls += len(calls)
        return ChatReply("", tuple(calls), usage=Usage(1, 1))


def calls(*planned: Planned) -> Move:
    """A move that is known beforehand."""
    return lambda _: planned


def says(text: str) -> Move:
    """Words instead of calls."""
    return lambda _: text
