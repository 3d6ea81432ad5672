"""The assistant's phrases: what it can say under which key, in several ways, with named fields."""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from bottega.agents.assistant.language import ENGLISH

_FIELD = re.compile(r"\{([a-z_]+)\}")


def say(key: str, fields: Mapping[str, str], seed: str, *, folder: Path = ENGLISH) -> str:
    """A phrasing of the key with its fields filled in; equal seeds choose equal phrasings.

    A phrasing whose fields are not all given is not chosen, so nothing is ever said without its value. `KeyError` when
    none fits: that is a mistake of the caller.
    """
    fitting = [text for text in phrasings(folder)[key] if set(_FIELD.findall(text)) <= fields.keys()]
    if not fitting:
        raise KeyError(f"no phrasing of {key} does with {sorted(fields)}")
    # The richest ones only: a phrasing that leaves out a given field says less than it could.
    most = max(len(set(_FIELD.findall(text))) for text in fitting)
    fitting = [text for text in fitting if len(set(_FIELD.findall(text))) == most]
    digest = hashlib.sha256(f"{seed}\0{key}".encode()).digest()
    text = fitting[int.from_bytes(digest[:4], "big") % len(fitting)]
    return _FIELD.sub(lambda found: fields[found.group(1)], text)


@cache
def phrasings(folder: Path = ENGLISH) -> Mapping[str, tuple[str, ...]]:
    """Every key of a language with its phrasings; keys are `table.name` of `replies.toml`."""
    tables: dict[str, dict[str, list[str]]] = tomllib.loads((folder / "replies.toml").read_text(encoding="utf-8"))
    return {f"{table}.{name}": tuple(texts) for table, entries in tables.items() for name, texts in entries.items()}
