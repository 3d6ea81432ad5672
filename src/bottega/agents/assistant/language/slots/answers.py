"""Yes and no, strictly: an answer with anything else in it is neither."""

from collections.abc import Collection
from typing import Literal

from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.slots.said import plainly

Answer = Literal["yes", "no"]
LONGEST_ANSWER_WORDS = 12
_PUNCTUATION = str.maketrans(dict.fromkeys(',.!;:()"…-', " "))


def answer(text: str, *, also_yes: Collection[str] = ()) -> Answer | None:
    """What a reply to a yes-or-no question says, or None when it says more than that, or both, or asks back.

    `also_yes` are further ways of saying yes to this very question ("cancel it" when asked whether to cancel).
    """
    words = plainly(text).translate(_PUNCTUATION).split()
    if not words or len(words) > LONGEST_ANSWER_WORDS or "?" in text:
        return None
    phrases = {**dict.fromkeys(lexicon().answers["around"], "around"), **_said("no"), **_said("yes")}
    phrases |= {plainly(phrase): "yes" for phrase in also_yes}
    kinds = _kinds(words, phrases)
    if kinds is None:
        return None
    match ("yes" in kinds, "no" in kinds):
        case (True, False):
            return "yes"
        case (False, True):
            return "no"
        case _:
            return None


def is_plain_yes(text: str) -> bool:
    """Whether the words are a yes to what was just asked, and nothing else."""
    return answer(text) == "yes"


def _said(kind: Answer) -> dict[str, str]:
    return dict.fromkeys(lexicon().answers[kind], kind)


def _kinds(words: list[str], phrases: dict[str, str]) -> set[str] | None:
    """What each part of the answer is, when it can be taken apart into known parts without a word left over."""
    # The kinds of the best way to take apart the words from each place on; longer parts first.
    kinds_from: list[set[str] | None] = [None] * len(words) + [set()]
    for place in reversed(range(len(words))):
        for end in range(len(words), place, -1):
            kind, rest = phrases.get(" ".join(words[place:end])), kinds_from[end]
            if kind is not None and rest is not None:
                kinds_from[place] = {kind} | rest
                break
    return kinds_from[0]
