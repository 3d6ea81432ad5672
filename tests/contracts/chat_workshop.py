"""What the contract of a chat model needs of each implementation: a model, and a hand on what it answers."""

import json
from abc import ABC, abstractmethod

from bottega.connectors.sandbox.chat_model import FaultKind, Turn
from bottega.ports.chat_model import (
    CallLimits,
    ChatModel,
    ChatReply,
    ChatRequest,
    Delta,
    SystemMessage,
    TextDelta,
    ToolCall,
    ToolCallDelta,
    ToolSpec,
    Usage,
    UserMessage,
)

LIMITS = CallLimits(connect_seconds=5, first_token_seconds=10, total_seconds=20)
SHORT = CallLimits(connect_seconds=0.4, first_token_seconds=0.4, total_seconds=0.4)
QUESTION = ChatRequest((SystemMessage("You are a clerk."), UserMessage("Is the tent in stock?")))
INVENTORY = ToolSpec(
    "check_inventory",
    "How many units of an article are there?",
    {
        "type": "object",
        "properties": {"sku": {"type": "string"}, "warehouses": {"type": "array", "items": {"type": "string"}}},
        "required": ["sku"],
    },
)
CALLING = ChatReply(
    "Let me look. ",
    (ToolCall("call_77", "check_inventory", {"sku": "TENT-2", "warehouses": ["Genova", "Århus"]}),),
    Usage(41, 17),
    "tool_calls",
)


class ChatWorkshop(ABC):
    """One implementation, set up so that a test can say what it answers."""

    model: ChatModel
    unsupported: frozenset[FaultKind] = frozenset()
    """Faults that this vendor has no word of its own for."""

    @abstractmethod
    def will(self, *turns: Turn) -> None:
        """What it answers next."""

    @abstractmethod
    def asked(self) -> int:
        """How many requests have reached it."""

    @abstractmethod
    def unreachable(self) -> ChatModel:
        """A model of the same kind where nobody listens."""


async def streamed(
    model: ChatModel, request: ChatRequest, limits: CallLimits = LIMITS
) -> tuple[list[Delta], ChatReply]:
    """A whole stream: its deltas, and the reply that ends it."""
    items = [item async for item in model.stream(request, limits=limits)]
    assert isinstance(items[-1], ChatReply)
    deltas = items[:-1]
    assert not any(isinstance(delta, ChatReply) for delta in deltas)
    return [delta for delta in deltas if not isinstance(delta, ChatReply)], items[-1]


def text_of(deltas: list[Delta]) -> str:
    return "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


def arguments_of(deltas: list[Delta], call_id: str) -> object:
    """The arguments of a call as its deltas spell them, or None when they were not spelled out."""
    written = "".join(
        delta.arguments for delta in deltas if isinstance(delta, ToolCallDelta) and delta.call_id == call_id
    )
    return json.loads(written) if written else None
