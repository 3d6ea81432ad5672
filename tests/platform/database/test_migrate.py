"""Migrating: once, by one of many, quickly when nothing is to do, and with clear words when it cannot be."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from bottega.kernel.errors import Conflict, Invalid, Unavailable
from bottega.platform.database import embedded, migrate, scratch
from bottega.platform.database.migrations import sql_files

MIGRATE_AND_SAY = """
import asyncio, sys
from bottega.platform.database.migrate import migrate
result = asyncio.run(migrate(sys.argv[1]))
print(",".join(result.applied), "alembic" in sys.modules, "sqlalchemy" in sys.modules)
"""


@pytest.fixture
async def empty_database_url(database_server: embedded.Server) -> Any:
    """The dsn of a database without any schema."""
    url = await scratch.create_database(database_server.dsn, "never_migrated")
    yield url
    await scratch.drop_database(database_server.dsn, "never_migrated")


async def fetch(url: str, query: str) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return [row[0] for row in await connection.fetch(query)]
    finally:
        await connection.close()


def migrating(url: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", MIGRATE_AND_SAY, url],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


async def test_a_test_database_is_at_head_and_has_the_schemas(database_url: str) -> None:
    assert await migrate.current(database_url) == migrate.head()
    schemas = "SELECT nspname FROM pg_namespace WHERE nspname IN ('shop','log','vault','platform','search') ORDER BY 1"
    assert await fetch(database_url, schemas) == ["log", "platform", "search", "shop", "vault"]
    assert await fetch(database_url, "SELECT version_num FROM platform.alembic_version") == [migrate.head().revision]


async def test_a_new_database_is_migrated_once_by_one_of_four_processes(empty_database_url: str) -> None:
    assert await migrate.current(empty_database_url) is None
    processes = [migrating(empty_database_url) for _ in range(4)]
    answers = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0], answers
    everything = ",".join(sql_files.revisions())
    assert sorted(answer.split(" ")[0] for answer, _ in answers) == ["", "", "", everything]
    assert await migrate.current(empty_database_url) == migrate.head()


async def test_at_head_neither_alembic_nor_sqlalchemy_is_loaded(database_url: str) -> None:
    process = migrating(database_url)
    assert await asyncio.to_thread(process.communicate, timeout=60) == (" False False\n", "")
    assert (await migrate.migrate(database_url)).applied == ()


async def test_head_is_alembics_head() -> None:
    settings = Config()
    settings.set_main_option("script_location", str(sql_files.FOLDER))
    assert ScriptDirectory.from_config(settings).get_heads() == [migrate.head().revision]


_OLDER_TEXT = rf"revision {migrate.head().revision} \(digest 000000000000, now .*bottega db reset"


async def test_a_database_made_from_an_older_text_is_refused_and_unchanged(database_url: str) -> None:
    await fetch(database_url, "UPDATE platform.schema_version SET digest = repeat('0', 64) RETURNING 1")
    with pytest.raises(Conflict, match=_OLDER_TEXT) as refused:
        await migrate.migrate(database_url)
    assert refused.value.code == "schema_was_edited"
    found = await migrate.current(database_url)
    assert found == migrate.SchemaVersion(migrate.head().revision, "0" * 64)


async def test_a_database_of_a_later_release_is_refused(database_url: str) -> None:
    await fetch(database_url, "UPDATE platform.schema_version SET revision = '9999' RETURNING 1")
    with pytest.raises(Conflict, match="at revision 9999") as refused:
        await migrate.migrate(database_url)
    assert refused.value.code == "schema_is_newer"


@pytest.fixture
def broken_sql(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "00_good.sql").write_text("CREATE TABLE platform.first (number int);")
    (tmp_path / "01_broken.sql").write_text("CREATE TABLE platform.second (number int); SELECT nonsense;")
    monkeypatch.setattr(sql_files, "SQL_FOLDER", tmp_path)


async def test_a_failing_file_is_named_and_leaves_nothing_behind(empty_database_url: str, broken_sql: None) -> None:
    with pytest.raises(asyncpg.UndefinedColumnError) as failed:
        await migrate.migrate(empty_database_url)
    assert failed.value.__notes__ == ["while running 01_broken.sql of revision 0001"]
    assert await migrate.current(empty_database_url) is None
    tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'platform' ORDER BY 1"
    assert await fetch(empty_database_url, tables) == ["schema_version"]


def test_the_digest_follows_every_text_of_its_revision(broken_sql: None, tmp_path: Path) -> None:
    before = sql_files.digest("0001")
    (tmp_path / "01_broken.sql").write_text("SELECT 1;")
    after = sql_files.digest("0001")
    assert before != after
    (tmp_path / "01_broken.sql").rename(tmp_path / "02_broken.sql")
    assert sql_files.digest("0001") not in {before, after}


@pytest.mark.parametrize(
    ("major_version", "vector_version", "code"),
    [
        (15, "0.8.0", "database_server_too_old"),
        (16, None, "vector_extension_missing"),
        (17, "0.7.4", "vector_extension_too_old"),
    ],
)
def test_an_unfit_server_is_refused(major_version: int, vector_version: str | None, code: str) -> None:
    with pytest.raises(Unavailable) as refused:
        migrate.refuse_unfit_server(major_version, f"{major_version}.1", vector_version)
    assert refused.value.code == code
    assert refused.value.next_step


def test_the_oldest_fit_server_passes() -> None:
    migrate.refuse_unfit_server(16, "16.0", "0.8.0")


async def test_an_unreachable_server_is_named_with_the_next_step(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="bottega db start") as refused:
        await migrate.migrate(f"postgresql://bottega@/bottega?host={tmp_path}&port=5432")
    assert refused.value.code == "database_unreachable"


async def test_a_user_without_the_right_to_create_is_told_so(
    database_server: embedded.Server, empty_database_url: str
) -> None:
    await fetch(database_server.dsn, "CREATE ROLE guest LOGIN")
    try:
        with pytest.raises(Unavailable, match="CREATE EXTENSION vector") as refused:
            await migrate.migrate(empty_database_url.replace("bottega@", "guest@"))
        assert refused.value.code == "database_privilege_missing"
    finally:
        await fetch(database_server.dsn, "DROP ROLE guest")


async def test_a_scratch_database_is_created_once_and_dropped_with_its_connections(
    database_server: embedded.Server,
) -> None:
    url = await scratch.create_database(database_server.dsn, "scratch_one")
    with pytest.raises(Conflict):
        await scratch.create_database(database_server.dsn, "scratch_one")
    connection = await asyncpg.connect(url)
    await scratch.drop_database(database_server.dsn, "scratch_one")
    with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
        await connection.fetch("SELECT 1")
    await scratch.drop_database(database_server.dsn, "scratch_one")
    connection.terminate()


async def test_a_database_name_cannot_carry_sql(database_server: embedded.Server) -> None:
    with pytest.raises(Invalid):
        await scratch.create_database(database_server.dsn, 'x"; DROP DATABASE bottega; --')
