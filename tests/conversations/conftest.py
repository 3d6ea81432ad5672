"""The demo shop, loaded once and copied for each conversation."""

import asyncio
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bottega.platform.database import embedded, file_locks, scratch
from bottega.settings import Settings
from tests.conftest import DIRECTORY_VARIABLE, TEMPLATE, execute, next_database_name
from tests.conversations.demo_shop import load_demo_shop
from tests.shop_fixtures import settings_for

DEMO_TEMPLATE = "bottega_demo_template"


@pytest.fixture(scope="session")
def demo_template(database_server: embedded.Server) -> str:
    """The name of a database that holds the demo shop, its search index and its documents."""
    directory = Path(os.environ[DIRECTORY_VARIABLE])
    with file_locks.held(directory / "demo.lock", timeout_seconds=900, purpose="demo shop"):
        ready = directory / "demo.ready"
        if not ready.exists():
            execute(database_server, f"DROP DATABASE IF EXISTS {DEMO_TEMPLATE}")
            execute(database_server, f"CREATE DATABASE {DEMO_TEMPLATE} TEMPLATE {TEMPLATE}")
            with ThreadPoolExecutor(1) as thread:
                settings = shop_settings_for(scratch.dsn_of(database_server.dsn, DEMO_TEMPLATE), directory)
                thread.submit(asyncio.run, load_demo_shop(settings, datetime.now(UTC))).result()
            ready.touch()
    return DEMO_TEMPLATE


@pytest.fixture
def demo_url(
    database_server: embedded.Server, database_dropper: ThreadPoolExecutor, demo_template: str
) -> Iterator[str]:
    """The dsn of a demo shop of this test alone."""
    name = next_database_name()
    execute(database_server, f"CREATE DATABASE {name} TEMPLATE {demo_template} STRATEGY FILE_COPY")
    yield scratch.dsn_of(database_server.dsn, name)
    database_dropper.submit(execute, database_server, f"DROP DATABASE {name} WITH (FORCE)")


def shop_settings_for(dsn: str, directory: Path) -> Settings:
    """With the embedder of this machine: the assistant understands by meaning too."""
    return settings_for(dsn, directory, embedder="minilm")
