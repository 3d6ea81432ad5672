"""Examples of request bodies, made from the schemas and the examples of their fields."""

import re
from collections.abc import Mapping
from typing import Any

_IDENTIFIER = re.compile(r"\^([a-z]{3})_\[0-7\]")
_SAMPLE = "01jd3gqz5t8m2n4p6r8s0v2x4z"
_BY_PATTERN = {"^[A-Z]{3}$": "EUR", "^[A-Z]{2}$": "IT"}
_BY_FORMAT = {"date-time": "2027-01-31T09:00:00Z", "date": "2027-01-31", "uri": "https://example.com/hooks"}
_TEXT = "text"


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """A value that fits a JSON schema of the kind pydantic writes; `$ref`s are looked up in `schemas`."""
    if "$ref" in schema:
        schema = schemas[schema["$ref"].rpartition("/")[2]]
    if schema.get("examples"):
        return schema["examples"][0]
    if schema.get("default") not in (None, "", [], {}):
        return schema["default"]
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in schema:
            forms = [form for form in schema[several] if form.get("type") != "null"]
            return example_of(forms[0], schemas)
    return _by_type(schema, schemas)


def _by_type(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    match schema.get("type"):
        case "object":
            return _object(schema, schemas)
        case "array":
            return [example_of(schema.get("items") or schema["prefixItems"][0], schemas)]
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "string":
            return _text(schema)
        case _:
            return {}


def _object(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    required = set(schema.get("required", ()))
    fields: Mapping[str, Any] = schema.get("properties", {})
    shown = {
        name: example_of(field, schemas)
        for name, field in fields.items()
        if name in required or field.get("examples") or field.get("default") not in (None, "", [], {})
    }
    first = next(iter(fields.items()), None)
    return shown if shown or first is None else {first[0]: example_of(first[1], schemas)}


def _number(schema: Mapping[str, Any]) -> int:
    lowest = schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1)
    return int(max(1, lowest)) if schema.get("maximum", 1) >= 1 else int(lowest)


def _text(schema: Mapping[str, Any]) -> str:
    pattern = schema.get("pattern", "")
    if identifier := _IDENTIFIER.match(pattern):
        return f"{identifier[1]}_{_SAMPLE}"
    if pattern in _BY_PATTERN:
        return _BY_PATTERN[pattern]
    if pattern.startswith("^[^@"):
        return "ada@example.com"
    if schema.get("format") in _BY_FORMAT:
        return _BY_FORMAT[schema["format"]]
    text = _TEXT * -(-schema.get("minLength", 1) // len(_TEXT))
    return text[: schema.get("maxLength", len(text))]
