"""Turns of a conversation: heard, answered, journalled, once each and in order."""

from tests.runtime.workshop import Workshop, calls, says


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
