"""One filled shop for all tests of the pages in a process, because filling it takes seconds; each is a new visitor."""

from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor

import pytest
import pytest_asyncio

from bottega.platform.database import embedded, scratch
from tests.conftest import copy_template, execute, next_database_name
from tests.web.console.lived_in import lived_in
from tests.web.shelf import Shelf, open_shelf
from tests.web.visitor import Visitor


@pytest_asyncio.fixture(scope="session")
async def shelf(
    database_server: embedded.Server, database_dropper: ThreadPoolExecutor, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Shelf]:
    name = next_database_name()
    copy_template(database_server, name)
    async with open_shelf(scratch.dsn_of(database_server.dsn, name), tmp_path_factory.mktemp("shelf")) as opened:
        yield opened
    database_dropper.submit(execute, database_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture(scope="session")
async def addresses(shelf: Shelf) -> dict[str, str]:
    """An address for every path of the console that is looked at, with something to see there."""
    return await lived_in(shelf)


@pytest_asyncio.fixture
async def visitor(shelf: Shelf) -> AsyncGenerator[Visitor]:
    """Somebody who has never been here."""
    visiting = Visitor(shelf)
    yield visiting
    await visiting.client.aclose()
