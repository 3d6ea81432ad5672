"""Settles wishes about orders, returns and the shop's rules, which sound alike."""

import re
from collections.abc import Mapping

from bottega.agents.assistant.dialogue.goals.choosing import mentioned_in
from bottega.agents.assistant.dialogue.naming import named_in
from bottega.agents.assistant.dialogue.settling_words import is_question, is_values_only
from bottega.agents.assistant.dialogue.state import State
from bottega.agents.assistant.dialogue.understanding import Wish
from bottega.agents.assistant.language.patterns import says
from bottega.agents.assistant.language.slots.addresses import spelt_out
from bottega.agents.assistant.language.slots.greetings import greeted_in
from bottega.agents.assistant.language.slots.numbers import order_numbers, quantity
from bottega.agents.assistant.language.slots.said import words_of

Settled = tuple[str, str] | None
# Where the rules of something stand that people also ask to be done.
RULES_OF: Mapping[str, str] = {
    "order_cancel": "order_cancel",
    "order_amend": "order_cancel",
    "address_change": "order_cancel",
    "return_request": "policy_returns",
    "exchange": "policy_returns",
    "refund": "policy_refund",
    "coupon": "coupon",
    "gift_card": "gift_card",
    "checkout": "policy_payment",
    "payment_problem": "policy_payment",
    "order_status": "policy_shipping",
    "cart_show": "",
}
SUBJECTS = (
    "lost",
    "coupon",
    "gift_card",
    "policy_sizing",
    "policy_privacy",
    "policy_returns",
    "policy_refund",
    "policy_warranty",
    "policy_payment",
    "policy_shipping",
    "shop_info",
)
POLICIES = frozenset(SUBJECTS) - {"lost", "coupon"}
_ABOUT_PRODUCTS = frozenset({"product_question", "stock_question", "product_search", "refine", "compare", "cart_add"})
# What questions about rules are taken for when they speak of nothing in particular.
_ABOUT_NOTHING_ELSE = frozenset(
    {"product_search", "product_question", "out_of_scope", "help", "give_details", "review"}
)
ASPECTS = ("means", "carrier", "tracking", "price", "contents", "whereto", "method", "state", "before", "paid")
# What is asked about an order by its number, wherever the conversation stands.
ASPECTS_OF_A_NUMBER = ("carrier", "tracking", "whereto", "paid")
_ORDER_INTENTS = frozenset(
    {"return_request", "exchange", "order_cancel", "order_amend", "address_change", "handover", "complaint", "abuse"}
)
SHORT_QUESTION_WORDS = 5
# After a colleague was called, so many turns are about that unless they are plainly about something else.
TURNS_OF_WAITING = 3
WORDS_OF_A_BARE_NAME = 3


def search_for_parcel(state: State, wish: Wish) -> Settled:
    """ "Please open a search for it", "file a claim for B-10134": that is for a colleague to do."""
    if not says(wish.text, "orders.search_for_it") or says(wish.text, "asking.rules"):
        return None
    is_about_order = state.topic in ("order", "return") or order_numbers(wish.text) or says(wish.text, "orders.claim")
    return ("escalate", wish.text) if is_about_order else None


def after_handing_over(state: State, wish: Wish) -> Settled:
    """What somebody who waits for a colleague asks or adds: when that will be, and what it is about."""
    if not state.ticket_turn or state.turn - state.ticket_turn > TURNS_OF_WAITING or order_numbers(wish.text):
        return None
    if is_question(wish.text) and says(wish.text, "people.how_long") and not subject_of(wish.text):
        return "asked_how_long", wish.text
    if says(wish.text, "people.note_it") and not says(wish.text, "asking.rules"):
        return "noted_for_colleague", wish.text
    return None


def returned_still(state: State, wish: Wish) -> Settled:
    """ "Can I still return it?", of an order that is known: that order answers, and nothing is sent back by asking."""
    is_known = bool(order_numbers(wish.text)) or (bool(state.order_in_focus) and state.topic in ("order", "return"))
    is_asked = says(wish.text, "asking.may_still_myself") and says(wish.text, "returns.wanted_gone")
    return ("return_request", wish.text) if is_known and is_asked else None


def return_asked(state: State, wish: Wish) -> Settled:
    """ "Is it returned now or not?": whether there is a return."""
    is_asked = state.topic == "return" and is_question(wish.text) and says(wish.text, "returns.status_asked")
    return ("return_status", wish.text) if is_asked and not says(wish.text, "asking.rules") else None


def greeted_abroad(state: State, wish: Wish) -> Settled:
    """A greeting in another language, with whatever comes after it in that language."""
    is_foreign = greeted_in(wish.text) != "en" and "greeting" in (wish.intent, *wish.also) and not state.mentioned
    return ("greeting", wish.text) if is_foreign and wish.certainty == "unsure" else None


def paid_now(state: State, wish: Wish) -> Settled:
    """ "Done on the page": the order that was waiting for it is looked up."""
    asks_more = is_question(wish.text) and says(wish.text, "asking.rules")
    if state.order_in_focus and state.topic == "order" and says(wish.text, "orders.paid") and not asks_more:
        return "order_question", wish.text
    return None


def rules_asked(state: State, wish: Wish) -> Settled:
    """Questions about what the shop's rules are, as against what shall be done."""
    text = wish.text
    if not is_question(text) or says(text, "orders.numbered_only"):
        return None
    subject = subject_of(text)
    asks_rules = says(text, "asking.rules")
    about_product = mentioned_in(text, state) is not None and wish.intent in _ABOUT_PRODUCTS
    if about_product and not (subject in ("policy_shipping", "policy_returns") and says(text, "asking.send_to")):
        return None
    if (
        state.topic == "return"
        and subject in ("policy_payment", "policy_shipping", "")
        and _of_the_return(wish, subject)
    ):
        return f"rules_of:{'policy_refund' if subject == 'policy_payment' else 'policy_returns'}", text
    if wish.intent in POLICIES and wish.certainty == "sure" and not is_values_only(text):
        return (f"rules_of:{subject}" if subject in ("lost", "coupon") else wish.intent), text
    if subject and (asks_rules or wish.intent in POLICIES or wish.intent in RULES_OF or says(text, "asking.of_shop")):
        if subject == "policy_refund" and state.topic == "order":
            # Nothing has been sent back: it is about an order that was cancelled.
            return "rules_of:refund_cancelled", text
        of_order = wish.intent in ("order_cancel", "order_amend", "address_change") and says(text, "asking.may_still")
        several = len(subjects_of(text)) > 1 and subject == "coupon"
        return f"rules_of:{'order_cancel' if of_order else 'several' if several else subject}", text
    if asks_rules and wish.intent in RULES_OF and not says(text, "asking.known_order"):
        return f"rules_of:{RULES_OF[wish.intent]}", text
    if subject and wish.certainty == "unsure":
        return f"rules_of:{subject}", text
    further = _asked_further(state, wish)
    if further is None and asks_rules and state.topic in ("order", "return") and wish.intent in _ABOUT_NOTHING_ELSE:
        return f"rules_of:{'policy_returns' if state.topic == 'return' else 'policy_shipping'}", text
    return further


def _of_the_return(wish: Wish, subject: str) -> bool:
    """Whether a question about sending or paying is about what is being sent back."""
    is_of_rules = says(wish.text, "asking.rules") or bool(subject) or wish.intent == "policy_shipping"
    return is_of_rules and wish.intent in (*POLICIES, *_ABOUT_NOTHING_ELSE, "address_change", "order_status", "refund")


def stated(state: State, wish: Wish) -> Settled:
    """ "They are unopened!", while something is being sent back: what the rules say to that. And after a question about
    a fault, wanting the money back is answered by the same rules: a person decides."""
    text = wish.text
    if state.topic == "return" and wish.certainty == "unsure" and subject_of(text) == "policy_returns":
        return "rules_of:policy_returns", text
    was_fault = state.last_policy == "policy_warranty" and state.policy_turn >= state.turn - 1
    wants = wish.intent in ("refund", "return_request", "exchange", "complaint")
    if was_fault and wants and not order_numbers(text) and state.topic not in ("order", "return"):
        return "rules_of:policy_warranty", text
    return None


def returned_by_name(state: State, wish: Wish) -> Settled:
    """ "And the burner? Never used": another thing of the order that is being sent back."""
    found = mentioned_in(wish.text, state)
    if state.topic != "return" or found is None or says(wish.text, "asking.rules"):
        return None
    known = next((order for order in state.orders if order.number == state.order_in_focus), None)
    titles = {item.title for handle in found.handles if (item := state.item(handle)) is not None}
    is_of_it = known is not None and bool(titles & set(known.titles))
    is_asked = wish.intent in ("product_question", "stock_question", "exchange") and wish.certainty == "sure"
    return ("return_request", wish.text) if is_of_it and not is_asked else None


def _asked_further(state: State, wish: Wish) -> Settled:
    """ "And how long is it valid?", after a question about gift cards: still about the same rules."""
    if not state.last_policy or state.policy_turn < state.turn - 1 or mentioned_in(wish.text, state) is not None:
        return None
    is_short = len(words_of(wish.text)) <= SHORT_QUESTION_WORDS
    doubtful = wish.certainty == "unsure" or wish.intent in ("product_question", "product_search", "stock_question")
    is_elsewhere = state.topic in ("order", "return") and bool(state.order_in_focus)
    about_nothing = not (state.focus or state.shown or state.cart or is_elsewhere)
    if doubtful and (says(wish.text, "asking.rules") or about_nothing or (is_short and wish.certainty == "unsure")):
        return f"rules_of:{state.last_policy}", wish.text
    return None


def subject_of(text: str) -> str:
    """The subject of the shop's rules that words can only be about, or nothing."""
    return next(iter(subjects_of(text)), "")


def subjects_of(text: str) -> list[str]:
    """Every subject that words can only be about, the more particular first."""
    return [subject for subject in SUBJECTS if says(text, f"about.{subject}")]


def about_known_order(state: State, wish: Wish) -> Settled:
    """ "Who delivers it?", "how much was it?": about the order that was spoken about last."""
    text = wish.text
    if order_numbers(text) and is_question(text):
        return ("order_question", text) if any(says(text, f"orders.{one}") for one in ASPECTS_OF_A_NUMBER) else None
    if state.topic not in ("order", "return") or not state.order_in_focus or mentioned_in(text, state) is not None:
        return None
    if wish.intent in _ORDER_INTENTS and wish.certainty == "sure" and not is_question(text):
        return None
    aspects = [aspect for aspect in ASPECTS if says(text, f"orders.{aspect}")]
    if not aspects or not (is_question(text) or aspects == ["before"]):
        return None
    if wish.intent in ("order_cancel", "return_request", "exchange", "order_amend") and aspects == ["state"]:
        is_asked = says(text, "orders.is_it")
        return ("order_question", text) if is_asked else None
    if wish.intent in POLICIES and wish.certainty == "sure" and not {"carrier", "tracking"} & set(aspects):
        return None
    return "order_question", text


def cart_or_order(state: State, wish: Wish) -> Settled:
    """Whether changing something is about the cart or about an order, which sound alike."""
    text = wish.text
    if wish.intent in ("cart_add", "cart_change") and state.topic == "order" and says(text, "orders.to_it"):
        return "order_amend", text
    is_known = state.topic == "order" and bool(state.order_in_focus)
    if is_known and says(text, "orders.elsewhere") and not spelt_out(text).is_empty:
        return "address_change", text
    if wish.intent in ("exchange", "order_amend", "cart_change") and state.topic == "order" and state.order_in_focus:
        known = next((order for order in state.orders if order.number == state.order_in_focus), None)
        titles = " ".join(known.titles).lower() if known is not None else ""
        if any(word in titles for word in words_of(text) if len(word) > 3):
            return "order_amend", text
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


_NUMBER = re.compile(r"(?i)\bb-?\d{4,}")


def without_numbers(text: str) -> str:
    """The text without the numbers of orders."""
    return _NUMBER.sub(" ", text)
