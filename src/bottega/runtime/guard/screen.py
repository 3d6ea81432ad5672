"""The screen between the shop's records and a model: what it is shown, and what it says turned back into values."""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from bottega.runtime.evidence import Evidence, FieldLabels, Json
from bottega.runtime.guard.handles import IDENTIFIER

if TYPE_CHECKING:
    from bottega.runtime.context import RunContext

# What looks like a handle in a third party's text must not resolve: somebody wrote it to be obeyed.
_LIKE_A_HANDLE = re.compile(r"\b([a-z]{3,20})_(\d{1,4})\b")


class Screen(Protocol):
    """Turns evidence and words into what a model sees, and a model's words back."""

    def shown(self, evidence: Evidence, context: "RunContext") -> Json:
        """The evidence as the model sees it."""
        ...

    def said(self, text: str, context: "RunContext") -> str:
        """A message or an earlier reply as the model sees it."""
        ...

    def meant(self, arguments: Mapping[str, Json], context: "RunContext") -> Mapping[str, Json]:
        """A model's arguments with placeholders put back; handles stay."""
        ...


class FullScreen:
    """Handles instead of identifiers, placeholders instead of personal values, third parties' texts marked as such."""

    def shown(self, evidence: Evidence, context: "RunContext") -> Json:
        return _shown(evidence.value, (), evidence.labels, context)

    def said(self, text: str, context: "RunContext") -> str:
        return context.masks.masked(context.handles.shown(text))

    def meant(self, arguments: Mapping[str, Json], context: "RunContext") -> Mapping[str, Json]:
        return context.masks.put_back(dict(arguments))


def _shown(value: Json, path: tuple[str, ...], labels: FieldLabels, context: "RunContext") -> Json:
    members: Any = value
    match value:
        case dict():
            return {name: _shown(member, (*path, str(name)), labels, context) for name, member in members.items()}
        case list() | tuple():
            return [_shown(member, (*path, str(at)), labels, context) for at, member in enumerate(members)]
        case str() if labels.trust(path) == "third_party":
            return {"third_party_text": _disarmed(value, context)}
        case str() if labels.is_personal(path) and IDENTIFIER.fullmatch(value) is None:
            return context.masks.placeholder(value)
        case str():
            return context.masks.masked(context.handles.shown(value))
        case _:
            return value


def _disarmed(text: str, context: "RunContext") -> str:
    """A third party's text without personal values, and without anything that would resolve to a record."""
    text = IDENTIFIER.sub("[identifier]", text)
    return context.masks.masked(_LIKE_A_HANDLE.sub(r"\1-\2", text))
