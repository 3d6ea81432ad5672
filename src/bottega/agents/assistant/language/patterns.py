"""Turns of phrase of a language, by name: what `patterns.toml` lists, ready to be looked for."""

import re
import tomllib
from collections.abc import Mapping
from functools import cache

from bottega.agents.assistant.language import ENGLISH
from bottega.agents.assistant.language.slots.said import plainly


def says(text: str, name: str) -> bool:
    """Whether the text holds one of the turns of phrase of that name (`table.name`), as whole words."""
    return pattern(name).search(plainly(text)) is not None


def paraphrased(text: str) -> list[str]:
    """What documents call the things that the text speaks of."""
    plain = plainly(text)
    table = "paraphrases."
    return [
        name.removeprefix(table)
        for name, turns in _patterns().items()
        if name.startswith(table) and turns.search(plain)
    ]


def without(text: str, *names: str) -> str:
    """The text in lower case without these turns of phrase."""
    plain = plainly(text)
    for name in names:
        plain = pattern(name).sub(" ", plain)
    return " ".join(plain.split())


def pattern(name: str) -> re.Pattern[str]:
    """The compiled expression of a name; `KeyError` for one that the language does not have."""
    return _patterns()[name]


@cache
def _patterns() -> Mapping[str, re.Pattern[str]]:
    tables: dict[str, dict[str, list[str]]] = tomllib.loads((ENGLISH / "patterns.toml").read_text(encoding="utf-8"))
    return {
        f"{table}.{name}": re.compile(rf"(?<!\w)(?:{'|'.join(turns)})(?!\w)".replace(" ", r"\s+"))
        for table, entries in tables.items()
        for name, turns in entries.items()
    }
