"""Answers to what the assistant asked last, understood as such."""

from collections.abc import Mapping
from dataclasses import dataclass

from bottega.agents.assistant.dialogue.move import phrase
from bottega.agents.assistant.dialogue.reading_answers import ALIKE, READERS, Question
from bottega.agents.assistant.dialogue.state import Asked, Goal, Reply, State
from bottega.agents.assistant.dialogue.understanding import Understood
from bottega.agents.assistant.language.patterns import says
from bottega.agents.assistant.language.slots.addresses import address
from bottega.agents.assistant.language.slots.contact import code, emails
from bottega.agents.assistant.language.slots.numbers import order_numbers
from bottega.agents.assistant.language.slots.reasons import reason
from bottega.agents.assistant.language.slots.said import plainly, words_of


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
    changed = READERS[asked.what](Question(state, asked, goal, heard))
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
    if heard.answer == "no" or (
        heard.first.intent in ("drop", "confirm_no") and heard.first.certainty != "unsure" and heard.answer != "yes"
    ):
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
    if goal.kind in ("buy", "pay"):
        parts = address(text)
        if not parts.is_empty:
            return goal.having(new_address=parts.as_record())
        if says(text, "shipping.means"):
            return goal.having(shipping=text)
        if says(text, "paying.means"):
            return goal.having(payment=text, method=None, instrument=None, gift_card=None)
        return None
    if goal.kind in ("cancel", "send_back", "amend") and says(text, "changing.something"):
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
