"""A real PostgreSQL for the tests: one embedded server per session, a fresh database per test.

A test asks for `database_url`. The template is migrated once; a copy of it takes 20 to 50 ms, and copies are
dropped in the background, because each DROP DATABASE waits for a checkpoint.
"""

import asyncio
import contextlib
import itertools
import os
import shutil
import tempfile
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import pytest_asyncio

from bottega.platform.database import embedded, file_locks, scratch, server_files, server_probe
from bottega.platform.database.migrate import migrate
from tests.shop_fixtures import Shop, open_shop

DIRECTORY_PREFIX = "bottega-tests-"
DIRECTORY_VARIABLE = "BOTTEGA_TEST_SESSION_DIRECTORY"
# The wheel carries PostgreSQL 16, the oldest we support, beside the newest: set this to 16 to test on it.
VERSION_VARIABLE = "BOTTEGA_TEST_POSTGRESQL"
TEMPLATE = "bottega_template"
# A thousand databases are made and dropped, and each waits for the disk: where there is room, they live in memory.
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - what is made in it is private
MEMORY_BYTES = 6 << 30


def pytest_configure(config: pytest.Config) -> None:
    """The process that began the session chooses the directory, unless it was given one; xdist's workers inherit it."""
    # Tests that are about meaning name an embedder; the others start no process with a model.
    os.environ.setdefault("BOTTEGA_EMBEDDER", "none")
    if _began_session(config) and DIRECTORY_VARIABLE not in os.environ:
        _stay_in_memory()
        _remove_abandoned()
        os.environ[DIRECTORY_VARIABLE] = tempfile.mkdtemp(prefix=f"{DIRECTORY_PREFIX}{os.getpid()}-")


def pytest_unconfigure(config: pytest.Config) -> None:
    directory = Path(os.environ.get(DIRECTORY_VARIABLE, ""))
    # Whoever gave us one keeps it.
    if _began_session(config) and directory.name.startswith(f"{DIRECTORY_PREFIX}{os.getpid()}-"):
        del os.environ[DIRECTORY_VARIABLE]
        _remove(directory)


@pytest.fixture(scope="session")
def database_server() -> embedded.Server:
    """The session's server, shared by all workers; its template database is at head."""
    directory = Path(os.environ[DIRECTORY_VARIABLE])
    version = os.environ.get(VERSION_VARIABLE)
    server = embedded.start(directory, major_version=int(version) if version else None)
    with file_locks.held(directory / "template.lock", timeout_seconds=120, purpose="test"):
        ready = directory / "template.ready"
        if not ready.exists():
            execute(server, f"DROP DATABASE IF EXISTS {TEMPLATE}")
            execute(server, f"CREATE DATABASE {TEMPLATE}")
            # In a thread of its own, because the test process has an event loop already.
            with ThreadPoolExecutor(1) as thread:
                thread.submit(asyncio.run, migrate(scratch.dsn_of(server.dsn, TEMPLATE))).result()
            ready.touch()
    return server


@pytest.fixture(scope="session")
def database_dropper() -> Iterator[ThreadPoolExecutor]:
    thread = ThreadPoolExecutor(1)
    yield thread
    # What still waits goes with the whole server.
    thread.shutdown(cancel_futures=True)


_numbers = itertools.count(1)


def next_database_name() -> str:
    """The name of a database that no other test uses."""
    return f"test_{os.getpid()}_{next(_numbers)}"


def copy_template(server: embedded.Server, name: str) -> None:
    """A database at head; copied as files where they are in memory, because on a disk that waits for it twice."""
    strategy = "FILE_COPY" if server.data_directory.is_relative_to(MEMORY_FOLDER) else "WAL_LOG"
    execute(server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY {strategy}")


@pytest.fixture
def database_url(database_server: embedded.Server, database_dropper: ThreadPoolExecutor) -> Iterator[str]:
    """The dsn of a database of this test alone, at head and empty."""
    name = next_database_name()
    copy_template(database_server, name)
    yield scratch.dsn_of(database_server.dsn, name)
    database_dropper.submit(execute, database_server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest_asyncio.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncGenerator[Shop]:
    """A whole empty shop over a fresh database."""
    async with open_shop(database_url, tmp_path) as opened:
        yield opened


def execute(server: embedded.Server, statement: str) -> None:
    """One statement on the server itself, from any thread."""
    files = server_files.locate(server.data_directory)
    assert files is not None
    server_probe.execute(files.socket_file, "postgres", statement)


def _began_session(config: pytest.Config) -> bool:
    return not hasattr(config, "workerinput")


def _stay_in_memory() -> None:
    """Put temporary files into memory, unless TMPDIR says where they go or there is too little of it."""
    if "TMPDIR" in os.environ or not os.access(MEMORY_FOLDER, os.W_OK):
        return
    if shutil.disk_usage(MEMORY_FOLDER).free >= MEMORY_BYTES:
        os.environ["TMPDIR"] = str(MEMORY_FOLDER)
        tempfile.tempdir = None


def _remove(directory: Path) -> None:
    # Two sessions may clear the same remains at once.
    with contextlib.suppress(FileNotFoundError):
        embedded.reset(directory)
        shutil.rmtree(directory)


def _remove_abandoned() -> None:
    """What sessions that were killed left behind."""
    for directory in Path(tempfile.gettempdir()).glob(f"{DIRECTORY_PREFIX}*"):
        owner = int(directory.name.removeprefix(DIRECTORY_PREFIX).partition("-")[0])
        if directory.stat().st_uid == os.geteuid() and not _is_alive(owner):
            _remove(directory)


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
