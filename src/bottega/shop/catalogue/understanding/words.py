"""Words as they are compared: folded, in the singular, and phrases of them as keys."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache

_PIECE = re.compile(r"\d+(?:\.\d+)+|[^\W_]+|[°€$£¥%<>≤≥=~+&/,★–—-]")
_WORD = re.compile(r"\d+(?:\.\d+)+|[^\W_]+")
_SPECIAL = str.maketrans({"ß": "ss", "æ": "ae", "ø": "o", "œ": "oe", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "²": "2"})


def folded(text: str) -> str:
    """Lower case without accents."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_SPECIAL))
    return "".join(character for character in plain if not unicodedata.combining(character))


def singular(word: str, irregular: Mapping[str, str]) -> str:
    """A folded word in the singular, by spelling alone (Harman's S-stemmer, and boxes, torches, glasses besides)."""
    if (known := irregular.get(word)) is not None:
        return known
    if len(word) < 4 or not word.endswith("s") or not word.isalpha():
        return word
    if word.endswith(("xes", "ches", "shes", "sses", "zzes")):
        return word[:-2]
    if word.endswith("ies") and not word.endswith(("eies", "aies")):
        return f"{word[:-3]}y"
    if word.endswith("es") and not word.endswith(("aes", "ees", "oes")):
        return word[:-1]
    return word if word.endswith(("us", "ss", "is")) else word[:-1]


class PhraseKeys:
    """Makes keys of phrases; one per language, because the singular is the language's."""

    def __init__(self, irregular: Mapping[str, str]) -> None:
        self._irregular = dict(irregular)
        self.of_word = lru_cache(maxsize=20_000)(self._of_word)

    def of(self, phrase: str) -> str:
        """The key of a phrase: its words folded and singular, with single spaces; joining signs are left out."""
        return " ".join(self.of_word(word) for word in _WORD.findall(folded(phrase)))

    def of_sign(self, phrase: str) -> str:
        """As `of`, but signs such as `<`, `/` or `°` are kept as words."""
        return " ".join(self.of_word(piece) for piece in _PIECE.findall(folded(phrase)))

    def _of_word(self, word: str) -> str:
        return singular(word, self._irregular)


def words_in(text: str) -> list[str]:
    """The folded words of a text, in order."""
    return _WORD.findall(folded(text))


def name_key(name: str) -> str:
    """An attribute's or option's name as it is compared: lower case with `_` between words."""
    return folded(name).replace(" ", "_").replace("-", "_")
