"""Turns of a conversation: heard, answered, journalled, once each and in order."""

import asyncio
import itertools

import pytest

from bottega.connectors.sandbox.chat_model import Fault, Slowly
from bottega.kernel.errors import Conflict, Forbidden
from bottega.ports.chat_model import ChatRequest, UserMessage
from bottega.runtime.context import RunContext
from bottega.runtime.role import SAFE_TEXTS, Role
from bottega.runtime.run import Principal
from bottega.runtime.sessions import Message
from bottega.runtime.tools import QueryTool
from tests.runtime.workshop import CUSTOMER, Workshop, calls, open_workshop, says


async def test_a_turn_without_tools_is_answered_and_journalled(workshop: Workshop) -> None:
    turn = await workshop.say("Hello", says("Good day!"))
    assert turn.reply is not None
    assert (turn.ordinal, turn.reply["text"], turn.reply["level"]) == (1, "Good day!", "small")
    assert await workshop.steps(turn.run_id) == [
        ("observe", "", "done"),
        ("reflect", "", "done"),
        ("decide", "", "done"),
        ("log", "", "done"),
    ]
    run = await workshop.runtime.find(turn.run_id)
    assert (run.state, run.usage.model_calls, run.usage.steps, run.usage.cost_micros) == ("done", 1, 4, 25)


async def test_a_model_calls_a_tool_and_answers_from_it(workshop: Workshop) -> None:
    await workshop.stock("Blue mug", 1250)
    turn = await workshop.say("What do you have?", calls(("list_goods", {})), says("We have [good_1]."))
    assert turn.reply is not None
    assert turn.reply["text"] == "We have Blue mug."
    assert [reference["noun"] for reference in turn.reply["references"]] == ["good"]
    assert [step for step in await workshop.steps(turn.run_id) if step[0] == "act"] == [("act", "list_goods", "done")]


async def test_actions_are_performed_for_the_customer_with_filled_fields(workshop: Workshop) -> None:
    await workshop.stock("Blue mug", 1250)
    turn = await workshop.say(
        "Two blue mugs please",
        calls(("list_goods", {}), ("open_parcel", {})),
        calls(("add_to_parcel", {"good_id": "good_1", "quantity": 2})),
        says("Your parcel comes to 25.00 EUR."),
    )
    assert turn.reply is not None
    assert turn.reply["text"] == "Your parcel comes to 25.00 EUR."
    assert await workshop.rows("SELECT customer_id, total_minor FROM shop.parcels") == [
        {"customer_id": "cus_alice", "total_minor": 2500}
    ]
    entries = await workshop.rows(
        "SELECT action, actor_kind, actor_id, on_behalf_of, because FROM log.entries WHERE actor_kind = 'agent' "
        "ORDER BY sequence"
    )
    because = f"run:{turn.run_id}"
    assert [tuple(entry.values()) for entry in entries] == [
        ("OpenParcel", "agent", "clerk", "cus_alice", because),
        ("AddToParcel", "agent", "clerk", "cus_alice", because),
    ]
    # What the model was offered says nothing of what the runtime fills in.
    offered = {tool.name: tool.schema for tool in workshop.model.requests[0].tools}
    assert set(offered["add_to_parcel"]["properties"]) == {"good_id", "quantity"}


async def test_equal_client_message_ids_are_one_turn(workshop: Workshop) -> None:
    first = await workshop.say("Hello", says("Good day!"), key="same")
    second = await workshop.say("Hello", key="same")
    assert (second.ordinal, second.run_id, second.reply, second.repeated) == (1, first.run_id, first.reply, True)
    assert len(workshop.model.requests) == 1


async def test_equal_messages_at_once_are_one_turn(workshop: Workshop) -> None:
    await workshop.runtime.open_session("s1", "clerk", CUSTOMER)
    workshop.script.append(Slowly(says("Good day!"), 0.1))
    turns = await asyncio.gather(*(workshop.runtime.hear(Message("s1", "Hello", "same")) for _ in range(8)))
    assert {turn.run_id for turn in turns} == {turns[0].run_id}
    assert [turn.reply["text"] for turn in turns if turn.reply] == ["Good day!"] * 8
    assert sorted(turn.repeated for turn in turns) == [False] + [True] * 7
    assert len(workshop.model.requests) == 1


async def test_fifty_messages_at_once_are_answered_one_after_another_in_their_order(database_url: str) -> None:
    answering: list[str] = []

    def script(request: ChatRequest, number: int) -> Slowly:
        last = request.messages[-1]
        assert isinstance(last, UserMessage)
        answering.append(last.text)
        return Slowly(says(f"You said {last.text}."), 0.005)

    async with open_workshop(database_url, script=script) as workshop:
        await workshop.runtime.open_session("s1", "clerk", CUSTOMER)
        texts = [f"message-{number}" for number in range(50)]
        turns = await asyncio.gather(*(workshop.runtime.hear(Message("s1", text, text)) for text in texts))
        heard = await workshop.rows("SELECT asked, reply ->> 'text' AS reply FROM runtime.turns ORDER BY ordinal")
        assert [row["reply"] for row in heard] == [f"You said {row['asked']}." for row in heard]
        assert answering == [row["asked"] for row in heard]
        assert sorted(answering) == sorted(texts)
        assert all(turn.reply is not None and turn.reply["text"] == f"You said {turn.asked}." for turn in turns)
        spans = await workshop.rows(
            "SELECT min(s.began_at) AS began_at, r.answered_at FROM runtime.runs r "
            "JOIN runtime.steps s ON s.run_id = r.id GROUP BY r.id ORDER BY r.turn"
        )
        assert all(ended["answered_at"] <= began["began_at"] for ended, began in itertools.pairwise(spans))


async def test_messages_beyond_the_queue_are_refused(workshop: Workshop) -> None:
    await workshop.say("Hello", says("Good day!"))
    await workshop.execute("UPDATE runtime.sessions SET last_ordinal = 101")
    with pytest.raises(Conflict) as refused:
        await workshop.say("More")
    assert refused.value.code == "too_many_messages"


async def test_a_conversation_is_its_principals_alone(workshop: Workshop) -> None:
    await workshop.say("Hello", says("Good day!"))
    other = Principal("customer", "cus_bob", "cus_bob")
    with pytest.raises(Forbidden) as refused:
        await workshop.runtime.open_session("s1", "clerk", other)
    assert refused.value.code == "not_your_session"


async def test_a_conversation_has_one_customer(workshop: Workshop) -> None:
    await workshop.runtime.open_session("s1", "clerk", Principal("customer", "visitor", None))
    identified = await workshop.runtime.open_session("s1", "clerk", Principal("customer", "visitor", "cus_alice"))
    assert identified.principal.customer_id == "cus_alice"
    with pytest.raises(Forbidden):
        await workshop.runtime.open_session("s1", "clerk", Principal("customer", "visitor", "cus_bob"))


async def test_for_somebody_unknown_the_agent_acts_for_nobody(workshop: Workshop) -> None:
    visitor = Principal("customer", "visitor", None)
    turn = await workshop.say("Open a parcel", calls(("open_parcel", {})), says("I cannot."), principal=visitor)
    outcome = await workshop.value(
        "SELECT detail -> 'outcome' FROM runtime.steps WHERE run_id = $1 AND phase = 'act'", turn.run_id
    )
    assert (outcome["kind"], outcome["code"]) == ("refused", "invalid_arguments")
    assert await workshop.rows("SELECT * FROM shop.parcels") == []


async def test_card_numbers_are_never_stored_nor_shown(workshop: Workshop) -> None:
    turn = await workshop.say("Pay with 4111 1111 1111 1111 please", says("Please use the payment page."))
    assert turn.asked == "Pay with [card number removed] please"
    stored = await workshop.value("SELECT string_agg(t::text, '') FROM runtime.turns t")
    stored += await workshop.value("SELECT string_agg(r::text, '') FROM runtime.runs r")
    stored += await workshop.value("SELECT string_agg(s::text, '') FROM runtime.steps s")
    assert "4111" not in stored.replace(" ", "")
    assert "4111" not in str(workshop.model.requests)


async def test_what_a_model_is_shown_is_masked_and_put_back(workshop: Workshop) -> None:
    turn = await workshop.say(
        "Write to ada@example.org or +39 0461 123456", says("I will write to [email_1] and not call [phone_1].")
    )
    asked = workshop.model.requests[0].messages[-1]
    assert asked == UserMessage("Write to [email_1] or [phone_1]")
    assert turn.reply is not None
    assert turn.reply["text"] == "I will write to ada@example.org and not call +39 0461 123456."


async def test_a_colleague_takes_over_and_gives_back(workshop: Workshop) -> None:
    await workshop.say("Hello", says("Good day!"))
    await workshop.runtime.hand_over("s1", "stf_eve")
    silent = await workshop.say("A person please")
    assert (silent.reply, silent.answered_at is None) == (None, False)
    await workshop.runtime.hand_over("s1", None)
    again = await workshop.say("Thanks", says("You are welcome."))
    assert again.reply is not None
    assert (again.ordinal, again.reply["text"]) == (3, "You are welcome.")
    assert [m for m in workshop.model.requests[-1].messages if isinstance(m, UserMessage)] == [
        UserMessage("Hello"),
        UserMessage("A person please"),
        UserMessage("Thanks"),
    ]


async def test_without_a_model_the_turn_is_answered_with_a_safe_text(workshop: Workshop) -> None:
    turn = await workshop.say("Hello", Fault("overloaded"))
    assert turn.reply is not None
    assert (turn.reply["replaced"], turn.reply["text"]) == ("unavailable", SAFE_TEXTS["unavailable"])
    run = await workshop.runtime.find(turn.run_id)
    assert (run.state, run.failure) == ("failed", "no_model_answered")
    again = await workshop.say("Hello?", says("Here again."))
    assert again.reply is not None
    assert again.reply["text"] == "Here again."


async def test_a_bug_in_a_tool_ends_the_turn_and_not_the_conversation(database_url: str) -> None:
    async def broken(context: RunContext) -> str:
        """Breaks."""
        raise ZeroDivisionError("ada@example.org")

    role = Role("clerk", "Help.", (QueryTool(broken),))
    async with open_workshop(database_url, roles=(role,)) as workshop:
        turn = await workshop.say("Hello", calls(("broken", {})))
        assert turn.reply is not None
        assert turn.reply["replaced"] == "error"
        run = await workshop.runtime.find(turn.run_id)
        assert (run.state, run.failure) == ("failed", "ZeroDivisionError")
        assert "ada@" not in str(await workshop.rows("SELECT * FROM runtime.steps"))
        following = await workshop.say("Still there?", says("Yes."))
        assert following.reply is not None
        assert following.reply["text"] == "Yes."
