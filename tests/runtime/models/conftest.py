"""One database for all tests of the router, emptied before each, and a workbench on it."""

import os
from collections.abc import AsyncGenerator

import pytest

from bottega.platform.database import scratch
from bottega.platform.database.embedded import Server
from bottega.platform.database.pool import Database
from tests.runtime.models.workbench import Workbench

TABLES = ("model_calls", "model_budgets", "model_reservations", "model_breakers", "model_cache")


@pytest.fixture(scope="session")
async def models_database_url(database_server: Server) -> AsyncGenerator[str]:
    name = f"models_{os.getpid()}"
    yield await scratch.create_database(database_server.dsn, name, template="bottega_template")
    await scratch.drop_database(database_server.dsn, name)


@pytest.fixture
async def bench(models_database_url: str) -> AsyncGenerator[Workbench]:
    database = await Database.open(models_database_url, writers=8, readers=4)
    async with database.connection() as connection:
        await connection.execute("; ".join(f"DELETE FROM runtime.{table}" for table in TABLES))
    yield Workbench(database)
    await database.close()
