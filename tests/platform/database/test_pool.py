"""The pool that searches: whoever is interrupted leaves its connection as it was."""

import asyncio

import asyncpg
import pytest

from bottega.platform.database import pool
from bottega.platform.database.pool import Database

SET_AND_TAKE_LONG = "BEGIN; SET plan_cache_mode = force_custom_plan; COMMIT; SELECT pg_sleep(30)"


async def test_who_is_interrupted_while_planning_is_changed_leaves_no_trace(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool, "_PLAN_FOR_VALUES", SET_AND_TAKE_LONG)
    database = await Database.open(database_url, readers=1)
    onlooker = await asyncpg.connect(database_url)
    processes: list[int] = []

    async def search() -> None:
        async with database.search() as connection:
            processes.append(await connection.fetchval("SELECT pg_backend_pid()"))
            await pool.plan_for_values(connection)

    async def takes_long() -> bool:
        waiting = "SELECT wait_event = 'PgSleep' FROM pg_stat_activity WHERE pid = $1"
        return bool(processes and await onlooker.fetchval(waiting, processes[0]))

    try:
        searching = asyncio.create_task(search())
        async with asyncio.timeout(10):
            while not await takes_long():  # noqa: ASYNC110 - it happens in the database
                await asyncio.sleep(0.01)
        searching.cancel()
        await asyncio.gather(searching, return_exceptions=True)
        async with database.search() as connection:
            assert await connection.fetchval("SELECT pg_backend_pid()") == processes[0]
            assert await connection.fetchval("SHOW plan_cache_mode") == "force_generic_plan"
    finally:
        await onlooker.close()
        await database.close()
