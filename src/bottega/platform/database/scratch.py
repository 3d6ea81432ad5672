"""Whole databases on the side: for replaying a log, for what-if, for tests."""

import re
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg

from bottega.kernel.errors import Conflict, Invalid, Unavailable

CONNECT_TIMEOUT_SECONDS = 15.0
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")


async def create_database(dsn: str, name: str, *, template: str | None = None) -> str:
    """Create an empty database, or a copy of `template`, on the server of `dsn`; returns the new one's dsn."""
    copied = f" TEMPLATE {_identifier(template)} STRATEGY WAL_LOG" if template else " TEMPLATE template0"
    try:
        await _on_server(dsn, f"CREATE DATABASE {_identifier(name)}{copied}")
    except asyncpg.DuplicateDatabaseError as error:
        raise Conflict(
            "database_exists", f"There is a database {name} already.", next_step="Drop it or choose another name."
        ) from error
    return dsn_of(dsn, name)


async def drop_database(dsn: str, name: str) -> None:
    """Drop a database with everything in it, ending its connections; none of that name is no error."""
    await _on_server(dsn, f"DROP DATABASE IF EXISTS {_identifier(name)} WITH (FORCE)")


def dsn_of(dsn: str, name: str) -> str:
    """The same server, another database."""
    return urlunsplit(urlsplit(dsn)._replace(path=f"/{name}"))


async def _on_server(dsn: str, statement: str) -> None:
    try:
        connection: asyncpg.Connection[Any] = await asyncpg.connect(dsn, timeout=CONNECT_TIMEOUT_SECONDS)
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise Unavailable(
            "database_unreachable",
            f"The database does not answer: {error}.",
            next_step="Check DATABASE_URL or `bottega db status`.",
        ) from error
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def _identifier(name: str) -> str:
    if not NAME.fullmatch(name):
        raise Invalid(
            "database_name_malformed",
            f"{name!r} is not a database name here.",
            next_step="Use small letters, digits and underscores, a letter first, at most 63.",
        )
    return f'"{name}"'
