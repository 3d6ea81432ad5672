"""Folding the log: applying recorded changes to empty tables, in big batches, with the memory of one batch."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bottega.platform.database.pool import Connection

# A batch ends at the entry with which it reaches either.
BATCH_ENTRIES = 5000
BATCH_CHANGES = 50_000
PIPE_CHUNKS = 16


@dataclass(frozen=True, slots=True)
class FoldedTable:
    """A folded table, its columns in order, and those of its primary key. Names are of our own making."""

    name: str
    columns: tuple[str, ...]
    key_columns: tuple[str, ...]

    def listed(self, alias: str) -> str:
        """Every column, explicitly."""
        return ", ".join(f'{alias}."{column}"' for column in self.columns)

    def key_of(self, alias: str) -> str:
        """The columns of the primary key."""
        return ", ".join(f'{alias}."{column}"' for column in self.key_columns)


@dataclass(frozen=True, slots=True)
class BrokenChange:
    """A change whose image before is not what the changes before it had made of the row."""

    table_name: str
    row_key: str
    entry_id: str
    stands: dict[str, Any] | None
    before: dict[str, Any] | None


@dataclass(slots=True)
class Progress:
    """How far a fold has come; `tell` hears it after every batch."""

    total_entries: int
    entries: int = 0
    changes: int = 0
    tell: Callable[[int, int], None] | None = None

    def add(self, entries: int, changes: int) -> None:
        self.entries += entries
        self.changes += changes
        if self.tell is not None:
            self.tell(self.entries, self.total_entries)


async def folded_tables(connection: Connection) -> list[FoldedTable]:
    """The folded tables in the order in which they were declared."""
    rows = await connection.fetch(_FOLDED_TABLES)
    return [FoldedTable(row["table_name"], tuple(row["columns"]), tuple(row["key_columns"])) for row in rows]


async def count_entries(source: Connection, upto_sequence: int | None) -> int:
    """How many entries a fold up to a sequence has to apply."""
    return await source.fetchval(
        "SELECT count(*) FROM log.entries WHERE $1::bigint IS NULL OR sequence <= $1", upto_sequence
    )


async def release_tables(target: Connection, tables: Sequence[FoldedTable]) -> list[str]:
    """Takes triggers and references off the target's tables; returns the statements that put them back."""
    restoring: list[str] = []
    for table in tables:
        await target.execute(f"ALTER TABLE {table.name} DISABLE TRIGGER USER")
        restoring.append(f"ALTER TABLE {table.name} ENABLE TRIGGER USER")
    for row in await target.fetch(_REFERENCES, [table.name for table in tables]):
        await target.execute(f'ALTER TABLE {row["table_name"]} DROP CONSTRAINT "{row["conname"]}"')
        restoring.append(f'ALTER TABLE {row["table_name"]} ADD CONSTRAINT "{row["conname"]}" {row["definition"]}')
    return restoring


async def fold(
    source: Connection,
    target: Connection,
    tables: Sequence[FoldedTable],
    progress: Progress,
    *,
    upto_sequence: int | None = None,
) -> BrokenChange | None:
    """Applies the source's changes to the target's tables in the order of sequences, which is that of positions.

    The source is in a repeatable-read transaction; the target's tables are empty and released. Stops at the first
    change that does not follow from the ones before it.
    """
    by_name = {table.name: table for table in tables}
    await target.execute(_STAGE)
    # The staged rows are few beside the tables, so each finds its row by the primary key's index.
    await target.execute("SET enable_hashjoin = off; SET enable_mergejoin = off")
    after = 0
    while True:
        rows = await source.fetch(_BATCH, after, upto_sequence, BATCH_ENTRIES)
        if not rows:
            await target.execute("DROP TABLE staged; RESET enable_hashjoin; RESET enable_mergejoin")
            return None
        last = rows[-1]["sequence"]
        total = 0
        for number, row in enumerate(rows, start=1):
            total += row["changed"]
            if total >= BATCH_CHANGES:
                rows, last = rows[:number], row["sequence"]
                break
        broken = await _apply(source, target, by_name, after, last)
        if broken is not None:
            return broken
        progress.add(len(rows), total)
        after = last


async def _apply(
    source: Connection, target: Connection, tables: dict[str, FoldedTable], after: int, last: int
) -> BrokenChange | None:
    """One batch, in one transaction of the target."""
    async with target.transaction():
        await target.execute("TRUNCATE staged")
        await copy_rows(source, _CHANGES_BETWEEN, (after, last), target, "staged", schema="pg_temp")
        await target.execute("ANALYZE staged")
        for row in await target.fetch("SELECT DISTINCT table_name FROM staged ORDER BY 1"):
            table = tables[row["table_name"]]
            broken = await target.fetchrow(_broken_change(table), table.name)
            if broken is not None:
                return BrokenChange(table.name, **broken)
            await target.execute(_removal(table), table.name)
            await target.execute(_insertion(table), table.name)
    return None


async def copy_rows(
    source: Connection, query: str, arguments: Sequence[Any], target: Connection, table: str, *, schema: str
) -> None:
    """Streams a query's rows from one database into a table of another; columns in the table's order."""
    queue: asyncio.Queue[bytes | None] = asyncio.Queue(PIPE_CHUNKS)

    async def produce() -> None:
        await source.copy_from_query(query, *arguments, output=queue.put, format="binary")
        await queue.put(None)

    async def chunks() -> AsyncIterator[bytes]:
        while (chunk := await queue.get()) is not None:
            yield chunk

    async with asyncio.TaskGroup() as group:
        group.create_task(produce())
        group.create_task(target.copy_to_table(table, schema_name=schema, source=chunks(), format="binary"))


def _broken_change(table: FoldedTable) -> str:
    """The first staged change whose image before is not what stands, or not what the change before it left."""
    return f"""
SELECT o.row_key, o.entry_id, CASE WHEN o.nth = 1 THEN to_jsonb(t) ELSE o.prior END AS stands, o.before
FROM (
    SELECT s.*, lag(s.after) OVER w AS prior, row_number() OVER w AS nth
    FROM staged s WHERE s.table_name = $1 WINDOW w AS (PARTITION BY s.row_key ORDER BY s.ordinal)) AS o
CROSS JOIN LATERAL jsonb_populate_record(NULL::{table.name}, coalesce(o.before, o.after)) AS k
LEFT JOIN {table.name} AS t ON o.nth = 1 AND ({table.key_of("t")}) = ({table.key_of("k")})
WHERE o.before IS DISTINCT FROM CASE WHEN o.nth = 1 THEN to_jsonb(t) ELSE o.prior END
ORDER BY o.ordinal LIMIT 1"""


def _removal(table: FoldedTable) -> str:
    """Removes the rows that the batch changed, as they stood before it."""
    return f"""
DELETE FROM {table.name} AS t
USING (
    SELECT DISTINCT ON (s.row_key) s.before FROM staged s
    WHERE s.table_name = $1 ORDER BY s.row_key, s.ordinal) AS first
CROSS JOIN LATERAL jsonb_populate_record(NULL::{table.name}, first.before) AS k
WHERE first.before IS NOT NULL AND ({table.key_of("t")}) = ({table.key_of("k")})"""


def _insertion(table: FoldedTable) -> str:
    """Puts the rows there as the batch left them."""
    names = ", ".join(f'"{column}"' for column in table.columns)
    return f"""
INSERT INTO {table.name} ({names})
SELECT {table.listed("r")}
FROM (
    SELECT DISTINCT ON (s.row_key) s.after FROM staged s
    WHERE s.table_name = $1 ORDER BY s.row_key, s.ordinal DESC) AS newest
CROSS JOIN LATERAL jsonb_populate_record(NULL::{table.name}, newest.after) AS r
WHERE newest.after IS NOT NULL"""


_FOLDED_TABLES = """
SELECT f.table_name, f.key_columns,
       (SELECT array_agg(a.attname::text ORDER BY a.attnum) FROM pg_attribute a
        WHERE a.attrelid = f.table_name::regclass AND a.attnum > 0 AND NOT a.attisdropped) AS columns
FROM log.folded_tables f ORDER BY f.ordinal"""

_REFERENCES = """
SELECT n.nspname || '.' || r.relname AS table_name, c.conname, pg_get_constraintdef(c.oid) AS definition
FROM pg_constraint c JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
WHERE c.contype = 'f' AND n.nspname || '.' || r.relname = ANY($1::text[]) ORDER BY 1, 2"""

_STAGE = """
CREATE TEMP TABLE staged (
    ordinal bigint, entry_id text, table_name text COLLATE "C", row_key text COLLATE "C", before jsonb, after jsonb)"""

_BATCH = """
SELECT e.sequence, (SELECT count(*) FROM log.changes c WHERE c.entry_id = e.id) AS changed
FROM log.entries e WHERE e.sequence > $1 AND ($2::bigint IS NULL OR e.sequence <= $2)
ORDER BY e.sequence LIMIT $3"""

_CHANGES_BETWEEN = """
SELECT row_number() OVER (ORDER BY e.sequence, c.id), c.entry_id, c.table_name, c.row_key, c.before, c.after
FROM log.entries e JOIN log.changes c ON c.entry_id = e.id
WHERE e.sequence > $1 AND e.sequence <= $2"""
