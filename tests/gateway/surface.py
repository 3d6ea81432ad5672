"""Every operation of the API, with requests made from its own examples and the identifiers of a real shop."""

import functools
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bottega.bootstrap import load_shop
from bottega.gateway.application import openapi_document
from bottega.gateway.openapi_examples import example_of

IDENTIFIER = re.compile(r"([a-z]{3})_[0-7][0-9a-hjkmnp-tv-z]{25}")
# Addresses whose parameters are no identifiers of ours.
OTHER_PARAMETERS = {"provider": "sandbox", "event_id": "evt_1", "currency": "EUR"}
# What the two forms of a parameter lead to.
HANDLES = {"products": "prd", "collections": "col"}

Identifiers = Mapping[str, Sequence[str]]


@dataclass(frozen=True)
class Operation:
    """One method at one path, as the document describes it."""

    method: str
    path: str
    record: Mapping[str, Any]
    schemas: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def body_schema(self) -> Mapping[str, Any] | None:
        """The schema of the JSON body, without the form that leaves it out."""
        body = self.record.get("requestBody")
        if body is None or "application/json" not in body["content"]:
            return None
        schema: Mapping[str, Any] = body["content"]["application/json"]["schema"]
        forms = [form for form in schema.get("anyOf", [schema]) if form.get("type") != "null"]
        return self.resolved(forms[0])

    @property
    def performs(self) -> bool:
        """Whether it performs an action."""
        return bool(self.record.get("x-actions"))

    def resolved(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        while "$ref" in schema:
            schema = self.schemas[schema["$ref"].rpartition("/")[2]]
        return schema

    def url(self, ids: Identifiers, chosen: Mapping[str, str] | None = None) -> str:
        """The path with the chosen values, else with identifiers that exist, where there are any."""
        filled = self.path
        for parameter in self.record.get("parameters", ()):
            if parameter["in"] == "path":
                value = (chosen or {}).get(parameter["name"]) or self._path_value(parameter, ids)
                filled = filled.replace(f"{{{parameter['name']}}}", quote(value, safe=""))
        return filled

    def body(self, ids: Identifiers) -> Any:
        """The documented example with identifiers that exist; None without a body."""
        body = self.record.get("requestBody")
        if body is None or "application/json" not in body["content"]:
            return None
        return with_real_ids(body["content"]["application/json"]["example"], ids)

    def _path_value(self, parameter: Mapping[str, Any], ids: Identifiers) -> str:
        name, schema = parameter["name"], parameter["schema"]
        if name in OTHER_PARAMETERS:
            return OTHER_PARAMETERS[name]
        if name == "id_or_handle":
            return ids[HANDLES[self.path.split("/")[2]]][0]
        return str(with_real_ids(example_of(schema, {}), ids))


@functools.cache
def document() -> dict[str, Any]:
    """The API's document, made once for all the tests of a process; nobody changes it."""
    load_shop()
    return openapi_document()


def operations() -> list[Operation]:
    """All of them, by path and method."""
    schemas = document()["components"]["schemas"]
    return [
        Operation(method.upper(), path, record, schemas)
        for path, item in sorted(document()["paths"].items())
        for method, record in item.items()
    ]


def with_real_ids(value: Any, ids: Identifiers) -> Any:
    """The same value with each identifier replaced by one of its kind that exists."""
    if isinstance(value, dict):
        return {name: with_real_ids(inner, ids) for name, inner in value.items()}
    if isinstance(value, list):
        return [with_real_ids(inner, ids) for inner in value]
    if isinstance(value, str) and (match := IDENTIFIER.fullmatch(value)):
        return (ids.get(match[1]) or [value])[0]
    return value
