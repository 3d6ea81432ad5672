"""Evidence: what a run has seen, where it came from, how far each field of it can be trusted, and who it is about."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

Json: TypeAlias = Any
Trust = Literal["shop", "principal", "third_party"]
"""`shop`: our records. `principal`: the customer's or operator's own words. `third_party`: anybody else's text."""

EvidenceKind = Literal["record", "passage"]
_BADNESS: dict[Trust, int] = {"shop": 0, "principal": 1, "third_party": 2}


def worst(labels: Iterable[Trust]) -> Trust:
    """The label of a mixture: the worst of what went in; `shop` when nothing did."""
    found: Trust = "shop"
    for label in labels:
        if _BADNESS[label] > _BADNESS[found]:
            found = label
    return found


@dataclass(frozen=True, slots=True)
class FieldLabels:
    """How far the fields of a value can be trusted and which are personal, by path.

    A path is field names joined by dots, with `*` for any position in a list or any name: `reviews.*.text`. It labels
    everything below it too. The worst of `whole` and of all paths that match holds, so a label never improves.
    """

    whole: Trust = "shop"
    fields: Mapping[str, Trust] = field(default_factory=dict[str, Trust])
    personal: frozenset[str] = frozenset()

    def trust(self, path: tuple[str, ...]) -> Trust:
        """The label of the leaf at a path."""
        return worst([self.whole, *(label for pattern, label in self.fields.items() if _covers(pattern, path))])

    def below(self, name: str) -> "FieldLabels":
        """The same labels for a value that stands within another one, under a name."""
        fields: dict[str, Trust] = {f"{name}.{path}": trust for path, trust in self.fields.items()}
        return FieldLabels(self.whole, fields, frozenset(f"{name}.{path}" for path in self.personal))

    def is_personal(self, path: tuple[str, ...]) -> bool:
        """Whether the leaf at a path is about a person."""
        return any(_covers(pattern, path) for pattern in self.personal)


OURS = FieldLabels()
"""Nothing but our own records, and nothing about a person."""


@dataclass(frozen=True, slots=True)
class Leaf:
    """One text, number or truth value of a piece of evidence."""

    path: tuple[str, ...]
    value: str | int | float | bool
    trust: Trust
    personal: bool


@dataclass(frozen=True, slots=True)
class Evidence:
    """A retrieved value or passage, as it was when it was read; identifiers in `value` are raw.

    `source` is the tool or document it came from and `version` what was read of it; after `fresh_until` it has to be
    read again before anything is decided on it.
    """

    id: str
    source: str
    value: Json
    labels: FieldLabels = OURS
    kind: EvidenceKind = "record"
    version: str = ""
    observed_at: datetime | None = None
    fresh_until: datetime | None = None

    def leaves(self) -> Iterator[Leaf]:
        """Every text, number and truth value in it."""
        for path, value in leaves_of(self.value):
            yield Leaf(path, value, self.labels.trust(path), self.labels.is_personal(path))

    def as_record(self) -> dict[str, Json]:
        """JSON-ready; `evidence_of` reads it."""
        labels = self.labels
        return {
            "id": self.id,
            "source": self.source,
            "value": self.value,
            "whole": labels.whole,
            "fields": dict(labels.fields),
            "personal": sorted(labels.personal),
            "kind": self.kind,
            "version": self.version,
            "observed_at": None if self.observed_at is None else self.observed_at.isoformat(),
            "fresh_until": None if self.fresh_until is None else self.fresh_until.isoformat(),
        }

    @property
    def trust(self) -> Trust:
        """The worst label in it; what is empty says nothing."""
        return worst(leaf.trust for leaf in self.leaves() if leaf.value != "")

    @property
    def is_private(self) -> bool:
        """Whether anything in it is about a person."""
        return any(leaf.personal for leaf in self.leaves())


def evidence_of(record: Mapping[str, Json]) -> Evidence:
    """The evidence that `as_record` described."""
    observed_at, fresh_until = record["observed_at"], record["fresh_until"]
    return Evidence(
        id=record["id"],
        source=record["source"],
        value=record["value"],
        labels=FieldLabels(record["whole"], record["fields"], frozenset(record["personal"])),
        kind=record["kind"],
        version=record["version"],
        observed_at=None if observed_at is None else datetime.fromisoformat(observed_at),
        fresh_until=None if fresh_until is None else datetime.fromisoformat(fresh_until),
    )


def leaves_of(value: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str | int | float | bool]]:
    """Paths and values of the leaves of a JSON value; nulls are left out."""
    members: Any = value
    match value:
        case dict():
            for name, member in members.items():
                yield from leaves_of(member, (*path, str(name)))
        case list() | tuple():
            for position, member in enumerate(members):
                yield from leaves_of(member, (*path, str(position)))
        case bool() | int() | float() | str():
            yield path, value
        case _:
            return


def _covers(pattern: str, path: tuple[str, ...]) -> bool:
    """Whether the pattern is the path or a beginning of it; the empty pattern covers everything."""
    names = pattern.split(".") if pattern else []
    return len(names) <= len(path) and all(
        name in ("*", part) for name, part in zip(names, path[: len(names)], strict=True)
    )
