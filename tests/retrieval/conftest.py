"""The library that tests of retrieval search."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from bottega.platform.database.pool import Database
from tests.retrieval.library import open_library


@pytest_asyncio.fixture
async def library(database_url: str) -> AsyncGenerator[Database]:
    async with open_library(database_url) as opened:
        yield opened
