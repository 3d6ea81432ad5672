"""Undo: puts back the rows that one entry changed, unless somebody changed them since."""

from typing import Any, ClassVar

import asyncpg

from bottega.actions.action import Action
from bottega.actions.registry import Facts, Handler, handles, registered_handlers
from bottega.actions.work import Work
from bottega.kernel.errors import Conflict, NotFound
from bottega.kernel.identifiers import EntryId
from bottega.platform.database.pool import Connection, Row


class UndoEntry(Action):
    """Reverses an earlier action of a kind that can be put back (a price, a text, a stock adjustment)."""

    groups: ClassVar[tuple[str, ...]] = ("undo",)
    entry_id: EntryId


async def undo_facts(action: UndoEntry, work: Work) -> Facts:
    """Which action it was, the groups it belongs to, and whether the same person did it."""
    entry = await _entry(work.connection, action.entry_id)
    return {
        "undone_action": entry["action"],
        "undone_groups": list(_handler(entry).action.groups),
        "own_entry": entry["actor_kind"] == work.actor.kind and entry["actor_id"] == work.actor.id,
    }


@handles(UndoEntry, facts=undo_facts)
async def undo_entry(action: UndoEntry, work: Work) -> dict[str, Any]:
    """Restores each row, last change first."""
    entry = await _entry(work.connection, action.entry_id)
    if not _handler(entry).undoable:
        raise _not_undoable(entry)
    changes = await work.connection.fetch(
        "SELECT c.id, c.table_name, c.row_key, c.operation, f.key_columns, "
        "    ARRAY(SELECT jsonb_object_keys(c.before)) AS columns "
        "FROM log.changes c JOIN log.folded_tables f USING (table_name) WHERE c.entry_id = $1 ORDER BY c.id DESC",
        action.entry_id,
    )
    if not changes:
        raise Conflict("nothing_to_undo", f"Entry {action.entry_id} changed no row.")
    for change in changes:
        await _restore(work, change)
    return {"undone": action.entry_id, "action": entry["action"], "rows": len(changes)}


async def _entry(connection: Connection, entry_id: str) -> Row:
    entry = await connection.fetchrow("SELECT action, actor_kind, actor_id FROM log.entries WHERE id = $1", entry_id)
    if entry is None:
        raise NotFound("no_such_entry", f"There is no log entry {entry_id}.", next_step="See `bottega log tail`.")
    return entry


def _handler(entry: Row) -> Handler:
    """The handler of the entry's action; an entry may be older than the program and its actions."""
    handler = registered_handlers().get(entry["action"])
    if handler is None:
        raise _not_undoable(entry)
    return handler


def _not_undoable(entry: Row) -> Conflict:
    return Conflict(
        "not_undoable",
        f"{entry['action']} cannot be undone from its rows.",
        next_step="Use the action that reverses it, such as a refund or a cancellation.",
    )


async def _restore(work: Work, change: Row) -> None:
    """One row back to its image before; the image after must still be what stands there.

    The images stay inside the database: as JSON of ours they would lose digits of numbers.
    """
    table, operation = change["table_name"], change["operation"]
    # The key goes through the table's own row type, so that the primary key's index finds the row.
    found = " AND ".join(f't."{name}" = k."{name}"' for name in change["key_columns"])
    key = f"log.changes c, jsonb_populate_record(NULL::{table}, coalesce(c.after, c.before)) AS k"
    stands = await work.connection.fetchval(
        f"SELECT to_jsonb(t) IS NOT DISTINCT FROM c.after FROM {key}, {table} AS t WHERE c.id = $1 AND {found} "
        "FOR UPDATE OF t",
        change["id"],
    )
    if stands is not (None if operation == "delete" else True):
        raise await _changed_since(work.connection, change)
    try:
        await work.connection.execute(_restoring(table, operation, change["columns"], key, found), change["id"])
    except asyncpg.ForeignKeyViolationError as error:
        raise Conflict(
            "needed_since",
            f"{table} {change['row_key']} is tied to rows that other actions have made or removed since.",
            next_step="Make a new change instead, such as archiving it.",
            table=table,
            row_key=change["row_key"],
        ) from error


def _restoring(table: str, operation: str, columns: list[str], key: str, found: str) -> str:
    """The statement that puts back the row of the change $1. Names are of our own making."""
    before = f"jsonb_populate_record(NULL::{table}, c.before)"
    match operation:
        case "insert":
            return f"DELETE FROM {table} AS t USING {key} WHERE c.id = $1 AND {found}"
        case "delete":
            return f"INSERT INTO {table} SELECT r.* FROM log.changes c, {before} AS r WHERE c.id = $1"
        case _:
            names = ", ".join(f'"{name}"' for name in columns)
            values = ", ".join(f'r."{name}"' for name in columns)
            return (
                f"UPDATE {table} AS t SET ({names}) = (SELECT {values} FROM {before} AS r) "
                f"FROM {key} WHERE c.id = $1 AND {found}"
            )


async def _changed_since(connection: Connection, change: Row) -> Conflict:
    later = await connection.fetchrow(
        "SELECT e.id, e.action FROM log.changes c JOIN log.entries e ON e.id = c.entry_id "
        "WHERE c.table_name = $1 AND c.row_key = $2 AND c.id > $3 ORDER BY c.id DESC LIMIT 1",
        change["table_name"],
        change["row_key"],
        change["id"],
    )
    by = "" if later is None else f" by {later['action']} ({later['id']})"
    return Conflict(
        "changed_since",
        f"{change['table_name']} {change['row_key']} was changed since{by}.",
        next_step="Undo the later change first, or make a new change.",
        table=change["table_name"],
        row_key=change["row_key"],
        later_entry_id=None if later is None else later["id"],
    )
