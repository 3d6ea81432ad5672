"""Every run has an end: limits, circles, sizes, and calls that are no calls."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bottega.kernel.errors import Unavailable
from bottega.ports.chat_model import ChatReply, ChatRequest, ToolResult
from bottega.runtime import sweep
from bottega.runtime.context import RunContext
from bottega.runtime.critic import Planned, Verdict
from bottega.runtime.evidence import FieldLabels
from bottega.runtime.journal import steps_of
from bottega.runtime.loop.reflect import circle_in, over_limits, yes_or_no
from bottega.runtime.role import SAFE_TEXTS, Role, RunLimits
from bottega.runtime.run import Step, Usage
from bottega.runtime.tool import ToolLimits
from bottega.runtime.tools import QueryTool
from tests.runtime.workshop import CLERK, OFFICE, OFFICER, Workshop, calls, open_workshop, results, says

LIMITS = RunLimits(
    steps=60, model_calls=12, tool_calls=24, tokens=60_000, cost_micros=500_000, seconds=120.0, reply_characters=4_000
)


@pytest.mark.parametrize(
    ("usage", "reached"),
    [
        (Usage(), None),
        (Usage(steps=60), "steps"),
        (Usage(model_calls=12), "model_calls"),
        (Usage(input_tokens=50_000, output_tokens=10_000), "tokens"),
        (Usage(cost_micros=500_000), "cost_micros"),
        (Usage(active_milliseconds=120_000), "seconds"),
        (Usage(59, 11, 24, 50_000, 9_999, 499_999, 119_999), None),
    ],
)
def test_the_first_limit_that_is_reached_is_named(usage: Usage, reached: str | None) -> None:
    assert over_limits(usage, LIMITS) == reached


@pytest.mark.parametrize("text", ["yes", "Yes!", "yes, please.", "OK", "Go ahead", "That’s right.", "do it"])
def test_a_plain_yes(text: str) -> None:
    assert yes_or_no(text) == "yes"


@pytest.mark.parametrize("text", ["no", "No, thanks.", "don't", "I changed my mind", "Cancel"])
def test_a_plain_no(text: str) -> None:
    assert yes_or_no(text) == "no"


@pytest.mark.parametrize(
    "text", ["", "yes but in blue", "yes and also two mugs", "yesterday", "not sure", "why?", "oui"]
)
def test_neither(text: str) -> None:
    assert yes_or_no(text) is None


@pytest.mark.parametrize(
    ("text", "tool"),
    [
        ("yes please, cancel the order", "cancel_order"),
        ("ok, change it", "amend_order"),
        ("pay now", "process_payment"),
        ("return it please", "create_return"),
    ],
)
def test_a_yes_may_say_what_it_is_to(text: str, tool: str) -> None:
    assert yes_or_no(text, tool) == "yes"
    # What was asked was something else, or nothing.
    assert yes_or_no(text, "send_message") is None
    assert yes_or_no(text) is None


@pytest.mark.parametrize(
    "text", ["yes, cancel the other one", "cancel", "cancel the order and the mug", "order twenty"]
)
def test_a_yes_that_says_more_than_was_asked_is_none(text: str) -> None:
    assert yes_or_no(text, "cancel_order") != "yes"


async def test_a_run_that_reaches_its_limit_ends_with_a_safe_text(database_url: str) -> None:
    role = replace(CLERK, limits=RunLimits(model_calls=3))
    async with open_workshop(database_url, roles=(role,), script=lambda *_: calls(("list_goods", {}))) as workshop:
        turn = await workshop.say("Go on for ever")
        assert turn.reply is not None
        assert (turn.reply["replaced"], turn.reply["text"]) == ("limit", SAFE_TEXTS["limit"])
        run = await workshop.runtime.find(turn.run_id)
        assert (run.state, run.failure, run.usage.model_calls) == ("failed", "limit", 3)


async def test_the_same_call_with_the_same_result_is_let_pass_three_times(workshop: Workshop) -> None:
    turn = await workshop.say("Look", *[calls(("list_goods", {}))] * 3)
    assert turn.reply is not None
    assert turn.reply["replaced"] == "limit"
    run = await workshop.runtime.find(turn.run_id)
    assert (run.failure, run.usage.tool_calls) == ("loop", 3)


async def test_two_calls_that_take_turns_are_a_circle(workshop: Workshop) -> None:
    pair = [calls(("list_goods", {})), calls(("my_parcels", {}))]
    role_limits = RunLimits(same_call_times=99, alternations=2)
    steps = await acts_of(workshop, [*pair, *pair, says("Enough.")])
    assert circle_in(steps, role_limits) == "alternation"
    assert circle_in(steps[:-2], role_limits) is None


async def acts_of(workshop: Workshop, script: list[ChatReply]) -> list[Step]:
    """The acts of a turn in which the model says this."""
    turn = await workshop.say("Look", *script)
    async with workshop.database.read() as connection:
        return [step for step in await steps_of(connection, turn.run_id) if step.phase == "act"]


async def test_calls_beyond_the_limit_are_objected_to(database_url: str) -> None:
    role = replace(CLERK, limits=RunLimits(tool_calls=2))
    async with open_workshop(database_url, roles=(role,)) as workshop:
        turn = await workshop.say(
            "Look", calls(("list_goods", {}), ("my_parcels", {}), ("list_goods", {})), says("That is all.")
        )
        assert turn.reply is not None
        assert turn.reply["text"] == "That is all."
        assert (await workshop.runtime.find(turn.run_id)).usage.tool_calls == 2
        assert results(workshop.model.requests[-1])[2]["error"] == "too_many_tool_calls"


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (("no_such_tool", {}), "no_such_tool"),
        (("add_to_parcel", {"good_id": "good_9"}), "unknown_handle"),
        (("add_to_parcel", {"good_id": "gud_01jd0000000000000000000000"}), "unknown_handle"),
        (("list_goods", {"surplus": 1}), "invalid_arguments"),
        (("list_goods", {"surplus": "x" * 20_000}), "arguments_too_large"),
    ],
)
async def test_calls_that_are_none_are_told_why(workshop: Workshop, call: Any, code: str) -> None:
    turn = await workshop.say("Look", calls(call), says("I see."))
    assert turn.reply is not None
    assert turn.reply["text"] == "I see."
    assert results(workshop.model.requests[-1])[0]["error"] == code
    assert not [step for step in await workshop.steps(turn.run_id) if step[0] == "act"]


async def test_large_results_are_shortened_and_larger_ones_refused(database_url: str) -> None:
    async def many(context: RunContext) -> list[str]:
        """Gives much."""
        return ["word " * 20] * 100

    async def one(context: RunContext) -> str:
        """Gives one long text."""
        return "x" * 10_000

    limits = ToolLimits(result_bytes=4_000)
    role = Role("clerk", "Help.", (QueryTool(many, limits=limits), QueryTool(one, limits=limits)))
    async with open_workshop(database_url, roles=(role,)) as workshop:
        await workshop.say("Look", calls(("many", {}), ("one", {})), says("I see."))
        shown, refused = results(workshop.model.requests[-1])
        assert len(shown) == 25
        assert refused["error"] == "result_too_large"


async def test_a_tool_that_takes_too_long_is_done_without(database_url: str) -> None:
    async def slow(context: RunContext) -> str:
        """Sleeps."""
        await asyncio.sleep(5)
        return "late"

    role = Role("clerk", "Help.", (QueryTool(slow, limits=ToolLimits(seconds=0.05)),))
    async with open_workshop(database_url, roles=(role,)) as workshop:
        turn = await workshop.say("Look", calls(("slow", {})), says("I could not see it."))
        assert turn.reply is not None
        assert turn.reply["text"] == "I could not see it."
        assert await workshop.value("SELECT fault FROM runtime.steps WHERE phase = 'act'") == "timeout"


async def test_characters_that_no_column_holds_are_replaced(database_url: str) -> None:
    async def odd(context: RunContext) -> str:
        """Gives odd characters."""
        return "a\x00b\ud800c"

    role = Role("clerk", "Help.", (QueryTool(odd, labels=FieldLabels()),))
    async with open_workshop(database_url, roles=(role,)) as workshop:

        def script(request: ChatRequest, number: int) -> Any:
            assert isinstance(request.messages[-1], ToolResult)
            return says("Zero \x00.")

        turn = await workshop.say("Say \x00 it", calls(("odd", {})), script)
        assert turn.reply is not None
        stored = await workshop.value("SELECT reply ->> 'text' FROM runtime.turns")
        assert stored == "Zero �."
        assert await workshop.value("SELECT asked FROM runtime.turns") == "Say � it"


class BusyCritic:
    """A shop that is too busy to say anything, so many times."""

    name = "busy"

    def __init__(self, times: int) -> None:
        self.left = times

    async def review(self, planned: Planned) -> Verdict:
        self.left -= 1
        if self.left >= 0:
            raise Unavailable("busy", "Others hold this for too long.")
        return planned.call


async def test_a_shop_that_is_too_busy_is_told_in_a_conversation(database_url: str) -> None:
    async with open_workshop(database_url, roles=(replace(CLERK, critics=(BusyCritic(1),)),)) as workshop:
        turn = await workshop.say("Look", calls(("list_goods", {})))
        assert turn.reply is not None
        assert (turn.reply["replaced"], turn.reply["text"]) == ("unavailable", SAFE_TEXTS["unavailable"])
        assert (await workshop.runtime.find(turn.run_id)).failure == "busy"


async def test_other_work_is_put_off_and_not_for_ever(database_url: str) -> None:
    roles = (replace(OFFICER, critics=(BusyCritic(2),)),)
    async with open_workshop(database_url, roles=roles) as workshop:
        workshop.script.extend([calls(("list_goods", {})), calls(("list_goods", {}))])
        run = await workshop.runtime.start("officer", {"said": "Look"}, OFFICE)
        await workshop.work()
        assert (await workshop.runtime.find(run.id)).state == "waiting"
        workshop.clock.ahead = timedelta(hours=2)
        assert await sweep.wake_due(workshop.database, workshop.jobs, workshop.clock.now()) == [run.id]
        await workshop.work()
        ended = await workshop.runtime.find(run.id)
        assert (ended.state, ended.failure) == ("failed", "busy")
