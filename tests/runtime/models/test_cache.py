"""The cache: the same answer for the same question, never a stale one and never another person's."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
import pytest

from bottega.kernel.errors import Unavailable
from bottega.ports.chat_model import AssistantMessage, ChatReply, ChatRequest, ToolCall, ToolSpec, UserMessage
from bottega.runtime.models.cache import CachePolicy
from bottega.runtime.models.call import EvidenceVersion
from tests.runtime.models.workbench import CALL, QUESTION, Workbench, route, says, scripted

EXACT = replace(CALL, cache="exact")
FAQ = replace(CALL, cache="semantic", intent="faq", evidence=(EvidenceVersion("doc/returns", "v1"),))


class Meanings:
    """An embedder that knows a few meanings: questions about returns are alike, everything else is not."""

    model = "meanings-1"
    dimensions = 3

    def __init__(self) -> None:
        self.away = False
        self.asked = 0

    async def embed(self, texts: Sequence[str], *, purpose: str, timeout_seconds: float | None = None) -> list[Any]:
        self.asked += 1
        if self.away:
            raise Unavailable("embedder_away", "The embedder is away.")
        return [self._vector(text) for text in texts]

    def _vector(self, text: str) -> Any:
        if "return" in text or "send it back" in text:
            vector = np.array([1.0, 0.1 * ("please" in text), 0.0], dtype=np.float32)
        elif "refund" in text:
            vector = np.array([0.9, 0.5, 0.0], dtype=np.float32)
        else:
            vector = np.array([0.0, 0.0, 1.0], dtype=np.float32)
        return vector / np.linalg.norm(vector)


def asks(text: str) -> ChatRequest:
    return replace(QUESTION, messages=(QUESTION.messages[0], UserMessage(text)))


class Counted:
    """A router with one model that answers with the number of its call."""

    def __init__(self, bench: Workbench, *texts: str) -> None:
        self.model = scripted(*(says(text) for text in texts or ("first", "second", "third", "fourth", "fifth")))
        self.router = bench.router(route("haiku", "small", self.model))

    async def answer(self, call: Any, request: ChatRequest = QUESTION) -> tuple[str, str | None]:
        reply = await self.router.complete(call, request)
        return reply.reply.text, reply.cache_hit


class TestTheSameRequest:
    async def test_is_answered_once(self, bench: Workbench) -> None:
        counted = Counted(bench)
        assert await counted.answer(EXACT) == ("first", None)
        assert await counted.answer(EXACT) == ("first", "exact")
        assert len(counted.model.requests) == 1
        first, second = await bench.calls()
        assert (first["cache_hit"], second["cache_hit"]) == (None, "exact")
        assert (second["route"], second["level"], second["cost_micros"], second["outcome"]) == (
            "haiku",
            "small",
            0,
            "answered",
        )

    async def test_is_asked_again_without_leave_to_repeat(self, bench: Workbench) -> None:
        counted = Counted(bench)
        assert [await counted.answer(CALL) for _ in range(2)] == [("first", None), ("second", None)]

    async def test_spaces_and_capitals_of_the_question_do_not_matter(self, bench: Workbench) -> None:
        counted = Counted(bench)
        await counted.answer(EXACT, asks("What is the time for returns?"))
        assert await counted.answer(EXACT, asks("  what is the  TIME for returns? ")) == ("first", "exact")

    @pytest.mark.parametrize(
        "changed",
        [
            replace(QUESTION, maximum_output_tokens=101),
            replace(QUESTION, temperature=0.5),
            replace(QUESTION, tools=(ToolSpec("look", "Looks.", {}),)),
            replace(QUESTION, response_schema={"type": "object"}),
            replace(QUESTION, messages=(*QUESTION.messages, AssistantMessage("Well"), UserMessage("And?"))),
            asks("What is the time for refunds?"),
        ],
    )
    async def test_another_request_is_another_request(self, bench: Workbench, changed: ChatRequest) -> None:
        counted = Counted(bench)
        await counted.answer(EXACT)
        assert (await counted.answer(EXACT, changed))[1] is None

    async def test_another_role_or_intent_is_another_request(self, bench: Workbench) -> None:
        counted = Counted(bench)
        await counted.answer(EXACT)
        assert (await counted.answer(replace(EXACT, role="buyer")))[1] is None
        assert (await counted.answer(replace(EXACT, intent="plan")))[1] is None

    async def test_what_only_our_engines_read_does_not_matter(self, bench: Workbench) -> None:
        counted = Counted(bench)
        await counted.answer(EXACT, replace(QUESTION, context={"session": "ses_1"}))
        assert (await counted.answer(EXACT, replace(QUESTION, context={"session": "ses_2"})))[1] == "exact"

    async def test_grows_old(self, bench: Workbench) -> None:
        bench.cache_policy = CachePolicy(seconds=60)
        counted = Counted(bench)
        await counted.answer(EXACT)
        bench.clock.advance(timedelta(seconds=59))
        assert (await counted.answer(EXACT))[1] == "exact"
        bench.clock.advance(timedelta(seconds=1))
        assert await counted.answer(EXACT) == ("second", None)
        bench.clock.advance(timedelta(seconds=60))
        assert await bench.tend("replies") == 1

    async def test_a_stream_repeats_it_too(self, bench: Workbench) -> None:
        counted = Counted(bench)
        await counted.answer(EXACT)
        items: list[Any] = [item async for item in counted.router.stream(EXACT, QUESTION)]
        assert (items[-1].reply.text, items[-1].cache_hit) == ("first", "exact")

    async def test_a_structure_comes_back_as_it_was(self, bench: Workbench) -> None:
        model = scripted(ChatReply("", structured={"verdict": "keep", "of": [1, 2]}))
        router = bench.router(route("haiku", "small", model))
        request = replace(QUESTION, response_schema={"type": "object"})
        for _ in range(2):
            assert (await router.complete(EXACT, request)).reply.structured == {"verdict": "keep", "of": [1, 2]}


class TestNeverAcrossPeople:
    async def test_a_private_reply_is_for_one_person(self, bench: Workbench) -> None:
        counted = Counted(bench)
        mine, yours = replace(EXACT, private_to="cus_1"), replace(EXACT, private_to="cus_2")
        assert await counted.answer(mine) == ("first", None)
        assert await counted.answer(yours) == ("second", None)
        assert await counted.answer(EXACT) == ("third", None)
        assert await counted.answer(mine) == ("first", "exact")

    async def test_personal_data_of_nobody_in_particular_is_not_kept(self, bench: Workbench) -> None:
        counted = Counted(bench)
        call = replace(EXACT, personal_data=True)
        assert [await counted.answer(call) for _ in range(2)] == [("first", None), ("second", None)]
        assert (await counted.answer(EXACT))[1] is None

    async def test_forgetting_somebody_drops_what_was_theirs(self, bench: Workbench) -> None:
        counted = Counted(bench)
        mine = replace(EXACT, private_to="cus_1", personal_data=True)
        await counted.answer(mine)
        await counted.answer(EXACT)
        assert await bench.cache().forget("cus_1") == 1
        assert await bench.cache().forget("") == 0
        assert await counted.answer(mine) == ("third", None)
        assert await counted.answer(EXACT) == ("second", "exact")

    async def test_a_meaning_is_not_shared_either(self, bench: Workbench) -> None:
        bench.embedder = Meanings()
        counted = Counted(bench)
        await counted.answer(replace(FAQ, private_to="cus_1"), asks("how do I return it?"))
        assert (await counted.answer(replace(FAQ, private_to="cus_2"), asks("how can I send it back?")))[1] is None


class TestNeverStale:
    async def test_another_version_of_what_it_rests_on(self, bench: Workbench) -> None:
        counted = Counted(bench)
        before = replace(EXACT, evidence=(EvidenceVersion("doc/returns", "v1"), EvidenceVersion("prd_1", "7")))
        after = replace(EXACT, evidence=(EvidenceVersion("doc/returns", "v2"), EvidenceVersion("prd_1", "7")))
        assert await counted.answer(before) == ("first", None)
        assert await counted.answer(before) == ("first", "exact")
        assert await counted.answer(after) == ("second", None)
        assert await counted.answer(after) == ("second", "exact")

    async def test_a_source_that_nobody_vouches_for(self, bench: Workbench) -> None:
        counted = Counted(bench)
        await counted.answer(replace(EXACT, evidence=(EvidenceVersion("doc/returns", "v1"),)))
        assert (await counted.answer(EXACT))[1] is None

    async def test_the_shop_is_asked_for_versions_that_the_caller_does_not_know(self, bench: Workbench) -> None:
        versions = {"doc/returns": "v1"}

        async def current(sources: Sequence[str]) -> dict[str, str]:
            return {source: versions[source] for source in sources if source in versions}

        bench.current_versions = current
        counted = Counted(bench)
        await counted.answer(replace(EXACT, evidence=(EvidenceVersion("doc/returns", "v1"),)))
        assert await counted.answer(EXACT) == ("first", "exact")
        versions["doc/returns"] = "v2"
        assert (await counted.answer(EXACT))[1] is None

    async def test_a_source_that_is_gone(self, bench: Workbench) -> None:
        async def current(_: Sequence[str]) -> dict[str, str]:
            return {}

        bench.current_versions = current
        counted = Counted(bench)
        await counted.answer(replace(EXACT, evidence=(EvidenceVersion("doc/returns", "v1"),)))
        assert (await counted.answer(EXACT))[1] is None

    async def test_a_change_drops_what_rests_on_it(self, bench: Workbench) -> None:
        counted = Counted(bench)
        resting = replace(EXACT, evidence=(EvidenceVersion("doc/returns", "v1"),))
        await counted.answer(resting)
        await counted.answer(EXACT, asks("Something else?"))
        assert await bench.cache().evidence_changed(["doc/shipping", "doc/returns"]) == 1
        assert (await counted.answer(resting))[1] is None
        assert (await counted.answer(EXACT, asks("Something else?")))[1] == "exact"


class TestAlikeQuestions:
    async def test_share_an_answer(self, bench: Workbench) -> None:
        bench.embedder = Meanings()
        counted = Counted(bench)
        assert await counted.answer(FAQ, asks("How do I return a tent?")) == ("first", None)
        assert await counted.answer(FAQ, asks("please, how can I send it back?")) == ("first", "semantic")
        assert await counted.answer(FAQ, asks("how do I return a tent?")) == ("first", "exact")

    async def test_less_alike_ones_do_not(self, bench: Workbench) -> None:
        bench.embedder = Meanings()
        counted = Counted(bench)
        await counted.answer(FAQ, asks("How do I return a tent?"))
        assert (await counted.answer(FAQ, asks("When is my refund paid?")))[1] is None

    async def test_other_numbers_are_another_question(self, bench: Workbench) -> None:
        bench.embedder = Meanings()
        counted = Counted(bench)
        await counted.answer(FAQ, asks("May I return it after 14 days?"))
        assert (await counted.answer(FAQ, asks("May I return it after 30 days?")))[1] is None
        assert (await counted.answer(FAQ, asks("After 14 days, may I return?")))[1] == "semantic"

    async def test_other_instructions_are_another_frame(self, bench: Workbench) -> None:
        bench.embedder = Meanings()
        counted = Counted(bench)
        await counted.answer(FAQ, asks("How do I return a tent?"))
        other = replace(QUESTION, messages=(UserMessage("how can I send it back?"),))
        assert (await counted.answer(FAQ, other))[1] is None

    async def test_a_conversation_is_no_faq(self, bench: Workbench) -> None:
        embedder = bench.embedder = Meanings()
        counted = Counted(bench)
        request = replace(QUESTION, messages=(*QUESTION.messages, AssistantMessage("Hm"), UserMessage("return it")))
        await counted.answer(FAQ, request)
        assert embedder.asked == 0

    async def test_a_stale_answer_is_not_shared(self, bench: Workbench) -> None:
        bench.embedder = Meanings()
        counted = Counted(bench)
        await counted.answer(FAQ, asks("How do I return a tent?"))
        newer = replace(FAQ, evidence=(EvidenceVersion("doc/returns", "v2"),))
        assert await counted.answer(newer, asks("how can I send it back?")) == ("second", None)

    async def test_without_the_embedder_only_the_same_question_is_repeated(self, bench: Workbench) -> None:
        embedder = bench.embedder = Meanings()
        embedder.away = True
        counted = Counted(bench)
        assert await counted.answer(FAQ, asks("How do I return a tent?")) == ("first", None)
        assert await counted.answer(FAQ, asks("how can I send it back?")) == ("second", None)
        assert await counted.answer(FAQ, asks("How do I return a tent?")) == ("first", "exact")


class TestNotWorthRepeating:
    async def test_a_tool_call(self, bench: Workbench) -> None:
        calling = ChatReply("", (ToolCall("c1", "look", {}),))
        router = bench.router(route("haiku", "small", scripted(calling, calling)))
        request = replace(QUESTION, tools=(ToolSpec("look", "Looks.", {}),))
        for _ in range(2):
            assert (await router.complete(EXACT, request)).cache_hit is None

    async def test_an_answer_that_was_cut_short(self, bench: Workbench) -> None:
        short = replace(says("Thirty da"), stop_reason="length")
        router = bench.router(route("haiku", "small", scripted(short, short)))
        for _ in range(2):
            assert (await router.complete(EXACT, QUESTION)).cache_hit is None

    async def test_the_offline_engine(self, bench: Workbench) -> None:
        router = bench.router()
        for _ in range(2):
            assert (await router.complete(EXACT, QUESTION)).cache_hit is None


async def test_what_was_asked_is_not_written_down(bench: Workbench) -> None:
    bench.embedder = Meanings()
    await Counted(bench).answer(FAQ, asks("how do I return my zeppelin?"))
    async with bench.database.read() as connection:
        (row,) = await connection.fetch("SELECT model_cache::text AS text FROM runtime.model_cache")
    assert "zeppelin" not in row["text"]
