"""A message in the form in which values are looked for: one case, straight apostrophes, single spaces."""

import re
from collections.abc import Iterable

_APOSTROPHES = str.maketrans({"’": "'", "‘": "'", "`": "'", "´": "'"})  # noqa: RUF001 - they are what is replaced
_WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)?|[^\w\s]", re.UNICODE)


def plainly(text: str) -> str:
    """Lower case, straight apostrophes, single spaces."""
    return tidied(text).lower()


def tidied(text: str) -> str:
    """Straight apostrophes and single spaces, letters as they were."""
    return " ".join(text.translate(_APOSTROPHES).split())


def words_of(text: str) -> list[str]:
    """The words of a message in lower case, without punctuation."""
    return [word for word in _WORDS.findall(plainly(text)) if word[0].isalnum()]


def holds(text: str, phrase: str) -> bool:
    """Whether the phrase stands in the text as whole words; both in lower case."""
    return re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text) is not None


def first_held(text: str, phrases: Iterable[str]) -> str | None:
    """The first of the phrases that stands in the text."""
    return next((phrase for phrase in phrases if holds(text, phrase)), None)
