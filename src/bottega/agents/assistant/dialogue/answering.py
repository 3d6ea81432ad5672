"""Answers to what the assistant asked last, understood as such."""

from collections.abc import Mapping
from dataclasses import dataclass

from bottega.agents.assistant.dialogue.choices import as_said, is_choice
from bottega.agents.assistant.dialogue.goal_kinds import NEED_IDENTITY
from bottega.agents.assistant.dialogue.move import phrase
from bottega.agents.assistant.dialogue.reading_answers import ALIKE, READERS, Question
from bottega.agents.assistant.dialogue.state import Asked, Goal, Reply, State
from bottega.agents.assistant.dialogue.understanding import Understood
from bottega.agents.assistant.dialogue.ways import method_named
from bottega.agents.assistant.dialogue.wishes import checkout_slots
from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.patterns import says
from bottega.agents.assistant.language.slots.addresses import AddressParts, address, spelt_out
from bottega.agents.assistant.language.slots.answers import answer
from bottega.agents.assistant.language.slots.contact import code, emails, recipient_in
from bottega.agents.assistant.language.slots.numbers import order_numbers, quantity
from bottega.agents.assistant.language.slots.options import options
from bottega.agents.assistant.language.slots.reasons import reason
from bottega.agents.assistant.language.slots.said import plainly, words_of

LONGEST_NAME_WORDS = 3


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
    if goal.kind == "sign_in" and says(heard.text, "people.signed_in"):
        return Answered(state.pursuing(goal.id))
    if goal.kind == "sign_in" and says(heard.text, "people.no_account"):
        return _without_account(state, goal)
    refused = goal.kind in _OFFERS and says(heard.text, "people.refuses")
    dropped = heard.answer == "no" or refused or (heard.first.intent == "drop" and heard.first.certainty == "sure")
    is_reason = asked.what == "reason" and reason(heard.text, asked.choices)
    if dropped and not is_reason and not is_choice(heard.text, asked):
        return Answered(state.without(goal.id), Reply(parts=(phrase("talk.dropped"),)))
    changed = READERS[asked.what](Question(state, asked, goal, heard))
    if changed is None and heard.answer == "yes":
        # A yes to a question that cannot be answered so: it is asked again.
        return Answered(state.pursuing(goal.id))
    if changed is None:
        return None
    other = heard.first.certainty == "sure" and heard.first.intent not in ALIKE.get(asked.what, frozenset())
    if other and not _is_explicit(asked, heard.text):
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
        case "shipping":
            return method_named(text, [{"name": choice} for choice in asked.choices]) is not None
        case "size" | "colour" | "option":
            return bool(options(text, {asked.option: list(asked.choices)}, asked=asked.option))
        case "quantity":
            return quantity(text, asked=True) is not None
        case "reason":
            return reason(text, asked.choices) is not None
        case "name":
            return len(words_of(text)) <= LONGEST_NAME_WORDS
        case _:
            return is_choice(text, asked)


def _without_account(state: State, goal: Goal) -> Answered:
    """Whoever has no account is not asked for one again: what needs it is for a colleague, what is bought is not."""
    kept = tuple(held for held in state.goals if held.id != goal.id and held.kind not in NEED_IDENTITY)
    state = state.model_copy(update={"goals": kept, "asked": None})
    buying = state.goal_of("buy")
    if buying is not None:
        return Answered(state.pursuing(buying.id))
    if state.cart:
        return Answered(state.with_goal(Goal(kind="buy")))
    offer = Asked(what="offer", option="handover")
    parts = (phrase("account.none_needed"), phrase("account.colleague_looks"))
    return Answered(state, Reply(parts=parts, choices=("Ask a colleague", "No"), asked=offer))


def _confirmation(state: State, asked: Asked, heard: Understood) -> Answered | None:
    goal = state.goal(asked.goal_id)
    if goal is None:
        return None
    if heard.answer == "yes" or answer(heard.text, also_yes=_yes_to(goal)) == "yes":
        # The runtime makes the call; if it did not, the goal asks again.
        return Answered(state.pursuing(goal.id).model_copy(update={"asked": None}))
    changed = None if heard.answer == "no" else _changed_mind(state, goal, heard)
    if changed is not None:
        return Answered(state.with_changed(changed).pursuing(goal.id).model_copy(update={"asked": None}))
    if _asks_back(state, heard):
        # The runtime's question says it all once more.
        return Answered(state.pursuing(goal.id).model_copy(update={"asked": None}))
    refuses = says(heard.text, "people.refuses") or (
        heard.first.intent in ("drop", "confirm_no") and heard.first.certainty != "unsure"
    )
    if heard.answer == "no" or refuses:
        return Answered(state.without(goal.id), Reply(parts=(phrase("talk.left_as_is"),)))
    return None


# Under which offers a goal's further ways of saying yes stand.
_OFFERS: Mapping[str, str] = {
    "cancel": "cancel",
    "amend": "amend",
    "address": "amend",
    "send_back": "return",
    "buy": "checkout",
    "pay": "pay",
}


def _yes_to(goal: Goal) -> tuple[str, ...]:
    """Further ways of saying yes to what the goal wants: "cancel it"."""
    return lexicon().offers.get(_OFFERS.get(goal.kind, ""), ())


def _asks_back(state: State, heard: Understood) -> bool:
    asks = "?" in heard.text or says(heard.text, "asking.begins")
    is_elsewhere = heard.first.intent.startswith("policy_") and heard.first.certainty == "sure"
    about_it = says(heard.text, "people.asks_back") and not says(heard.text, "asking.rules")
    return asks and about_it and not is_elsewhere and not state.mentioned


def _changed_mind(state: State, goal: Goal, heard: Understood) -> Goal | None:
    """ "Yes, but with express delivery": the goal with what is to be different, when it is about it."""
    text = heard.text if heard.correction is None else heard.correction.instead
    if says(heard.text, "people.question") or heard.text.rstrip().endswith("?"):
        return None
    recipient = recipient_in(heard.text) if goal.kind in ("buy", "address") else None
    if recipient is not None and address(text).is_empty:
        slot = "new_address" if goal.kind == "buy" else "address"
        before = AddressParts(**dict(goal.slot(slot) or state.address))
        return goal.having(**{slot: AddressParts(name=recipient).completed(before).as_record()})
    if goal.kind == "send_back" and says(text, "returns.exchange_plainly"):
        return goal.having(kind="exchange").hearing(text)
    if goal.kind in ("buy", "pay"):
        parts = address(text)
        if not parts.is_empty:
            named = AddressParts(name=recipient or state.address.get("name", ""))
            return goal.having(new_address=parts.completed(named).as_record())
        if says(text, "shipping.means"):
            return goal.having(shipping=text)
        if says(text, "paying.means"):
            return goal.having(payment=text, method=None, instrument=None, gift_card=None)
        return None
    if goal.kind == "address":
        parts = spelt_out(heard.text)
        before = AddressParts(**dict(goal.slot("address") or {}))
        return None if parts.is_empty else goal.having(address=parts.completed(before).as_record())
    numbers = order_numbers(text)
    if goal.kind in ("cancel", "send_back", "amend") and (
        numbers or says(text, "changing.something") or heard.correction
    ):
        if numbers:
            return goal.having(order=numbers[-1], lines=None, line=None, options=None)
        return goal.having(options=None).hearing(text)
    return None


def _offer(state: State, asked: Asked, heard: Understood) -> Answered | None:
    cleared = state.model_copy(update={"asked": None})
    waiting = state.goal(asked.goal_id) if asked.option == "go_on" else None
    more = _yes_to(waiting) if waiting is not None else ()
    said = answer(heard.text, also_yes=(*lexicon().offers.get(asked.option, ()), *more))
    if said == "no" or (waiting is not None and says(heard.text, "people.refuses")):
        dropped = cleared.without(asked.goal_id) if asked.option == "go_on" else cleared
        return Answered(dropped, Reply(parts=(phrase("talk.all_right"),)))
    numbers = order_numbers(heard.text, asked=asked.option == "track")
    # The first button says yes in its own words, and so does the one that names a colleague.
    first = "Ask a colleague" if "Ask a colleague" in asked.choices else next(iter(asked.choices), "")
    is_yes = said == "yes" or as_said(heard.text) == plainly(first)
    if is_yes and asked.option == "go_on":
        return Answered(cleared.pursuing(asked.goal_id))
    if not is_yes and not (asked.option == "track" and numbers):
        return None
    order = numbers[0] if numbers else asked.handles[0] if asked.handles else None
    slots = {} if order is None else {"order": order}
    made: Mapping[str, Goal] = {
        "checkout": Goal(kind="buy", slots=checkout_slots(f"{state.checkout_words}\n{heard.text}")),
        "cancel": Goal(kind="cancel", slots=slots),
        "amend": Goal(kind="amend", slots=slots, words=asked.about),
        "return": Goal(kind="send_back", slots={**slots, "kind": "return"}, words=asked.about),
        "pay": Goal(kind="pay", slots=slots),
        "track": Goal(kind="track", slots=slots),
        "handover": Goal(kind="hand_over", slots={"about": asked.about}, words=state.heard_lately),
    }
    goal = made.get(asked.option)
    return None if goal is None else Answered(cleared.with_goal(goal))
