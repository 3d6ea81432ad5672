"""Choices that were offered, said back in words: each means what its button means, and for a while after."""

from bottega.agents.assistant.dialogue.state import Asked, State
from bottega.agents.assistant.dialogue.talk import MEANT
from bottega.agents.assistant.language.slots.said import plainly

# So many turns after they were shown, choices are still understood.
TURNS_CHOICES_LAST = 3
# Buttons that stand for a wish, whatever was asked.
_WISHES = {
    **{label: intent for intent, label in MEANT.items()},
    "Find something": "order_place",
    "Show more": "more_results",
    "Cheaper ones": "refine",
}
_BY_WORDS = {plainly(label): intent for label, intent in _WISHES.items()}


def as_said(text: str) -> str:
    """A message in the form in which choices are compared."""
    return plainly(text).strip(" .!\"'")


def is_choice(text: str, asked: Asked) -> bool:
    """Whether the message is one of the choices of the question, and nothing else."""
    said = as_said(text)
    return bool(said) and any(said == plainly(choice) for choice in asked.choices)


def wish_of(text: str, state: State) -> str | None:
    """The intent of a button that stands for a wish; a yes to an offer in its own words is no such wish."""
    asked = state.asked
    if asked is not None and is_choice(text, asked):
        is_of_offer = asked.what == "offer" and as_said(text) not in (plainly(asked.choices[0]), "ask a colleague")
        if not is_of_offer:
            return None
    return _BY_WORDS.get(as_said(text))


def offered_before(text: str, state: State) -> Asked | None:
    """The question of a little while ago that the message answers with one of its choices, if its goal still waits."""
    before = state.offered
    if before is None or state.turn - state.offered_turn > TURNS_CHOICES_LAST or not is_choice(text, before):
        return None
    return before if state.goal(before.goal_id) is not None else None
