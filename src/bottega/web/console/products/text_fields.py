"""Lists and attributes of a product as lines of a text field, and back."""

from collections.abc import Mapping
from typing import Any

import orjson

from bottega.web.forms import Form


def attributes_text(attributes: Mapping[str, Any]) -> str:
    """One `name: value` per line; what is no text as JSON, and a text that looks like JSON too."""
    return "\n".join(f"{name}: {_text(value)}" for name, value in attributes.items())


def attributes_of(form: Form, name: str) -> dict[str, Any] | None:
    """The attributes that the lines say, or None with the problem noted."""
    found: dict[str, Any] = {}
    for line in form.text(name).splitlines():
        if not line.strip():
            continue
        key, colon, value = line.partition(":")
        if not colon or not key.strip():
            form.problems[name] = f"Write each line as “name: value”, not “{line.strip()[:60]}”."
            return None
        if key.strip() in found:
            form.problems[name] = f"“{key.strip()[:60]}” stands twice."
            return None
        found[key.strip()] = _value(value.strip())
    return found


def list_of(form: Form, name: str) -> tuple[str, ...]:
    """What stands between commas, each once."""
    return tuple(dict.fromkeys(part.strip() for part in form.text(name).split(",") if part.strip()))


def _text(value: Any) -> str:
    """A text stands as it is, unless reading it again would make something else of it."""
    if isinstance(value, str) and _value(value) == value and value == value.strip() and "\n" not in value:
        return value
    return orjson.dumps(value).decode()


def _value(text: str) -> Any:
    """Texts that are JSON (numbers, true, lists, quoted texts) are what they say; everything else is a text."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return text
    return text if value is None or isinstance(value, dict) else value
