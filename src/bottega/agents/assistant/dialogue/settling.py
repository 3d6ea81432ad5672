"""Settles what words alone leave open: by what is spoken about, what was shown, and what lies in the cart."""

from collections.abc import Callable

from bottega.agents.assistant.dialogue import settling_orders, settling_products
from bottega.agents.assistant.dialogue.goals.asking import ACCOUNT_MATTERS
from bottega.agents.assistant.dialogue.naming import kind_asked_for, named_in
from bottega.agents.assistant.dialogue.settling_words import is_question
from bottega.agents.assistant.dialogue.state import State
from bottega.agents.assistant.dialogue.understanding import Wish
from bottega.agents.assistant.dialogue.wishes import POLICY_INTENTS
from bottega.agents.assistant.language.patterns import says
from bottega.agents.assistant.language.slots.numbers import order_numbers
from bottega.agents.assistant.language.slots.said import words_of

LIKELY_ENOUGH_TO_LOOK = 0.3
# What is in the cart is said at once and easily taken out.
LIKELY_ENOUGH_TO_ADD = 0.4
# "Boots then": a few words that nothing else is made of are what somebody looks for.
WORDS_OF_A_BARE_NAME = 3
WORDS_OF_A_SHORT_WISH = 8
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
# What is plainly this is nothing else, whatever was spoken about.
PLAIN = frozenset(
    {
        "abuse",
        "system_prompt_probe",
        "other_person_data",
        "handover",
        "out_of_scope",
        "greeting",
        "thanks",
        "goodbye",
        "help",
        "repeat",
        "newsletter",
        "account_create",
        "account_password",
        "account_delete",
        "account_edit",
    }
)
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

Rule = Callable[[State, Wish], tuple[str, str] | None]
RULES: tuple[Rule, ...] = (
    settling_orders.greeted_abroad,
    settling_orders.after_handing_over,
    settling_orders.search_for_parcel,
    settling_orders.paid_now,
    settling_products.code_named,
    settling_products.discount_claimed,
    settling_products.sum_asked,
    settling_products.filled,
    settling_products.taken,
    settling_products.counted,
    settling_products.values_refused,
    settling_products.among_shown,
    settling_orders.return_asked,
    settling_orders.returned_still,
    settling_orders.returned_by_name,
    settling_orders.rules_asked,
    settling_orders.stated,
    settling_orders.about_known_order,
    settling_products.compared,
    settling_products.sold_besides,
    settling_products.wanted_by_name,
    settling_products.asked_by_name,
    settling_products.put_off,
    settling_products.checked_out,
    settling_products.values_only,
    settling_products.cart_changed,
    settling_orders.cart_or_order,
    settling_products.about_shown,
)


def settled(state: State, wish: Wish) -> Wish:
    """The wish as the conversation settles it: what plainly speaks of the cart, an order or something shown, and what
    can be looked up without harm, is taken up although its words alone were unsure."""
    if wish.intent in ACCOUNT_MATTERS and says(wish.text, "people.no_account") and "?" not in wish.text:
        return Wish(wish.text, "no_account", "likely", wish.probability, wish.also)
    is_bare = len(words_of(wish.text)) <= WORDS_OF_A_SHORT_WISH
    if wish.intent == "out_of_scope" and is_bare and (found := kind_asked_for(wish.text, state)):
        return Wish(found, "product_search", "likely", wish.probability, wish.also)
    if wish.intent in PLAIN and wish.certainty == "sure" and not state.mentioned and not state.ticket_turn:
        return wish
    if wish.intent in ("drop", "confirm_no") and "?" in wish.text:
        # "Really no chance?" gives nothing up.
        wish = Wish(wish.text, next((one for one in wish.also if one not in ("drop", "confirm_no")), "help"), "unsure")
    if wish.intent in ("product_search", "refine") and says(wish.text, "orders.bought_here") and "?" not in wish.text:
        return Wish(wish.text, "complaint", "likely", wish.probability, wish.also)
    if _states_no_question(wish):
        wish = Wish(wish.text, next((one for one in wish.also if one not in POLICY_INTENTS), wish.intent), "unsure")
    for rule in RULES:
        found = rule(state, wish)
        if found is not None:
            intent, text = found
            return Wish(text, intent, "likely", wish.probability, wish.also)
    if wish.certainty != "unsure":
        return wish
    intent = _worth_trying(state, wish)
    return wish if intent is None else Wish(wish.text, intent, "likely", wish.probability, wish.also)


def _states_no_question(wish: Wish) -> bool:
    """Whether the shop's rules are only guessed at: nothing is asked, and no subject of theirs is named."""
    is_rules = wish.intent in POLICY_INTENTS and wish.certainty != "sure"
    return is_rules and not is_question(wish.text) and not settling_orders.subject_of(wish.text)


def _worth_trying(state: State, wish: Wish) -> str | None:
    """The intent to go by although the words are unsure of it, or None: then the customer is asked what they mean."""
    guesses = (wish.intent, *wish.also)
    if order_numbers(wish.text):
        return next((one for one in guesses if one in _ABOUT_ORDERS), "order_status")
    if wish.intent == "refine" and state.last_search and state.topic == "product" and named_in(wish.text):
        return "refine"
    if wish.intent in HARMLESS and wish.probability >= LIKELY_ENOUGH_TO_LOOK:
        return wish.intent
    if is_question(wish.text) and says(wish.text, "asking.rules"):
        return "rules_of:"
    if not named_in(wish.text):
        return None
    if wish.intent == "cart_add" and wish.probability >= LIKELY_ENOUGH_TO_ADD:
        return "cart_add"
    is_short = len(words_of(wish.text)) <= WORDS_OF_A_BARE_NAME
    return "product_search" if is_short or "product_search" in guesses[:3] else None
