"""From what is wanted to goals: one function per family of intents."""

import re
from collections.abc import Callable, Mapping

from bottega.agents.assistant.dialogue.goals.carting import code_in
from bottega.agents.assistant.dialogue.goals.choosing import refer
from bottega.agents.assistant.dialogue.goals.searching import more, refined, search_for, wanted_in
from bottega.agents.assistant.dialogue.naming import about_product, each_named, kind_asked_for, named_in, without_names
from bottega.agents.assistant.dialogue.state import Goal, GoalKind, Json, State
from bottega.agents.assistant.language.patterns import says, without
from bottega.agents.assistant.language.slots.addresses import address, spelt_out
from bottega.agents.assistant.language.slots.contact import recipient_in
from bottega.agents.assistant.language.slots.numbers import order_numbers, quantity
from bottega.agents.assistant.language.slots.options import names_colour

# Questions that documents answer.
POLICY_INTENTS = frozenset(
    {
        "policy_refund",
        "policy_payment",
        "policy_shipping",
        "policy_returns",
        "policy_warranty",
        "policy_sizing",
        "policy_privacy",
        "shop_info",
        "gift_card",
        "newsletter",
        "account_create",
        "account_edit",
        "account_password",
        "account_delete",
    }
)
# Which of these only the account's own pages or a colleague can do; the documents are asked first.

# An intent that asks for the rules of something, with what it is.
RULES = "rules_of:"
Maker = Callable[[str, State], Goal]


def goal_for(intent: str, text: str, state: State, currency: str) -> Goal | None:
    """The goal of an intent, or None when it is a matter of talk."""
    if intent == "product_search":
        return search_for(text, currency, state.known_words or ())
    if intent == "refine" and state.last_search and (found := _of_another_kind(text, state, currency)) is not None:
        return found
    if intent == "refine":
        return refined(text, state) if state.last_search else search_for(text, currency, state.known_words or ())
    if intent == "more_results":
        return more(state) if state.last_search else None
    if intent.startswith(RULES):
        return Goal(kind="policy", slots={"question": text, "about": intent.removeprefix(RULES)}, words=text)
    if intent in POLICY_INTENTS:
        return Goal(kind="policy", slots={"question": text, "about": intent}, words=text)
    maker = _MAKERS.get(intent)
    return None if maker is None else maker(text, state)


_ASKS_FOR_OTHERS = re.compile(r"\b(?:rather|instead|something else)\b")


def _of_another_kind(text: str, state: State, currency: str) -> Goal | None:
    """ "Rather a lamp", while shirts are shown: a search of its own, within the price that was said before."""
    wanted = wanted_in(text)
    if not _ASKS_FOR_OTHERS.search(wanted.lower()) or not kind_asked_for(wanted, state):
        return None
    bounds = {name: state.last_search[name] for name in ("minimum_minor", "maximum_minor") if name in state.last_search}
    goal = search_for(wanted, currency, state.known_words or ())
    return goal.having(**{**bounds, **goal.slots})


def _advise(text: str, state: State) -> Goal:
    return about_product(Goal(kind="advise", words=text), text, state, names_only_with_capitals=True)


def _stock(text: str, state: State) -> Goal:
    return about_product(Goal(kind="stock", words=text), text, state, names_only_with_capitals=bool(state.shown))


def _compare(text: str, state: State) -> Goal:
    found = refer(text, state)
    handles = found.handles if found is not None and len(found.handles) > 1 else ()
    if not handles and len(state.focus) >= 2:
        handles = state.focus
    if not handles and len(state.shown) >= 2:
        # "Which is warmer" is about those on top.
        handles = tuple(item.handle for item in state.shown[: 3 if len(state.shown) == 3 else 2])
    if found is not None and len(found.handles) == 1 and len(state.focus) == 1 and state.focus != found.handles:
        handles = (*state.focus, *found.handles)
    sibling = _sibling_named(text, state)
    if sibling and (found is None or found.by == "pronoun"):
        return Goal(kind="compare", slots={"products": list(state.focus), "named": sibling}, words=text)
    goal = Goal(kind="compare", slots={"products": list(handles)}, words=text)
    if handles or state.shown:
        return goal
    # Nothing is shown yet: what is to be compared is searched for in the words in which it was said.
    looked_for = without(text, "products.comparing", "products.comparing_them").strip(" ,.!?")
    return goal.having(named=looked_for if named_in(looked_for) else None)


def _sibling_named(text: str, state: State) -> str:
    """ "And with the 700?" beside the Dayspring 400: the other one of that name, as it would be looked for."""
    item = state.item(state.focus[0]) if len(state.focus) == 1 else None
    number = re.search(r"\b(?:the|a) (\d+)\b", text.lower())
    if item is None or number is None or number.group(1) in item.title.split():
        return ""
    return f"{item.title.split()[0]} {number.group(1)}"


def _add(text: str, state: State) -> Goal:
    apart = each_named(text, state)
    if len(apart) > 1:
        first, *others = apart
        later = [{"product": handle, "words": words} for handle, words in others]
        return Goal(kind="add", slots={"product": first[0], "later": later}, words=first[1])
    goal = about_product(Goal(kind="add", words=text), text, state, names_only_with_capitals=False)
    each = _each_value(without_names(text, state))
    if goal.slot("product") and len(each) > 1:
        later = [{"product": goal.slot("product"), "words": words} for words in each[1:]]
        return Goal(kind="add", slots={"product": goal.slot("product"), "later": later}, words=each[0])
    number = quantity(without(without_names(text, state), "cart.price_bound"))
    return goal if number is None else goal.having(quantity=number.number or 1)


_SO_MANY_OF_A_KIND = re.compile(r"\b(?:one|two|three|four|\d)\s+(?:in\s+)?[a-z-]+\b")


def _each_value(text: str) -> list[str]:
    """ "One black and one teal": each number with its colour; nothing when a number has none."""
    counted = _SO_MANY_OF_A_KIND.findall(text.lower())
    return [one for one in counted if names_colour(one)]


def _cart_goal(kind: GoalKind) -> Maker:
    def make(text: str, _: State) -> Goal:
        return Goal(kind=kind, words=text)

    return make


def _order_goal(kind: GoalKind) -> Maker:
    def make(text: str, _: State) -> Goal:
        numbers = order_numbers(text)
        goal = Goal(kind=kind, words=text)
        return goal.having(order=numbers[-1]) if numbers else goal

    return make


def _track(text: str, state: State) -> Goal:
    if says(text, "orders.list") and not order_numbers(text):
        return Goal(kind="list_orders", words=text)
    return _order_goal("track")(text, state)


def _cancel(text: str, state: State) -> Goal:
    # "Is there a fee for cancelling" is a question, not a wish to cancel.
    if says(text, "orders.fees") and not order_numbers(text):
        return Goal(kind="policy", slots={"question": text, "about": "order_cancel"}, words=text)
    return _order_goal("cancel")(text, state)


def _send_back(kind: str | None) -> Maker:
    def make(text: str, state: State) -> Goal:
        if says(text, "returns.withdrawn"):
            return Goal(kind="hand_over", words=text)
        if says(text, "returns.status"):
            return Goal(kind="track_return", words=text)
        goal = _order_goal("send_back")(text, state)
        before = state.goal_of("send_back")
        if before is not None and goal.slot("order") in (None, before.slot("order")) and not state.mentioned:
            # A return about to be made becomes an exchange: of the same thing, for the same reason.
            goal = goal.having(**{name: before.slot(name) for name in ("order", "lines", "reason")})
        return goal if kind is None else goal.having(kind=kind)

    return make


def _return(text: str, state: State) -> Goal:
    return _send_back("return" if says(text, "returns.wanted_gone") else None)(text, state)


def _exchange(text: str, state: State) -> Goal:
    # "Too small" alone does not say what is to happen; naming what it should become does.
    return _send_back("exchange" if says(text, "returns.another_named") else None)(text, state)


def _refund(text: str, state: State) -> Goal:
    return _order_goal("refund")(text, state).having(where=says(text, "orders.where_is_money"))


def _address(text: str, state: State) -> Goal:
    parts = spelt_out(text)
    buying = state.goal_of("buy") or (Goal(kind="buy", words=text) if state.cart and state.topic != "order" else None)
    if buying is not None and not order_numbers(text) and not says(text, "orders.mine"):
        return buying.having(new_address=parts.as_record() or None, asked_address=True)
    if says(text, "orders.address_book") and not says(text, "orders.mentioned"):
        return Goal(kind="policy", slots={"question": text, "about": "address_change"}, words=text)
    goal = _order_goal("address")(text, state)
    return goal if parts.is_empty else goal.having(address=parts.as_record())


def _coupon(text: str, _: State) -> Goal:
    code = code_in(text)
    if code is None and says(text, "cart.coupon_off"):
        return Goal(kind="coupon", slots={"remove": True}, words=text)
    if code is None and says(text, "cart.about_codes"):
        return Goal(kind="policy", slots={"question": text, "about": "coupon"}, words=text)
    return Goal(kind="coupon", slots={} if code is None else {"code": code}, words=text)


def _buy(text: str, state: State) -> Goal:
    if order_numbers(text) or says(text, "orders.unpaid"):
        numbers = order_numbers(text)
        slots = {"order_number": numbers[-1]} if numbers else {}
        return _order_goal("pay")(text, state) if slots else Goal(kind="pay", words=text)
    slots: dict[str, Json] = {**checkout_slots(f"{state.checkout_words}\n{text}")}
    recipient = recipient_in(text)
    if recipient is not None and state.address and spelt_out(text).is_empty:
        slots["new_address"] = {**state.address, "name": recipient}
    if spelt_out(text).postal_code:
        # The whole address stands in the sentence.
        slots["new_address"] = address(text).as_record()
        slots.pop("place", None)
    return Goal(kind="buy", slots=slots, words=text)


# How it shall travel, what pays for it, and where it goes: the turns of phrase that say so, by slot.
_CHECKOUT: Mapping[str, tuple[str, ...]] = {
    "shipping": ("shipping.named",),
    "payment": ("paying.means", "paying.by", "paying.saved"),
    "place": ("addresses.of_mine",),
}


def checkout_slots(words: str) -> dict[str, str]:
    """What of buying the lines of somebody's words settle, the newest first."""
    found: dict[str, str] = {}
    for line in reversed(words.splitlines()):
        for slot, names in _CHECKOUT.items():
            if slot not in found and any(says(line, name) for name in names):
                found[slot] = line
    return found


def _hand_over(text: str, _: State) -> Goal:
    if says(text, "people.contact"):
        return Goal(kind="policy", slots={"question": text, "about": "handover"}, words=text)
    return Goal(kind="hand_over", words=text)


_MAKERS: Mapping[str, Maker] = {
    "product_question": _advise,
    "stock_question": _stock,
    "compare": _compare,
    "cart_add": _add,
    "cart_change": _cart_goal("change_cart"),
    "cart_show": _cart_goal("show_cart"),
    "checkout": _buy,
    "coupon": _coupon,
    "order_status": _track,
    "order_cancel": _cancel,
    "order_amend": _order_goal("amend"),
    "address_change": _address,
    "order_question": _order_goal("ask_order"),
    "return_status": _cart_goal("track_return"),
    "return_request": _return,
    "exchange": _exchange,
    "refund": _refund,
    "invoice": _order_goal("invoice"),
    "handover": _hand_over,
    "escalate": _order_goal("hand_over"),
}


def order_place(text: str, state: State, currency: str) -> Goal | None:
    """A wish to buy: what it names is searched for; with a cart in hand it is the till."""
    named = named_in(without(text, "cart.ordering_words"))
    if named:
        return search_for(named, currency)
    return Goal(kind="buy", words=text) if state.last_added else None
