"""Why something goes back or an order is ended, as one of the shop's own reasons."""

import re
from collections.abc import Sequence

from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.slots.said import plainly

LONGEST_OTHER_WORDS = 4
# What a shop without one of these reasons calls it instead, in the order in which they are tried.
_NEAREST = {
    "too small": ("wrong size",),
    "too large": ("wrong size",),
    "no longer needed": ("changed my mind",),
    "changed my mind": ("no longer needed",),
    "faulty": ("damaged", "not as described"),
    "damaged": ("faulty",),
    "wrong item": ("not as described",),
    "takes too long": ("arrived late",),
    "arrived late": ("takes too long",),
    "ordered twice": ("ordered by mistake",),
    "ordered by mistake": ("changed my mind",),
    "found it cheaper": ("changed my mind",),
}


def reason(text: str, known: Sequence[str]) -> str | None:
    """The reason out of `known` that the text gives, None when it gives none of them.

    A reason in the shop's own words counts as well, with `_` for spaces ("changed_mind").
    """
    plain = _spaced(plainly(text))
    spelt = {_spaced(one): one for one in known}
    for words, one in sorted(spelt.items(), key=lambda pair: -len(pair[0])):
        if words != "other" and _holds_pattern(plain, words):
            return one
    for named, patterns in lexicon().reasons.items():
        if named == "other" and len(plain.split()) > LONGEST_OTHER_WORDS:
            # "The other one" in a longer sentence is no reason.
            continue
        if not any(_holds_pattern(plain, pattern) for pattern in patterns):
            continue
        for candidate in (named, *_NEAREST.get(named, ())):
            if match := _of(candidate, spelt):
                return match
    return None


def _of(name: str, spelt: dict[str, str]) -> str | None:
    if name in spelt:
        return spelt[name]
    # "changed mind" and "changed my mind" are the same reason.
    short = name.replace(" my ", " ")
    return spelt.get(short)


def _spaced(name: str) -> str:
    return name.lower().replace("_", " ")


def _holds_pattern(plain: str, pattern: str) -> bool:
    expression = re.escape(pattern).replace(r"\ \*\ ", r"\s+(?:\S+\s+){0,3}?")
    return re.search(rf"(?<!\w){expression}(?!\w)", plain) is not None
