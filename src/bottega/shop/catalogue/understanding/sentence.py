"""A sentence as tokens: words, numbers, signs, model numbers and quotations, each with its place and who claimed it."""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from bottega.shop.catalogue.understanding.language import Language
from bottega.shop.catalogue.understanding.measures import Measures
from bottega.shop.catalogue.understanding.words import folded, words_in

MOST_TOKENS = 80
# A word of so many letters behind a number and a hyphen is counted by it.
SHORTEST_COUNTED = 4
LONGEST_PHRASE = 6

TokenKind = Literal["word", "number", "sign", "model", "quoted"]
# Who took a token: a constraint (no longer searched by), one whose words also rank, nobody to search by, or kept as is.
Claim = Literal["constraint", "ranking", "filler", "kept"]

Found = TypeVar("Found")
_Phrases = tuple[tuple[int, str], ...]

_CHUNK = re.compile(r'(?<!\S)["“„]([^"”“]{2,80})["”“](?!\w)|\S+')
_NUMBER = r"\d+(?:[.,]\d+)*"
_CURRENCY_SIGN = r"[€$£¥]"
_RANGE = re.compile(
    rf"^({_CURRENCY_SIGN})?({_NUMBER})([a-z€$£¥\"″°]*)([-–—])({_CURRENCY_SIGN})?(-?{_NUMBER})([^\d\s]*)$", re.IGNORECASE
)
_AMOUNT = re.compile(
    rf"^([<>≤≥=~]=?)?({_CURRENCY_SIGN}|[a-z]{{3}}(?=\d))?([-−+]?{_NUMBER})([^\d\s+]*)(\+)?$", re.IGNORECASE
)
# "300,-": no cents.
_WITHOUT_CENTS = re.compile(rf"^({_CURRENCY_SIGN}?{_NUMBER})[.,][-–—]{{1,2}}$")
_SLASHED = re.compile(r"^[^\W\d_]{2,}(?:/[^\W\d_]{2,})+$")
_PIECE = re.compile(r"[^\W_]+|[&/]")
_LEADING = "([{«'‘¿¡,;:"
_TRAILING = ".,;:!?)]}»'’"
_PLAIN_SIGNS = frozenset("<>=~+&/-–—") | {"<=", ">=", "≤", "≥"}


@dataclass(slots=True)
class Token:
    """One piece of the sentence; `key` is what phrases are compared by."""

    text: str
    key: str
    start: int
    end: int
    kind: TokenKind
    plain: str = ""
    claim: Claim | None = None
    # Whether it follows its neighbour without a space ("16gb").
    glued: bool = False


@dataclass(slots=True)
class Sentence:
    """The tokens of a text, with what finds phrases among them."""

    text: str
    language: Language
    tokens: list[Token] = field(default_factory=list[Token])
    # Keys are asked for again and again by every reader.
    _keys: dict[tuple[int, int], str] = field(default_factory=dict[tuple[int, int], str])
    _from: dict[int, _Phrases] = field(default_factory=dict[int, _Phrases])
    _until: dict[int, _Phrases] = field(default_factory=dict[int, _Phrases])

    def key(self, start: int, length: int) -> str:
        """The key of the phrase of so many tokens, or '' when there are not so many."""
        if start < 0 or start + length > len(self.tokens):
            return ""
        key = self._keys.get((start, length))
        if key is None:
            key = " ".join([token.key for token in self.tokens[start : start + length]])
            self._keys[start, length] = key
        return key

    def _phrases_from(self, start: int) -> _Phrases:
        """The phrases that begin here, each with its number of tokens, the longest first."""
        known = self._from.get(start)
        if known is None:
            lengths = range(min(LONGEST_PHRASE, len(self.tokens) - start), 0, -1) if start >= 0 else ()
            known = self._from[start] = tuple((length, self.key(start, length)) for length in lengths)
        return known

    def _phrases_until(self, end: int) -> _Phrases:
        """The phrases that end before this token, the longest first."""
        known = self._until.get(end)
        if known is None:
            lengths = range(min(LONGEST_PHRASE, end), 0, -1) if end <= len(self.tokens) else ()
            known = self._until[end] = tuple((length, self.key(end - length, length)) for length in lengths)
        return known

    def free(self, start: int, length: int = 1) -> bool:
        """Whether these tokens are there and nobody claimed them."""
        if start < 0 or start + length > len(self.tokens):
            return False
        return all(token.claim is None for token in self.tokens[start : start + length])

    def at(self, start: int, table: Mapping[str, Found], *, free: bool = True) -> tuple[Found, int] | None:
        """The longest phrase of the table that begins here, with its length."""
        for length, key in self._phrases_from(start):
            found = table.get(key)
            if found is not None and (not free or self.free(start, length)):
                return found, length
        return None

    def until(self, end: int, table: Mapping[str, Found], *, free: bool = True) -> tuple[Found, int] | None:
        """The longest phrase of the table that ends before `end`, with its length."""
        for length, key in self._phrases_until(end):
            found = table.get(key)
            if found is not None and (not free or self.free(end - length, length)):
                return found, length
        return None

    def has_at(self, start: int, phrases: Collection[str], *, free: bool = True) -> int:
        """The length of the longest of these phrases that begins here; 0 for none."""
        for length, key in self._phrases_from(start):
            if key in phrases and (not free or self.free(start, length)):
                return length
        return 0

    def has_until(self, end: int, phrases: Collection[str], *, free: bool = True) -> int:
        """The length of the longest of these phrases that ends before `end`; 0 for none."""
        for length, key in self._phrases_until(end):
            if key in phrases and (not free or self.free(end - length, length)):
                return length
        return 0

    def claim(self, start: int, length: int, claim: Claim) -> None:
        """Takes these tokens."""
        for token in self.tokens[start : start + length]:
            token.claim = claim

    def said(self, start: int, length: int) -> str:
        """The words as they were written."""
        if length <= 0 or start >= len(self.tokens):
            return ""
        return self.text[self.tokens[start].start : self.tokens[start + length - 1].end].strip()

    def is_name(self, start: int, length: int) -> bool:
        """Whether the words are written with capitals as names are, in a sentence that is not all capitals."""
        first = self.tokens[start].text
        return (
            first[:1].isupper() and not (start == 0 and length == 1 and not first.isupper()) and not self.text.isupper()
        )


def sentence_of(text: str, language: Language, measures: Measures, names: Collection[str] = frozenset()) -> Sentence:
    """The tokens of a text, at most eighty; `names` are written with figures and no amounts ("3M")."""
    reading = _Tokens(language, measures, names)
    for chunk in _CHUNK.finditer(text):
        if len(reading.tokens) >= MOST_TOKENS:
            break
        if chunk[1] is not None:
            reading.add(chunk[1], chunk.start(1), "quoted")
        else:
            reading.chunk(chunk[0], chunk.start())
    return Sentence(text, language, reading.tokens)


class _Tokens:
    def __init__(self, language: Language, measures: Measures, names: Collection[str]) -> None:
        self._names = names
        self._language = language
        self._measures = measures
        self.tokens: list[Token] = []

    def add(self, text: str, start: int, kind: TokenKind, *, glued: bool = False) -> None:
        plain = folded(text)
        key = self._language.keys.of_word(plain) if kind == "word" else plain
        if kind == "model":
            key = "".join(words_in(text))
        self.tokens.append(Token(text, key, start, start + len(text), kind, plain, glued=glued))

    def chunk(self, text: str, start: int) -> None:
        while text and text[0] in _LEADING:
            if text[0] in ",;:":
                self.add(",", start, "sign")
            text, start = text[1:], start + 1
        end_signs = ""
        while text and text[-1] in _TRAILING:
            # Two marks behind a number are inches.
            if text.endswith("''") and text[:-2].isdecimal():
                break
            end_signs = text[-1] + end_signs
            text = text[:-1]
        if whole := _WITHOUT_CENTS.match(text):
            text = whole[1]
        if text:
            self._inner(text, start)
        if "," in end_signs or ";" in end_signs:
            self.add(",", start + len(text), "sign")

    def _inner(self, text: str, start: int) -> None:
        if text in _PLAIN_SIGNS:
            self.add(text, start, "sign")
        elif text in self._names:
            self.add(text, start, "model")
        elif (ranged := _RANGE.match(text)) and self._is_measure(ranged[3]) and self._is_measure(ranged[7]):
            self._parts(start, text, list(ranged.groups()))
        elif (amount := _AMOUNT.match(text)) and self._is_measure(amount[4]) and self._is_currency(amount[2]):
            self._parts(start, text, [amount[1], amount[2], amount[3], amount[4], amount[5]])
        elif text[0] == "°":
            self.add(text, start, "word")
        elif "/" in text and all(self._is_amount(part) for part in text.split("/")):
            self._slashed_amounts(text, start)
        elif any(character.isdigit() for character in text):
            self._model(text, start)
        else:
            self._words(text, start)

    def _model(self, text: str, start: int) -> None:
        """A model number, or an amount with a word behind a hyphen ("16-inch", "24-port")."""
        number, _, word = text.partition("-")
        is_word = len(word) >= SHORTEST_COUNTED or folded(word) in self._measures.unit_names
        if re.fullmatch(_NUMBER, number) and word.isalpha() and word.islower() and is_word:
            self.add(number, start, "number")
            self.add(word, start + len(number) + 1, "word")
        else:
            self.add(text, start, "model")

    def _is_amount(self, text: str) -> bool:
        amount = _AMOUNT.match(text)
        return amount is not None and self._is_measure(amount[4]) and self._is_currency(amount[2])

    def _slashed_amounts(self, text: str, start: int) -> None:
        for part in text.split("/"):
            self._inner(part, start)
            start += len(part) + 1

    def _is_measure(self, text: str | None) -> bool:
        """Whether this may stand glued behind a number: nothing, a unit, or a currency."""
        if not text:
            return True
        # "5G" is a network and "4K" a resolution; grams are written small.
        if text == "G":
            return False
        plain = folded(text)
        return plain in self._measures.glued_unit_names or plain in self._language.currencies or plain in ("%", "★")

    def _is_currency(self, text: str | None) -> bool:
        return not text or folded(text) in self._language.currencies

    def _parts(self, start: int, whole: str, parts: list[str | None]) -> None:
        place = 0
        for part in parts:
            if not part:
                continue
            place = whole.index(part, place)
            is_number = part.lstrip("-−+")[:1].isdigit()
            kind: TokenKind = "number" if is_number else ("sign" if part in _PLAIN_SIGNS else "word")
            self.add(part, start + place, kind, glued=place > 0)
            place += len(part)

    def _words(self, text: str, start: int) -> None:
        for piece in _PIECE.finditer(text):
            if piece[0] in "&/":
                if _SLASHED.match(text) or piece[0] == "&":
                    self.add(piece[0], start + piece.start(), "sign")
                continue
            self.add(piece[0], start + piece.start(), "word", glued=piece.start() > 0)
        if not _PIECE.search(text):
            for place, character in enumerate(text):
                if character in '€$£¥%°"″':
                    self.add(character, start + place, "word")
