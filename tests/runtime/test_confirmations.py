"""What is of weight happens after the customer's yes to exactly this, once."""

import asyncio
from datetime import timedelta
from typing import Any

from bottega.connectors.sandbox.chat_model import Fault
from bottega.runtime.sessions import Message
from tests.runtime.workshop import Workshop, calls, says

ADDRESS = {"name": "Ada Lovelace", "line1": "12 Elm Street", "city": "Trento", "country": "IT"}
SEND = ("send_parcel", {"to": ADDRESS})
WISH = "Please send it to Ada Lovelace, 12 Elm Street, Trento"
QUESTION = "Send the parcel to Ada Lovelace, 12 Elm Street, Trento, for 25.00 EUR. Shall I?"


async def filled_parcel(workshop: Workshop) -> None:
    """A parcel with two mugs in session s1."""
    await workshop.stock("Blue mug", 1250)
    await workshop.say(
        "Two blue mugs please",
        calls(("list_goods", {}), ("open_parcel", {})),
        calls(("add_to_parcel", {"good_id": "good_1", "quantity": 2})),
        says("They are in the parcel."),
    )


async def asked_to_send(workshop: Workshop) -> dict[str, Any]:
    """The confirmation that the customer is shown after asking to send."""
    await filled_parcel(workshop)
    turn = await workshop.say(WISH, calls(SEND))
    assert turn.reply is not None
    assert turn.reply["confirmation"] is not None
    return turn.reply["confirmation"]


async def states(workshop: Workshop) -> list[str]:
    rows = await workshop.rows("SELECT state FROM runtime.confirmations ORDER BY id")
    return [row["state"] for row in rows]


async def parcel_state(workshop: Workshop) -> str:
    return await workshop.value("SELECT state FROM shop.parcels")


async def test_a_call_of_weight_asks_first_in_the_words_of_the_records(workshop: Workshop) -> None:
    await filled_parcel(workshop)
    before = await workshop.value("SELECT count(*) FROM log.entries")
    turn = await workshop.say(WISH, calls(SEND, text="Sure, all done!"))
    assert turn.reply is not None
    assert (turn.reply["text"], turn.reply["choices"], turn.reply["level"]) == (QUESTION, ["Yes", "No"], "rules")
    assert turn.reply["confirmation"]["summary"] == QUESTION
    assert await parcel_state(workshop) == "open"
    assert await workshop.value("SELECT count(*) FROM log.entries") == before
    assert await states(workshop) == ["pending"]


async def test_a_plain_yes_does_exactly_what_was_asked(workshop: Workshop) -> None:
    await asked_to_send(workshop)
    turn = await workshop.say("Yes, please.", says("Your parcel is sent."))
    assert turn.reply is not None
    assert turn.reply["text"] == "Your parcel is sent."
    assert await workshop.rows("SELECT state, city, total_minor FROM shop.parcels") == [
        {"state": "sent", "city": "Trento", "total_minor": 2500}
    ]
    assert await states(workshop) == ["used"]
    facts = await workshop.value("SELECT facts FROM log.entries WHERE action = 'SendParcel'")
    assert (facts["confirmed"], facts["third_party_argument"], facts["needs_person"]) == (True, False, False)
    # No model decides that it happens: the decision of the yes is code's.
    decisions = await workshop.rows(
        "SELECT detail FROM runtime.steps WHERE run_id = $1 AND phase = 'decide' ORDER BY number", turn.run_id
    )
    assert "routed" not in decisions[0]["detail"]
    assert len(decisions) == 2


async def test_the_button_does_it_too_and_only_once(workshop: Workshop) -> None:
    confirmation = await asked_to_send(workshop)
    turn = await workshop.say("", says("It is sent."), token=confirmation["token"])
    assert turn.reply is not None
    assert turn.reply["text"] == "It is sent."
    again = await workshop.say("", token=confirmation["token"])
    assert again.reply is not None
    assert again.reply["replaced"] == "not_confirmed"
    assert await workshop.value("SELECT count(*) FROM log.entries WHERE action = 'SendParcel'") == 1


async def test_a_forged_token_opens_nothing(workshop: Workshop) -> None:
    confirmation = await asked_to_send(workshop)
    turn = await workshop.say("", token=confirmation["token"][:-1] + "x")
    assert turn.reply is not None
    assert turn.reply["replaced"] == "not_confirmed"
    assert (await parcel_state(workshop), await states(workshop)) == ("open", ["pending"])


async def test_yes_and_button_in_a_race_send_once(workshop: Workshop) -> None:
    confirmation = await asked_to_send(workshop)
    workshop.script.extend([says("It is sent.")] * 6)
    turns = await asyncio.gather(
        *(workshop.runtime.hear(Message("s1", "", f"b{n}", token=confirmation["token"])) for n in range(3)),
        *(workshop.runtime.hear(Message("s1", "yes", f"y{n}")) for n in range(3)),
    )
    assert all(turn.reply is not None for turn in turns)
    assert await workshop.value("SELECT count(*) FROM log.entries WHERE action = 'SendParcel'") == 1
    assert await states(workshop) == ["used"]


async def test_no_ends_the_request(workshop: Workshop) -> None:
    await asked_to_send(workshop)
    turn = await workshop.say("No, thanks", says("As you like."))
    assert turn.reply is not None
    assert turn.reply["text"] == "As you like."
    assert (await parcel_state(workshop), await states(workshop)) == ("open", ["declined"])


async def test_a_yes_to_something_else_does_not_bind(workshop: Workshop) -> None:
    await asked_to_send(workshop)
    await workshop.say("What do mugs cost?", says("Would you like to see more?"))
    turn = await workshop.say("yes", says("Here is more."))
    assert turn.reply is not None
    assert turn.reply["text"] == "Here is more."
    assert (await parcel_state(workshop), await states(workshop)) == ("open", ["pending"])


async def test_more_than_a_plain_yes_is_no_yes(workshop: Workshop) -> None:
    await asked_to_send(workshop)
    turn = await workshop.say("Yes, but to Rovereto", says("To which street?"))
    assert turn.reply is not None
    assert turn.reply["text"] == "To which street?"
    assert (await parcel_state(workshop), await states(workshop)) == ("open", ["pending"])


async def test_changed_arguments_are_a_new_request(workshop: Workshop) -> None:
    first = await asked_to_send(workshop)
    elsewhere = ("send_parcel", {"to": {**ADDRESS, "city": "Rovereto"}})
    second = await workshop.say("Send it to Rovereto instead", calls(elsewhere))
    assert second.reply is not None
    assert "Rovereto" in second.reply["confirmation"]["summary"]
    assert await states(workshop) == ["superseded", "pending"]
    old = await workshop.say("", token=first["token"])
    assert old.reply is not None
    assert old.reply["replaced"] == "not_confirmed"
    await workshop.say("", says("It is sent."), token=second.reply["confirmation"]["token"])
    assert await workshop.value("SELECT city FROM shop.parcels") == "Rovereto"


async def test_what_changed_since_is_asked_again(workshop: Workshop) -> None:
    await asked_to_send(workshop)
    parcel = await workshop.value("SELECT id FROM shop.parcels")
    async with workshop.database.write("ent_test") as connection:
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute("UPDATE shop.parcels SET total_minor = 9900 WHERE id = $1", parcel)
    turn = await workshop.say("yes")
    assert turn.reply is not None
    assert turn.reply["confirmation"]["summary"] == QUESTION.replace("25.00", "99.00")
    assert (await parcel_state(workshop), await states(workshop)) == ("open", ["superseded", "pending"])


async def test_an_expired_request_is_over(workshop: Workshop) -> None:
    confirmation = await asked_to_send(workshop)
    workshop.clock.ahead = timedelta(minutes=31)
    turn = await workshop.say("", token=confirmation["token"])
    assert turn.reply is not None
    assert turn.reply["replaced"] == "not_confirmed"
    said = await workshop.say("yes", says("What may I do?"))
    assert said.reply is not None
    assert said.reply["text"] == "What may I do?"
    assert await parcel_state(workshop) == "open"


async def test_what_the_shop_would_refuse_is_not_asked(workshop: Workshop) -> None:
    await asked_to_send(workshop)
    await workshop.say("yes", says("Your parcel is sent."))
    turn = await workshop.say("Send it again", calls(SEND), says("It is on its way already."))
    assert turn.reply is not None
    assert turn.reply["confirmation"] is None
    verdict = await workshop.value(
        "SELECT detail -> 'verdicts' -> 0 FROM runtime.steps WHERE run_id = $1 AND phase = 'decide' ORDER BY number",
        turn.run_id,
    )
    assert (verdict["verdict"], verdict["critic"], verdict["code"]) == ("objection", "policy", "parcel_sent")


async def test_without_a_model_the_yes_still_counts_and_is_told(workshop: Workshop) -> None:
    await asked_to_send(workshop)
    turn = await workshop.say("yes", Fault("unreachable"))
    assert turn.reply is not None
    assert turn.reply["text"] == f"That is done: {QUESTION}"
    assert await parcel_state(workshop) == "sent"
