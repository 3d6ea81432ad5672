"""From a shopper's sentence to what they wish for: words to search by, and a price that must not be passed."""

import re
from dataclasses import dataclass

from bottega.kernel.errors import Invalid
from bottega.kernel.money import parse_amount

LONGEST_SENTENCE_CHARACTERS = 500

_CURRENCY = r"(?:€|eur(?:os?)?|\$|usd|dollars?|£|gbp|pounds?)"
_AMOUNT = r"(\d{1,6}(?:[.,]\d{1,2})?)"
_MOST_WORDS = r"(?:under|below|less than|up to|at most|max(?:imum)?(?: of)?|not more than|cheaper than)"
_LEAST_WORDS = r"(?:over|above|more than|at least|from|min(?:imum)?(?: of)?)"
_MOST = re.compile(rf"\b{_MOST_WORDS}\s*{_CURRENCY}?\s*{_AMOUNT}\s*{_CURRENCY}?", re.IGNORECASE)
_LEAST = re.compile(rf"\b{_LEAST_WORDS}\s*{_CURRENCY}?\s*{_AMOUNT}\s*{_CURRENCY}?", re.IGNORECASE)
_BETWEEN = re.compile(
    rf"\bbetween\s*{_CURRENCY}?\s*{_AMOUNT}\s*{_CURRENCY}?\s*(?:and|to|-)\s*{_CURRENCY}?\s*{_AMOUNT}\s*{_CURRENCY}?",
    re.IGNORECASE,
)
_FILLER_TEXT = """
a an the some any i we me my you your it is are am would like want need looking for searching find show please can could
do have got something anything with and or to of in on that this one buy get give hello hi hey good morning evening
thanks thank"""
_FILLER = frozenset(_FILLER_TEXT.split())
_WORD = re.compile(r"[\w'-]+")


@dataclass(frozen=True, slots=True)
class Wish:
    """Words to search by, in their order, and price bounds in minor units (both included)."""

    words: tuple[str, ...]
    least_minor: int | None = None
    most_minor: int | None = None

    @property
    def query(self) -> str:
        return " ".join(self.words)


def understand(sentence: str, currency: str) -> Wish:
    """Reads price bounds and drops filler; `Invalid` when nothing is left to search by."""
    text = sentence.strip()[:LONGEST_SENTENCE_CHARACTERS]
    least: int | None = None
    most: int | None = None
    if found := _BETWEEN.search(text):
        bounds = sorted(_minor(amount, currency) for amount in found.groups())
        least, most = bounds[0], bounds[1]
        text = text.replace(found.group(0), " ")
    if found := _MOST.search(text):
        most = _minor(found.group(1), currency)
        text = text.replace(found.group(0), " ")
    if found := _LEAST.search(text):
        least = _minor(found.group(1), currency)
        text = text.replace(found.group(0), " ")
    words = tuple(word for word in _WORD.findall(text.lower()) if word not in _FILLER)
    if not words:
        raise Invalid(
            "nothing_to_search", "I did not catch what you are looking for.", next_step="Say it like: a warm jacket."
        )
    return Wish(words, least, most)


def _minor(amount: str, currency: str) -> int:
    return parse_amount(amount.replace(",", "."), currency)


_YES = frozenset(
    {"yes", "y", "yes please", "ok", "okay", "sure", "take it", "buy it", "i'll take it", "si", "ja", "oui"}
)
_NO = frozenset({"no", "n", "no thanks", "no thank you", "nope", "not that one", "another", "next", "show another"})


def is_yes(answer: str) -> bool:
    """A plain yes; anything doubtful is not one."""
    return answer.strip().lower().rstrip(".! ") in _YES


def is_no(answer: str) -> bool:
    """A plain no."""
    return answer.strip().lower().rstrip(".! ") in _NO
