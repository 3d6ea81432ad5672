"""What somebody refuses by its name: "not the footprint, the tent" is about the tent, and asks anew what was asked."""

from bottega.agents.assistant.dialogue.state import Goal, Item, State
from bottega.agents.assistant.language.slots.corrections import Correction
from bottega.agents.assistant.language.slots.said import plainly, words_of

# Two things of one line share their first words: "Alder Nine Footprint", "Alder Nine Ultralight Tent".
WORDS_OF_A_LINE = 2


def other_than_refused(state: State, correction: Correction | None) -> State | None:
    """The state in which the newest question is asked of what is meant instead of a product that is refused; None when
    nothing that was spoken of is refused, or nothing else fits."""
    if correction is None or not correction.instead_of:
        return None
    refused = _meant(correction.instead_of, state.shown)
    if refused is None or state.last_added.get("product") == refused.handle:
        return None
    others = [item for item in (*state.shown, *state.seen) if item.handle != refused.handle]
    kindred = [item for item in others if _line_of(item) == _line_of(refused)]
    chosen = _meant(correction.instead, kindred) or _meant(correction.instead, others)
    if chosen is None:
        return None
    beside = [item.handle for item in state.shown if item.handle not in (refused.handle, chosen.handle)]
    if len(state.shown) > 1 and len(state.focus) > 1:
        return state.with_goal(Goal(kind="compare", slots={"products": [chosen.handle, *beside]}, words=state.asked_of))
    return state.with_goal(
        Goal(kind="advise", slots={"product": chosen.handle}, words=state.asked_of or "tell me more")
    )


def _line_of(item: Item) -> list[str]:
    return words_of(item.title)[:WORDS_OF_A_LINE]


def _meant(words: str, items: "tuple[Item, ...] | list[Item]") -> Item | None:
    """The one of these whose title has what is said of it."""
    said = {word.rstrip("s") for word in words_of(plainly(words)) if word not in ("the", "a", "an", "one", "but", "i")}
    named = [item for item in items if said and said <= {word.rstrip("s") for word in words_of(item.title)}]
    handles = {item.handle for item in named}
    return named[0] if len(handles) == 1 else None
