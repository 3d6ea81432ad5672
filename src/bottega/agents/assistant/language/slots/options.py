"""Sizes, colours and other options that were named for a product, out of those that it has."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from rapidfuzz import fuzz

from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.slots.said import first_held, holds, plainly, words_of

ANY: Final = "any"
LIKENESS = 80
SHORTEST_FUZZY_WORD = 4


def options(text: str, offered: Mapping[str, Sequence[str]], *, asked: str | None = None) -> dict[str, str]:
    """The value named for each option, such as {"size": "M", "colour": "black"}; what is not named is not in it.

    `asked` is the option that was asked for: then a bare value counts, and "any" is an answer (`ANY`).
    """
    plain = plainly(text)
    chosen: dict[str, str] = {}
    for name, values in offered.items():
        value = _colour(plain, values) if name in ("colour", "color") else _value(text, values, asked=asked == name)
        if value is None and asked == name and first_held(plain, lexicon().indifferent) is not None:
            value = ANY
        if value is not None:
            chosen[name] = value
    return chosen


def unoffered(text: str, offered: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """What was named that the product does not have: a colour or a size, as it was said."""
    plain = plainly(text)
    missing: dict[str, str] = {}
    if "colour" in offered and _colour(plain, offered["colour"]) is None:
        named = first_held(plain, (*lexicon().colours, *_FURTHER_COLOURS))
        if named is not None:
            missing["colour"] = named
    if "size" in offered and _value(text, offered["size"], asked=False) is None:
        said = re.search(r"\bsize\s+(x{0,3}[sml]|\d{1,3}(?:[.,]5)?)\b", plain) or re.search(
            r"\b(?:in|a|an)\s+(xxs|xs|s|m|l|xl|xxl|xxxl|\d{2}(?:[.,]5)?)(?![\w€$£])\b(?!\s*(?:euro|eur|pair|€))", plain
        )
        if said:
            missing["size"] = said.group(1).upper()
    return missing


def names_colour(text: str) -> bool:
    """Whether a colour is named, of whatever product."""
    plain = plainly(text)
    kin = (colour for colours in lexicon().colours.values() for colour in colours)
    return first_held(plain, (*lexicon().colours, *_FURTHER_COLOURS, *kin)) is not None


_FURTHER_COLOURS = (
    "navy",
    "olive",
    "silver",
    "gold",
    "lime",
    "khaki",
    "plum",
    "coral",
    "teal",
    "mint",
    "sand",
    "burgundy",
)


def _colour(plain: str, values: Sequence[str]) -> str | None:
    by_length = sorted(values, key=len, reverse=True)
    negated = {
        value
        for value in values
        if re.search(rf"\b(?:not|no|without|rather than|instead of)\s+(?:the\s+|in\s+)?{re.escape(value)}\b", plain)
    }
    for value in by_length:
        if value not in negated and holds(plain, value.lower()):
            return value
    # "grey" for a slate one, "blue" for navy; but only when it is clear which.
    for word, kin in lexicon().colours.items():
        if not holds(plain, word) or re.search(rf"\bnot\s+(?:the\s+|in\s+)?{word}\b", plain):
            continue
        akin = [value for colour in kin for value in values if value.lower() == colour]
        if akin:
            return akin[0]
        containing = [value for value in values if word in value.lower().split()]
        if len(containing) == 1:
            return containing[0]
    return _misspelt(plain, [value for value in values if value not in negated])


def _value(text: str, values: Sequence[str], *, asked: bool) -> str | None:
    plain = plainly(text)
    by_plain = {value.lower(): value for value in values}
    for said in sorted(by_plain, key=len, reverse=True):
        if len(said) > 2 and holds(plain, said):
            return by_plain[said]
    named = first_held(plain, sorted(lexicon().sizes, key=len, reverse=True))
    if named is not None and lexicon().sizes[named].lower() in by_plain and _is_a_size(plain, named, asked=asked):
        return by_plain[lexicon().sizes[named].lower()]
    for said, value in by_plain.items():
        # A capital that stands alone, as in "M in black", is a size.
        stands_alone = value.isupper() and re.search(rf"(?<![\w'’.]){value}(?![\w'’.])", text) is not None
        if len(said) <= 2 and (stands_alone or _short(plain, said, asked=asked)):
            return value
    return (
        _within_range(plain, values, asked=asked)
        or _with_unit(plain, values)
        or _without_unit(plain, values, asked=asked)
        or (_misspelt(plain, values) if asked else None)
    )


def _without_unit(plain: str, values: Sequence[str], *, asked: bool) -> str | None:
    """ "0.5", where sizes are 0.5l and 1l: a number alone in an answer, a broken one anywhere."""
    numbers = {
        found.group(1): value
        for value in values
        if (found := re.fullmatch(r"(\d+(?:\.\d+)?)[a-z]+", value.lower())) is not None
    }
    for number, value in numbers.items():
        is_alone = asked and re.fullmatch(rf"\D*{re.escape(number)}\D*", plain) is not None
        is_broken = "." in number and re.search(rf"(?<![\w.,]){re.escape(number)}(?![\w€$%]|[.,]\d)", plain) is not None
        if is_alone or is_broken:
            return value
    return None


def _is_a_size(plain: str, named: str, *, asked: bool) -> bool:
    """ "big" and "small" describe many things; "medium", "extra large" and an answer are sizes."""
    if asked or named not in ("small", "big", "large"):
        return True
    return re.search(rf"\b(?:in|size|a|an|the)\s+{named}\b(?!\s+\w)", plain) is not None


def _short(plain: str, said: str, *, asked: bool) -> bool:
    """A letter or a short number counts when something says that it is a size, or when a size was asked for."""
    escaped = re.escape(said)
    if said.isdigit():
        not_amount = r"(?![\w€$£%]|[.,]\d|\s*(?:euro|eur\b|€|pairs?\b|x\b|of\b|pieces?\b|people|person|more|times))"
        if re.search(rf"\b(?:size|eu|uk|us|sizes)\s*(?:is\s+|in\s+)?{escaped}{not_amount}", plain):
            return True
        if re.search(rf"\b(?:in|a|an)\s+(?:\w+\s+)?{escaped}{not_amount}", plain) and (len(said) == 2 or asked):
            return True
        return asked and re.search(rf"(?<![\w€$£.,]){escaped}{not_amount}", plain) is not None
    if re.search(rf"\b(?:size|in|an?|the)\s+(?:\w+\s+)?{escaped}(?![\w'])", plain):
        return True
    return (asked or len(said) == 2) and re.search(rf"(?<![\w']){escaped}(?![\w'])", plain) is not None


def _within_range(plain: str, values: Sequence[str], *, asked: bool) -> str | None:
    """A size 40 of socks that come in 39-41."""
    said = re.search(r"\b(?:size|in|a|an|eu)\s+(\d{2})(?![\w€$£]|[.,]\d|\s*(?:euro|eur\b|€))", plain)
    said = said or (re.search(r"(?<![\w€$£.,])(\d{2})(?![\w€$£]|[.,]\d)", plain) if asked else None)
    if said is None:
        return None
    for value in values:
        bounds = re.fullmatch(r"(\d{1,3})\s*-\s*(\d{1,3})", value)
        if bounds and int(bounds.group(1)) <= int(said.group(1)) <= int(bounds.group(2)):
            return value
    return None


_UNITS = {
    "litre": "l",
    "litres": "l",
    "liter": "l",
    "liters": "l",
    "metre": "m",
    "metres": "m",
    "meter": "m",
    "meters": "m",
    "centimetres": "cm",
    "centimeters": "cm",
    "millilitres": "ml",
}


def _with_unit(plain: str, values: Sequence[str]) -> str | None:
    """ "60 metres" for 60m, "half a litre" for 0.5l."""
    measured = plain.replace("half a litre", "0.5l").replace("half a liter", "0.5l")
    for word, unit in _UNITS.items():
        measured = re.sub(rf"(\d)[\s-]*{word}\b", rf"\g<1>{unit}", measured)
    measured = re.sub(r"(\d)\s+(l|m|cm|ml)\b", r"\g<1>\g<2>", measured)
    return next(
        (value for value in values if re.fullmatch(r"[\d.]+(?:l|m|cm|ml)", value) and holds(measured, value.lower())),
        None,
    )


def _misspelt(plain: str, values: Sequence[str]) -> str | None:
    best, best_value = 0.0, None
    for word in words_of(plain):
        if len(word) < SHORTEST_FUZZY_WORD:
            continue
        for value in values:
            likeness = fuzz.ratio(word, value.lower())
            if len(value) >= SHORTEST_FUZZY_WORD and likeness > best:
                best, best_value = likeness, value
    return best_value if best >= LIKENESS else None
