"""Colleagues for the tests of the console, over the shop that all tests of the pages share."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from tests.web.console.colleagues import ROLES, Colleague, colleague
from tests.web.shelf import Shelf


@pytest_asyncio.fixture(scope="session")
async def colleagues(shelf: Shelf) -> AsyncGenerator[dict[str, Colleague]]:
    """One of each role."""
    found = {role: await colleague(shelf, role) for role in ROLES}
    yield found
    for one in found.values():
        await one.client.aclose()


@pytest_asyncio.fixture
async def owner(colleagues: dict[str, Colleague]) -> Colleague:
    return colleagues["owner"]


@pytest_asyncio.fixture
async def support(colleagues: dict[str, Colleague]) -> Colleague:
    return colleagues["support"]
