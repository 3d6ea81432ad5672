"""What can be told from words without knowing what they are about."""

import re

from bottega.agents.assistant.dialogue.naming import named_in
from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.patterns import says
from bottega.agents.assistant.language.slots.numbers import quantity
from bottega.agents.assistant.language.slots.options import names_colour
from bottega.agents.assistant.language.slots.said import plainly, words_of

_SIZE = re.compile(r"\b(?:xxs|xs|s|m|l|xl|xxl|xxxl|\d{2,3}(?:-\d{2,3})?)\b(?![€$£%])")


def is_question(text: str) -> bool:
    """Whether something is asked, with or without its sign."""
    return "?" in text or says(text, "asking.begins") or says(text, "asking.amid")


def names_value(text: str) -> bool:
    """Whether a colour, a size or a number stands in the text."""
    plain = plainly(text)
    is_size = _SIZE.search(plain) is not None or any(
        re.search(rf"\b{re.escape(size)}\b", plain) for size in lexicon().sizes
    )
    return is_size or names_colour(text)


def is_values_only(text: str) -> bool:
    """Whether nothing is said beside values of a product: "and in M?", "wonderful, black please"."""
    return not named_in(text) and (names_value(text) or quantity(text) is not None) and bool(words_of(text))
