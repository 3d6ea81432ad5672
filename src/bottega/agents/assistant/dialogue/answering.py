"""Answers to what the assistant asked last, understood as such."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bottega.agents.assistant.dialogue.goals.carting import code_in
from bottega.agents.assistant.dialogue.move import phrase
from bottega.agents.assistant.dialogue.naming import named_in
from bottega.agents.assistant.dialogue.state import Asked, AsksFor, Goal, Reply, State
from bottega.agents.assistant.dialogue.understanding import Understood
from bottega.agents.assistant.language.slots.addresses import AddressParts, address, country, postcode
from bottega.agents.assistant.language.slots.contact import code, emails, name
from bottega.agents.assistant.language.slots.numbers import order_numbers, quantity
from bottega.agents.assistant.language.slots.options import ANY, options
from bottega.agents.assistant.language.slots.reasons import reason
from bottega.agents.assistant.language.slots.references import Shown, reference
from bottega.agents.assistant.language.slots.said import plainly, words_of

LONGEST_PLAIN_ANSWER_WORDS = 6
# Intents that an answer to such a question may look like.
ALIKE: Mapping[AsksFor, frozenset[str]] = {
    "product": frozenset({"cart_add", "compare", "product_question", "product_search", "give_details", "refine"}),
    "size": frozenset({"cart_add", "refine", "give_details", "stock_question", "preference", "cart_change", "exchange", "order_amend"}),
    "colour": frozenset({"cart_add", "refine", "give_details", "cart_change", "exchange", "order_amend"}),
    "option": frozenset({"cart_add", "refine", "give_details", "cart_change", "exchange", "order_amend", "product_search"}),
    "quantity": frozenset({"cart_add", "cart_change", "give_details"}),
    "email": frozenset({"give_details"}),
    "code": frozenset({"give_details", "coupon"}),
    "name": frozenset({"give_details", "preference", "greeting"}),
    "address": frozenset({"give_details", "address_change"}),
    "shipping": frozenset({"give_details", "policy_shipping", "refine", "cart_add"}),
    "payment": frozenset({"give_details", "checkout", "policy_payment", "cart_add", "gift_card"}),
    "order": frozenset({"give_details", "order_status", "order_cancel", "order_amend", "cart_add", "return_request", "exchange"}),
    "items": frozenset({"give_details", "cart_add", "return_request", "exchange", "product_search", "order_amend", "cart_change", "order_cancel"}),
    "reason": frozenset({"give_details", "return_request", "exchange", "order_cancel", "complaint", "drop", "refine", "product_question", "policy_sizing", "order_status", "refund"}),
    "resolution": frozenset({"exchange", "refund", "return_request", "give_details", "refine", "policy_refund"}),
    "coupon": frozenset({"coupon", "give_details"}),
    "gift_card": frozenset({"gift_card", "give_details"}),
    "change": frozenset({"order_amend", "cart_change", "refine", "give_details", "cart_add", "exchange", "order_cancel"}),
}


@dataclass(frozen=True, slots=True)
class Answered:
    """The state after the answer, and a reply if that is all there is to say; `wish` is an intent to go on with."""

    state: State
    reply: Reply | None = None
    wish: tuple[str, str] | None = None


def answered(state: State, heard: Understood) -> Answered | None:
    """What became of the question, or None when the message is no answer to it."""
    asked = state.asked
    if asked is None:
        return None
    if asked.what == "confirmation":
        return _confirmation(state, asked, heard)
    if asked.what == "offer":
        return _offer(state, asked, heard)
    goal = state.goal(asked.goal_id)
    if goal is None:
        return None
    dropped = heard.answer == "no" or (heard.first.intent == "drop" and heard.first.certainty == "sure")
    if dropped and not (asked.what == "reason" and reason(heard.text, asked.choices)):
        return Answered(state.without(goal.id), Reply(parts=(phrase("talk.dropped"),)))
    changed = _READERS[asked.what](state, asked, goal, heard)
    if changed is None:
        return None
    other = heard.first.certainty == "sure" and heard.first.intent not in ALIKE.get(asked.what, frozenset())
    if other and not _is_explicit(asked, heard.text) and len(words_of(heard.text)) > 2:
        return None
    return Answered(changed.model_copy(update={"not_understood": 0}))


def _is_explicit(asked: Asked, text: str) -> bool:
    """Whether the text holds a value that can be nothing but the answer."""
    match asked.what:
        case "email":
            return bool(emails(text))
        case "code":
            return code(text) is not None
        case "order":
            return bool(order_numbers(text))
        case "address":
            return not address(text).is_empty
        case _:
            return plainly(text).strip(" .!") in {choice.lower() for choice in asked.choices}


def _confirmation(state: State, asked: Asked, heard: Understood) -> Answered | None:
    goal = state.goal(asked.goal_id)
    if goal is None:
        return None
    if heard.answer == "no" or (heard.first.intent in ("drop", "confirm_no") and heard.first.certainty != "unsure" and heard.answer != "yes"):
        return Answered(state.without(goal.id), Reply(parts=(phrase("talk.left_as_is"),)))
    if heard.answer == "yes":
        # The runtime makes the call; if it did not, the goal asks again.
        return Answered(state.model_copy(update={"asked": None}))
    changed = _changed_mind(goal, heard.text)
    if changed is not None:
        return Answered(state.with_changed(changed).model_copy(update={"asked": None}))
    return None


def _changed_mind(goal: Goal, text: str) -> Goal | None:
    """ "Yes, but with express delivery": the goal with what is to be different, when it is about it."""
    plain = plainly(text)
    if goal.kind in ("buy", "pay"):
        parts = address(text)
        if not parts.is_empty:
            return goal.having(new_address=parts.as_record())
        if re.search(r"\b(?:express|standard|delivery|shipping|collect|pick ?up|faster|cheaper delivery)\b", plain):
            return goal.having(shipping=text)
        if re.search(r"\b(?:card|visa|mastercard|paypal|transfer|gift card|ending|payment page)\b", plain):
            return goal.having(payment=text, method=None, instrument=None)
        return None
    if goal.kind in ("cancel", "send_back", "amend") and re.search(r"\b(?:size|in|colou?r|only|instead|not the|exchange|other|one|two|three|reason|because)\b|\d", plain):
        numbers = order_numbers(text)
        cleared = goal.having(lines=None, line=None, options=None, **({"order": numbers[-1]} if numbers else {}))
        return cleared.model_copy(update={"words": text})
    return None


def _offer(state: State, asked: Asked, heard: Understood) -> Answered | None:
    cleared = state.model_copy(update={"asked": None})
    if heard.answer == "no":
        return Answered(cleared, Reply(parts=(phrase("talk.all_right"),)))
    numbers = order_numbers(heard.text, asked=asked.option == "track")
    if heard.answer != "yes" and not (asked.option == "track" and numbers):
        return None
    order = numbers[0] if numbers else asked.handles[0] if asked.handles else None
    slots = {} if order is None else {"order": order}
    made: Mapping[str, Goal] = {
        "checkout": Goal(kind="buy"),
        "cancel": Goal(kind="cancel", slots=slots),
        "amend": Goal(kind="amend", slots=slots),
        "return": Goal(kind="send_back", slots={**slots, "kind": "return"}),
        "pay": Goal(kind="pay", slots=slots),
        "track": Goal(kind="track", slots=slots),
        "handover": Goal(kind="hand_over", slots={"about": next(iter(asked.choices), "")}, words=state.last_text),
    }
    goal = made.get(asked.option)
    return None if goal is None else Answered(cleared.with_goal(goal))


Reader = Callable[[State, Asked, Goal, Understood], State | None]


def _product(state: State, asked: Asked, goal: Goal, heard: Understood) -> State | None:
    shown = [item.as_shown() for item in state.shown if item.handle in asked.handles or not asked.handles]
    by_title = [item for item in state.shown if item.title.lower() == heard.text.strip().lower()]
    found = reference(heard.text, shown)
    handles = (by_title[0].handle,) if by_title else found.handles if found is not None and not found.is_ambiguous else ()
    if handles and goal.kind == "compare":
        return state.with_changed(goal.having(products=list(dict.fromkeys([*(goal.slot("products") or ()), *handles]))))
    if handles:
        return state.with_changed(goal.having(product=handles[0], rest=list(handles[1:]) or None).hearing(heard.text))
    named = named_in(heard.text)
    return state.with_changed(goal.having(named=named).hearing(heard.text)) if named else None


# A message of these intents may name an option in words that are not among the values.
_MAY_NAME_AN_OPTION = frozenset({"give_details", "cart_add", "refine", "preference", "stock_question"})


def _option(state: State, asked: Asked, goal: Goal, heard: Understood) -> State | None:
    named = options(heard.text, {asked.option: list(asked.choices)}, asked=asked.option)
    if not named and len(asked.choices) == 1 and heard.answer == "yes":
        named = {asked.option: asked.choices[0]}
    other = None if named or goal.kind not in ("add", "stock", "advise") else _other_product(state, goal, heard)
    if other is not None:
        return state.with_changed(goal.having(product=other, options=None))
    settled = {**dict(goal.slot("options") or {}), **{key: value for key, value in named.items() if value != ANY}}
    if named.get(asked.option) == ANY and asked.choices:
        settled[asked.option] = asked.choices[0]
    number = quantity(heard.text) if goal.kind == "add" else None
    goal = goal.having(options=settled or None, **({"quantity": number.number} if number is not None and number.number else {}))
    if goal.kind == "send_back" and named:
        return state.with_changed(goal.hearing(f"{asked.option} {named[asked.option]}"))
    surely_else = heard.first.certainty == "sure" and heard.first.intent not in _MAY_NAME_AN_OPTION
    if not named and (surely_else or len(words_of(heard.text)) > LONGEST_PLAIN_ANSWER_WORDS) and number is None:
        return None
    return state.with_changed(goal.hearing(heard.text))


def _other_product(state: State, goal: Goal, heard: Understood) -> str | None:
    """Another product than the goal's that the message points at: "no, I meant the second one"."""
    text = heard.correction.instead if heard.correction is not None else heard.text
    found = reference(text, [item.as_shown() for item in state.shown])
    if found is None or found.is_ambiguous or found.by == "pronoun" or found.handles[0] == goal.slot("product"):
        return None
    return found.handles[0]


def _quantity(state: State, asked: Asked, goal: Goal, heard: Understood) -> State | None:
    number = quantity(heard.text, asked=True)
    if number is None:
        return None
    slot = "to" if goal.kind == "change_cart" else "quantity"
    return state.with_changed(goal.having(**{slot: number.number}))


def _email(state: State, asked: Asked, goal: Goal, heard: Understood) -> State | None:
    found = emails(heard.text)
    if not found:
        return None
    return state.with_changed(goal.having(email=found[0])).model_copy(update={"email": found[0]})


def _code(state: State, asked: Asked, goal: Goal, heard: Understood) -> State | None:
    found = code(heard.text)
    if found is None:
        other = emails(heard.text)
        return state.with_changed(goal.having(email=other[0], sent=None)) if other else None
    return state.with_changed(goal.having(code=found))


def _sign_in(state: State, asked: Asked, goal: Goal, heard: Understood) -> State | None:
    return state if len(words_of(heard.text)) <= LONGEST_PLAIN_ANSWER_WORDS else None


def _name(state: State, asked: Asked, goal: Goal, heard: Understood) -> State | None:
    found = name(heard.text)
    words = heard.text.strip().strip(".!").split()
    if found is None and 1 <= len(words) <= 4 and all(word.replace("-", "").replace("'", "").isalpha() for word in words):
        found = " ".join(words).title()
    return None if found is None else _with_address(state, goal, AddressParts(name=found))


def _address(state: State, asked: Asked, goal: Goal, heard: Understood) -> State | None:
    parts = address(heard.text)
    if parts.is_empty:
        rest = AddressParts(
            postal_code=postcode(heard.text, country(heard.text)) or "", country=country(heard.text) or "", city=parts.city, line1=parts.line1
        )
        parts = rest
    if not (parts.line1 or parts.postal_code or parts.country or parts.city) and state.address and len(words_of(heard.text)) <= 3:
        # Part of an address was given; a bare word can be the town that was asked for.
        parts = AddressParts(city=heard.text.strip().strip(".,!"))
    if not any((parts.line1, parts.postal_code, parts.country, parts.city)):
        return None
    found = emails(heard.text)
    state = state.model_copy(update={"email": found[0]}) if found else state
    return _with_address(state, goal, parts)


def _with_address(state: State, goal: Goal, parts: AddressParts) -> State:
    slot = {"buy": "new_address", "address": "address"}.get(goal.kind)
    before = AddressParts(**dict((goal.slot(slot) if slot else None) or state.address))
    whole = parts.completed(before).as_record()
    state = state.model_copy(update={"address": whole})
    return state.with_changed(goal.having(**{slot: whole})) if slot else state


def _slot(slot: str) -> Reader:
    def read(state: State, asked: Asked, goal: Goal, heard: Understood) -> State | None:
        return state.with_changed(goal.having(**{slot: heard.text}))

    return read


def _order(state: State, asked: Asked, goal: Goal, heard: Understood) -> State | None:
    numbers = order_numbers(heard.text, asked=True)
    if numbers:
        return state.with_changed(goal.having(order=numbers[-1]).hearing(heard.text))
    plain = plainly(heard.text)
    if asked.handles and re.search(r"\b(?:last|latest|newest|most recent)\b", plain):
        return state.with_changed(goal.having(order=asked.handles[0]))
    found = reference(heard.text, [Shown(number, number) for number in asked.handles])
    if found is not None and found.by == "place":
        return state.with_changed(goal.having(order=found.handles[0]))
    short = len(words_of(heard.text)) <= 2 * LONGEST_PLAIN_ANSWER_WORDS
    return state.with_changed(goal.hearing(heard.text)) if short and heard.first.certainty != "sure" else None


def _items(state: State, asked: Asked, goal: Goal, heard: Understood) -> State | None:
    shown = [Shown(handle, title) for handle, title in zip(asked.handles, asked.choices, strict=False)]
    exact = [handle for handle, title in zip(asked.handles, asked.choices, strict=False) if title.lower() == heard.text.strip().lower()]
    found = reference(heard.text, shown)
    everything = re.search(r"\b(?:everything|all|both|whole|entire)\b", plainly(heard.text)) is not None
    handles = exact or (list(asked.handles) if everything else list(found.handles) if found is not None and not found.is_ambiguous else [])
    goal = goal.hearing(heard.text)
    if not handles:
        return state.with_changed(goal) if len(words_of(heard.text)) <= LONGEST_PLAIN_ANSWER_WORDS else None
    if goal.kind == "send_back":
        return state.with_changed(goal.having(lines=handles))
    return state.with_changed(goal.having(line=handles[0]))


def _reason(state: State, asked: Asked, goal: Goal, heard: Understood) -> State | None:
    why = reason(heard.text, asked.choices)
    if why is None and heard.first.certainty == "sure" and heard.first.intent not in ALIKE["reason"]:
        return None
    if why is None:
        # Somebody's own reason is none of the list; what they said goes no further.
        why = "other" if "other" in asked.choices and len(words_of(heard.text)) >= 2 else None
    if why is None:
        return None
    return state.with_changed(goal.having(reason=why).hearing(why if goal.kind == "cancel" else heard.text))


def _resolution(state: State, asked: Asked, goal: Goal, heard: Understood) -> State | None:
    plain = plainly(heard.text)
    if re.search(r"\b(?:exchange|swap|another|other|bigger|larger|smaller|size|replace\w*|new one)\b", plain):
        return state.with_changed(goal.having(kind="exchange").hearing(heard.text))
    if re.search(r"\b(?:money|refund|return|back|reimburse\w*)\b", plain):
        return state.with_changed(goal.having(kind="return"))
    return None


def _coupon(state: State, asked: Asked, goal: Goal, heard: Understood) -> State | None:
    found = code_in(heard.text, asked=True)
    return None if found is None else state.with_changed(goal.having(code=found))


def _change(state: State, asked: Asked, goal: Goal, heard: Understood) -> State | None:
    return state.with_changed(goal.hearing(heard.text))


def _none(state: State, asked: Asked, goal: Goal, heard: Understood) -> State | None:
    return None


_READERS: Mapping[AsksFor, Reader] = {
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
    "gift_card": _coupon,
    "change": _change,
    "confirmation": _none,
    "offer": _none,
}
