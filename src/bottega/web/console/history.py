"""What happened to something of the shop, as the log has it: the actions that changed its rows, and who asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bottega.platform.database.pool import Connection, Row
from bottega.web.console.shown import Tone, words
from bottega.web.wording import money

MOST_HAPPENINGS = 200
_TONES: Mapping[str, Tone] = {
    "insert": "info",
    "update": "quiet",
    "delete": "bad",
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One action: what it was, by whom, and the money that it moved, as text."""

    entry_id: str
    action: str
    by: str
    at: datetime
    amount: str
    tone: Tone


async def history_of(
    connection: Connection, rows: Mapping[str, Sequence[str]], *, names: bool = True
) -> list[Happening]:
    """The actions that changed any of these rows (keys by table), the newest first; at most 200.

    Without `names` colleagues are told by their role, for readers who see no people.
    """
    pairs = [(table, key) for table, keys in rows.items() for key in keys]
    if not pairs:
        return []
    found = await connection.fetch(_HISTORY, [table for table, _ in pairs], [key for _, key in pairs], MOST_HAPPENINGS)
    return [_happening(row, names=names) for row in found]


def _happening(row: Row, *, names: bool) -> Happening:
    result: Mapping[str, Any] = row["result"] if isinstance(row["result"], dict) else {}
    amount, currency = result.get("amount_minor"), result.get("currency")
    text = money(amount, currency) if isinstance(amount, int) and isinstance(currency, str) else ""
    return Happening(
        row["id"], row["action"], _by(row, names=names), row["recorded_at"], text, _TONES[row["operation"]]
    )


def _by(row: Row, *, names: bool) -> str:
    """`by Livia Conti`, `by the customer`, `by the agent shopping`, `by the system`."""
    match row["actor_kind"]:
        case "staff":
            named = row["name"] if names else None
            return f"by {named or words(row['actor_role']).lower()}"
        case "customer":
            return "by the customer"
        case "agent":
            return f"by the agent {row['actor_role']}" + (" for the customer" if row["on_behalf_of"] else "")
        case _:
            return "by the system"


_HISTORY = """
WITH touched AS (
    SELECT c.entry_id, min(c.operation) FILTER (WHERE c.operation <> 'update') AS operation
    FROM log.changes c JOIN unnest($1::text[], $2::text[]) AS t (table_name, row_key) USING (table_name, row_key)
    GROUP BY c.entry_id)
SELECT e.id, e.action, e.actor_kind, e.actor_role, e.on_behalf_of, e.recorded_at, e.result,
       coalesce(t.operation, 'update') AS operation, vault.reveal(s.name_ref) AS name
FROM touched t JOIN log.entries e ON e.id = t.entry_id
LEFT JOIN shop.staff s ON e.actor_kind = 'staff' AND s.id = e.actor_id
ORDER BY e.sequence DESC LIMIT $3"""
