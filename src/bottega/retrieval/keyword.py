"""Keyword search: text folded into terms, vectors to store them in, and queries to find them by."""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

LONGEST_TERM = 40
LARGEST_VECTOR_TERMS = 1_500
LARGEST_QUERY_TERMS = 12
LARGEST_FOR_ALL_BUT_ONE = 8
# A vector's positions stop at 16,383 (PostgreSQL, section 8.11.1); ranking needs far fewer.
LARGEST_POSITION = 255

Weight = Literal["A", "B", "C", "D"]

_WORD = re.compile(r"\w+(?:[-./_+]\w+)*")
_PIECE = re.compile(r"[^\W\d_]+|\d+")
_JOINT = re.compile(r"[-./_+]")
_SPECIAL = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})


@dataclass(frozen=True, slots=True)
class KeywordQuery:
    """A search as tsquery texts, the strictest first: every term, all but one, any; none when nothing was asked."""

    stages: tuple[str, ...]


def fold(text: str) -> str:
    """Lower case without accents."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_SPECIAL))
    return "".join(character for character in plain if not unicodedata.combining(character))


@lru_cache(maxsize=50_000)
def terms_of_word(word: str) -> tuple[str, ...]:
    """The terms of one folded word: itself joined, and its pieces ('tn-2110' → tn2110, tn, 2110)."""
    joined = _JOINT.sub("", word)
    if _has_digit(joined):
        terms = [joined, *_JOINT.split(word), *_PIECE.findall(word)]
    else:
        parts = [_singular(part) for part in _JOINT.split(word)]
        terms = [_singular(joined), *parts]
    return tuple(dict.fromkeys(term[:LONGEST_TERM] for term in terms if term))


def terms_of(text: str) -> list[str]:
    """All terms of a text in their order, each once."""
    found: dict[str, None] = {}
    for word in _WORD.findall(fold(text)):
        found.update(dict.fromkeys(terms_of_word(word)))
    return list(found)


def weighted_vector(parts: Iterable[tuple[Weight, str]]) -> str:
    """A tsvector's text out of weighted texts; a term in several keeps the weight of the first."""
    entries: dict[str, str] = {}
    position = 0
    for weight, text in parts:
        for word in _WORD.findall(fold(text)):
            for term in terms_of_word(word):
                # Each its own position: of terms at one position ts_rank takes none into account.
                position = min(position + 1, LARGEST_POSITION)
                entries.setdefault(term, f"'{term}':{position}{weight}")
    return " ".join(list(entries.values())[:LARGEST_VECTOR_TERMS])


def plain_vector(texts: Sequence[str]) -> str:
    """A tsvector's text without positions: only whether a term occurs."""
    found: dict[str, None] = {}
    for word in _WORD.findall(fold(" \n ".join(texts))):
        found.update(dict.fromkeys(terms_of_word(word)))
    return " ".join(f"'{term}'" for term in list(found)[:LARGEST_VECTOR_TERMS])


def query_of(text: str) -> KeywordQuery:
    """What to ask for, given what a person typed; at most 12 words count."""
    words = list(dict.fromkeys(_WORD.findall(fold(text))))[:LARGEST_QUERY_TERMS]
    asked = list(dict.fromkeys(term for term in (_asked(word) for word in words) if term))
    stages = [" & ".join(asked)]
    if 3 <= len(asked) <= LARGEST_FOR_ALL_BUT_ONE:
        combinations = [asked[:left_out] + asked[left_out + 1 :] for left_out in range(len(asked))]
        stages.append(" | ".join(f"({' & '.join(kept)})" for kept in combinations))
    if len(asked) > 1:
        stages.append(" | ".join(asked))
    return KeywordQuery(tuple(stages) if asked else ())


def _asked(word: str) -> str:
    """One word of a query: a model number may be written with its parts joined or apart."""
    joined, *pieces = terms_of_word(word) or ("",)
    if not joined:
        return ""
    apart = _PIECE.findall(word) if _has_digit(joined) else pieces
    if len(apart) < 2:
        return f"'{joined}'"
    together = " & ".join(f"'{piece[:LONGEST_TERM]}'" for piece in apart)
    return f"('{joined}' | ({together}))"


def _has_digit(text: str) -> bool:
    return any(character.isdigit() for character in text)


def _singular(word: str) -> str:
    """Harman's S-stemmer (1991), and boxes, torches and glasses besides; other words stay."""
    if len(word) < 4 or not word.endswith("s"):
        return word
    if word.endswith(("xes", "ches", "shes", "sses", "zzes")):
        return word[:-2]
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return f"{word[:-3]}y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    return word if word.endswith(("us", "ss")) else word[:-1]
