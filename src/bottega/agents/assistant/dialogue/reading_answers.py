"""Reads the answer to one question: a reader for each thing that is asked for."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bottega.agents.assistant.dialogue.goals.carting import code_in
from bottega.agents.assistant.dialogue.goals.choosing import mentioned_in
from bottega.agents.assistant.dialogue.naming import named_in, of_ours, without_names
from bottega.agents.assistant.dialogue.state import Asked, AsksFor, Goal, State
from bottega.agents.assistant.dialogue.understanding import Understood
from bottega.agents.assistant.language.patterns import says
from bottega.agents.assistant.language.slots.addresses import AddressParts, address, country, postcode
from bottega.agents.assistant.language.slots.contact import code, emails, name
from bottega.agents.assistant.language.slots.numbers import order_numbers, quantity
from bottega.agents.assistant.language.slots.options import ANY, options
from bottega.agents.assistant.language.slots.reasons import reason
from bottega.agents.assistant.language.slots.references import Shown, reference
from bottega.agents.assistant.language.slots.said import words_of

LONGEST_PLAIN_ANSWER_WORDS = 6
# Intents that an answer to such a question may look like.
ALIKE: Mapping[AsksFor, frozenset[str]] = {
    "product": frozenset({"cart_add", "compare", "product_question", "product_search", "give_details", "refine"}),
    "size": frozenset(
        {"cart_add", "refine", "give_details", "stock_question", "preference", "cart_change", "exchange", "order_amend"}
    ),
    "colour": frozenset({"cart_add", "refine", "give_details", "cart_change", "exchange", "order_amend"}),
    "option": frozenset(
        {"cart_add", "refine", "give_details", "cart_change", "exchange", "order_amend", "product_search"}
    ),
    "quantity": frozenset({"cart_add", "cart_change", "give_details"}),
    "email": frozenset({"give_details"}),
    "code": frozenset({"give_details", "coupon"}),
    "name": frozenset({"give_details", "preference", "greeting"}),
    "address": frozenset({"give_details", "address_change"}),
    "shipping": frozenset({"give_details", "policy_shipping", "refine", "cart_add"}),
    "payment": frozenset({"give_details", "checkout", "policy_payment", "cart_add", "gift_card"}),
    "order": frozenset(
        {"give_details", "order_status", "order_cancel", "order_amend", "cart_add", "return_request", "exchange"}
    ),
    "items": frozenset(
        {
            "give_details",
            "cart_add",
            "return_request",
            "exchange",
            "product_search",
            "order_amend",
            "cart_change",
            "order_cancel",
        }
    ),
    "reason": frozenset(
        {
            "give_details",
            "return_request",
            "exchange",
            "order_cancel",
            "complaint",
            "drop",
            "refine",
            "product_question",
            "policy_sizing",
            "order_status",
            "refund",
        }
    ),
    "resolution": frozenset({"exchange", "refund", "return_request", "give_details", "refine", "policy_refund"}),
    "coupon": frozenset({"coupon", "give_details"}),
    "gift_card": frozenset({"gift_card", "give_details"}),
    "change": frozenset({"order_amend", "cart_change", "refine", "give_details", "cart_add", "exchange"}),
}


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, for which goal, and what was said to it."""

    state: State
    asked: Asked
    goal: Goal
    heard: Understood

    @property
    def text(self) -> str:
        """The answer as it was said."""
        return self.heard.text


Reader = Callable[[Question], State | None]


def _product(question: Question) -> State | None:
    state, goal = question.state, question.goal
    shown = [
        item.as_shown() for item in state.shown if item.handle in question.asked.handles or not question.asked.handles
    ]
    first = question.heard.first
    if goal.kind in ("advise", "stock", "compare") and first.intent == "cart_add" and first.certainty == "sure":
        # It wants to have something, whatever was asked.
        return None
    named_here = mentioned_in(question.text, state)
    if named_here is not None and not named_here.is_ambiguous and goal.kind != "compare":
        return state.with_changed(goal.having(product=named_here.handles[0], named=None).hearing(question.text))
    by_title = [item for item in state.shown if item.title.lower() == question.text.strip().lower()]
    found = reference(question.text, shown)
    handles = (
        (by_title[0].handle,) if by_title else found.handles if found is not None and not found.is_ambiguous else ()
    )
    if handles and goal.kind == "compare":
        return state.with_changed(goal.having(products=list(dict.fromkeys([*(goal.slot("products") or ()), *handles]))))
    if handles:
        return state.with_changed(
            goal.having(product=handles[0], rest=list(handles[1:]) or None).hearing(question.text)
        )
    named = of_ours(named_in(question.text), state)
    asks = "?" in question.text or says(question.text, "asking.begins")
    is_long = len(words_of(question.text)) > LONGEST_PLAIN_ANSWER_WORDS
    if not named or goal.kind == "compare" or says(question.text, "wanting.look") or asks or is_long:
        # "Something similar" looks for other things, and names none; a question is no answer.
        return None
    return state.with_changed(goal.having(named=named).hearing(question.text))


# A message of these intents may name an option in words that are not among the values.
_MAY_NAME_AN_OPTION = frozenset({"give_details", "cart_add", "refine", "preference", "stock_question"})


def _option(question: Question) -> State | None:
    state, goal = question.state, question.goal
    named = options(question.text, {question.asked.option: list(question.asked.choices)}, asked=question.asked.option)
    if not named and len(question.asked.choices) == 1 and question.heard.answer == "yes":
        named = {question.asked.option: question.asked.choices[0]}
    other = (
        None if named or goal.kind not in ("add", "stock", "advise") else _other_product(state, goal, question.heard)
    )
    if other is not None:
        return state.with_changed(goal.having(product=other, options=None))
    settled = {**dict(goal.slot("options") or {}), **{key: value for key, value in named.items() if value != ANY}}
    if named.get(question.asked.option) == ANY and question.asked.choices:
        settled[question.asked.option] = question.asked.choices[0]
    number = quantity(without_names(question.text, state)) if goal.kind == "add" else None
    goal = goal.having(
        options=settled or None, **({"quantity": number.number} if number is not None and number.number else {})
    )
    if goal.kind == "send_back" and named:
        return state.with_changed(goal.hearing(f"{question.asked.option} {named[question.asked.option]}"))
    other_name = named_in(question.text)
    if not named and other_name and not _fits_product(other_name, state, goal):
        return None
    surely_else = question.heard.first.certainty == "sure" and question.heard.first.intent not in _MAY_NAME_AN_OPTION
    if not named and (surely_else or len(words_of(question.text)) > LONGEST_PLAIN_ANSWER_WORDS) and number is None:
        return None
    return state.with_changed(goal.hearing(question.text))


def _fits_product(name: str, state: State, goal: Goal) -> bool:
    """Whether words are of the goal's own product, or may be a value that it does not have."""
    item = state.item(str(goal.slot("product")))
    known: set[str] = set() if item is None else {*words_of(item.title), *item.words}
    return goal.kind != "add" or all(word in known or word.rstrip("s") in known for word in name.split())


def _other_product(state: State, goal: Goal, heard: Understood) -> str | None:
    """Another product than the goal's that the message points at: "no, I meant the second one"."""
    text = heard.correction.instead if heard.correction is not None else heard.text
    found = reference(text, [item.as_shown() for item in state.shown])
    if found is None or found.is_ambiguous or found.by == "pronoun" or found.handles[0] == goal.slot("product"):
        return None
    return found.handles[0]


def _quantity(question: Question) -> State | None:
    state, goal = question.state, question.goal
    number = quantity(question.text, asked=True)
    if number is None:
        return None
    slot = "to" if goal.kind == "change_cart" else "quantity"
    return state.with_changed(goal.having(**{slot: number.number}))


def _email(question: Question) -> State | None:
    state, goal = question.state, question.goal
    found = emails(question.text)
    if not found:
        return None
    return state.with_changed(goal.having(email=found[0])).model_copy(update={"email": found[0]})


def _code(question: Question) -> State | None:
    state, goal = question.state, question.goal
    found = code(question.text)
    if found is None:
        other = emails(question.text)
        return state.with_changed(goal.having(email=other[0], sent=None)) if other else None
    return state.with_changed(goal.having(code=found))


def _sign_in(question: Question) -> State | None:
    state = question.state
    return state if len(words_of(question.text)) <= LONGEST_PLAIN_ANSWER_WORDS else None


def _name(question: Question) -> State | None:
    state, goal = question.state, question.goal
    found = name(question.text)
    words = question.text.strip().strip(".!").split()
    if (
        found is None
        and 1 <= len(words) <= 4
        and all(word.replace("-", "").replace("'", "").isalpha() for word in words)
    ):
        found = " ".join(words).title()
    return None if found is None else _with_address(state, goal, AddressParts(name=found))


def _address(question: Question) -> State | None:
    state, goal = question.state, question.goal
    parts = address(question.text)
    if parts.is_empty:
        rest = AddressParts(
            postal_code=postcode(question.text, country(question.text)) or "",
            country=country(question.text) or "",
            city=parts.city,
            line1=parts.line1,
        )
        parts = rest
    if (
        not (parts.line1 or parts.postal_code or parts.country or parts.city)
        and state.address
        and len(words_of(question.text)) <= 3
    ):
        # Part of an address was given; a bare word can be the town that was question.asked for.
        parts = AddressParts(city=question.text.strip().strip(".,!"))
    if not any((parts.line1, parts.postal_code, parts.country, parts.city)):
        # "Home", "the work address": one that the account keeps.
        is_mine = says(question.text, "addresses.of_mine")
        slot = {"buy": "place"}.get(goal.kind)
        said = goal.having(**{slot: question.text}) if slot else goal.hearing(question.text)
        return state.with_changed(said) if is_mine else None
    if goal.kind == "address":
        goal = goal.hearing(question.text)
        state = state.with_changed(goal)
    found = emails(question.text)
    state = state.model_copy(update={"email": found[0]}) if found else state
    return _with_address(state, goal, parts)


def _with_address(state: State, goal: Goal, parts: AddressParts) -> State:
    slot = {"buy": "new_address", "address": "address"}.get(goal.kind)
    before = AddressParts(**dict((goal.slot(slot) if slot else None) or state.address))
    whole = parts.completed(before).as_record()
    state = state.model_copy(update={"address": whole})
    return state.with_changed(goal.having(**{slot: whole})) if slot else state


def _slot(slot: str) -> Reader:
    def read(question: Question) -> State | None:
        if question.heard.answer is not None:
            # A yes chooses nothing.
            return None
        return question.state.with_changed(question.goal.having(**{slot: question.text}))

    return read


def _order(question: Question) -> State | None:
    state, goal = question.state, question.goal
    numbers = order_numbers(question.text, asked=True)
    if numbers:
        return state.with_changed(goal.having(order=numbers[-1]).hearing(question.text))
    if question.asked.handles and says(question.text, "orders.newest"):
        return state.with_changed(goal.having(order=question.asked.handles[0]))
    found = reference(question.text, [Shown(number, number) for number in question.asked.handles])
    if found is not None and found.by == "place":
        return state.with_changed(goal.having(order=found.handles[0]))
    short = len(words_of(question.text)) <= 4 * LONGEST_PLAIN_ANSWER_WORDS
    return (
        state.with_changed(goal.hearing(question.text)) if short and question.heard.first.certainty != "sure" else None
    )


def _items(question: Question) -> State | None:
    state, goal = question.state, question.goal
    shown = [
        Shown(handle, title) for handle, title in zip(question.asked.handles, question.asked.choices, strict=False)
    ]
    exact = [
        handle
        for handle, title in zip(question.asked.handles, question.asked.choices, strict=False)
        if title.lower() == question.text.strip().lower()
    ]
    found = reference(question.text, shown)
    everything = says(question.text, "returns.all_of_it")
    handles = exact or (
        list(question.asked.handles)
        if everything
        else list(found.handles)
        if found is not None and not found.is_ambiguous
        else []
    )
    goal = goal.hearing(question.text)
    if not handles:
        return state.with_changed(goal) if len(words_of(question.text)) <= LONGEST_PLAIN_ANSWER_WORDS else None
    if goal.kind == "send_back":
        return state.with_changed(goal.having(lines=handles))
    return state.with_changed(goal.having(line=handles[0]))


def _reason(question: Question) -> State | None:
    state, goal = question.state, question.goal
    why = reason(question.text, question.asked.choices)
    if why is None and question.heard.first.certainty == "sure" and question.heard.first.intent not in ALIKE["reason"]:
        return None
    if why is None and (numbers := order_numbers(question.text)):
        return state.with_changed(goal.having(order=numbers[-1]))
    if why is None and says(question.text, "orders.newest"):
        return state
    if why is None:
        # Somebody's own reason is none of the list; what they said goes no further.
        why = "other" if "other" in question.asked.choices and len(words_of(question.text)) >= 2 else None
    if why is None:
        return None
    return state.with_changed(goal.having(reason=why).hearing(why if goal.kind == "cancel" else question.text))


def _resolution(question: Question) -> State | None:
    state, goal = question.state, question.goal
    if says(question.text, "returns.exchange") or says(question.text, "returns.another_named"):
        return state.with_changed(goal.having(kind="exchange").hearing(question.text))
    if says(question.text, "returns.money_back") or says(question.text, "returns.wanted_gone"):
        return state.with_changed(goal.having(kind="return"))
    return None


def _gift_card(question: Question) -> State | None:
    state, goal = question.state, question.goal
    found = re.search(r"(?<![\w-])(?=[A-Za-z0-9-]*\d)[A-Za-z0-9]{3,}(?:[- ][A-Za-z0-9]{3,})*(?![\w-])", question.text)
    return None if found is None else state.with_changed(goal.having(gift_card=found.group()))


def _coupon(question: Question) -> State | None:
    state, goal = question.state, question.goal
    found = code_in(question.text, asked=True)
    return None if found is None else state.with_changed(goal.having(code=found))


def _change(question: Question) -> State | None:
    state, goal = question.state, question.goal
    return state.with_changed(goal.hearing(question.text))


READERS: Mapping[AsksFor, Reader] = {
    "product": _product,
    "size": _option,
    "colour": _option,
    "option": _option,
    "quantity": _quantity,
    "email": _email,
    "code": _code,
    "sign_in": _sign_in,
    "name": _name,
    "address": _address,
    "shipping": _slot("shipping"),
    "payment": _slot("payment"),
    "order": _order,
    "items": _items,
    "reason": _reason,
    "resolution": _resolution,
    "coupon": _coupon,
    "gift_card": _gift_card,
    "change": _change,
}
