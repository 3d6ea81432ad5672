"""Which language somebody greets or thanks in."""

from bottega.agents.assistant.language.lexicon import lexicon
from bottega.agents.assistant.language.slots.said import holds, plainly

DEFAULT_LANGUAGE = "en"


def greeted_in(text: str) -> str:
    """The code (ISO 639-1) of the language whose greeting stands in the text; English when there is none."""
    plain = plainly(text)
    for language, phrases in lexicon().greetings.items():
        if any(holds(plain, phrase) for phrase in phrases):
            return language
    return DEFAULT_LANGUAGE
