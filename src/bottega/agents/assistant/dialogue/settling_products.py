"""Settles wishes about products and the cart: what is named by its name, values alone, and what lies in the cart."""

import re

from bottega.agents.assistant.dialogue.goals.carting import code_in
from bottega.agents.assistant.dialogue.goals.choosing import mentioned_in, refer
from bottega.agents.assistant.dialogue.naming import kind_asked_for, named_in
from bottega.agents.assistant.dialogue.settling_words import is_question, is_values_only, names_value
from bottega.agents.assistant.dialogue.state import State
from bottega.agents.assistant.dialogue.understanding import Wish
from bottega.agents.assistant.language.patterns import says
from bottega.agents.assistant.language.slots.addresses import spelt_out
from bottega.agents.assistant.language.slots.contact import recipient_in
from bottega.agents.assistant.language.slots.corrections import correction
from bottega.agents.assistant.language.slots.numbers import quantity
from bottega.agents.assistant.language.slots.references import Shown, reference
from bottega.agents.assistant.language.slots.said import words_of

Settled = tuple[str, str] | None
# Somebody who speaks of these does not want to have what they name.
_ABOUT_OTHER_MATTERS = frozenset(
    {
        "return_request",
        "exchange",
        "refund",
        "order_cancel",
        "order_status",
        "order_amend",
        "complaint",
        "review",
        "policy_warranty",
        "policy_returns",
        "invoice",
        "handover",
        "abuse",
    }
)
_LONGEST_PLAIN_WISH_WORDS = 14
_IN_STOCK = re.compile(r"\b(?:have|available|in stock|still|left|get|there)\b")
_SENTENCE = re.compile(r"(?<=[.!?;])\s+")
# "And a bottle".
_BARE_THING = re.compile(r"(?:(?:and|also|plus|no|then|ok|okay)\b[,.!]?\s*)*(?:a|an|some)\s")
_COMES_IN = re.compile(r"\b(?:come|comes) in\b")
_WORDS_OF_A_METHOD = 5
_WORDS_OF_A_COUNT = 8
_VALUES_INTENTS = frozenset({"policy_sizing", "refine", "stock_question", "cart_add", "give_details", "product_search"})


def code_named(state: State, wish: Wish) -> Settled:
    """A discount code that is spelt out, in a message that is about nothing else."""
    code = code_in(wish.text)
    if code is None or wish.intent == "gift_card":
        return None
    if mentioned_in(wish.text, state) is not None and not says(wish.text, "cart.code_spelt"):
        return None
    if not any(letter.isdigit() for letter in code) and code not in wish.text:
        return None
    if wish.intent == "coupon":
        return "coupon", wish.text
    is_bare = len(words_of(wish.text)) <= 4 and any(letter.isdigit() for letter in code)
    was_about_codes = state.last_coupon_turn and state.turn - state.last_coupon_turn <= 2
    if says(wish.text, "about.coupon") or (was_about_codes and (is_bare or any(map(str.isdigit, code)))):
        return "coupon", wish.text
    return None


def discount_claimed(state: State, wish: Wish) -> Settled:
    """ "Your colleague promised me half price": what counts is what the rules say."""
    del state
    claims = says(wish.text, "about.claimed_discount") and code_in(wish.text) is None
    about_goods = wish.intent in ("product_search", "product_question") and wish.certainty == "sure"
    return ("rules_of:coupon", wish.text) if claims and not about_goods else None


def compared(state: State, wish: Wish) -> Settled:
    """Two products named with words of comparing, or one beside what is spoken about."""
    found = mentioned_in(wish.text, state)
    if found is None or not says(wish.text, "products.setting_beside"):
        return None
    return ("compare", wish.text) if len(found.handles) > 1 or state.focus else None


def wanted_by_name(state: State, wish: Wish) -> Settled:
    """ "The Dayspring in yellow, please": what is called by its name and asked for is put into the cart."""
    if mentioned_in(wish.text, state) is None or says(wish.text, "wanting.look") or says(wish.text, "orders.mine"):
        return None
    if state.cart and says(wish.text, "cart.take_out_plainly"):
        return None
    if wish.intent in _ABOUT_OTHER_MATTERS and wish.certainty != "unsure":
        return None
    is_asked = is_question(wish.text) and not says(wish.text, "wanting.command")
    if is_asked and not says(wish.text, "wanting.may_have"):
        return None
    is_said = says(wish.text, "wanting.have") or quantity(wish.text) is not None or names_value(wish.text)
    is_plain = len(words_of(wish.text)) <= _LONGEST_PLAIN_WISH_WORDS or says(wish.text, "wanting.have")
    return ("cart_add", wish.text) if is_said and is_plain else None


def asked_by_name(state: State, wish: Wish) -> Settled:
    """A question that calls a product by its name is about it."""
    if mentioned_in(wish.text, state) is None or wish.intent in _ABOUT_OTHER_MATTERS:
        return None
    if not is_question(wish.text) or says(wish.text, "wanting.command"):
        return ("product_question", wish.text) if wish.intent in ("product_search", "refine", "give_details") else None
    if wish.intent.startswith("policy_") and wish.certainty == "sure":
        return None
    if _COMES_IN.search(wish.text.lower()) and not says(wish.text, "products.option_named"):
        return "stock_question", wish.text
    is_stock = _IN_STOCK.search(wish.text.lower()) is not None and wish.intent != "product_question"
    if is_stock or (names_value(wish.text) and _IN_STOCK.search(wish.text.lower())):
        return "stock_question", wish.text
    further = wish.intent in ("refine", "compare", "give_details") or wish.certainty == "unsure"
    if len(words_of(wish.text)) <= 6 and state.last_question and further:
        # "And the Plume?" asks the same of another product.
        return "product_question", f"{wish.text} {state.last_question}"
    return "product_question", wish.text


def put_off(state: State, wish: Wish) -> Settled:
    """ "I'll come back later to pay": nothing is to be done now."""
    del state
    is_later = says(wish.text, "wanting.later") and not is_question(wish.text)
    meant = wish.intent in ("checkout", "cart_add", "order_place", "drop", "confirm_no")
    return ("confirm_no", wish.text) if is_later and meant else None


def checked_out(state: State, wish: Wish) -> Settled:
    """How it shall travel, where to and what pays, while something lies in the cart: that is buying it."""
    if not state.cart or is_question(wish.text) or says(wish.text, "orders.numbered"):
        return None
    if state.topic in ("cart", "product", "policy", "") and spelt_out(wish.text).postal_code:
        # A whole address.
        return "checkout", wish.text
    if state.address and says(wish.text, "addresses.recipient") and recipient_in(wish.text) is not None:
        return "checkout", wish.text
    buying = state.goal_of("buy") is not None
    if buying and says(wish.text, "shipping.named") and len(words_of(wish.text)) <= _WORDS_OF_A_METHOD:
        return "checkout", wish.text
    named = sum(says(wish.text, name) for name in ("shipping.named", "paying.saved", "paying.by", "addresses.of_mine"))
    is_order = says(wish.text, "wanting.now")
    if (
        named >= 2
        or (named and is_order)
        or (is_order and state.topic == "cart" and mentioned_in(wish.text, state) is None)
    ):
        return "checkout", wish.text
    return None


def sum_asked(state: State, wish: Wish) -> Settled:
    """ "So what do I pay now?", "what is that together?": what lies in the cart."""
    if not (state.cart or state.topic == "cart") or not is_question(wish.text):
        return None
    if state.topic != "cart" or mentioned_in(wish.text, state) is not None:
        return None
    if says(wish.text, "cart.why_sum"):
        return "cart_show", wish.text
    of_all = says(wish.text, "cart.together") or not state.focus
    several = len(state.cart) > 1 and says(wish.text, "cart.that_much")
    is_price = several or says(wish.text, "cart.sum") or (says(wish.text, "products.price") and of_all)
    return ("cart_show", wish.text) if is_price else None


def taken(state: State, wish: Wish) -> Settled:
    """ "Two degrees is fine. I'll take it": whatever else is said, what is spoken about is wanted."""
    if state.topic not in ("product", "cart") or not says(wish.text, "wanting.take_it"):
        return None
    is_one = len(state.focus) == 1 or len(state.shown) == 1 or mentioned_in(wish.text, state) is not None
    has_it = just_added(state) and state.topic == "cart"
    if not is_one or has_it or wish.intent in _ABOUT_OTHER_MATTERS:
        return None
    said = [one for one in _SENTENCE.split(wish.text) if says(one, "wanting.take_it") and "?" not in one]
    return ("cart_add", said[0]) if said else None


def counted(state: State, wish: Wish) -> Settled:
    """ "Ok that works, one please, regular": so many of what is spoken about, in a value that only its record knows."""
    is_short = len(words_of(wish.text)) <= _WORDS_OF_A_COUNT and not is_question(wish.text)
    is_one = state.topic == "product" and len(state.focus) == 1
    may_add = wish.certainty == "unsure" and "cart_add" in (wish.intent, *wish.also)
    has_number = quantity(wish.text) is not None and says(wish.text, "wanting.have")
    return ("cart_add", wish.text) if is_short and is_one and may_add and has_number else None


def sold_besides(state: State, wish: Wish) -> Settled:
    """ "Do you have a bottle for it?": things of ours of another kind than what is shown are looked for."""
    if wish.intent not in ("product_question", "stock_question", "refine", "help", "out_of_scope", "cart_show"):
        return None
    # "A summer bag?" only repeats what was shown.
    is_bare = _BARE_THING.match(wish.text.lower()) is not None and not is_question(wish.text)
    is_asked = is_bare or says(wish.text, "products.sold_at_all")
    if not is_asked or mentioned_in(wish.text, state) is not None:
        return None
    found = kind_asked_for(wish.text, state)
    return ("product_search", found) if found else None


def filled(state: State, wish: Wish) -> Settled:
    """ "Teal, put one in my basket": with nothing in it, a change of the cart puts what is spoken about into it."""
    if wish.intent not in ("cart_change", "cart_show", "exchange", "order_amend") or state.cart or not state.shown:
        return None
    puts = says(wish.text, "wanting.command") and not says(wish.text, "cart.take_out")
    return ("cart_add", wish.text) if puts and state.topic in ("product", "cart") else None


def values_only(state: State, wish: Wish) -> Settled:
    """ "And in M?", "wonderful, black please": values of the product that is spoken about."""
    if not is_values_only(wish.text) or state.topic not in ("product", "cart"):
        return None
    if not state.shown and not state.last_added:
        return None
    found = refer(wish.text, state)
    if found is not None and len(state.shown) > 1 and len(state.focus) != 1:
        # "The red ones in L, please": one of several that were shown.
        is_one = found.by in ("name", "place", "price") and not found.is_ambiguous and not is_question(wish.text)
        return ("cart_add", wish.text) if is_one and says(wish.text, "wanting.have") else None
    if is_question(wish.text) and not says(wish.text, "wanting.may_have"):
        return "stock_question", wish.text
    if just_added(state) and (correction(wish.text) is not None or says(wish.text, "cart.swap_values")):
        return "cart_change", wish.text
    if just_added(state) and quantity(wish.text) is not None and not says(wish.text, "cart.one_more"):
        return "cart_change", wish.text
    if wish.intent in ("thanks", "confirm_yes", *_VALUES_INTENTS, "more_results", "checkout", "confirm_no", "greeting"):
        return "cart_add", wish.text
    return None


def just_added(state: State) -> bool:
    """Whether something was put into the cart or changed there a moment ago, or the cart is still spoken about."""
    is_recent = int(state.last_added.get("turn", 0)) >= state.turn - 2
    return bool(state.last_added) and (is_recent or state.topic == "cart")


def values_refused(state: State, wish: Wish) -> Settled:
    """ "No red ones, please": nothing is wanted; what the cart has of it is taken out."""
    if not is_values_only(wish.text) or not says(wish.text, "wanting.not_these") or "?" in wish.text:
        return None
    line = reference(wish.text, [item.as_shown() for item in state.cart], loosely=True)
    return ("cart_change", f"remove {wish.text}") if line is not None else ("drop", wish.text)


def among_shown(state: State, wish: Wish) -> Settled:
    """ "Is there one with a hood among these?" narrows what was found."""
    is_among = says(wish.text, "searching.among") and bool(state.last_search.get("query"))
    if not is_among or state.topic != "product" or mentioned_in(wish.text, state) is not None:
        return None
    return "refine", wish.text


def cart_changed(state: State, wish: Wish) -> Settled:
    """Words of taking out, swapping or counting, about something that lies in the cart."""
    if not state.cart or says(wish.text, "orders.mine") or "?" in wish.text:
        return None
    if mentioned_in(wish.text, state) is None and is_question(wish.text):
        return None
    line = reference(wish.text, [item.as_shown() for item in state.cart], focus=_added(state), loosely=True)
    if line is None and correction(wish.text) is not None and just_added(state) and state.topic == "cart":
        return ("cart_change", wish.text) if names_value(wish.text) or quantity(wish.text) is not None else None
    changes = any(says(wish.text, name) for name in ("cart.take_out", "cart.swap_strictly", "cart.one_more"))
    counts = quantity(wish.text) is not None and says(wish.text, "cart.after_all")
    if line is not None and line.by in ("name", "place") and (changes or counts):
        return "cart_change", wish.text
    if (
        changes
        and state.topic == "cart"
        and line is None
        and wish.intent in ("refine", "drop", "cart_add", "confirm_no")
    ):
        # "Without the hat" calls what lies there by another word.
        return "cart_change", wish.text
    swapping = ("refine", "cart_change", "cart_add", "exchange", "order_amend")
    if changes and line is not None and state.topic == "cart" and wish.intent in swapping:
        return "cart_change", wish.text
    return None


def _added(state: State) -> tuple[str, ...]:
    product = state.last_added.get("product")
    return (str(product),) if product else ()


def about_shown(state: State, wish: Wish) -> Settled:
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
    if wish.intent == "policy_sizing" and not says(wish.text, "asking.which_size"):
        return "product_question", wish.text
    by_itself = found.by in ("place", "price") and not found.is_ambiguous and not is_question(wish.text)
    # "Compare the first two": two is no number of pieces there.
    by_itself = by_itself and len(found.handles) == 1 and not says(wish.text, "products.setting_beside")
    if by_itself and wish.intent in ("refine", "compare") and (names_value(wish.text) or quantity(wish.text)):
        return "cart_add", wish.text
    if wish.certainty == "unsure" and found.by in ("place", "price", "name") and not found.is_ambiguous:
        about = ("cart_add", "product_question", "stock_question", "compare")
        return next((one for one in (wish.intent, *wish.also) if one in about), "product_question"), wish.text
    if wish.certainty == "unsure" and state.topic == "product" and is_question(wish.text) and not named_in(wish.text):
        return "product_question", wish.text
    return None


def shown_as(title: str) -> Shown:
    """A bare title, for finding what is referred to."""
    return Shown(title, title)
