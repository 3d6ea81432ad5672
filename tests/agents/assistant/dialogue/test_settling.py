"""Rules that settle what words leave open: each with the words, where they were said, and what they come to."""

from typing import Any

import pytest

from bottega.agents.assistant.dialogue.settling import settled
from bottega.agents.assistant.dialogue.state import Item, KnownOrder, Mention, State
from bottega.agents.assistant.dialogue.understanding import Certainty, Wish

TORCH = Item(handle="product_1", title="Dayspring Head Torch", price_minor=5900, words=("torch", "lighting"))
MUG = Item(handle="product_2", title="Tarn Enamel Mug", price_minor=1200, words=("mug", "cooking"))
NAMED = Mention(words="Dayspring", handles=("product_1",))


def state_with(**more: Any) -> State:
    return State(turn=5).model_copy(update=more)


def settle(text: str, intent: str, state: State, certainty: Certainty = "unsure") -> tuple[str, str]:
    wish = settled(state, Wish(text, intent, certainty, probability=0.5))
    return wish.intent, wish.text


SHOWN = state_with(shown=(TORCH,), focus=("product_1",), topic="product")
IN_CART = state_with(cart=(MUG,), topic="cart", last_added={"product": "product_2", "turn": 4})
ORDERED = state_with(topic="order", order_in_focus="B-10001", orders=(KnownOrder(number="B-10001"),))
RETURNING = state_with(topic="return", order_in_focus="B-10001", orders=(KnownOrder(number="B-10001"),))
CALLED = state_with(ticket_turn=4)


@pytest.mark.parametrize(
    ("state", "text", "taken_for", "intent"),
    [
        (SHOWN, "that is bright enough. I'll take it", "product_question", "cart_add"),
        (SHOWN, "yellow, put one in my basket", "cart_change", "cart_add"),
        (SHOWN, "is it bright?", "product_question", "product_question"),
        (IN_CART, "why is it only 12 now?", "product_question", "cart_show"),
        (IN_CART, "deliver to Ada Prova, Via Roma 1, 38122 Trento, Italy", "policy_shipping", "checkout"),
        (ORDERED, "I'd like to know who brings it and the tracking number", "policy_shipping", "order_question"),
        (ORDERED, "did you cancel it or not?", "order_cancel", "order_question"),
        (ORDERED, "it should be paid now, can you check again", "checkout", "order_question"),
        (State(), "tracking number of B-10001?", "order_status", "order_question"),
        (RETURNING, "is it returned now or not?", "policy_returns", "return_status"),
        (RETURNING, "can I still return it, yes or no?", "policy_returns", "return_request"),
        (CALLED, "how long until somebody answers?", "handover", "asked_how_long"),
        (CALLED, "please note that it is about 25 helmets", "product_search", "noted_for_colleague"),
        (State(), "I don't have an account", "account_create", "no_account"),
        (State(), "what happens when I return something without the box?", "return_request", "rules_of:policy_returns"),
    ],
)
def test_where_something_is_said_tells_what_it_means(state: State, text: str, taken_for: str, intent: str) -> None:
    assert settle(text, taken_for, state)[0] == intent


def test_taking_it_leaves_out_what_is_said_beside_it() -> None:
    said = "400 lumens are fine. I'll take it! Can you send it to my father?"
    assert settle(said, "policy_shipping", SHOWN) == ("cart_add", "I'll take it!")


def test_a_thing_of_another_kind_is_looked_for_and_not_asked_of_what_is_shown() -> None:
    state = SHOWN.model_copy(update={"known_words": ("bottle",)})
    assert settle("do you have a bottle for it?", "product_question", state) == ("product_search", "bottle")
    assert settle("do you have a saddle for it?", "product_question", state)[0] == "product_question"


def test_a_named_product_that_is_asked_for_goes_into_the_cart() -> None:
    state = state_with(mentioned=(NAMED,), seen=(TORCH,))
    assert settle("the Dayspring in yellow, please", "product_search", state)[0] == "cart_add"
    assert settle("is the Dayspring in stock?", "product_search", state)[0] == "stock_question"
    assert settle("and the yellow? add one Dayspring", "product_question", state)[0] == "cart_add"


def test_rules_are_not_guessed_from_a_statement() -> None:
    wish = settled(State(), Wish("a present for my father", "policy_shipping", "likely", also=("product_search",)))
    assert wish.intent == "product_search"


def test_what_is_sure_and_plain_stays_what_it_is() -> None:
    assert settle("you are a fool", "abuse", SHOWN, "sure") == ("abuse", "you are a fool")
