"""Settles what words alone leave open: by what lies in the cart, what was shown, and what costs nothing to look up."""

from bottega.agents.assistant.dialogue.goals.choosing import refer
from bottega.agents.assistant.dialogue.naming import named_in
from bottega.agents.assistant.dialogue.state import State
from bottega.agents.assistant.dialogue.understanding import Wish
from bottega.agents.assistant.language.patterns import says
from bottega.agents.assistant.language.slots.numbers import order_numbers, quantity
from bottega.agents.assistant.language.slots.said import words_of

LIKELY_ENOUGH_TO_LOOK = 0.3
# What is in the cart is said at once and easily taken out.
LIKELY_ENOUGH_TO_ADD = 0.4
# "Boots then": a few words that nothing else is made of are what somebody looks for.
WORDS_OF_A_BARE_NAME = 3
# Answered by looking something up: being wrong costs nothing but a look.
HARMLESS = frozenset(
    {
        "product_search",
        "refine",
        "product_question",
        "stock_question",
        "more_results",
        "compare",
        "cart_show",
        "policy_shipping",
        "policy_returns",
        "policy_refund",
        "policy_payment",
        "policy_warranty",
        "policy_sizing",
        "policy_privacy",
        "shop_info",
        "gift_card",
        "greeting",
        "thanks",
        "goodbye",
        "help",
        "order_status",
    }
)


def settled(state: State, wish: Wish) -> Wish:
    """The wish as the conversation settles it: what plainly speaks of the cart, an order or something shown, and what
    can be looked up without harm, is taken up although its words alone were unsure."""
    for settle in (_about_cart_or_order, _about_shown):
        found = settle(state, wish)
        if found is not None:
            intent, text = found
            return Wish(text, intent, "likely", wish.probability, wish.also)
    if wish.certainty != "unsure":
        return wish
    intent = _worth_trying(wish)
    return wish if intent is None else Wish(wish.text, intent, "likely", wish.probability, wish.also)


def _about_cart_or_order(state: State, wish: Wish) -> tuple[str, str] | None:
    """Whether changing something is about the cart or about an order, which sound alike."""
    text = wish.text
    if wish.intent in ("exchange", "order_amend") and state.last_added and not says(text, "orders.placed"):
        return "cart_change", text
    if wish.intent == "cart_change" and says(text, "orders.mine") and not says(text, "cart.named"):
        return "order_amend", text
    if wish.intent == "order_amend" and wish.certainty == "unsure" and says(text, "orders.mine"):
        return "order_amend", text
    just_added = bool(state.last_added) and int(state.last_added.get("turn", 0)) >= state.turn - 1
    if just_added and quantity(text) and len(words_of(text)) <= WORDS_OF_A_BARE_NAME and not named_in(text):
        # "Two pairs", after something was put into the cart.
        return "cart_change", text
    return None


def _about_shown(state: State, wish: Wish) -> tuple[str, str] | None:
    """Whether the words point at something that was shown."""
    found = refer(wish.text, state)
    if found is None and len(state.shown) == 1 and says(wish.text, "searching.one_by_price"):
        # It is the only one.
        return "product_question", "tell me more about it"
    if found is None:
        return None
    if says(wish.text, "searching.one_by_price") and not found.is_ambiguous:
        # "The cheapest" points at one of those shown.
        return "product_question", f"tell me more about {wish.text}"
    if wish.intent == "policy_sizing":
        return "product_question", wish.text
    if wish.certainty == "unsure" and found.by in ("place", "price", "name") and not found.is_ambiguous:
        about = ("cart_add", "product_question", "stock_question", "compare")
        return next((one for one in (wish.intent, *wish.also) if one in about), "product_question"), wish.text
    return None


def _worth_trying(wish: Wish) -> str | None:
    """The intent to go by although the words are unsure of it, or None: then the customer is asked what they mean."""
    guesses = (wish.intent, *wish.also)
    if order_numbers(wish.text):
        return next((one for one in guesses if one in _ABOUT_ORDERS), "order_status")
    if wish.intent in HARMLESS and wish.probability >= LIKELY_ENOUGH_TO_LOOK:
        return wish.intent
    if not named_in(wish.text):
        return None
    if wish.intent == "cart_add" and wish.probability >= LIKELY_ENOUGH_TO_ADD:
        return "cart_add"
    is_short = len(words_of(wish.text)) <= WORDS_OF_A_BARE_NAME
    return "product_search" if is_short or "product_search" in guesses[:3] else None


_ABOUT_ORDERS = frozenset(
    {
        "order_status",
        "order_cancel",
        "order_amend",
        "return_request",
        "exchange",
        "refund",
        "invoice",
        "address_change",
    }
)
