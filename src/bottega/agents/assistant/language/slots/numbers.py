"""Numbers of orders, and how many of something."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.slots.said import plainly, words_of

LARGEST_QUANTITY = 999
SHORTEST_ORDER_DIGITS, LONGEST_ORDER_DIGITS = 4, 12
# "B-10133", "b 10133", "B10133", "#10133", "order 10133", "order number 10133", "no. 10133"
_ORDER = re.compile(
    r"(?<![\w-])(?:b\s?[-–_.:]?\s?|#\s?|(?:order|purchase)(?:'s)?\s+(?:number|no\.?|nr\.?|num|id|#)?\s*(?:is\s+|:\s*|=\s*)?(?:b\s?[-–_]?\s?)?"
    r"|(?:number|no\.|nr\.?)\s*(?:is\s+|:\s*)?(?:b\s?[-–_]?\s?)?)(\d{4,12})(?![\w])"
)
_BARE_NUMBER = re.compile(r"(?:b\s?[-–_.]?\s?)?(\d{4,12})[.!]?")

QuantityKind = Literal["exactly", "more", "fewer"]


@dataclass(frozen=True, slots=True)
class Quantity:
    """So many, so many more, or so many fewer."""

    kind: QuantityKind
    number: int


def order_numbers(text: str, *, asked: bool = False) -> tuple[str, ...]:
    """Numbers of orders in the shop's form ("B-10133"), in order.

    A bare number counts only as an answer to the question for one (`asked`); digits may be spelt out after "b" or
    "order" ("order b one oh one three three").
    """
    plain = plainly(text)
    found = [f"B-{match.group(1)}" for match in _ORDER.finditer(plain)]
    found += [number for number in _spelt_out(plain, asked=asked) if number not in found]
    if not found and asked and (bare := _BARE_NUMBER.fullmatch(plain)):
        found = [f"B-{bare.group(1)}"]
    return tuple(dict.fromkeys(found))


def _spelt_out(plain: str, *, asked: bool) -> list[str]:
    digits_of = lexicon().spoken_digits
    words = words_of(plain)
    found: list[str] = []
    place = 0
    while place < len(words):
        run: list[str] = []
        while place + len(run) < len(words) and _digit(words[place + len(run)], digits_of) is not None:
            run.append(str(_digit(words[place + len(run)], digits_of)))
        if SHORTEST_ORDER_DIGITS <= len(run) <= LONGEST_ORDER_DIGITS:
            before = words[max(0, place - 3) : place]
            if asked or {"b", "order", "number"} & set(before):
                found.append(f"B-{''.join(run)}")
        place += max(1, len(run))
    return found


def _digit(word: str, digits_of: Mapping[str, int]) -> int | None:
    return int(word) if len(word) == 1 and word.isdigit() else digits_of.get(word)


_NUMERAL = r"(\d{1,3})"
_TIMES = re.compile(rf"(?<![\w.,])(?:{_NUMERAL}\s?[x×]|[x×]\s?{_NUMERAL}|{_NUMERAL}\s+times)(?![\w])")
# What makes a number no quantity: units, currencies, ordinals, parts of something longer.
_NOT_AFTER = (
    r"(?!\s?-?\s?(?:%|€|\$|£|(?:euros?|eur|cents?|dollars?|pounds?|cm|mm|m|km|metres?|meters?|kg|g|grams?|litres?|liters?"
    r"|l|ml|people|persons?|man|days?|weeks?|months?|years?|hours?|minutes?|nights?|degrees|am|pm|o'clock)\b|°"
    r"|(?:st|nd|rd|th)\b|[.,:/-]\d))(?!\w)"
)
_BEFORE_NO_QUANTITY = ("size", "sizes", "under", "below", "over", "number", "than", "eu", "uk", " in", " a", " an")
_NOT_BEFORE = r"(?<![\w.,:/#€$£+-])" + "".join(rf"(?<!{word} )" for word in _BEFORE_NO_QUANTITY)
_PAIR = r"(?P<pair>(?:a|one)\s+pair\b)"
_AMOUNT = r"(?P<amount>(?:a\s+|half a )?(?:couple|dozen|single)\b)"


def quantity(text: str, *, asked: bool = False) -> Quantity | None:
    """How many: "two", "a pair", "make it 3", "2x", "one more", "three fewer"; None when nothing says so.

    With `asked` a bare "a" or "just the one" counts too. "Both" is a reference to things, not a quantity.
    """
    plain = plainly(text)
    number = _number(plain, asked=asked)
    if number is None or not 0 <= number <= LARGEST_QUANTITY:
        return None
    if re.search(r"\b(?:\w+|\d+) (?:more|extra|additional)\b|\banother\b", plain) and not re.search(
        r"\bmore (?:than|expensive)\b", plain
    ):
        return Quantity("more", number)
    if re.search(r"\b(?:\w+|\d+) (?:less|fewer)\b", plain) and not re.search(
        r"\bless than\b|\bless expensive\b", plain
    ):
        return Quantity("fewer", number)
    return Quantity("exactly", number)


def quantity_beside(text: str, values: Iterable[str]) -> Quantity | None:
    """How many, in a text that also names these values (sizes, say): a number that is one of them is no quantity."""
    for value in values:
        text = re.sub(rf"(?i)(?<![\w.,]){re.escape(value)}(?![\w.,])", " ", text)
    return quantity(text)


def _number(plain: str, *, asked: bool) -> int | None:
    if times := _TIMES.search(plain):
        return int(next(group for group in times.groups() if group))
    # The new number is the one that counts: "two instead of one", "from two to three", "not one but two".
    plain = re.sub(r"\b(?:instead of|rather than|not|from)\s+(?:just\s+)?\w+", " ", plain)
    # "The cheaper of the two" points at things.
    plain = re.sub(r"\b(?:of )?(?:the|these|those) (?:two|three|four)\b(?! of| pairs?\b)", " ", plain)
    spelt = "|".join(sorted(lexicon().numbers, key=len, reverse=True))
    # Two and three follow "one" as in "the second one": there it stands for a thing.
    pattern = re.compile(
        rf"{_NOT_BEFORE}(?:{_NUMERAL}{_NOT_AFTER}|{_PAIR}|{_AMOUNT}"
        rf"|(?P<spelt>\b(?:{spelt})\b{_NOT_AFTER}(?!\s+(?:moment|second|question|thing|else))))"
    )
    for match in pattern.finditer(plain):
        if match.group("pair"):
            return 1
        if match.group("amount"):
            word = match.group("amount").split()[-1]
            halved = match.group("amount").startswith("half")
            return lexicon().amounts[word] // (2 if halved else 1)
        if match.group(1):
            return int(match.group(1))
        word = match.group("spelt")
        if word == "one" and _stands_for_a_thing(plain, match.start(), match.end(), asked=asked):
            continue
        return _with_tens(plain, match.end(), lexicon().numbers[word])
    if re.search(r"\banother(?: one)?\b", plain):
        return 1
    if asked and re.fullmatch(
        r"(?:just |only )?(?:a|an|the one|one of them|the one please|one please)(?: please)?", plain
    ):
        return 1
    return None


def _with_tens(plain: str, end: int, number: int) -> int:
    following = re.match(r"[\s-]+(\w+)", plain[end:])
    if number in range(20, 100, 10) and following:
        unit = lexicon().numbers.get(following.group(1), 0)
        return number + unit if 0 < unit < 10 else number
    return number


_THING_BEFORE: Sequence[str] = (
    "the",
    "this",
    "that",
    "which",
    "another",
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "last",
    "other",
    "cheaper",
    "cheapest",
    "same",
    "no",
    "every",
    "each",
    "new",
    "good",
    "right",
    "wrong",
    "any",
    "expensive",
    "lighter",
    "warmer",
    "bigger",
    "smaller",
    "larger",
    "better",
    "best",
)


def _stands_for_a_thing(plain: str, start: int, end: int, *, asked: bool) -> bool:
    before = plain[:start].split()
    if not before:
        return False
    colours = lexicon().colours
    if before[-1] in _THING_BEFORE or before[-1] in colours:
        return True
    # "a lighter one", "the red one": an article with a word between.
    return len(before) >= 2 and before[-2] in ("a", "an", "the") and not asked and plain[end:].strip() == ""
