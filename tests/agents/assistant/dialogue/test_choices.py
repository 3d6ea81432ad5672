"""What the assistant offers is understood when it is said back, also a little later."""

import pytest

from bottega.agents.assistant.dialogue.choices import TURNS_CHOICES_LAST, offered_before, wish_of
from bottega.agents.assistant.dialogue.state import Asked, Goal, State
from bottega.agents.assistant.dialogue.talk import HELP_CHOICES, MEANT
from tests.agents.assistant.dialogue.counter import Counter, new_counter
from tests.agents.assistant.dialogue.small_shop import order
from tests.agents.assistant.dialogue.test_conversations import HOME, RETURNS, hold

REASONS = Asked(what="reason", goal_id=1, choices=("changed my mind", "other"))


@pytest.mark.parametrize(("intent", "label"), MEANT.items())
def test_a_button_that_names_a_wish_is_that_wish(intent: str, label: str) -> None:
    expected = "order_place" if label == "Find something" else intent
    assert wish_of(f"{label.lower()}!", State()) == expected


@pytest.mark.parametrize("label", HELP_CHOICES)
async def test_every_button_of_the_greeting_leads_somewhere(label: str) -> None:
    counter = new_counter(orders=[order("B-10001", [("variant_a1", 1)])])
    await hold(counter, "hello", label)
    assert "not sure" not in counter.text
    assert counter.structured["choices"] != list(HELP_CHOICES)


def test_choices_last_for_a_while_and_as_long_as_what_they_are_for() -> None:
    asked_then = State(goals=(Goal(kind="cancel", id=1),), offered=REASONS, offered_turn=3)
    assert offered_before("Changed my mind.", asked_then.model_copy(update={"turn": 4})) == REASONS
    assert offered_before("because of you", asked_then.model_copy(update={"turn": 4})) is None
    assert offered_before("changed my mind", asked_then.model_copy(update={"turn": 4 + TURNS_CHOICES_LAST})) is None
    assert offered_before("changed my mind", asked_then.model_copy(update={"turn": 4, "goals": ()})) is None


def cancelling() -> Counter:
    return new_counter(orders=[order("B-10001", [("variant_a1", 1)])], passages=[RETURNS])


@pytest.mark.parametrize("reason", ["changed my mind", "no longer needed", "found it cheaper", "other"])
async def test_a_reason_that_is_offered_is_taken_also_after_a_question_in_between(reason: str) -> None:
    counter = cancelling()
    await hold(counter, "please cancel my order B-10001")
    assert reason in counter.structured["choices"]
    await hold(counter, "what is your return policy?", reason)
    assert counter.pending == ("cancel_order", {"order_id": "order_1", "reason": reason})


async def test_going_on_goes_on_with_what_waited() -> None:
    counter = cancelling()
    await hold(counter, "cancel B-10001, I found it cheaper", "what is your return policy?")
    assert counter.structured["choices"] == ["Go on", "Not now"]
    await hold(counter, "Go on")
    assert counter.pending == ("cancel_order", {"order_id": "order_1", "reason": "found it cheaper"})
    assert counter.called("cancel_order") == []


async def test_a_delivery_is_chosen_misspelt_and_a_yes_chooses_none() -> None:
    counter = new_counter(account={"addresses": [HOME]})
    await hold(counter, "add a tarn enamel mug to my cart", "check out", "yes")
    assert counter.asks_for == "shipping"
    await hold(counter, "standart")
    assert counter.called("choose_shipping") == [{"shipping_method_id": "ship_1"}]


async def test_nobody_is_held_to_having_an_account() -> None:
    counter = new_counter(is_identified=False)
    await hold(counter, "where is my order B-10001?")
    assert counter.structured["choices"] == ["I have no account"]
    await hold(counter, "I have no account")
    assert counter.called("request_sign_in_code") == []
    assert counter.structured["choices"] == ["Ask a colleague", "No"]
    await hold(counter, "yes please, pass it on")
    assert len(counter.called("escalate_support")) == 1


async def test_a_colleague_is_told_what_was_said_and_not_which_button_was_pressed() -> None:
    counter = new_counter()
    await hold(counter, "la la la di da bla bla bla bla dum", "Ask a colleague")
    (ticket,) = counter.called("escalate_support")
    assert ticket["subject"] == "la la la di da bla bla bla bla dum"
