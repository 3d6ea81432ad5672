"""Plays a scripted conversation: what is said when, and which questions are answered from its table."""

from collections.abc import Mapping
from typing import Any, Protocol

import asyncpg
from pydantic import ValidationError

from tests.conversations.catalogue import read_catalogue
from tests.conversations.checking import Talk, check_end, check_replies, check_turn, read_reply
from tests.conversations.form import Conversation, Expected, Step, Turn, filled
from tests.conversations.reply import Card, Reply
from tests.conversations.shop_state import ShopState


class Counter(Protocol):
    """One conversation with the assistant in one shop; whoever drives the assistant implements this."""

    connection: asyncpg.Connection

    async def prepare(self, step: Step, names: Mapping[str, str]) -> Mapping[str, str]:
        """Does a step on the shop and waits until its effects are settled; answers with the names that it gives."""
        ...

    async def customer_id(self) -> str:
        """The account or the guest who talks now."""
        ...

    async def say(self, text: str) -> Mapping[str, Any]:
        """Says something; the answer as the README describes it."""
        ...

    async def press(self, label: str) -> Mapping[str, Any]:
        """Presses `confirm`, `decline` or a choice of the last answer."""
        ...


async def play(conversation: Conversation, counter: Counter) -> list[str]:
    """Everything in which the conversation differs from its script; nothing when it went well."""
    return await _Play(conversation, counter).run()


class _Play:
    def __init__(self, conversation: Conversation, counter: Counter) -> None:
        self._conversation = conversation
        self._counter = counter
        self._answers = {name: list(given) for name, given in conversation.answers.items()}
        self._extra = conversation.extra_turns
        self._last: Reply | None = None
        self._shown: tuple[Card, ...] = ()
        self._handed_over = False
        self._talk: Talk

    async def run(self) -> list[str]:
        names: dict[str, str] = {}
        for step in self._conversation.setup:
            names |= await self._counter.prepare(step, names)
        shop = ShopState(self._counter.connection, await self._counter.customer_id(), self._conversation.customer)
        await shop.begin()
        catalogue = await read_catalogue(self._counter.connection)
        self._talk = Talk(self._conversation, catalogue, shop, names, [])
        found: list[str] = []
        for number, turn in enumerate(self._conversation.turns, 1):
            try:
                differences = await self._turn(turn)
            except ValidationError as error:
                return [*found, f"turn {number}: the answer has another form than agreed: {error}"]
            found += [f"turn {number}: {difference}" for difference in differences]
        await self._react(Expected(), to_the_end=True)
        ends = await check_end(self._conversation.end, shop, names, self._handed_over)
        return found + [f"at the end: {difference}" for difference in ends]

    async def _turn(self, turn: Turn) -> list[str]:
        shop, before = self._talk.shop, await self._talk.shop.log_end()
        self._talk.shown = self._shown
        if turn.meanwhile is not None:
            self._talk.names |= await self._counter.prepare(turn.meanwhile, self._talk.names)
            shop.customer_id = await self._counter.customer_id()
            if turn.meanwhile.step == "sign_in":
                shop.email = turn.meanwhile.customer
            await shop.learn_orders()
            return []
        replies: list[Reply] = []
        if turn.press is not None:
            await self._react(Expected(confirmation="any"), to_the_end=False)
            if turn.press in ("confirm", "decline") and (self._last is None or self._last.confirmation is None):
                return [f"there is nothing to {turn.press}"]
            if turn.press not in ("confirm", "decline") and (
                self._last is None or turn.press not in self._last.choices
            ):
                return [f"there is no choice “{turn.press}”"]
            replies.append(await self._hear(await self._counter.press(turn.press)))
        elif turn.say is not None:
            replies.append(await self._say(filled(turn.say, self._talk.names)))
        replies += await self._react(turn.expect, to_the_end=False, heard=replies)
        return await check_turn(self._talk, turn.expect, replies, before)

    async def _react(self, expected: Expected, *, to_the_end: bool, heard: list[Reply] | None = None) -> list[Reply]:
        """Answers the assistant's questions from the table while something expected is still missing."""
        replies: list[Reply] = []
        while self._extra and self._last is not None:
            question = self._last.question()
            if question is None or not self._answers.get(question):
                break
            if not to_the_end and not await self._missing(expected, [*(heard or []), *replies]):
                break
            self._extra -= 1
            given = self._answers[question]
            text = given.pop(0) if len(given) > 1 else given[0]
            pressing = question == "confirmation" and text in ("confirm", "decline")
            said = filled(text, self._talk.names)
            replies.append(await self._hear(await self._counter.press(text)) if pressing else await self._say(said))
        return replies

    async def _missing(self, expected: Expected, replies: list[Reply]) -> bool:
        if expected.confirmation == "any":
            return self._last is None or self._last.confirmation is None
        if expected.cart is not None and await self._talk.shop.cart_lines() != {
            line.sku: line.quantity for line in expected.cart
        }:
            return True
        return bool(check_replies(self._talk, expected, replies))

    async def _say(self, text: str) -> Reply:
        self._talk.said.append(text)
        return await self._hear(await self._counter.say(text))

    async def _hear(self, answer: Mapping[str, Any]) -> Reply:
        self._last = read_reply(answer)
        self._shown = self._last.cards or self._shown
        self._handed_over = self._handed_over or self._last.handover
        await self._talk.shop.learn_orders()
        for name, table in (("new_order", "orders"), ("new_return", "returns"), ("new_ticket", "tickets")):
            if made := await self._talk.shop.made(table):
                query = f"SELECT number FROM shop.{table} WHERE id = $1"
                self._talk.names[name] = await self._talk.shop.connection.fetchval(query, made[-1])
        return self._last
