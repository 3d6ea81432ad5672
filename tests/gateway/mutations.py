"""Bad requests made from good ones: which value of a body is replaced by what, as its schema suggests."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.gateway.surface import IDENTIFIER, Operation

LARGEST_INT64 = 2**63 - 1
SQL_TEXT = "'; DROP TABLE shop.orders; --"
# What a template engine would make of it, a number that stands nowhere else.
TEMPLATE_TEXT = "{{7919*7907}}${7919*7907}<%= 7919*7907 %>#{7919*7907}"
COMPUTED = str(7919 * 7907)
UNKNOWN = "7zzzzzzzzzzzzzzzzzzzzzzzzz"


@dataclass(frozen=True)
class BadBody:
    """One body with one thing wrong; `certain` when no shop may accept it whatever its state."""

    what: str
    body: Any
    certain: bool = True


def bad_bodies(operation: Operation, good: Any) -> Iterator[BadBody]:
    """Every single fault of a good body."""
    schema = operation.body_schema
    assert schema is not None
    for other in (["text"], "text", 7, True):
        yield BadBody(f"body is {other!r}", other)
    yield BadBody("a field that nobody knows", {**good, "surprise": 1})
    for name in schema.get("required", ()):
        yield BadBody(f"{name} is missing", {key: value for key, value in good.items() if key != name})
    yield from _within(operation, schema, good, good, ())


def hostile_texts(operation: Operation, good: Any) -> Iterator[BadBody]:
    """SQL and template text wherever a text may stand."""
    for path, schema, _ in _places(operation, operation.body_schema or {}, good, ()):
        if schema.get("type") == "string" and "enum" not in schema:
            for text in (SQL_TEXT, TEMPLATE_TEXT):
                yield BadBody(f"{_named(path)} is {text}", _with(good, path, text), certain=False)


def _within(operation: Operation, schema: Mapping[str, Any], value: Any, good: Any, path: Any) -> Iterator[BadBody]:
    for place, part, present in _places(operation, schema, value, path):
        for wrong in _wrong_values(part, present):
            yield BadBody(f"{_named(place)} is {str(wrong)[:40]!r}", _with(good, place, wrong))


def _places(
    operation: Operation, schema: Mapping[str, Any], value: Any, path: tuple[Any, ...]
) -> Iterator[tuple[tuple[Any, ...], Mapping[str, Any], Any]]:
    """Where a value stands in a body, with the one schema of its kind; absent optional fields included."""
    schema = _one_form(operation, schema, value)
    if path:
        yield path, schema, value
    if schema.get("type") == "object" and isinstance(value, dict):
        for name, inner in schema.get("properties", {}).items():
            yield from _places(operation, inner, value.get(name), (*path, name))
    if schema.get("type") == "array" and isinstance(value, list) and value and "items" in schema:
        yield from _places(operation, schema["items"], value[0], (*path, 0))


def _one_form(operation: Operation, schema: Mapping[str, Any], value: Any) -> Mapping[str, Any]:
    schema = operation.resolved(schema)
    forms = [form for form in schema.get("anyOf", schema.get("oneOf", ())) if form.get("type") != "null"]
    if not forms:
        return schema
    if len(forms) > 1:
        return {}
    return {**operation.resolved(forms[0]), "nullable": True}


def _wrong_values(schema: Mapping[str, Any], present: Any) -> Iterator[Any]:
    match schema.get("type"):
        case "integer":
            yield from ("many", [], {}, 1.5, 2**63, -(2**63) - 1, 2**200, 10**400)
            if "minimum" in schema:
                yield schema["minimum"] - 1
                yield -LARGEST_INT64
            if "maximum" in schema:
                yield schema["maximum"] + 1
        case "number":
            yield from ("many", [], {})
        case "boolean":
            yield from ("perhaps", 7, [])
        case "array":
            yield from ("text", 7, {"0": 1})
            if present:
                yield present * (schema.get("maxItems", 10_000) + 1)
        case "object":
            yield from ("text", 7, [])
        case "string":
            yield from (7, [], {}, True, "x" * 100_000)
            yield from _wrong_texts(schema, present)
        case _:
            return
    if not schema.get("nullable") and schema.get("default", 0) is not None:
        yield None


def _wrong_texts(schema: Mapping[str, Any], present: Any) -> Iterator[str]:
    if "enum" in schema:
        yield "no-such-value"
    pattern = schema.get("pattern", "")
    if "_[0-7][0-9a-h" in pattern:
        yield from ("1", SQL_TEXT, TEMPLATE_TEXT, "ord_" + "z" * 26, "../../etc/passwd", "")
        if isinstance(present, str) and IDENTIFIER.fullmatch(present):
            yield f"{present[:4]}{UNKNOWN}"
    elif pattern == "^[A-Z]{3}$":
        yield from ("XXX", "eur", "EURO", "E€R", SQL_TEXT)
    elif pattern == "^[A-Z]{2}$":
        yield from ("it", "ITA", "", "I\n")
    elif schema.get("format") in ("date", "date-time"):
        yield from ("yesterday", "2027-02-30", "", SQL_TEXT)
    if schema.get("minLength", 0) > 0:
        yield ""


def _with(value: Any, path: tuple[Any, ...], replacement: Any) -> Any:
    changed = copy.deepcopy(value)
    inner = changed
    for step in path[:-1]:
        inner = inner[step]
    inner[path[-1]] = replacement
    return changed


def _named(path: tuple[Any, ...]) -> str:
    return ".".join(map(str, path))
