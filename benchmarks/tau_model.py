"""A model that says what a benchmark tells it to, behind the real runtime: its conversation, its guard, its policy."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bottega.agents.assistant.role import NAME, assistant_role
from bottega.agents.tools.customer_tools import NOUNS, ShopParts
from bottega.agents.tools.product_search import ShopSearch
from bottega.bootstrap import Application
from bottega.connectors.sandbox.chat_model import ScriptedChatModel
from bottega.connectors.sandbox.chat_model import Turn as ModelTurn
from bottega.kernel.identifiers import new_id
from bottega.ports.chat_model import ChatReply, ChatRequest, ToolCall
from bottega.runtime.engine import Runtime
from bottega.runtime.guard.full import full_guard
from bottega.runtime.guard.guard import Guard
from bottega.runtime.models.call import ModelCall, RoutedReply
from bottega.runtime.role import Role
from bottega.runtime.run import Principal
from bottega.runtime.sessions import Message

Planned = tuple[str, Mapping[str, Any]]


class OneModel:
    """A router that knows one model."""

    def __init__(self, model: ScriptedChatModel) -> None:
        self._model = model

    async def complete(self, call: ModelCall, request: ChatRequest) -> RoutedReply:
        reply = await self._model.complete(request)
        return RoutedReply(reply, "mcl_1", "scripted", "small", call.intent, (), 0, "USD", 0.0)

    def stream(self, call: ModelCall, request: ChatRequest) -> Any:
        raise AssertionError(f"{call.intent} asks for no stream ({len(request.messages)} messages)")


@dataclass
class Clerk:
    """The assistant's runtime with a scripted model behind it."""

    application: Application
    runtime: Runtime
    script: list[ModelTurn]

    def talk(self, customer_id: str) -> "Talk":
        """A new conversation with this customer, who is signed in."""
        return Talk(self, Principal("customer", customer_id, customer_id))

    def talk_with_guest(self) -> "Talk":
        """A new conversation with somebody who proved nothing."""
        return self.talk(new_id("cus"))


@dataclass
class Talk:
    """One conversation."""

    clerk: Clerk
    principal: Principal
    session: str = field(default_factory=lambda: new_id("ses"))
    reply: Mapping[str, Any] = field(default_factory=dict[str, Any])

    async def say(self, text: str, *calls: Planned, token: str | None = None) -> Mapping[str, Any]:
        """The customer says something, and the model calls these tools; then it says no more than that it did."""
        clerk = self.clerk
        await clerk.runtime.open_session(self.session, NAME, self.principal)
        planned = [ToolCall(f"c{place}", name, given) for place, (name, given) in enumerate(calls, 1)]
        clerk.script[:] = [*([ChatReply("", tuple(planned))] if planned else []), ChatReply("I looked into it.")]
        turn = await clerk.runtime.hear(Message(self.session, text, new_id("msg"), token))
        assert turn.reply is not None, "nobody else answers in a benchmark"
        self.reply = turn.reply
        return turn.reply

    async def handle(self, identifier: str) -> str:
        """How a record is called here; the identifier itself when it was never shown."""
        async with self.clerk.application.database.read() as connection:
            handles = await connection.fetchval(
                "SELECT handles -> 'handles' FROM runtime.sessions WHERE id = $1", self.session
            )
        return next((handle for handle, known in (handles or {}).items() if known == identifier), identifier)

    @property
    def token(self) -> str | None:
        """That of the open question's button."""
        asked = self.reply.get("confirmation")
        return None if asked is None else str(asked["token"])

    def done(self) -> list[str]:
        """Tools that did something in the last turn."""
        calls = self.reply.get("attachments", {}).get("tool_calls", ())
        return [str(call["tool"]) for call in calls if call["state"] == "done"]


@asynccontextmanager
async def open_clerk(
    application: Application, *, guard: Guard | None = None, role: Role | None = None
) -> AsyncGenerator[Clerk]:
    """The runtime of the shop over a scripted model; `guard` and `role` stand in for the shop's own."""
    script: list[ModelTurn] = []

    def next_line(_: ChatRequest, __: int) -> ModelTurn:
        return script.pop(0)

    runtime = Runtime(
        application.database,
        application.performer,
        OneModel(ScriptedChatModel(next_line)),
        guard or full_guard(),
        application.jobs,
        application.clock,
        {NAME: role or assistant_role(parts_of(application))},
        nouns=NOUNS,
    )
    async with runtime:
        yield Clerk(application, runtime, script)


def parts_of(application: Application) -> ShopParts:
    """What the assistant's tools work with."""
    return ShopParts(application.effects, ShopSearch(None), application.pages, application.knowledge)


def values_in(value: Any) -> Sequence[str]:
    """Every text and number in arguments, as a customer would say them."""
    match value:
        case Mapping():
            return [said for member in value.values() for said in values_in(member)]
        case list() | tuple():
            return [said for member in value for said in values_in(member)]
        case None:
            return []
        case _:
            return [str(value)]
