"""Log entries as readers, queries and commands see them: parsed, with their changes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import orjson

from bottega.platform.database.pool import Connection, Row

Operation = Literal["insert", "update", "delete"]
LONGEST_PAGE_ENTRIES = 500


@dataclass(frozen=True, slots=True)
class LoggedChange:
    """One row that an entry changed; `before` is None for an insert, `after` for a delete."""

    table_name: str
    row_key: str
    operation: Operation
    before: dict[str, Any] | None
    after: dict[str, Any] | None


@dataclass(frozen=True, slots=True)
class LoggedEntry:
    """One action that happened; `position` is None until the sealer has numbered it."""

    position: int | None
    sequence: int
    id: str
    action: str
    arguments: dict[str, Any]
    actor_kind: str
    actor_id: str
    actor_role: str
    on_behalf_of: str | None
    because: str | None
    rule_ids: tuple[str, ...]
    policy_version: str
    approval_id: str | None
    facts: dict[str, Any]
    resolved: dict[str, Any]
    result: dict[str, Any]
    recorded_at: datetime
    changes: tuple[LoggedChange, ...] = ()

    def as_record(self) -> dict[str, Any]:
        """JSON-ready form."""
        record = {name: getattr(self, name) for name in self.__slots__}
        record["rule_ids"] = list(self.rule_ids)
        record["recorded_at"] = self.recorded_at.isoformat()
        record["changes"] = [
            {name: getattr(change, name) for name in LoggedChange.__slots__} for change in self.changes
        ]
        return record


# For a statement that joins log.entries as e and log.positions as p.
ENTRY_COLUMNS = """
    p.position, e.sequence, e.id, e.action, e.arguments, e.actor_kind, e.actor_id, e.actor_role, e.on_behalf_of,
    e.because, e.rule_ids, e.policy_version, e.approval_id, e.facts, e.resolved, e.result, e.recorded_at"""

_CHANGES = """
SELECT entry_id, table_name, row_key, operation, before, after
FROM log.changes WHERE entry_id = ANY($1::text[]) AND ($2::text[] IS NULL OR table_name = ANY($2::text[]))
ORDER BY entry_id, id"""


async def with_changes(
    connection: Connection, rows: Sequence[Row], tables: Collection[str] | None = None
) -> list[LoggedEntry]:
    """The entries of rows with `ENTRY_COLUMNS`, in the order of the rows, each with its changes as they were made.

    With `tables`, only what changed in these.
    """
    changes: dict[str, list[LoggedChange]] = {row["id"]: [] for row in rows}
    if changes:
        for row in await connection.fetch(_CHANGES, list(changes), None if tables is None else list(tables)):
            changes[row["entry_id"]].append(
                LoggedChange(row["table_name"], row["row_key"], row["operation"], row["before"], row["after"])
            )
    return [_entry(row, tuple(changes[row["id"]])) for row in rows]


def without_changes(rows: Sequence[Row]) -> list[LoggedEntry]:
    """The entries of rows with `ENTRY_COLUMNS` alone."""
    return [_entry(row, ()) for row in rows]


def _entry(row: Row, changes: tuple[LoggedChange, ...]) -> LoggedEntry:
    values = dict(row)
    values["arguments"] = orjson.loads(values["arguments"])
    values["rule_ids"] = tuple(values["rule_ids"])
    return LoggedEntry(**{name: values[name] for name in LoggedEntry.__slots__ if name != "changes"}, changes=changes)
