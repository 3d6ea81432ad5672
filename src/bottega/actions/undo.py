"""Undo: puts back the rows that one entry changed, unless somebody changed them since."""

from typing import Any, ClassVar

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handler_of, handles
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
        "undone_groups": list(handler_of(entry["action"]).action.groups),
        "own_entry": entry["actor_kind"] == work.actor.kind and entry["actor_id"] == work.actor.id,
    }


@handles(UndoEntry, facts=undo_facts)
async def undo_entry(action: UndoEntry, work: Work) -> dict[str, Any]:
    """Restores each row, last change first."""
    entry = await _entry(work.connection, action.entry_id)
    if not handler_of(entry["action"]).undoable:
        raise Conflict(
            "not_undoable",
            f"{entry['action']} cannot be undone from its rows.",
            next_step="Use the action that reverses it, such as a refund or a cancellation.",
        )
    changes = await work.connection.fetch(
        "SELECT c.*, f.key_columns FROM log.changes c JOIN log.folded_tables f USING (table_name) "
        "WHERE c.entry_id = $1 ORDER BY c.id DESC",
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


async def _restore(work: Work, change: Row) -> None:
    """One row back to its image before; the image after must still be what stands there."""
    table, columns = change["table_name"], change["key_columns"]
    image = change["after"] or change["before"]
    # The key goes through the table's own row type, so that the primary key's index finds the row.
    condition = " AND ".join(
        f't."{name}" = (jsonb_populate_record(NULL::{table}, $1::jsonb))."{name}"' for name in columns
    )
    current = await work.connection.fetchval(
        f"SELECT to_jsonb(t) FROM {table} AS t WHERE {condition} FOR UPDATE", image
    )
    if current != change["after"]:
        raise await _changed_since(work.connection, change)
    match change["operation"]:
        case "insert":
            await work.connection.execute(f"DELETE FROM {table} AS t WHERE {condition}", image)
        case "delete":
            await work.connection.execute(
                f"INSERT INTO {table} SELECT * FROM jsonb_populate_record(NULL::{table}, $1::jsonb)", change["before"]
            )
        case _:
            names = ", ".join(f'"{name}"' for name in change["before"])
            await work.connection.execute(
                f"UPDATE {table} AS t SET ({names}) = "
                f"(SELECT {names} FROM jsonb_populate_record(NULL::{table}, $2::jsonb)) WHERE {condition}",
                image,
                change["before"],
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
