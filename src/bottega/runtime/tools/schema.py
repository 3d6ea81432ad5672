"""What a model is told about a tool's arguments, and which of them control something: both read off the record type."""

import re
from collections.abc import Collection, Iterator, Mapping
from copy import deepcopy
from typing import Any

from pydantic import BaseModel, ConfigDict, create_model

from bottega.runtime.evidence import Json
from bottega.runtime.tool import Control, Parameter

_IDENTIFIER_PATTERN = re.compile(r"^\^([a-z]{3})_\[0-7\]")
_EMAIL_PATTERN = "@[A-Za-z0-9]"
_REFERENCE_WORDS = frozenset(
    {"number", "sku", "code", "phone", "token", "reference", "coupon", "zip", "iban", "ean", "gtin", "id"}
)
DEEPEST_SCHEMA = 8
# Of a schema, what helps a model to fill it in; titles and our own patterns only cost it tokens.
_LEFT_OUT = frozenset({"title", "pattern"})


def visible_part(record: type[BaseModel], hidden: Collection[str]) -> type[BaseModel]:
    """The record without the fields that the runtime fills in: what a model's arguments are checked against."""
    unknown = sorted(set(hidden) - set(record.model_fields))
    assert not unknown, f"{record.__name__} has no field {', '.join(unknown)}"
    fields: dict[str, Any] = {
        name: (field.annotation, field) for name, field in record.model_fields.items() if name not in hidden
    }
    config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, allow_inf_nan=False)
    return create_model(f"{record.__name__}Arguments", __config__=config, **fields)


def schema_for_models(visible: type[BaseModel], nouns: Mapping[str, str]) -> dict[str, Json]:
    """The JSON Schema of the arguments, in one piece, with handles where identifiers stand."""
    raw = visible.model_json_schema()
    schema = _simplified(raw, raw.get("$defs", {}), nouns, DEEPEST_SCHEMA)
    schema.setdefault("properties", {})
    schema["additionalProperties"] = False
    return schema


def parameters_of(visible: type[BaseModel], controls: Mapping[str, Control]) -> tuple[Parameter, ...]:
    """Every leaf of the arguments with what it controls; `controls` overrides by path."""
    raw = visible.model_json_schema()
    found = tuple(_leaves(raw, raw.get("$defs", {}), (), DEEPEST_SCHEMA))
    named = {parameter.path for parameter in found}
    unknown = sorted(set(controls) - named)
    assert not unknown, f"{visible.__name__} has no argument {', '.join(unknown)}; it has {', '.join(sorted(named))}"
    return tuple(
        Parameter(parameter.path, controls.get(parameter.path, parameter.control), parameter.default)
        for parameter in found
    )


def _simplified(node: Json, definitions: Mapping[str, Json], nouns: Mapping[str, str], depth: int) -> dict[str, Json]:
    node = _resolved(node, definitions)
    if depth == 0:
        return {"type": node.get("type", "object")}
    prefix = _identifier_prefix(node)
    if prefix is not None:
        noun = nouns.get(prefix, prefix)
        said = node.get("description")
        told = f"The handle of something that was shown, such as {noun}_1."
        return {"type": "string", "description": f"{said} {told}" if said else told}
    simple: dict[str, Json] = {
        name: deepcopy(value) for name, value in node.items() if name not in _LEFT_OUT and not _is_nested(name)
    }
    if "properties" in node:
        simple["properties"] = {
            name: _simplified(member, definitions, nouns, depth - 1) for name, member in node["properties"].items()
        }
        simple["additionalProperties"] = False
    if isinstance(node.get("items"), dict):
        simple["items"] = _simplified(node["items"], definitions, nouns, depth - 1)
    if "anyOf" in node:
        options = [_simplified(option, definitions, nouns, depth - 1) for option in node["anyOf"]]
        simple["anyOf"] = options
    return simple


def _is_nested(name: str) -> bool:
    return name in ("properties", "items", "anyOf", "$defs", "prefixItems", "additionalProperties")


def _leaves(
    node: Json, definitions: Mapping[str, Json], path: tuple[str, ...], depth: int, default: Json = None
) -> Iterator[Parameter]:
    node = _resolved(node, definitions)
    default = node.get("default", default)
    options = [_resolved(option, definitions) for option in node.get("anyOf", ())]
    options = [option for option in options if option.get("type") != "null"]
    if depth == 0:
        return
    if len(options) == 1:
        yield from _leaves(options[0], definitions, path, depth, default)
    elif "properties" in node:
        for name, member in node["properties"].items():
            inside = (*path, name)
            yield from _as_address(node, _leaves(member, definitions, inside, depth - 1))
    elif isinstance(node.get("items"), dict):
        yield from _leaves(node["items"], definitions, (*path, "*"), depth - 1)
    else:
        # A union of several types controls what the strictest of them would.
        kinds = {_control_of(option, path) for option in (options or [node])}
        yield Parameter(".".join(path), next(kind for kind in _FROM_THE_STRICTEST if kind in kinds), default)


def _as_address(node: Json, leaves: Iterator[Parameter]) -> Iterator[Parameter]:
    """Within an address every text is part of the address."""
    is_address = {"line1", "city"} <= set(node["properties"])
    for leaf in leaves:
        if is_address and leaf.control in ("words", "reference"):
            yield Parameter(leaf.path, "address", leaf.default)
        else:
            yield leaf


def _control_of(node: Json, path: tuple[str, ...]) -> Control:
    names = [part for part in path if part != "*"]
    name = names[-1] if names else ""
    kind = node.get("type")
    if _identifier_prefix(node) is not None:
        return "identifier"
    if "enum" in node or "const" in node or kind == "boolean":
        return "choice"
    if kind in ("integer", "number"):
        return "amount" if name.endswith("_minor") else "quantity"
    if kind == "string":
        pattern = str(node.get("pattern", ""))
        if node.get("format") == "email" or _EMAIL_PATTERN in pattern:
            return "email"
        if pattern in ("^[A-Z]{2}$", "^[A-Z]{3}$"):
            # Countries and currencies: closed sets, in codes that nobody says.
            return "choice"
        if _REFERENCE_WORDS.intersection(name.split("_")):
            return "reference"
    return "words"


_FROM_THE_STRICTEST: tuple[Control, ...] = (
    "identifier",
    "amount",
    "quantity",
    "email",
    "address",
    "reference",
    "choice",
    "words",
)


def _identifier_prefix(node: Json) -> str | None:
    match = _IDENTIFIER_PATTERN.match(str(node.get("pattern", ""))) if node.get("type") == "string" else None
    return None if match is None else match[1]


def _resolved(node: Json, definitions: Mapping[str, Json]) -> dict[str, Json]:
    """The node behind a reference, with what stands beside the reference."""
    reference = node.get("$ref")
    if reference is None:
        return node
    beside = {name: value for name, value in node.items() if name != "$ref"}
    return {**definitions[reference.rpartition("/")[2]], **beside}
