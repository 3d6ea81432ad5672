"""A customer at the counter of a small shop: whole conversations with the dialogue, its tools and its memory."""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from bottega.agents.assistant.dialogue.engine import AssistantDialogue
from bottega.agents.assistant.language import ENGLISH
from bottega.agents.assistant.language.slots.answers import is_plain_yes
from bottega.ports.chat_model import (
    AssistantMessage,
    ChatReply,
    ChatRequest,
    Message,
    ToolCall,
    ToolResult,
    ToolSpec,
    UserMessage,
)
from bottega.runtime.models.offline.intents import IntentReader
from bottega.runtime.models.offline.model import MEMORY_SLOT, OfflineModel
from bottega.runtime.models.offline.teaching import find_classifier
from tests.agents.assistant.dialogue.small_shop_tools import AccountTools, CartTools, Catalogue, OrderTools

NEEDS_YES = frozenset(
    {"create_order", "process_payment", "cancel_order", "amend_order", "create_return", "create_exchange"}
)
TODAY = date(2026, 11, 29)


@dataclass
class Counter:
    """One conversation: what was called, and the last reply."""

    model: OfflineModel
    customer: AccountTools = field(default_factory=AccountTools)
    orders: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    without: frozenset[str] = frozenset()
    refusals: dict[str, dict[str, str]] = field(default_factory=dict[str, dict[str, str]])
    calls: list[tuple[str, dict[str, Any]]] = field(default_factory=list[tuple[str, dict[str, Any]]])
    reply: ChatReply | None = None
    pending: tuple[str, dict[str, Any]] | None = None
    memory: str = ""
    turn: int = 0
    carts: CartTools = field(default_factory=CartTools)

    def __post_init__(self) -> None:
        groups = (Catalogue(), self.carts, OrderTools(self.carts, self.customer, self.orders), self.customer)
        self.tools: dict[str, Callable[..., Any]] = {
            name: getattr(group, name)
            for group in groups
            for name in dir(group)
            if not name.startswith("_") and callable(getattr(group, name)) and name not in self.without
        }

    @property
    def text(self) -> str:
        assert self.reply is not None
        return self.reply.text

    @property
    def structured(self) -> Mapping[str, Any]:
        assert self.reply is not None
        return self.reply.structured or {}

    @property
    def asks_for(self) -> str | None:
        return "confirmation" if self.pending is not None else self.structured.get("asks_for")

    def called(self, tool: str) -> list[dict[str, Any]]:
        """Arguments of every call of that tool, so far."""
        return [arguments for name, arguments in self.calls if name == tool]

    async def say(self, text: str) -> str:
        """One message of the customer, answered as the runtime would: it asks for a yes itself, and makes the call
        after a plain one."""
        messages: list[Message] = [UserMessage(text)]
        self.turn += 1
        asked, self.pending = self.pending, None
        if asked is not None and is_plain_yes(text):
            confirmed = AssistantMessage("", (ToolCall(f"confirmed-{self.turn}", *asked),))
            messages += [confirmed, self._made(confirmed.tool_calls[0])]
        for _ in range(20):
            self.reply = await self.model.complete(self._request(messages, asked))
            self.memory = self.reply.continuation
            if not self.reply.tool_calls:
                return self.reply.text
            messages.append(self.reply.as_message())
            for call in self.reply.tool_calls:
                if call.name in NEEDS_YES and call.name not in self.refusals:
                    self.pending = (call.name, dict(call.arguments))
                    self.reply = ChatReply(f"{call.name}?")
                    return self.reply.text
                messages.append(self._made(call))
        raise AssertionError(f"no reply after {self.calls[-20:]}")

    def _request(self, messages: Sequence[Message], asked: tuple[str, dict[str, Any]] | None) -> ChatRequest:
        context = {
            "session_id": "ses_1",
            "turn": self.turn,
            "is_identified": True,
            "today": TODAY.isoformat(),
            "slots": {MEMORY_SLOT: self.memory},
            "pending_tool": None if asked is None else asked[0],
        }
        tools = tuple(ToolSpec(name, name, {}) for name in self.tools)
        return ChatRequest(tuple(messages), tools, context=context)

    def _made(self, call: ToolCall) -> ToolResult:
        arguments = dict(call.arguments)
        if call.name in self.refusals:
            return ToolResult(call.id, call.name, self.refusals[call.name], failed=True)
        self.calls.append((call.name, arguments))
        answer = self.tools[call.name](**arguments)
        return ToolResult(
            call.id, call.name, copy.deepcopy(answer), failed=isinstance(answer, dict) and "error" in answer
        )


def new_counter(
    *,
    passages: Sequence[Mapping[str, Any]] = (),
    is_identified: bool = True,
    account: Mapping[str, Any] | None = None,
    **more: Any,
) -> Counter:
    """A counter whose assistant reads by letters alone: no process, no weights."""
    reader = IntentReader(find_classifier(ENGLISH, None, None), None)
    customer = AccountTools(is_identified, passages=[dict(passage) for passage in passages])
    customer.account |= account or {}
    return Counter(OfflineModel(AssistantDialogue(reader)), customer, **more)
