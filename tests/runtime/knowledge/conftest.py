"""What the tests of knowledge share: an open database, and files of each kind made on the spot."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from bottega.platform.database.pool import Database


@pytest_asyncio.fixture
async def database(database_url: str) -> AsyncGenerator[Database]:
    opened = await Database.open(database_url, writers=4, readers=4)
    yield opened
    await opened.close()
