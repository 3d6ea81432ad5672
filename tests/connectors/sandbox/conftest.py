"""One database for all the sandbox's tests: every payment and mail in them has an id of its own."""

import os
from collections.abc import AsyncGenerator

import pytest

from bottega.platform.database import scratch
from bottega.platform.database.embedded import Server
from bottega.platform.database.pool import Database


@pytest.fixture(scope="session")
async def sandbox_database_url(database_server: Server) -> AsyncGenerator[str]:
    name = f"sandbox_{os.getpid()}"
    yield await scratch.create_database(database_server.dsn, name, template="bottega_template")
    await scratch.drop_database(database_server.dsn, name)


@pytest.fixture(scope="session")
async def sandbox_database(sandbox_database_url: str) -> AsyncGenerator[Database]:
    database = await Database.open(sandbox_database_url, writers=8, readers=1)
    yield database
    await database.close()
