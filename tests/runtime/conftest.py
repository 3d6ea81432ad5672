"""A workshop per test."""

from collections.abc import AsyncIterator

import pytest

from tests.runtime.workshop import Workshop, open_workshop


@pytest.fixture
async def workshop(database_url: str) -> AsyncIterator[Workshop]:
    async with open_workshop(database_url) as opened:
        yield opened
