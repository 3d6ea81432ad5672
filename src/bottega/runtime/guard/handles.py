"""Handles: short names under which a model sees records; only what was shown in this run or session resolves."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bottega.runtime.evidence import Json

IDENTIFIER = re.compile(r"(?<![0-9A-Za-z_])([a-z]{3})_[0-7][0-9a-hjkmnp-tv-z]{25}(?![0-9A-Za-z])")
HANDLES_MAX = 400


@dataclass(slots=True)
class HandleTable:
    """Handles of one session or run, in the order in which records were shown.

    `nouns` names the kinds of records by the prefix of their identifiers (`prd` → `product`); a prefix without a noun
    is its own. Numbers are never used twice, also when old handles make room for new ones.
    """

    nouns: Mapping[str, str] = field(default_factory=dict[str, str])
    by_handle: dict[str, str] = field(default_factory=dict[str, str])
    last: dict[str, int] = field(default_factory=dict[str, int])
    """The highest number given out, by noun."""
    _by_id: dict[str, str] = field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        self._by_id = {identifier: handle for handle, identifier in self.by_handle.items()}

    def handle_of(self, identifier: str) -> str:
        """The handle of a record that is being shown; a new one when it was not shown before."""
        known = self._by_id.get(identifier)
        if known is not None:
            return known
        prefix = identifier.partition("_")[0]
        noun = self.nouns.get(prefix, prefix)
        number = self.last.get(noun, 0) + 1
        handle = f"{noun}_{number}"
        self.by_handle[handle], self._by_id[identifier], self.last[noun] = identifier, handle, number
        if len(self.by_handle) > HANDLES_MAX:
            oldest = next(iter(self.by_handle))
            self._by_id.pop(self.by_handle.pop(oldest), None)
        return handle

    def resolve(self, handle: str) -> str | None:
        """The identifier behind a handle; None when nothing was shown under it here."""
        return self.by_handle.get(handle.strip())

    def was_shown(self, identifier: str) -> bool:
        """Whether the record has a handle here."""
        return identifier in self._by_id

    def as_record(self) -> dict[str, Json]:
        """JSON-ready; `of_record` reads it."""
        return {"handles": dict(self.by_handle), "last": dict(self.last)}

    @classmethod
    def of_record(cls, record: Mapping[str, Json], nouns: Mapping[str, str]) -> "HandleTable":
        """The table that `as_record` described."""
        return cls(nouns, dict(record.get("handles", {})), dict(record.get("last", {})))

    def shown(self, value: Json) -> Json:
        """The value with every identifier of ours replaced by its handle, names of members excepted."""
        members: Any = value
        match value:
            case str():
                return IDENTIFIER.sub(lambda found: self.handle_of(found[0]), value)
            case dict():
                return {name: self.shown(member) for name, member in members.items()}
            case list() | tuple():
                return [self.shown(member) for member in members]
            case _:
                return value
