"""The offline engine behind the port of a model: what it carries on, and when it leaves the answer to another."""

import pytest

from bottega.ports import chat_model as port
from bottega.ports.chat_model import ChatRequest, RequestRefused, UserMessage
from bottega.runtime.models.offline.model import Heard, OfflineModel, Planned, Proposal


class Dialogue:
    """Proposes what it is given, and remembers what it heard."""

    def __init__(self, *proposals: Proposal) -> None:
        self.proposals = list(proposals)
        self.heard: list[Heard] = []

    async def next(self, heard: Heard) -> Proposal:
        self.heard.append(heard)
        return self.proposals.pop(0)


def request(*, others_follow: bool) -> ChatRequest:
    return ChatRequest((UserMessage("hm"),), context={port.OTHERS_FOLLOW: others_follow})


LOST = Proposal({"turn": 1}, text="I am not sure I understood.", is_unsure=True)


async def test_what_it_is_unsure_of_it_leaves_to_those_who_follow() -> None:
    with pytest.raises(RequestRefused) as refused:
        await OfflineModel(Dialogue(LOST)).complete(request(others_follow=True))
    assert refused.value.code == port.UNSURE


async def test_as_the_last_one_it_answers_although_it_is_unsure() -> None:
    reply = await OfflineModel(Dialogue(LOST)).complete(request(others_follow=False))
    assert reply.text == LOST.text


async def test_what_it_is_sure_of_and_what_it_has_to_look_up_it_keeps() -> None:
    looking = Proposal({}, calls=(Planned("search_products", {"query": "mug"}),), is_unsure=True)
    model = OfflineModel(Dialogue(Proposal({}, text="Hello!"), looking))
    assert (await model.complete(request(others_follow=True))).text == "Hello!"
    (call,) = (await model.complete(request(others_follow=True))).tool_calls
    assert (call.name, call.arguments) == ("search_products", {"query": "mug"})


async def test_its_memory_comes_back_in_its_own_reply() -> None:
    dialogue = Dialogue(Proposal({"turn": 1}, text="Hello!"), Proposal({"turn": 2}, text="Again."))
    model = OfflineModel(dialogue)
    first = await model.complete(request(others_follow=False))
    await model.complete(ChatRequest((UserMessage("hm"), first.as_message(), UserMessage("and?"))))
    assert [heard.memory for heard in dialogue.heard] == [None, {"turn": 1}]
