"""The principal's own words in a form in which arguments can be looked for."""

import itertools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

_BELOW_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
)
_TENS_IN_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_NUMBER_WORDS: dict[str, int] = {
    **{word: number for number, word in enumerate(_BELOW_TWENTY.split(" "))},
    **{word: 10 * number for number, word in enumerate(_TENS_IN_WORDS.split(" "), 2)},
    "a": 1,
    "an": 1,
    "single": 1,
    "once": 1,
    "both": 2,
    "couple": 2,
    "pair": 2,
    "twice": 2,
    "dozen": 12,
    "hundred": 100,
}
_TENS = frozenset(range(20, 100, 10))
_NUMBER = re.compile(r"(?<![\w.,])\d{1,3}(?:[ .,’']\d{3})+(?:[.,]\d{1,2})?(?![\w])|(?<![\w.,])\d+(?:[.,]\d{1,2})?")
_NOT_A_WORD = re.compile(r"[^\w@.+-]+")


@dataclass(frozen=True)
class Words:
    """What the principal said in this session."""

    texts: tuple[str, ...]

    @classmethod
    def of(cls, texts: Iterable[str]) -> "Words":
        return cls(tuple(texts))

    @cached_property
    def normalised(self) -> str:
        """All of it, folded, with single spaces; a line's end is marked so that nothing runs over it."""
        return " | ".join(normalised(text) for text in self.texts)

    @cached_property
    def compact(self) -> str:
        """All of it without spaces and signs, for numbers that people write in groups."""
        return "|".join(compact(text) for text in self.texts)

    @cached_property
    def numbers(self) -> frozenset[float]:
        """Every number, in digits or words."""
        return frozenset(number for text in self.texts for number in numbers_in(text))

    def hold(self, value: str) -> bool:
        """Whether the text was said as it is, signs, spaces and case aside."""
        wanted = normalised(value)
        return bool(wanted) and f" {wanted} " in f" {self.normalised} "

    def hold_compact(self, value: str) -> bool:
        """Whether a number or code was said, however it was grouped."""
        wanted = compact(value)
        return bool(wanted) and wanted in self.compact


def normalised(text: str) -> str:
    """Compatibility-folded, lower case, signs other than those within words gone, single spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    words = (word.strip(".-+") for word in _NOT_A_WORD.split(folded))
    return " ".join(word for word in words if word)


def seen(text: str) -> str:
    """The text as people see it: without characters that have no shape (format, private use, tags, variation
    selectors), which can carry what nobody reads."""
    return "".join(character for character in text if not _is_invisible(character))


def _is_invisible(character: str) -> bool:
    is_selector = 0xFE00 <= ord(character) <= 0xFE0F or 0xE0000 <= ord(character) <= 0xE01EF
    return is_selector or unicodedata.category(character) in ("Cf", "Co", "Cn")


def compact(text: str) -> str:
    """Letters and digits only, folded."""
    return "".join(character for character in unicodedata.normalize("NFKC", text).casefold() if character.isalnum())


def numbers_in(text: str) -> set[float]:
    """Numbers in digits (`2`, `1.299,00`, `1,299.00`) and in English words up to a hundred (`twenty-one`)."""
    found = {reading for match in _NUMBER.finditer(text) for reading in readings(match[0])}
    words = re.findall(r"[a-z]+", text.casefold())
    for word, following in itertools.pairwise([*words, ""]):
        number = _NUMBER_WORDS.get(word)
        if number is None:
            continue
        found.add(float(number))
        unit = _NUMBER_WORDS.get(following)
        if number in _TENS and unit is not None and 0 < unit < 10:
            found.add(float(number + unit))
    return found


def readings(written: str) -> set[float]:
    """What a written number can mean: separators of thousands and decimals differ by country."""
    plain = re.sub(r"[ ’']", "", written)
    meanings: set[float] = set()
    for thousands, decimal in ((",", "."), (".", ",")):
        whole, _, rest = plain.partition(decimal)
        if decimal in rest or thousands in rest:
            continue
        groups = whole.split(thousands)
        if len(groups) > 1 and (len(groups[0]) > 3 or any(len(group) != 3 for group in groups[1:])):
            continue
        digits = "".join(groups)
        if digits.isdigit() and (not rest or rest.isdigit()):
            meanings.add(float(f"{digits}.{rest or '0'}"))
    return meanings
