"""The embedded server in bad times: races, sudden deaths, stale files, zombies, vanished sockets."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from bottega.platform.database import embedded, server_files, server_process

START_AND_SAY = """
import json, sys
from pathlib import Path
from bottega.platform.database import embedded
print(json.dumps(embedded.start(Path(sys.argv[1])).process_id))
"""


@pytest.fixture
def fresh_directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "data"
    embedded.reset(tmp_path / "data")


@pytest.fixture(scope="module")
def made_cluster(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A stopped cluster to copy, which takes a tenth of the time of making one."""
    directory = tmp_path_factory.mktemp("made")
    embedded.start(directory)
    embedded.stop(directory)
    return cluster_of(directory)


@pytest.fixture
def data_directory(fresh_directory: Path, made_cluster: Path) -> Path:
    home = server_files.usual_home(fresh_directory)
    home.mkdir(parents=True, mode=0o700)
    server_files.write_marker(fresh_directory, home, home / "socket")
    shutil.copytree(made_cluster, cluster_of(fresh_directory))
    return fresh_directory


def starting(data_directory: Path) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", START_AND_SAY, str(data_directory)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def cluster_of(data_directory: Path) -> Path:
    return data_directory / "database" / "server" / "cluster"


def postmasters(data_directory: Path) -> list[int]:
    """Who is the server; a child that it has just forked bears its command line until it has a title of its own."""
    parents = {int(entry.name): parent_of(int(entry.name)) for entry in Path("/proc").glob("[0-9]*")}
    alike = {number for number in parents if server_process.is_postmaster(number, cluster_of(data_directory))}
    return sorted(number for number in alike if parents[number] not in alike)


def parent_of(process_id: int) -> int | None:
    """The number of its parent process, None once it has gone."""
    try:
        # The program's name stands in brackets and may hold spaces and brackets itself.
        return int(Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return None


def until(condition: Callable[[], object], timeout_seconds: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


def end_hard(server: embedded.Server) -> None:
    os.kill(server.process_id, signal.SIGKILL)
    until(lambda: not server_process.is_postmaster(server.process_id, cluster_of(server.data_directory)))


async def count(dsn: str) -> int:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute("CREATE TABLE IF NOT EXISTS kept (number int)")
        await connection.execute("INSERT INTO kept VALUES (1)")
        return await connection.fetchval("SELECT count(*) FROM kept")
    finally:
        await connection.close()


def test_five_processes_on_a_fresh_directory_get_one_server(fresh_directory: Path) -> None:
    processes = [starting(fresh_directory) for _ in range(5)]
    answers = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * 5, answers
    process_ids = {json.loads(output) for output, _ in answers}
    assert process_ids == set(postmasters(fresh_directory))
    assert len(process_ids) == 1


async def test_a_killed_server_is_started_again_with_its_data(data_directory: Path) -> None:
    server = embedded.start(data_directory)
    assert await count(server.dsn) == 1
    for expected in (2, 3):
        end_hard(server)
        # All at once, while children of the dead server may still be there.
        processes = [starting(data_directory) for _ in range(2)]
        server = embedded.start(data_directory)
        answers = [process.communicate(timeout=60) for process in processes]
        assert {json.loads(output) for output, _ in answers} == {server.process_id}
        assert await count(server.dsn) == expected


async def test_a_killed_child_of_the_server_is_survived(data_directory: Path) -> None:
    server = embedded.start(data_directory)
    assert await count(server.dsn) == 1
    connection = await asyncpg.connect(server.dsn)
    os.kill(connection.get_server_pid(), signal.SIGKILL)
    connection.terminate()
    # The server throws all its children away and recovers; until it has noticed, it may still answer.
    until(lambda: "all server processes terminated" in server.log_file.read_text())
    assert embedded.start(data_directory).process_id == server.process_id
    assert await count(server.dsn) == 2


def kill_recovering_process(server: embedded.Server) -> bool:
    """Kill the background writer, then the process that recovers from that; False when it was too quick."""
    cluster = cluster_of(server.data_directory)
    names = {number: " ".join(server_process.command_of(number)) for number in server_process.remaining(cluster)}
    os.kill(next(number for number, name in names.items() if "background writer" in name), signal.SIGKILL)
    # On a busy machine the others take a while to end, and recovery begins after that.
    deadline = time.monotonic() + 3.0
    while time.monotonic() < deadline:
        for number in server_process.remaining(cluster):
            if "startup" in " ".join(server_process.command_of(number)):
                os.kill(number, signal.SIGKILL)
                return True
    return False


async def write_much(dsn: str) -> None:
    """Some 60 MB of log, so that recovery takes long enough to be caught."""
    connection = await asyncpg.connect(dsn)
    await connection.execute("CREATE TABLE IF NOT EXISTS much (it text)")
    await connection.execute("INSERT INTO much SELECT repeat('x', 100) FROM generate_series(1, 400000)")
    await connection.close()


@pytest.mark.parametrize("verb", ["start", "stop"])
async def test_a_server_that_lost_its_recovering_process_is_no_obstacle(
    data_directory: Path, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    monkeypatch.setattr(embedded, "STUCK_PATIENCE_SECONDS", 0.3)
    server = embedded.start(data_directory)
    assert await count(server.dsn) == 1
    for _ in range(10):
        await write_much(server.dsn)
        if kill_recovering_process(server):
            break
        server = embedded.start(data_directory)
    else:
        pytest.fail("the recovery was always over before it was seen")
    began = time.monotonic()
    if verb == "stop":
        embedded.stop(data_directory)
        assert postmasters(data_directory) == []
    server = embedded.start(data_directory)
    assert time.monotonic() - began < 15
    assert postmasters(data_directory) == [server.process_id]
    assert await count(server.dsn) == 2


async def test_a_stop_during_recovery_is_quick(data_directory: Path) -> None:
    server = embedded.start(data_directory)
    connection = await asyncpg.connect(server.dsn)
    os.kill(connection.get_server_pid(), signal.SIGKILL)
    connection.terminate()
    until(lambda: "all server processes terminated" in server.log_file.read_text())
    began = time.monotonic()
    assert embedded.stop(data_directory) is True
    assert time.monotonic() - began < embedded.RECOVERY_PATIENCE_SECONDS
    assert postmasters(data_directory) == []


def has_draft(data_directory: Path) -> bool:
    return any((data_directory / "database" / "server").glob("cluster.draft-*/PG_VERSION"))


def has_process(data_directory: Path) -> bool:
    return bool(postmasters(data_directory))


@pytest.mark.parametrize("moment", [has_draft, has_process])
def test_a_client_killed_during_the_start_leaves_no_harm(fresh_directory: Path, moment: Callable[[Path], bool]) -> None:
    client = starting(fresh_directory)
    until(lambda: moment(fresh_directory))
    client.kill()
    client.communicate()
    server = embedded.start(fresh_directory)
    assert postmasters(fresh_directory) == [server.process_id]
    assert list(cluster_of(fresh_directory).parent.glob("cluster.draft-*")) == []


def stale_process_file(data_directory: Path, process_id: int) -> None:
    """As a machine leaves it that lost power, with a process id that means something else now."""
    server = embedded.start(data_directory)
    text = (cluster_of(data_directory) / "postmaster.pid").read_text()
    end_hard(server)
    lines = [str(process_id), *text.splitlines()[1:]]
    (cluster_of(data_directory) / "postmaster.pid").write_text("\n".join(lines) + "\n")


def test_a_stale_file_that_names_a_strangers_process_does_no_harm_to_it(data_directory: Path) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    try:
        stale_process_file(data_directory, stranger.pid)
        assert embedded.status(data_directory).state == "stopped"
        assert embedded.stop(data_directory) is False
        server = embedded.start(data_directory)
        assert server.process_id != stranger.pid
        assert postmasters(data_directory) == [server.process_id]
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_stale_file_that_names_a_zombie_is_no_obstacle(data_directory: Path) -> None:
    zombie = subprocess.Popen(["true"])
    try:
        stale_process_file(data_directory, zombie.pid)
        until(lambda: Path(f"/proc/{zombie.pid}/stat").read_text().split(")")[1].split()[0] == "Z")
        assert embedded.stop(data_directory) is False
        assert postmasters(data_directory) == []
        assert embedded.start(data_directory).process_id != zombie.pid
    finally:
        zombie.wait()


def test_another_server_of_the_same_program_is_not_taken_for_ours(data_directory: Path, tmp_path: Path) -> None:
    other = embedded.start(tmp_path / "other")
    try:
        stale_process_file(data_directory, other.process_id)
        assert embedded.stop(data_directory) is False
        assert embedded.start(data_directory).process_id != other.process_id
        assert embedded.status(tmp_path / "other").server == other
    finally:
        embedded.reset(tmp_path / "other")


def test_a_server_whose_process_file_was_removed_is_replaced(
    data_directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "ORPHANS_PATIENCE_SECONDS", 0.1)
    server = embedded.start(data_directory)
    (cluster_of(data_directory) / "postmaster.pid").unlink()
    again = embedded.start(data_directory)
    assert again.process_id != server.process_id
    assert postmasters(data_directory) == [again.process_id]


async def test_a_vanished_socket_is_brought_back(data_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "UNREACHABLE_PATIENCE_SECONDS", 0.2)
    server = embedded.start(data_directory)
    files = server_files.locate(data_directory)
    assert files is not None
    server_files.remove_socket(files)
    assert embedded.status(data_directory).state == "starting"
    again = embedded.start(data_directory)
    assert again.process_id != server.process_id
    assert postmasters(data_directory) == [again.process_id]
    assert await count(again.dsn) == 1


async def test_stop_ends_a_server_with_open_connections(data_directory: Path) -> None:
    server = embedded.start(data_directory)
    connection = await asyncpg.connect(server.dsn)
    await connection.execute("BEGIN")
    assert embedded.stop(data_directory) is True
    assert postmasters(data_directory) == []
    connection.terminate()


def test_a_frozen_server_is_stopped_by_force(data_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "PROBE_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(embedded, "STOP_PATIENCE", ((signal.SIGINT, 0.2), (signal.SIGQUIT, 0.2), (signal.SIGKILL, 5.0)))
    server = embedded.start(data_directory)
    os.kill(server.process_id, signal.SIGSTOP)
    assert embedded.stop(data_directory) is True
    assert postmasters(data_directory) == []


def test_starts_and_stops_against_each_other_leave_a_sound_directory(data_directory: Path) -> None:
    embedded.start(data_directory)
    processes = [starting(data_directory) for _ in range(3)]
    for _ in range(3):
        embedded.stop(data_directory)
    answers = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], answers
    server = embedded.start(data_directory)
    assert postmasters(data_directory) == [server.process_id]


def test_a_server_stuck_in_its_stop_is_replaced(data_directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "STOPPING_PATIENCE_SECONDS", 0.1)
    monkeypatch.setattr(embedded, "PROBE_TIMEOUT_SECONDS", 0.1)
    monkeypatch.setattr(embedded, "STOP_PATIENCE", ((signal.SIGINT, 0.1), (signal.SIGQUIT, 0.1), (signal.SIGKILL, 5.0)))
    server = embedded.start(data_directory)
    os.kill(server.process_id, signal.SIGSTOP)
    process_file = cluster_of(data_directory) / "postmaster.pid"
    process_file.write_text(process_file.read_text().replace("ready   ", "stopping"))
    again = embedded.start(data_directory)
    assert postmasters(data_directory) == [again.process_id]
    assert again.process_id != server.process_id
