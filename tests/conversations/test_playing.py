"""A script is played as written: questions answered from its table, and buttons pressed only when there."""

from collections.abc import AsyncGenerator, Mapping
from typing import Any

import asyncpg
import pytest_asyncio

from tests.conversations.form import Conversation, Step
from tests.conversations.playing import play
from tests.conversations.test_checking import ORDER, WORLD, answer, happen

BUYING: dict[str, Any] = {
    "id": "buying",
    "title": "",
    "customer": "ada@example.com",
    "turns": [
        {"say": "I want the boot", "expect": {"confirmation": "create_order", "unchanged": True}},
        {"press": "confirm", "expect": {"mentions": ["{new_order}"]}},
        {"say": "is {new_order} on its way?"},
    ],
    "answers": {"address": "Via Roma 1", "size": ["42", "43"], "confirmation": "confirm"},
    "end": {"placed": [{"lines": [{"sku": "BOOT-42"}]}]},
}
CONFIRMATION = {"action": "create_order", "summary": "Order it?", "amount": None}


class ScriptedCounter:
    """Gives the answers of a list, and places the order when it is confirmed."""

    def __init__(self, connection: asyncpg.Connection, answers: list[dict[str, Any]]) -> None:
        self.connection = connection
        self.heard: list[str] = []
        self._answers = answers

    async def prepare(self, step: Step, names: Mapping[str, str]) -> Mapping[str, str]:
        raise AssertionError(f"{step} is not in the script with {names}")

    async def customer_id(self) -> str:
        return "cus_1"

    async def say(self, text: str) -> Mapping[str, Any]:
        self.heard.append(text)
        return self._answers.pop(0)

    async def press(self, label: str) -> Mapping[str, Any]:
        if label == "confirm":
            await happen(self.connection, "order", ORDER)
        return await self.say(f"[{label}]")


@pytest_asyncio.fixture
async def connection(database_url: str) -> AsyncGenerator[asyncpg.Connection]:
    opened = await asyncpg.connect(database_url)
    await happen(opened, "made", WORLD)
    yield opened
    await opened.close()


async def test_questions_are_answered_until_the_confirmation(connection: asyncpg.Connection) -> None:
    asked = [answer(asks_for="size"), answer(asks_for="address"), answer(confirmation=CONFIRMATION)]
    counter = ScriptedCounter(connection, [*asked, answer(reply="Order B-10001, thank you."), answer()])
    assert await play(Conversation.model_validate(BUYING), counter) == []
    assert counter.heard == ["I want the boot", "42", "Via Roma 1", "[confirm]", "is B-10001 on its way?"]


async def test_extra_turns_are_bounded(connection: asyncpg.Connection) -> None:
    counter = ScriptedCounter(connection, [answer(asks_for="size") for _ in range(10)])
    found = await play(Conversation.model_validate({**BUYING, "extra_turns": 2}), counter)
    assert counter.heard == ["I want the boot", "42", "43", "is {new_order} on its way?"]
    assert found == [
        "turn 1: asks for size, expected a confirmation of create_order",
        "turn 2: there is nothing to confirm",
        "at the end: 0 orders were placed, expected 1 (none)",
    ]


async def test_an_answer_of_another_form_ends_the_play(connection: asyncpg.Connection) -> None:
    (found,) = await play(Conversation.model_validate(BUYING), ScriptedCounter(connection, [{"text": "Hello"}]))
    assert found.startswith("turn 1: the answer has another form than agreed")
