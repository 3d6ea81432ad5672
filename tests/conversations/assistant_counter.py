"""The assistant behind the scripted conversations' counter: the real runtime over a copy of the demo shop."""

import contextlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import asyncpg

from bottega.actions.actor import Actor
from bottega.agents.assistant.role import NAME
from bottega.agents.chat.feed import Feed
from bottega.agents.chat.replies import ChatReply, chat_reply
from bottega.agents.chat.service import Chat, Said
from bottega.bootstrap import Application, open_application
from bottega.bootstrap.background import catch_up
from bottega.kernel.identifiers import new_id
from bottega.settings import Settings
from bottega.shop.customers.queries import find_account
from tests.conversations.form import (
    CartStep,
    DeliverStep,
    GiftCardStep,
    OrderStep,
    PayPageStep,
    ReturnStep,
    SignInStep,
    SoldOutStep,
    Step,
    StoredCardStep,
)
from tests.conversations.steps import Doer
from tests.shop_fixtures import MovableClock

SESSION = "scripted"


@dataclass
class AssistantCounter:
    """One customer at the counter of a demo shop of their own."""

    application: Application
    connection: asyncpg.Connection
    chat: Chat
    doer: Doer
    caller: Actor
    last: ChatReply | None = None
    heard: list[tuple[str, ChatReply]] = field(default_factory=list)
    _said: int = 0

    async def say(self, text: str) -> Mapping[str, Any]:
        """One message in words."""
        return await self._send(text, Said(text, f"m{self._said}"))

    async def press(self, label: str) -> Mapping[str, Any]:
        """A button: of the open confirmation, or one of the choices, which says its own text."""
        asked = None if self.last is None else self.last.confirmation
        if label in ("confirm", "decline") and asked is not None:
            said = Said("", f"m{self._said}", asked.token, declined=label == "decline")
            return await self._send(f"[{label}]", said)
        return await self.say(label)

    async def customer_id(self) -> str:
        """Whose cart the conversation works on."""
        found = await self.connection.fetchval("SELECT customer_id FROM runtime.sessions WHERE id = $1", SESSION)
        return found or self.caller.id

    async def prepare(self, step: Step, names: Mapping[str, str]) -> Mapping[str, str]:
        """Does a step on the shop; the names that it gives."""
        customer_id = await self.customer_id()
        match step:
            case OrderStep():
                return await self.doer.order(step, customer_id)
            case ReturnStep():
                return await self.doer.send_back(step, customer_id, names)
            case StoredCardStep():
                await self.doer.store_card(step, customer_id)
            case GiftCardStep():
                await self.doer.issue_gift_card(step)
            case CartStep():
                await self.doer.fill_cart(step, customer_id)
            case SoldOutStep():
                await self.doer.sell_out(step)
            case SignInStep():
                await self._sign_in(step)
            case PayPageStep():
                await self.doer.pay_newest(customer_id)
            case DeliverStep():
                await self.doer.deliver(step, names)
        return {}

    async def _send(self, shown: str, said: Said) -> Mapping[str, Any]:
        self._said += 1
        turn = await self.chat.say(SESSION, self.caller, replace(said, client_message_id=f"m{self._said}"))
        while await self.application.effects.drive_due():
            pass
        self.last = chat_reply(turn)
        self.heard.append((shown, self.last))
        return self.last.model_dump(mode="json")

    async def _sign_in(self, step: SignInStep) -> None:
        """As on the shop's pages: the guest's conversation and cart come along."""
        account = await account_of(self.application, step.customer)
        guest_id = self.caller.id
        await self.chat.enter(SESSION, self.caller)
        self.caller = Actor("customer", account, "customer")
        await self.chat.sign_in(SESSION, self.caller, guest_id)


async def account_of(application: Application, email: str) -> str:
    """The id of an account of the demo shop."""
    async with application.database.read() as connection:
        found = await find_account(connection, application.performer.lookup_key, email)
    assert found is not None, f"nobody has {email}"
    return found


@asynccontextmanager
async def open_counter(settings: Settings, customer: str | None) -> AsyncGenerator[AssistantCounter]:
    """The shop's own assistant, as `bottega serve` would run it, with the offline engine."""
    async with contextlib.AsyncExitStack() as stack:
        clock = MovableClock()
        application = await stack.enter_async_context(open_application(settings, clock=clock))
        await catch_up(application)
        connection = await asyncpg.connect(application.database.dsn)
        stack.push_async_callback(connection.close)
        if customer is None:
            caller = Actor("customer", new_id("cus"), "guest")
        else:
            caller = Actor("customer", await account_of(application, customer), "customer")
        feed = Feed(application.database)
        chat = Chat(application.agents.started, application.performer, feed, NAME)
        yield AssistantCounter(application, connection, chat, Doer(application, clock, connection), caller)
