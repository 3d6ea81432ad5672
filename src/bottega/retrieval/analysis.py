"""How text becomes terms: folded, stemmed, with model numbers and measures found however they are written."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from bottega.retrieval.stemmer import english_stemmer

LONGEST_TERM_CHARACTERS = 40
LONGEST_QUERY_WORDS = 12
# A text is read this far and no further: what follows would only make long texts longer.
LONGEST_TEXT_CHARACTERS = 20_000

_WORD = re.compile(r"\w+(?:[-./_+'’]\w+)*")
_PIECE = re.compile(r"[^\W\d_]+|\d+")
_JOINT = re.compile(r"[-./_+]")
_APOSTROPHE = re.compile(r"['’]s?\b|['’]")
_INCHES = re.compile(r"(?<=\d)\s*(?:[\"”″]|''|inch(?:es)?\b|-inch\b)")
_SPECIAL = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th"})
# Letters that stand beside a number as a model or a measure do: TN 2110, iphone 11, 16 GB.
_LONGEST_JOINED_LETTERS = 8
_STEMMER = english_stemmer()


@dataclass(frozen=True, slots=True)
class Word:
    """One word of a text: the term it stands for, further terms that find it, and the word as it was, folded."""

    term: str
    also: tuple[str, ...]
    folded: str

    @property
    def terms(self) -> tuple[str, ...]:
        return (self.term, *self.also)


def fold(text: str) -> str:
    """Lower case without accents."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_SPECIAL))
    return "".join(character for character in plain if not unicodedata.combining(character))


def words_of(text: str) -> list[Word]:
    """The words of a text in their order."""
    readable = _APOSTROPHE.sub("", _INCHES.sub(" inch ", fold(text[:LONGEST_TEXT_CHARACTERS])))
    return [word for found in _WORD.findall(readable) if (word := _word(found)) is not None]


def joined_terms(words: list[Word]) -> list[str]:
    """Terms of neighbours that belong together, a number and letters beside it: 'tn 2110' is also tn2110."""
    return [
        f"{one.folded}{other.folded}" for one, other in pairwise(words) if _belong_together(one.folded, other.folded)
    ]


def stem(word: str) -> str:
    """The stem of a folded word; numbers and short words stay."""
    return _stem(word)


@lru_cache(maxsize=100_000)
def _word(found: str) -> Word | None:
    joined = _JOINT.sub("", found)[:LONGEST_TERM_CHARACTERS]
    if not joined.strip("_"):
        return None
    parts = [part for part in _JOINT.split(found) if part]
    if has_digit(joined):
        # A model number is found whole and by its pieces: tn-2110 by tn2110, tn and 2110.
        term, also = joined, [*map(_stem, parts), *_PIECE.findall(found)]
    else:
        term, also = _stem(joined), [_stem(part) for part in parts]
    others = dict.fromkeys(piece[:LONGEST_TERM_CHARACTERS] for piece in also)
    others.pop(term, None)
    return Word(term, tuple(others), joined)


@lru_cache(maxsize=100_000)
def _stem(word: str) -> str:
    if len(word) < 4 or has_digit(word) or not word.isascii():
        return word[:LONGEST_TERM_CHARACTERS]
    return _STEMMER.stemWord(word)[:LONGEST_TERM_CHARACTERS]


def has_digit(text: str) -> bool:
    """Whether a digit is in it: numbers are never corrected, stemmed or split at random."""
    return any(character.isdigit() for character in text)


def _belong_together(one: str, other: str) -> bool:
    if one.isalpha() == other.isalpha() or len(one) + len(other) > LONGEST_TERM_CHARACTERS:
        return False
    letters, number = (one, other) if one.isalpha() else (other, one)
    return len(letters) <= _LONGEST_JOINED_LETTERS and number[0].isdigit() and len(number) <= _LONGEST_JOINED_LETTERS
