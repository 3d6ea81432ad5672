"""JSON and texts in the form in which the database can hold them."""

from typing import Any

import orjson

from bottega.runtime.evidence import Json

DEEPEST = 100
"""Levels that are kept; PostgreSQL and readers of the journal give up on thousands, encoders earlier."""


def encoded(value: Json) -> bytes:
    """JSON that PostgreSQL can hold: characters that it cannot are replaced, wherever a model or a page had them."""
    try:
        text = orjson.dumps(value)
    except orjson.JSONEncodeError:
        return orjson.dumps(storable(value))
    return orjson.dumps(storable(value)) if b"\\u0000" in text else text


def storable(value: Json, levels: int = DEEPEST) -> Json:
    """The value with texts and numbers that can be stored; whole numbers beyond 64 bits become text, and what lies
    deeper than `levels` becomes an ellipsis."""
    members: Any = value
    match value:
        case str():
            return storable_text(value)
        case dict() | list() | tuple() if levels == 0:
            return "…"
        case dict():
            return {storable_text(str(name)): storable(member, levels - 1) for name, member in members.items()}
        case list() | tuple():
            return [storable(member, levels - 1) for member in members]
        case bool():
            return value
        case int() if not -(2**63) <= value < 2**63:
            return str(value)
        case _:
            return value


def storable_text(text: str) -> str:
    """The text without the characters that no column can hold."""
    if text.isascii() and "\x00" not in text:
        return text
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
