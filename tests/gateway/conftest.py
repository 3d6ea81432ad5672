"""A populated shop that the tests of one file share, because filling it takes seconds."""

from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor

import pytest
import pytest_asyncio

from bottega.platform.database import embedded, scratch
from tests.conftest import copy_template, execute, next_database_name
from tests.gateway.populated import Populated, open_populated


@pytest_asyncio.fixture(scope="module")
async def populated(
    database_server: embedded.Server, database_dropper: ThreadPoolExecutor, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Populated]:
    """One shop with one of everything."""
    name = next_database_name()
    copy_template(database_server, name)
    async with open_populated(scratch.dsn_of(database_server.dsn, name), tmp_path_factory.mktemp("shop")) as opened:
        yield opened
    database_dropper.submit(execute, database_server, f"DROP DATABASE {name} WITH (FORCE)")
