"""The assistant over the wardrobe's shop, with a model that follows a script: for tests of tools, chat and role."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bottega.agents.assistant.role import NAME, assistant_role
from bottega.agents.tools.customer_tools import NOUNS, ShopParts
from bottega.agents.tools.payment_page import PaymentPages
from bottega.agents.tools.product_search import ShopSearch
from bottega.connectors.sandbox.chat_model import ScriptedChatModel
from bottega.connectors.sandbox.chat_model import Turn as ModelTurn
from bottega.kernel.identifiers import new_id
from bottega.ports.chat_model import ChatRequest
from bottega.runtime.engine import Runtime
from bottega.runtime.guard.full import full_guard
from bottega.runtime.guard.guard import Guard
from bottega.runtime.role import Role
from bottega.runtime.run import Principal, Turn
from bottega.runtime.sessions import Message
from tests.runtime.workshop import DirectRouter
from tests.shop.wardrobe import Wardrobe

Line = ModelTurn | Callable[[ChatRequest, int], ModelTurn]


@dataclass
class Counter:
    """One conversation with a customer."""

    wardrobe: Wardrobe
    runtime: Runtime
    model: ScriptedChatModel
    script: list[Line]
    session: str = field(default_factory=lambda: new_id("ses"))
    principal: Principal | None = None
    last: Mapping[str, Any] = field(default_factory=dict)
    _said: int = 0

    async def say(self, text: str, *replies: Line, **more: Any) -> Mapping[str, Any]:
        """Says something; the model answers with these. Gives the reply's record."""
        principal = self.principal or account_of(self.wardrobe)
        await self.runtime.open_session(self.session, NAME, principal)
        self.script.extend(replies)
        self._said += 1
        turn: Turn = await self.runtime.hear(Message(self.session, text, f"m{self._said}", **more))
        assert turn.reply is not None
        assert not self.script, "the model was asked less often than the test expects"
        self.last = turn.reply
        return turn.reply

    async def press_yes(self, *replies: Line) -> Mapping[str, Any]:
        """Presses the button of the open question."""
        return await self.say("", *replies, token=self.last["confirmation"]["token"])

    def results(self) -> list[Any]:
        """What tools have answered in the newest turn, as the model sees it."""
        from tests.runtime.workshop import results

        return results(self.model.requests[-1])

    async def handle(self, identifier: str) -> str:
        """The handle under which a record was shown in this conversation."""
        handles = await self.wardrobe.shop.fetchval(
            "SELECT handles -> 'handles' FROM runtime.sessions WHERE id = $1", self.session
        )
        return next(handle for handle, known in handles.items() if known == identifier)


def account_of(wardrobe: Wardrobe) -> Principal:
    """The wardrobe's customer, signed in."""
    return Principal("customer", wardrobe.customer.id, wardrobe.customer.id)


def guest() -> Principal:
    """Somebody without an account."""
    customer_id = new_id("cus")
    return Principal("customer", customer_id, customer_id)


def shop_parts(wardrobe: Wardrobe) -> ShopParts:
    """What the tools work with in a test."""
    return ShopParts(
        wardrobe.shop.application.effects,
        ShopSearch(None),
        PaymentPages("http://shop.test", b"payment pages"),
        wardrobe.shop.application.knowledge,
    )


@asynccontextmanager
async def open_counter(
    wardrobe: Wardrobe, *, guard: Guard | None = None, roles: Sequence[Role] = ()
) -> AsyncGenerator[Counter]:
    """A runtime with the assistant over the wardrobe's shop."""
    application = wardrobe.shop.application
    lines: list[Line] = []

    def next_line(request: ChatRequest, number: int) -> ModelTurn:
        assert lines, "the model was asked once more than the test expects"
        line = lines.pop(0)
        return line(request, number) if callable(line) else line

    model = ScriptedChatModel(next_line)
    known = roles or (assistant_role(shop_parts(wardrobe)),)
    runtime = Runtime(
        application.database,
        application.performer,
        DirectRouter(model),
        guard or full_guard(frozenset({"shop.test"})),
        application.jobs,
        application.clock,
        {role.name: role for role in known},
        nouns=NOUNS,
    )
    async with runtime:
        yield Counter(wardrobe, runtime, model, lines)
