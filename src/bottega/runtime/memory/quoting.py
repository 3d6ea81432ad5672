"""Whether somebody really said something: a fact out of a conversation must quote the principal's own words."""

import re
from collections.abc import Sequence

_SPACE = re.compile(r"\s+")


def quoted(words: Sequence[str], quote: str) -> str | None:
    """The message that holds the quote, ignoring case and spacing; None when nobody said it.

    A model may propose what to remember, and this is what keeps it from remembering its own inventions.
    """
    wanted = _plain(quote)
    if not wanted:
        return None
    return next((said for said in reversed(words) if wanted in _plain(said)), None)


def _plain(text: str) -> str:
    return _SPACE.sub(" ", text).strip().casefold()
