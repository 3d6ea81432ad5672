"""Records within evidence: finding one by its identifier, and what people call it."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from bottega.runtime.evidence import Evidence, FieldLabels, Json

HANDLE = re.compile(r"\[([a-z]{3,20}_\d{1,4})\]|\b([a-z]{3,20}_\d{1,4})\b")
TITLE_FIELDS = ("title", "name", "number", "label", "subject")


def find_record(evidence: Iterable[Evidence], identifier: str) -> tuple[Mapping[str, Json], Evidence | None]:
    """The newest record of an identifier that was shown, without what third parties wrote in it: the object that has
    it under `id`, or else one that names it together with a title."""
    second: tuple[Mapping[str, Json], Evidence] | None = None
    for one in reversed(list(evidence)):
        for record in records_in(trusted(one)):
            if record.get("id") == identifier:
                return record, one
            if second is None and identifier in record.values() and title_of(record):
                second = record, one
    return second or ({}, None)


def trusted(evidence: Evidence) -> Json:
    """The value without the fields that a third party wrote."""
    if not evidence.labels.fields and evidence.labels.whole != "third_party":
        return evidence.value
    return _trusted(evidence.value, (), evidence.labels)


def records_in(value: Any) -> Iterator[Mapping[str, Json]]:
    """Every object within a JSON value, itself included."""
    members: Any = value
    match value:
        case dict():
            yield members
            for member in members.values():
                yield from records_in(member)
        case list() | tuple():
            for member in members:
                yield from records_in(member)
        case _:
            return


def title_of(record: Mapping[str, Json]) -> str:
    """What people call a record."""
    return next((str(record[name]) for name in TITLE_FIELDS if isinstance(record.get(name), str | int)), "")


def _trusted(value: Any, path: tuple[str, ...], labels: FieldLabels) -> Json:
    members: Any = value
    match value:
        case dict():
            kept = {name: _trusted(member, (*path, str(name)), labels) for name, member in members.items()}
            return {name: member for name, member in kept.items() if member is not None}
        case list() | tuple():
            return [_trusted(member, (*path, str(at)), labels) for at, member in enumerate(members)]
        case _:
            return None if labels.trust(path) == "third_party" else value
