"""Migrating: once, by one of many, quickly when nothing is to do, and with clear words when it cannot be."""

import asyncpg

from bottega.platform.database import migrate


async def test_a_test_database_is_at_head_and_has_the_schemas(database_url: str) -> None:
    assert await migrate.current(database_url) == migrate.head()
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch(
            "SELECT nspname FROM pg_namespace WHERE nspname = ANY($1) ORDER BY 1",
            ["shop", "log", "vault", "platform", "search"],
        )
        assert [row["nspname"] for row in rows] == ["log", "platform", "search", "shop", "vault"]
    finally:
        await connection.close()
