"""Words that everybody uses when talking to a shop: none of them is the name of a product by itself."""

import re
from functools import cache

from bottega.agents.assistant.language import ENGLISH
from bottega.agents.assistant.language.lexicon import lexicon

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?")


@cache
def everyday_words() -> frozenset[str]:
    """Every word of the authored examples and of the lexicon, in lower case, singular and as it stands."""
    files = [ENGLISH / "words.toml", ENGLISH / "frames.txt", *sorted((ENGLISH / "intents").glob("*.txt"))]
    written = " ".join(file.read_text(encoding="utf-8").lower() for file in files)
    return frozenset(form for word in _WORD.findall(written) for form in (word, word.removesuffix("s")))


def is_everyday(word: str) -> bool:
    """Whether a word in lower case tells nothing apart."""
    known = everyday_words()
    return word in known or word.removesuffix("s") in known or word in lexicon().colours
