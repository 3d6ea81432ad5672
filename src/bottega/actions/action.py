"""What an action is: a frozen, typed record of what is to change, and which of its fields are personal."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict

from bottega.kernel import canonical_json


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a top-level field of an action whose value lives in the vault and never in the log."""

    kind: str


class Action(BaseModel):
    """Base of every change; `groups` are what default policy rules are written over."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

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
    """Field name → kind, for the fields marked `Personal`."""
    return {
        name: marker.kind
        for name, field in action.model_fields.items()
        for marker in field.metadata
        if isinstance(marker, Personal)
    }


def personal_text(value: Any) -> str:
    """The text under which a personal value is kept in the vault: itself, or canonical JSON of a record."""
    return value if isinstance(value, str) else canonical_json.dumps(value).decode()
