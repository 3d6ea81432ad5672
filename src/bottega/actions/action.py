"""What an action is: a frozen, typed record of what is to change, and which of its fields are personal."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar, get_args

from pydantic import BaseModel, ConfigDict

from bottega.kernel import canonical_json


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a top-level field of an action whose value lives in the vault and never in the log."""

    kind: str


class Action(BaseModel):
    """Base of every change; `groups` are what default policy rules are written over."""

    # JSON has no infinity: an action that holds one could neither be logged nor compared.
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, allow_inf_nan=False)

    groups: ClassVar[tuple[str, ...]] = ()

    @classmethod
    def action_name(cls) -> str:
        """The stable name in the log and in policies."""
        return cls.__name__

    def arguments(self) -> dict[str, Any]:
        """JSON-ready arguments as they were given."""
        return self.model_dump(mode="json")

    def logged_arguments(self, kept: Mapping[str, str]) -> dict[str, Any]:
        """Arguments with personal values replaced by their vault reference, or by their kind when none was kept."""
        personal = personal_fields(type(self))
        if not personal:
            return self.arguments()
        shown = self.model_dump(mode="json", exclude=set(personal))
        for name, kind in personal.items():
            value = getattr(self, name)
            shown[name] = None if value is None else {"personal": kind, "ref": kept.get(kind)}
        return shown


@cache
def personal_fields(action: type[Action]) -> dict[str, str]:
    """Field name → kind, for the fields marked `Personal`.

    A marker anywhere else than around a whole top-level field would be overlooked and its value logged, and two
    fields of one kind would be logged under one reference: both are bugs of the action.
    """
    fields: dict[str, str] = {}
    for name, field in action.model_fields.items():
        hidden = set(_markers_within(field.annotation, frozenset({action})))
        assert not hidden, f"{action.action_name()}.{name}: Personal marks whole top-level fields"
        fields.update((name, marker.kind) for marker in field.metadata if isinstance(marker, Personal))
    assert len(set(fields.values())) == len(fields), f"{action.action_name()} has two personal fields of one kind"
    return fields


def _markers_within(annotation: Any, seen: frozenset[Any]) -> Iterator[Personal]:
    """The markers inside an annotation: in a union, a list, a nested record."""
    for metadata in getattr(annotation, "__metadata__", ()):
        if isinstance(metadata, Personal):
            yield metadata
    for inner in get_args(annotation):
        yield from _markers_within(inner, seen)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel) and annotation not in seen:
        for field in annotation.model_fields.values():
            yield from (marker for marker in field.metadata if isinstance(marker, Personal))
            yield from _markers_within(field.annotation, seen | {annotation})


def personal_text(value: Any) -> str:
    """The text under which a personal value is kept in the vault: itself, or canonical JSON of a record."""
    return value if isinstance(value, str) else canonical_json.dumps(value).decode()
