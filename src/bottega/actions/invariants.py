"""What must always hold, checked by queries that return what violates it; here the invariants of the log itself."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bottega.actions.fold import FoldedTable, folded_tables
from bottega.platform.database.pool import Connection

MOST_VIOLATIONS = 20


@dataclass(frozen=True, slots=True)
class Invariant:
    """One rule of the blueprint; each query returns the rows that violate it, naming what and why."""

    name: str
    description: str
    queries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found for one invariant, at most `MOST_VIOLATIONS` rows of each query."""

    name: str
    description: str
    violations: tuple[dict[str, Any], ...]
    duration_seconds: float


async def check(connection: Connection, invariants: Sequence[Invariant]) -> list[Checked]:
    """Runs every query; take a connection in a repeatable-read transaction when the shop is at work."""
    results: list[Checked] = []
    for invariant in invariants:
        began = time.monotonic()
        rows: list[dict[str, Any]] = []
        for query in invariant.queries:
            limited = f"SELECT * FROM ({query}) AS violation LIMIT {MOST_VIOLATIONS}"
            rows.extend(dict(row) for row in await connection.fetch(limited))
        results.append(Checked(invariant.name, invariant.description, tuple(rows), time.monotonic() - began))
    return results


async def log_invariants(connection: Connection) -> list[Invariant]:
    """I13 to I15; the folded tables are read from the database."""
    tables = await folded_tables(connection)
    return [DECIDED_EFFECTS, _fold_invariant(tables), ONCE]


EFFECT_WITHOUT_ENTRY = """
SELECT f.id AS effect_id, f.entry_id, 'its action did not happen' AS why
FROM log.effects f LEFT JOIN log.entries e ON e.id = f.entry_id WHERE e.id IS NULL"""

ENTRY_WITHOUT_DECISION = """
SELECT e.id AS entry_id, e.action, 'no rule permitted it' AS why
FROM log.entries e WHERE e.policy_version = '' OR cardinality(e.rule_ids) = 0"""

# Arguments with personal values are logged with other references than they were held with; the keyed digest of the
# request binds those.
ENTRY_WITHOUT_ITS_APPROVAL = """
SELECT e.id AS entry_id, e.approval_id,
       CASE WHEN a.id IS NULL THEN 'the approval does not exist'
            WHEN a.state <> 'granted' THEN 'the approval is ' || a.state
            WHEN a.entry_id IS DISTINCT FROM e.id THEN 'the approval was for another entry'
            WHEN a.decided_at > a.expires_at THEN 'the approval had expired'
            ELSE 'the approval shows other arguments' END AS why
FROM log.entries e LEFT JOIN log.approvals a ON a.id = e.approval_id
WHERE e.approval_id IS NOT NULL AND (
    a.id IS NULL OR a.state <> 'granted' OR a.entry_id IS DISTINCT FROM e.id OR a.decided_at > a.expires_at
    OR a.action <> e.action OR a.request_digest <> e.request_digest
    OR (strpos(convert_from(a.arguments, 'UTF8'), '{"personal":') = 0 AND a.arguments_digest <> e.arguments_digest))"""

APPROVAL_USED_OTHERWISE = """
SELECT a.id AS approval_id, a.state, a.entry_id, 'granted without the entry it was for' AS why
FROM log.approvals a LEFT JOIN log.entries e ON e.id = a.entry_id AND e.approval_id = a.id
WHERE a.state = 'granted' AND e.id IS NULL
UNION ALL
SELECT a.id, a.state, a.entry_id, 'it has an entry though it was not granted'
FROM log.approvals a WHERE a.state <> 'granted' AND a.entry_id IS NOT NULL"""

DECIDED_EFFECTS = Invariant(
    "I13",
    "every effect has one intent and one policy decision, and where required one unexpired approval of what ran",
    (EFFECT_WITHOUT_ENTRY, ENTRY_WITHOUT_DECISION, ENTRY_WITHOUT_ITS_APPROVAL, APPROVAL_USED_OTHERWISE),
)

GAP_IN_POSITIONS = """
SELECT position, previous, 'positions are missing before it' AS why
FROM (SELECT position, coalesce(lag(position) OVER (ORDER BY position), 0) AS previous FROM log.positions) AS p
WHERE position <> previous + 1"""

POSITIONS_OUT_OF_ORDER = """
SELECT position, sequence, 'its sequence is below that of the position before' AS why
FROM (SELECT position, sequence, lag(sequence) OVER (ORDER BY position) AS previous FROM log.positions) AS p
WHERE sequence <= previous"""

SEALED_OVER = """
SELECT e.id AS entry_id, e.sequence, 'later entries were sealed without it' AS why
FROM log.entries e LEFT JOIN log.positions p ON p.entry_id = e.id
WHERE p.entry_id IS NULL AND e.sequence < (SELECT coalesce(max(sequence), 0) FROM log.positions)"""

CHANGE_WITHOUT_ENTRY = """
SELECT c.entry_id, c.table_name, c.row_key, 'its entry does not exist' AS why
FROM log.changes c LEFT JOIN log.entries e ON e.id = c.entry_id WHERE e.id IS NULL"""


def _fold_invariant(tables: Sequence[FoldedTable]) -> Invariant:
    return Invariant(
        "I14",
        "positions have no gap, and the tables are the fold of the log",
        (
            GAP_IN_POSITIONS,
            POSITIONS_OUT_OF_ORDER,
            SEALED_OVER,
            CHANGE_WITHOUT_ENTRY,
            *(_row_unlike_its_last_change(table) for table in tables),
        ),
    )


def _row_unlike_its_last_change(table: FoldedTable) -> str:
    """A row's changes are numbered while it is locked, so the highest number is the newest image."""
    row_key = " || '/' || ".join(f't."{column}"::text' for column in table.key_columns)
    return f"""
SELECT '{table.name}' AS table_name, row_key, c.entry_id,
       CASE WHEN s.image IS NULL THEN 'the log has a row that the table has not'
            WHEN c.after IS NULL THEN 'the table has a row that the log has not'
            ELSE 'the table differs from the log' END AS why
FROM (
    SELECT DISTINCT ON (row_key) row_key, entry_id, after FROM log.changes
    WHERE table_name = '{table.name}' ORDER BY row_key, id DESC) AS c
FULL JOIN (SELECT {row_key} AS row_key, to_jsonb(t) AS image FROM {table.name} AS t) AS s USING (row_key)
WHERE c.after IS DISTINCT FROM s.image"""


KEY_USED_TWICE = """
SELECT key_scope, idempotency_key, count(*) AS entries, 'the key has several entries' AS why
FROM log.entries WHERE idempotency_key IS NOT NULL GROUP BY 1, 2 HAVING count(*) > 1"""

KEY_GRANTED_AND_DONE = """
SELECT e.key_scope, e.idempotency_key, e.id AS entry_id, 'the key was granted for another entry as well' AS why
FROM log.entries e JOIN log.approvals a ON a.key_scope = e.key_scope AND a.idempotency_key = e.idempotency_key
WHERE a.state = 'granted' AND a.entry_id IS DISTINCT FROM e.id"""

EFFECT_KEY_USED_TWICE = """
SELECT key, count(*) AS effects, 'several effects have this key' AS why
FROM log.effects GROUP BY key HAVING count(*) > 1"""

ONCE = Invariant(
    "I15",
    "the same key any number of times is the same as once",
    (KEY_USED_TWICE, KEY_GRANTED_AND_DONE, EFFECT_KEY_USED_TWICE),
)
