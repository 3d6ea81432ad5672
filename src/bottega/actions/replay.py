"""Replay: rebuilding the shop's tables from the log alone, to compare them or to stand at an earlier position."""

import contextlib
import os
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

import asyncpg

from bottega.actions.fold import (
    BrokenChange,
    FoldedTable,
    Progress,
    copy_rows,
    count_entries,
    fold,
    folded_tables,
    release_tables,
)
from bottega.kernel.errors import Invalid
from bottega.platform.database import pool
from bottega.platform.database.migrate import migrate
from bottega.platform.database.pool import Connection
from bottega.platform.database.scratch import create_database, drop_database

ROWS_PER_FETCH = 1000
CONNECT_TIMEOUT_SECONDS = 15

Prepare: TypeAlias = Callable[[str], Awaitable[object]]
Tell: TypeAlias = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Difference:
    """The first place where the tables are not what the log says; no column when one side lacks the whole row.

    `entry_id` is set when the log itself does not join up at that entry.
    """

    table_name: str
    row_key: str
    column: str | None
    in_shop: Any
    in_log: Any
    entry_id: str | None = None

    def __str__(self) -> str:
        place = f"{self.table_name} {self.row_key}" + (f", column {self.column}" if self.column else "")
        if self.entry_id is not None:
            return f"{place}: entry {self.entry_id} changed {self.in_log!r}, but {self.in_shop!r} stood there"
        return f"{place}: the shop has {self.in_shop!r}, the log makes it {self.in_log!r}"


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What was replayed; `apply_seconds` is the reading and applying of changes, without setting up and comparing."""

    entries: int
    changes: int
    tables: int
    rows: int
    difference: Difference | None
    apply_seconds: float
    total_seconds: float

    @property
    def actions_per_second(self) -> float:
        """Entries applied in a second."""
        return self.entries / self.apply_seconds if self.apply_seconds else 0.0

    @property
    def changes_per_second(self) -> float:
        """Changed rows applied in a second: the measure for imports, whose actions change hundreds of rows each."""
        return self.changes / self.apply_seconds if self.apply_seconds else 0.0


@dataclass(frozen=True, slots=True)
class RestoreReport:
    """The database that was rebuilt."""

    name: str
    dsn: str
    position: int
    entries: int
    changes: int
    total_seconds: float


async def verify_replay(dsn: str, *, prepare: Prepare = migrate, tell: Tell | None = None) -> ReplayReport:
    """Applies the log to a scratch database and compares every folded table; the shop may go on working meanwhile.

    `prepare` gives an empty database its tables. The scratch database is dropped in the end.
    """
    began = time.monotonic()
    async with _snapshot(dsn) as source, _scratch(dsn, prepare) as target:
        tables = await _same_tables(source, target)
        await release_tables(target, tables)
        progress = Progress(await count_entries(source, None), tell=tell)
        applying = time.monotonic()
        broken = await fold(source, target, tables, progress)
        apply_seconds = time.monotonic() - applying
        difference, rows = (_of_broken(broken), 0) if broken else await _compare(source, target, tables)
    return ReplayReport(
        progress.entries,
        progress.changes,
        len(tables),
        rows,
        difference,
        apply_seconds,
        time.monotonic() - began,
    )


async def restore(
    dsn: str,
    name: str,
    position: int,
    *,
    carried: Sequence[str] = (),
    prepare: Prepare = migrate,
    tell: Tell | None = None,
) -> RestoreReport:
    """Rebuilds the shop as it stood at a position in a new database of that name on the same server.

    It holds the tables, the log up to there and today's vault (what was forgotten stays forgotten), but no effects,
    jobs, sessions or keys: nothing that was sent is sent again. `carried` tables are copied as they stand today: what
    the outside knows does not go back in time with us.
    """
    began = time.monotonic()
    async with _snapshot(dsn) as source:
        sequence = await source.fetchval("SELECT sequence FROM log.positions WHERE position = $1", position)
        if sequence is None:
            newest = await source.fetchval("SELECT coalesce(max(position), 0) FROM log.positions")
            raise Invalid("no_such_position", f"The log has positions 1 to {newest}, not {position}.")
        new_dsn = await create_database(dsn, name)
        try:
            await prepare(new_dsn)
            target = await _connect(new_dsn)
            try:
                tables = await _same_tables(source, target)
                restoring = await release_tables(target, tables)
                progress = Progress(await count_entries(source, sequence), tell=tell)
                broken = await fold(source, target, tables, progress, upto_sequence=sequence)
                if broken is not None:
                    raise Invalid(
                        "log_does_not_join_up", str(_of_broken(broken)), next_step="See `bottega log verify`."
                    )
                async with target.transaction():
                    for statement in restoring:
                        await target.execute(statement)
                    await _copy_log(source, target, sequence, position)
                    await _carry(source, target, carried)
            finally:
                await target.close()
        except BaseException:
            await drop_database(dsn, name)
            raise
    return RestoreReport(name, new_dsn, position, progress.entries, progress.changes, time.monotonic() - began)


async def _connect(dsn: str) -> Connection:
    connection: Any = await asyncpg.connect(
        dsn,
        timeout=CONNECT_TIMEOUT_SECONDS,
        server_settings={
            "application_name": "bottega-replay",
            "timezone": "UTC",
            "synchronous_commit": "off",
            "jit": "off",
        },
    )
    await pool.speak_json(connection)
    return connection


@asynccontextmanager
async def _snapshot(dsn: str) -> AsyncGenerator[Connection]:
    connection = await _connect(dsn)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection
    finally:
        await connection.close()


@asynccontextmanager
async def _scratch(dsn: str, prepare: Prepare) -> AsyncGenerator[Connection]:
    name = f"bottega_replay_{os.getpid()}_{secrets.token_hex(4)}"
    scratch_dsn = await create_database(dsn, name)
    try:
        await prepare(scratch_dsn)
        connection = await _connect(scratch_dsn)
        try:
            yield connection
        finally:
            await connection.close()
    finally:
        await drop_database(dsn, name)


async def _same_tables(source: Connection, target: Connection) -> list[FoldedTable]:
    tables = await folded_tables(source)
    if sorted(tables, key=_name) != sorted(await folded_tables(target), key=_name):
        raise Invalid(
            "schema_differs",
            "The database's folded tables are not those of this program.",
            next_step="Run the release of bottega that this database belongs to.",
        )
    return tables


def _name(table: FoldedTable) -> str:
    return table.name


def _of_broken(broken: BrokenChange) -> Difference:
    stands, before = broken.stands, broken.before
    column = _differing_column(stands, before) if stands and before else None
    if column is None:
        return Difference(broken.table_name, broken.row_key, None, stands, before, broken.entry_id)
    assert stands is not None
    assert before is not None
    return Difference(
        broken.table_name, broken.row_key, column, stands.get(column), before.get(column), broken.entry_id
    )


async def _compare(
    source: Connection, target: Connection, tables: Sequence[FoldedTable]
) -> tuple[Difference | None, int]:
    """The first difference, and how many rows were compared."""
    total = 0
    for table in tables:
        query = (
            f"SELECT count(*), coalesce(sum(hash_record_extended(ROW({table.listed('t')}), 0)::numeric), 0) "
            f"FROM {table.name} AS t"
        )
        mine, theirs = await source.fetchrow(query), await target.fetchrow(query)
        assert mine is not None
        if mine != theirs:
            return await _first_difference(source, target, table), total
        total += mine[0]
    return None, total


async def _first_difference(source: Connection, target: Connection, table: FoldedTable) -> Difference:
    """The first differing row by key, both sides read in step."""
    async with target.transaction(), contextlib.AsyncExitStack() as stack:
        streams: list[AsyncGenerator[tuple[Any, Any]]] = []
        for connection in (source, target):
            stream = _keys_and_hashes(connection, table)
            stack.push_async_callback(stream.aclose)
            streams.append(stream)
        key = await _first_differing_key(*streams)
        assert key is not None, "tables with other sums differ in some row"
        condition = " AND ".join(f't."{column}" = ${number}' for number, column in enumerate(table.key_columns, 1))
        query = f"SELECT to_jsonb(t) FROM {table.name} AS t WHERE {condition}"
        in_shop, in_log = await source.fetchval(query, *key), await target.fetchval(query, *key)
    row_key = "/".join(str(part) for part in key)
    column = _differing_column(in_shop, in_log) if in_shop and in_log else None
    if column is None:
        return Difference(table.name, row_key, None, in_shop, in_log)
    return Difference(table.name, row_key, column, in_shop[column], in_log[column])


async def _keys_and_hashes(connection: Connection, table: FoldedTable) -> AsyncGenerator[tuple[Any, Any]]:
    query = (
        f"SELECT hash_record_extended(ROW({table.listed('t')}), 0) AS row_hash, {table.key_of('t')} "
        f"FROM {table.name} AS t ORDER BY {table.key_of('t')}"
    )
    async for row in connection.cursor(query, prefetch=ROWS_PER_FETCH):
        values = tuple(row)
        yield values[1:], values[0]


async def _first_differing_key(one: AsyncIterator[tuple[Any, Any]], other: AsyncIterator[tuple[Any, Any]]) -> Any:
    """Both are sorted by key; text keys have the collation C, which is the order of Python's strings."""
    while True:
        mine, theirs = await anext(one, None), await anext(other, None)
        if mine != theirs or mine is None:
            return None if mine == theirs else min(pair[0] for pair in (mine, theirs) if pair is not None)


def _differing_column(one: dict[str, Any], other: dict[str, Any]) -> str | None:
    return next((name for name in {**one, **other} if one.get(name) != other.get(name)), None)


async def _copy_log(source: Connection, target: Connection, sequence: int, position: int) -> None:
    """The log up to a position, its blocks as far as they are whole, and the vault; later entries are sealed again."""
    sealed = await source.fetchval(
        "SELECT coalesce(max(last_position), 0) FROM log.blocks WHERE last_position <= $1", position
    )
    await target.execute("SET LOCAL bottega.entry = 'restore'")
    for table, condition, value in (
        ("log.entries", "sequence <= $1", sequence),
        ("log.changes", "entry_id IN (SELECT id FROM log.entries WHERE sequence <= $1)", sequence),
        ("log.positions", "position <= $1", sealed),
        ("log.blocks", "last_position <= $1", sealed),
        ("vault.values", "$1::bigint = 0", 0),
        ("vault.lookups", "$1::bigint = 0", 0),
    ):
        schema, name = table.split(".")
        await copy_rows(source, f"SELECT * FROM {table} WHERE {condition}", (value,), target, name, schema=schema)


async def _carry(source: Connection, target: Connection, carried: Sequence[str]) -> None:
    """Tables as they stand today; numbers that were given out, by them or by the shop, are not given out again."""
    for table in carried:
        schema, name = table.split(".")
        await copy_rows(source, f"SELECT * FROM {table}", (), target, name, schema=schema)
    for row in await source.fetch(_SEQUENCES, carried):
        last = await source.fetchval(f"SELECT last_value FROM {row['name']}")
        await target.execute("SELECT setval($1::text::regclass, $2)", row["name"], last)


_SEQUENCES = """
SELECT n.nspname || '.' || c.relname AS name
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'S' AND (n.nspname IN ('shop', 'log') OR EXISTS (
    SELECT FROM pg_depend d WHERE d.objid = c.oid AND d.refobjid = ANY ($1::text[]::regclass[])))
ORDER BY 1"""
