"""Brings a database to the newest schema, once, however many processes ask at the same time."""

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import asyncpg

from bottega.kernel.errors import Conflict, Unavailable
from bottega.platform.database.migrations import sql_files

if TYPE_CHECKING:
    from sqlalchemy.engine import Connection

SERVER_VERSION_LOWEST = 16
VECTOR_VERSION_LOWEST = (0, 8)
CONNECT_TIMEOUT_SECONDS = 15.0
LOCK_TIMEOUT_SECONDS = 120
# A number of our own for pg_advisory_lock; advisory locks belong to one database.
LOCK_KEY = 0x626F7474656761

CURRENT = "SELECT revision, digest FROM platform.schema_version"
SERVER = """
SELECT current_setting('server_version_num')::int / 10000 AS major_version,
       current_setting('server_version') AS version,
       coalesce(
           (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'vector'),
           (SELECT default_version FROM pg_catalog.pg_available_extensions WHERE name = 'vector')
       ) AS vector_version
"""
PREPARE = """
CREATE SCHEMA IF NOT EXISTS platform;
CREATE TABLE IF NOT EXISTS platform.schema_version (
    only_row   boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision   text        NOT NULL COLLATE "C",
    digest     text        NOT NULL COLLATE "C",
    changed_at timestamptz NOT NULL DEFAULT now()
);
"""


@dataclass(frozen=True)
class SchemaVersion:
    """A revision and the digest of the SQL texts it was made from."""

    revision: str
    digest: str


@dataclass(frozen=True)
class MigrationResult:
    """`applied` is empty when the database was at head already."""

    revision: str
    applied: tuple[str, ...]
    duration_seconds: float


def head() -> SchemaVersion:
    """The newest schema this program knows."""
    newest = sql_files.revisions()[-1]
    return SchemaVersion(newest, sql_files.digest(newest))


async def current(dsn: str) -> SchemaVersion | None:
    """What the database was last brought to; None for a database that was never migrated."""
    connection = await _connect(dsn)
    try:
        return await _current(connection)
    finally:
        await connection.close()


async def migrate(dsn: str) -> MigrationResult:
    """Apply what is missing. A database at head costs one connection and one query, and Alembic is not loaded."""
    began = time.monotonic()
    connection = await _connect(dsn)
    try:
        applied: tuple[str, ...] = ()
        if _is_at_head(await _current(connection)):
            return MigrationResult(head().revision, applied, time.monotonic() - began)
        server = await connection.fetchrow(SERVER)
        assert server is not None
        refuse_unfit_server(server["major_version"], server["version"], server["vector_version"])
        await connection.execute(f"SET lock_timeout = '{LOCK_TIMEOUT_SECONDS}s'")
        try:
            await connection.execute("SELECT pg_advisory_lock($1)", LOCK_KEY)
        except asyncpg.LockNotAvailableError as error:
            raise Unavailable(
                "migration_running",
                f"Another process has been migrating this database for {LOCK_TIMEOUT_SECONDS} s.",
                next_step="Wait for it, or end it, and start again.",
                retry_after_seconds=30.0,
            ) from error
        # Whoever held the lock before may have done the work.
        before = await _current(connection)
        if not _is_at_head(before):
            applied = await _apply(connection, dsn, before)
        return MigrationResult(head().revision, applied, time.monotonic() - began)
    finally:
        await connection.close()


async def _connect(dsn: str) -> "asyncpg.Connection[Any]":
    try:
        return await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise Unavailable(
            "database_unreachable",
            f"The database does not answer: {error or type(error).__name__}.",
            next_step="Check DATABASE_URL, or run `bottega db start` for the embedded database.",
            retry_after_seconds=5.0,
        ) from error


async def _current(connection: "asyncpg.Connection[Any]") -> SchemaVersion | None:
    try:
        row = await connection.fetchrow(CURRENT)
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        return None
    return None if row is None else SchemaVersion(row["revision"], row["digest"])


def _is_at_head(found: SchemaVersion | None) -> bool:
    """Refuses a database that this program's revisions cannot have made."""
    if found is None:
        return False
    known = sql_files.revisions()
    if found.revision not in known:
        raise Conflict(
            "schema_is_newer",
            f"The database is at revision {found.revision}; this program knows revisions up to {known[-1]}.",
            next_step="Update bottega to the release that made this database.",
        )
    wanted = sql_files.digest(found.revision)
    if found.digest != wanted:
        raise Conflict(
            "schema_was_edited",
            f"The database was made from an older text of revision {found.revision}"
            f" (digest {found.digest[:12]}, now {wanted[:12]}).",
            next_step="There is no release yet, so there is no way over: run `bottega db reset` and import again.",
        )
    return found.revision == known[-1]


def refuse_unfit_server(major_version: int, version: str, vector_version: str | None) -> None:
    """Raise `Unavailable` for a server that cannot hold the schema."""
    if major_version < SERVER_VERSION_LOWEST:
        raise Unavailable(
            "database_server_too_old",
            f"The server is PostgreSQL {version}; bottega needs {SERVER_VERSION_LOWEST} or newer.",
            next_step="Upgrade the server, or unset DATABASE_URL to use the embedded one.",
        )
    if vector_version is None:
        raise Unavailable(
            "vector_extension_missing",
            "The server does not offer the extension `vector` (pgvector).",
            next_step="Install pgvector 0.8 or newer on the server.",
        )
    if tuple(int(part) for part in vector_version.split(".")[:2]) < VECTOR_VERSION_LOWEST:
        raise Unavailable(
            "vector_extension_too_old",
            f"The database has pgvector {vector_version}; bottega needs 0.8 or newer.",
            next_step="Update pgvector, then run ALTER EXTENSION vector UPDATE.",
        )


async def _apply(connection: "asyncpg.Connection[Any]", dsn: str, before: SchemaVersion | None) -> tuple[str, ...]:
    # Loaded only here: SQLAlchemy and Alembic take longer than everything else at a start.
    from sqlalchemy.ext.asyncio import create_async_engine
    from sqlalchemy.pool import NullPool

    async def connect() -> "asyncpg.Connection[Any]":
        return await _connect(dsn)

    engine = create_async_engine("postgresql+asyncpg://", async_creator=connect, poolclass=NullPool)
    try:
        await connection.execute(PREPARE)
        async with engine.connect() as migrating:
            await migrating.run_sync(_upgrade)
    except asyncpg.InsufficientPrivilegeError as error:
        raise Unavailable(
            "database_privilege_missing",
            f"The database user may not create what bottega needs: {error}.",
            next_step="Let an administrator run CREATE EXTENSION vector in this database and grant CREATE on it.",
        ) from error
    finally:
        await engine.dispose()
    known = sql_files.revisions()
    return known[known.index(before.revision) + 1 :] if before else known


def _upgrade(connection: "Connection") -> None:
    from alembic import command
    from alembic.config import Config

    settings = Config()
    settings.set_main_option("script_location", str(sql_files.FOLDER).replace("%", "%%"))
    settings.attributes["connection"] = connection
    command.upgrade(settings, "head")
