"""Queries of the log: its tail, one entry, a search by actor, action, object and time, and the history of one row."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bottega.actions.log.entries import (
    ENTRY_COLUMNS,
    LONGEST_PAGE_ENTRIES,
    LoggedEntry,
    Operation,
    with_changes,
    without_changes,
)
from bottega.kernel.errors import Invalid, NotFound
from bottega.platform.database.pool import Connection


@dataclass(frozen=True, slots=True)
class RowVersion:
    """One change of a row, with who made it; `change_id` is the cursor of a history."""

    change_id: int
    entry_id: str
    position: int | None
    action: str
    actor_kind: str
    actor_id: str
    operation: Operation
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    recorded_at: datetime


async def tail(connection: Connection, *, limit: int = 20) -> list[LoggedEntry]:
    """The newest entries, oldest of them first, sealed or not; without their changes."""
    rows = await connection.fetch(f"SELECT {ENTRY_COLUMNS} {_FROM} ORDER BY e.sequence DESC LIMIT $1", _page(limit))
    return without_changes(rows[::-1])


async def following(connection: Connection, position: int, *, limit: int = 100) -> list[LoggedEntry]:
    """Sealed entries after a position, in order; whoever asks again from the last one skips nothing."""
    rows = await connection.fetch(
        f"SELECT {ENTRY_COLUMNS} FROM log.positions p JOIN log.entries e ON e.id = p.entry_id "
        "WHERE p.position > $1 ORDER BY p.position LIMIT $2",
        position,
        _page(limit),
    )
    return without_changes(rows)


async def newest_position(connection: Connection) -> int:
    """The last sealed position, 0 for an empty log."""
    return await connection.fetchval("SELECT coalesce(max(position), 0) FROM log.positions")


async def show(connection: Connection, which: str | int) -> LoggedEntry:
    """One entry, by id or by position, with its changes."""
    column = "p.position" if isinstance(which, int) else "e.id"
    rows = await connection.fetch(f"SELECT {ENTRY_COLUMNS} {_FROM} WHERE {column} = $1", which)
    if not rows:
        name = f"at position {which}" if isinstance(which, int) else which
        raise NotFound("no_such_entry", f"There is no log entry {name}.", next_step="See `bottega log tail`.")
    return (await with_changes(connection, rows))[0]


async def search(
    connection: Connection,
    *,
    actor_id: str | None = None,
    action: str | None = None,
    object_id: str | None = None,
    because: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    before_sequence: int | None = None,
    limit: int = 50,
) -> list[LoggedEntry]:
    """Entries that fit, newest first, without their changes; the next page begins `before_sequence` of the last one.

    `object_id` is the key of a row that the entry changed; times are when entries were recorded, `until` excluded.
    """
    conditions: list[tuple[str, Any]] = [
        ("e.actor_id = {}", actor_id),
        ("e.action = {}", action),
        ("e.because = {}", because),
        ("e.recorded_at >= {}", since),
        ("e.recorded_at < {}", until),
        ("e.sequence < {}", before_sequence),
        (_CHANGED, object_id),
    ]
    asked = [(condition, value) for condition, value in conditions if value is not None]
    where = " AND ".join(condition.format(f"${number}") for number, (condition, _) in enumerate(asked, start=2))
    rows = await connection.fetch(
        f"SELECT {ENTRY_COLUMNS} {_FROM} {'WHERE ' + where if where else ''} ORDER BY e.sequence DESC LIMIT $1",
        _page(limit),
        *(value for _, value in asked),
    )
    return without_changes(rows)


async def history(
    connection: Connection, table_name: str, row_key: str, *, after_change: int = 0, limit: int = 100
) -> Sequence[RowVersion]:
    """Every change of one row, oldest first; the next page begins `after_change` of the last one."""
    rows = await connection.fetch(_HISTORY, table_name, row_key, after_change, _page(limit))
    return [RowVersion(**row) for row in rows]


def _page(limit: int) -> int:
    if not 1 <= limit <= LONGEST_PAGE_ENTRIES:
        raise Invalid("bad_limit", f"A page has 1 to {LONGEST_PAGE_ENTRIES} entries, not {limit}.")
    return limit


_FROM = "FROM log.entries e LEFT JOIN log.positions p ON p.entry_id = e.id"

# Naming the tables lets the index on (table_name, row_key) find the key in each of them.
_CHANGED = """e.id IN (
    SELECT c.entry_id FROM log.changes c
    WHERE c.table_name = ANY(ARRAY(SELECT table_name FROM log.folded_tables)) AND c.row_key = {})"""

_HISTORY = """
SELECT c.id AS change_id, c.entry_id, p.position, e.action, e.actor_kind, e.actor_id, c.operation, c.before, c.after,
       e.recorded_at
FROM log.changes c JOIN log.entries e ON e.id = c.entry_id LEFT JOIN log.positions p ON p.entry_id = e.id
WHERE c.table_name = $1 AND c.row_key = $2 AND c.id > $3 ORDER BY c.id LIMIT $4"""
