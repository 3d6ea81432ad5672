"""A second shop beside the test's own, to carry a catalogue over to."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import asyncpg
import pytest_asyncio

from bottega.kernel.identifiers import new_id
from bottega.platform.database import embedded, scratch
from tests.conftest import TEMPLATE
from tests.shop_fixtures import Shop, open_shop


@pytest_asyncio.fixture
async def other_shop(database_server: embedded.Server, tmp_path: Path) -> AsyncGenerator[Shop]:
    """An empty shop over a database of its own."""
    name = f"other_{new_id('tst')}"
    server: Any = await asyncpg.connect(scratch.dsn_of(database_server.dsn, "postgres"))
    try:
        await server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        async with open_shop(scratch.dsn_of(database_server.dsn, name), tmp_path / "other") as opened:
            yield opened
        await server.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await server.close()
