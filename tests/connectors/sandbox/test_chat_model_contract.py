"""The scripted model keeps the chat model contract."""

import pytest

from bottega.connectors.sandbox.chat_model import Fault, ScriptedChatModel, Turn
from bottega.ports.chat_model import ChatModel, ChatReply, ToolCall
from tests.contracts.chat_model import AnswerContract, FailureContract
from tests.contracts.chat_workshop import QUESTION, ChatWorkshop
from tests.fakes.model_server import HUGE_TEXT


class ScriptedWorkshop(ChatWorkshop):
    def __init__(self) -> None:
        self.turns: list[Turn] = []
        self.scripted = ScriptedChatModel(lambda _, number: self.turns[number])
        self.model = self.scripted

    def will(self, *turns: Turn) -> None:
        huge = ChatReply(HUGE_TEXT)
        self.turns += [huge if isinstance(turn, Fault) and turn.kind == "too_large" else turn for turn in turns]

    def asked(self) -> int:
        return len(self.scripted.requests)

    def unreachable(self) -> ChatModel:
        return ScriptedChatModel([Fault("unreachable")])


@pytest.fixture
def workshop() -> ChatWorkshop:
    return ScriptedWorkshop()


class TestScripted(AnswerContract, FailureContract):
    pass


async def test_counts_tokens_when_the_script_does_not() -> None:
    model = ScriptedChatModel([ChatReply("x" * 41, (ToolCall("c", "t", {"a": 1}),))])
    usage = (await model.complete(QUESTION)).usage
    assert usage.output_tokens == (41 + len('{"a":1}')) // 4 + 1
    assert usage.input_tokens > 10


async def test_a_script_that_is_over_is_a_bug_of_the_test() -> None:
    with pytest.raises(AssertionError, match="has 0 turns"):
        await ScriptedChatModel([]).complete(QUESTION)


async def test_keeps_what_was_asked() -> None:
    model = ScriptedChatModel([ChatReply("one"), ChatReply("two")])
    await model.complete(QUESTION)
    assert model.requests == [QUESTION]
    await model.close()
    assert model.closed
