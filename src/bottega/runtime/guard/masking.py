"""Masking: personal values become placeholders before a model sees them, and are put back in what it answers."""

import re
from dataclasses import dataclass, field
from typing import Any

from bottega.runtime.evidence import Json
from bottega.runtime.guard.detectors import CARD_REMOVED, SECRET_REMOVED, Found, replaced

_PLACEHOLDER = re.compile(r"\[(email|phone|iban|personal)_(\d{1,4})\]")


@dataclass(slots=True)
class MaskTable:
    """The placeholders of one run, numbered in the order in which their values came up."""

    by_placeholder: dict[str, str] = field(default_factory=dict[str, str])
    _by_value: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])
    _last: dict[str, int] = field(default_factory=dict[str, int])

    def masked(self, text: str) -> str:
        """The text with what the detectors find replaced."""
        return replaced(text, self._placeholder_of)

    def placeholder(self, value: str, kind: str = "personal") -> str:
        """What stands for a value that is personal as a whole."""
        known = self._by_value.get((kind, value))
        if known is None:
            number = self._last.get(kind, 0) + 1
            known = f"[{kind}_{number}]"
            self._last[kind] = number
            self._by_value[kind, value] = known
            self.by_placeholder[known] = value
        return known

    def put_back(self, value: Json) -> Json:
        """The value with every known placeholder in its texts replaced by what it stands for."""
        members: Any = value
        match value:
            case str():
                return _PLACEHOLDER.sub(lambda found: self.by_placeholder.get(found[0], found[0]), value)
            case dict():
                return {name: self.put_back(member) for name, member in members.items()}
            case list() | tuple():
                return [self.put_back(member) for member in members]
            case _:
                return value

    def _placeholder_of(self, found: Found) -> str:
        # Card numbers and secrets are never put back: nothing that goes out of here may hold one.
        removed = {"card": CARD_REMOVED, "secret": SECRET_REMOVED}
        return removed.get(found.kind) or self.placeholder(found.value, found.kind)
