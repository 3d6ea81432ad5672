"""The embedder process: one per machine, started by whoever needs it, and replaced after every kind of end."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest

from bottega.connectors.minilm import launch, process_files
from bottega.connectors.minilm.embedder import MiniLmEmbedder
from bottega.connectors.minilm.identity import MiniLm
from bottega.kernel.errors import Unavailable
from tests.connectors.minilm.conftest import OpenEmbedder, log_of, process_id_of

LONG_TEXT = "a notebook with a bright display and many ports " * 20
ASK = """
import asyncio, pathlib, sys
from bottega.connectors.minilm.embedder import MiniLmEmbedder
from bottega.connectors.minilm.identity import from_json
async def ask():
    embedder = MiniLmEmbedder(from_json(sys.argv[1]))
    await embedder.wait_ready(timeout_seconds=60)
    (vector,) = await embedder.embed(["a coat"], purpose="query", timeout_seconds=30)
    print((await embedder.status())["process_id"], round(float(vector @ vector), 3))
    await embedder.close()
asyncio.run(ask())
"""


async def refusal_of(embedder: MiniLmEmbedder, timeout_seconds: float | None = None) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        await embedder.embed(["a coat"], purpose="query", timeout_seconds=timeout_seconds)
    assert caught.value.message.startswith("Meaning is away: ")
    return caught.value


async def until(condition: str, embedder: MiniLmEmbedder, patience_seconds: float = 30.0) -> None:
    """Waits for a line in the log."""
    deadline = time.monotonic() + patience_seconds
    while condition not in log_of(embedder):
        assert time.monotonic() < deadline, log_of(embedder)
        await asyncio.sleep(0.05)


def environment_of(process_id: int) -> bytes:
    return Path(f"/proc/{process_id}/environ").read_bytes()


def ten_processes(setup: MiniLm) -> set[str]:
    """What ten processes print that all want the embedder at once."""
    command = [sys.executable, "-c", ASK, setup.to_json()]
    racing = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(10)]
    outputs = {process.communicate(timeout=120)[0] for process in racing}
    assert [process.returncode for process in racing] == [0] * 10
    return outputs


async def test_a_cold_start_is_said_at_once(open_embedder: OpenEmbedder) -> None:
    embedder = open_embedder()
    assert (await embedder.health()).state == "idle"
    refusal = await refusal_of(embedder)
    # Who had waited for the model would be told that it is slow, or have a vector.
    assert (refusal.code, refusal.retry_after_seconds) == ("embedder_warming", 1.0)
    await embedder.wait_ready(timeout_seconds=60)
    assert len(await embedder.embed(["a coat"], purpose="query", timeout_seconds=30)) == 1


@pytest.mark.slow
async def test_ten_processes_race_for_one_embedder(open_embedder: OpenEmbedder, data_directory: Path) -> None:
    setup = MiniLm(data_directory, hub_url=None, idle_seconds=30)
    first = await asyncio.to_thread(ten_processes, setup)
    assert len(first) == 1, "all were served by the same process, and got the same"
    embedder = open_embedder()
    assert log_of(embedder).count(" serves ") == 1
    process_id = await process_id_of(embedder)
    # Once more after a sudden death, with its socket still there.
    os.kill(process_id, signal.SIGKILL)
    assert process_files.locate(setup).socket.exists()
    second = await asyncio.to_thread(ten_processes, setup)
    assert len(second) == 1
    assert second != first
    assert log_of(embedder).count(" serves ") == 2


async def test_killed_in_the_middle_of_a_request(embedder: MiniLmEmbedder) -> None:
    first = await process_id_of(embedder)
    request = asyncio.create_task(embedder.embed([LONG_TEXT] * 200, purpose="passage"))
    await asyncio.sleep(0.2)
    assert not request.done()
    os.kill(first, signal.SIGKILL)
    with pytest.raises(Unavailable) as caught:
        await request
    assert caught.value.code == "embedder_lost"
    assert (await refusal_of(embedder)).code in {"embedder_warming", "embedder_lost", "embedder_slow"}
    await embedder.wait_ready(timeout_seconds=60)
    for number in range(3):
        assert len(await embedder.embed([f"coat {number}"], purpose="query", timeout_seconds=30)) == 1
    assert await process_id_of(embedder) != first


async def test_queries_overtake_passages(embedder: MiniLmEmbedder) -> None:
    bulk = [asyncio.create_task(embedder.embed([LONG_TEXT] * 100, purpose="passage")) for _ in range(4)]
    await asyncio.sleep(0.2)
    for number in range(5):
        await embedder.embed([f"coat {number}"], purpose="query", timeout_seconds=30)
    assert not any(task.done() for task in bulk)
    await embedder.close()
    results = await asyncio.gather(*bulk, return_exceptions=True)
    assert all(isinstance(result, Unavailable) for result in results)


async def test_more_than_may_wait_is_refused_and_what_nobody_waits_for_is_dropped(open_embedder: OpenEmbedder) -> None:
    embedder, onlooker = open_embedder(), open_embedder()
    await embedder.wait_ready(timeout_seconds=60)
    bulk = [asyncio.create_task(embedder.embed([LONG_TEXT] * 256, purpose="passage")) for _ in range(17)]
    done, pending = await asyncio.wait(bulk, return_when=asyncio.FIRST_COMPLETED)
    (refused,) = done
    refusal = refused.exception()
    assert isinstance(refusal, Unavailable)
    assert refusal.code == "embedder_busy"
    status = await onlooker.status()
    assert status is not None
    assert status["waiting"] == {"query": 0, "passage": 16 * 256}
    await embedder.close()
    await asyncio.gather(*pending, return_exceptions=True)
    deadline = time.monotonic() + 5
    while (status := await onlooker.status()) is not None and status["waiting"]["passage"]:
        assert time.monotonic() < deadline, "a caller's work ends with the caller"
        await asyncio.sleep(0.02)
    assert (await onlooker.embed(["a coat"], purpose="passage"))[0].shape == (384,)


async def test_a_caller_who_gave_up_leaves_no_work_behind(embedder: MiniLmEmbedder) -> None:
    with pytest.raises(Unavailable) as caught:
        await embedder.embed([LONG_TEXT] * 256, purpose="passage", timeout_seconds=0.2)
    assert caught.value.code == "embedder_slow"
    await asyncio.sleep(0.2)
    status = await embedder.status()
    assert status is not None
    assert status["waiting"]["passage"] == 0
    assert status["passages"] == 0


async def test_it_stays_while_somebody_is_connected_and_ends_afterwards(
    open_embedder: OpenEmbedder, data_directory: Path
) -> None:
    embedder, other = open_embedder(idle_seconds=1), open_embedder(idle_seconds=1)
    files = process_files.locate(MiniLm(data_directory, hub_url=None))
    await embedder.wait_ready(timeout_seconds=60)
    await asyncio.sleep(2.5)
    assert (await embedder.health()).state == "ready"
    await embedder.close()
    await until("nobody has needed it for 1 s", embedder)
    assert await asyncio.to_thread(launch.await_end, files)
    assert not files.socket.exists()
    assert (await other.health()).state == "idle"


@pytest.mark.parametrize("depth", [0, 3])
async def test_it_ends_when_its_socket_was_removed(
    depth: int, open_embedder: OpenEmbedder, data_directory: Path
) -> None:
    with tempfile.TemporaryDirectory(prefix="bottega-", dir="/tmp") as short:
        place = Path(short).joinpath(*["a-folder-deep-enough-that-its-socket-is-a-link"] * depth, "data")
        shutil.copytree(data_directory, place)
        embedder = open_embedder(data_directory=place)
        await embedder.wait_ready(timeout_seconds=60)
        files = process_files.locate(MiniLm(place, hub_url=None))
        assert files.socket.is_symlink() == (depth > 0)
        files.socket.unlink()
        await until("its socket was removed", embedder)
        assert await asyncio.to_thread(launch.await_end, files)


async def test_stopping(embedder: MiniLmEmbedder) -> None:
    assert await embedder.stop_process() is True
    assert await embedder.stop_process() is False
    assert "ends: it was asked to" in log_of(embedder)


async def test_one_that_does_not_listen_is_killed(embedder: MiniLmEmbedder) -> None:
    process_id = await process_id_of(embedder)
    os.kill(process_id, signal.SIGSTOP)
    assert (await embedder.health()).state == "away"
    assert await embedder.stop_process() is True
    assert launch.MODULE not in launch.command_of(process_id)
    await embedder.wait_ready(timeout_seconds=60)


async def test_a_stranger_named_in_the_lock_is_not_killed(embedder: MiniLmEmbedder, data_directory: Path) -> None:
    files = process_files.locate(MiniLm(data_directory, hub_url=None))
    process_id = await process_id_of(embedder)
    files.lock.write_text(str(os.getpid()))
    with pytest.raises(Unavailable) as caught:
        launch.kill(files)
    assert caught.value.code == "embedder_not_found"
    assert await process_id_of(embedder) == process_id


async def test_only_its_owner_may_enter(embedder: MiniLmEmbedder, data_directory: Path) -> None:
    files = process_files.locate(MiniLm(data_directory, hub_url=None))
    assert stat.S_IMODE(files.folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(files.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(files.log.stat().st_mode) == 0o600
    assert stat.S_IMODE(files.lock.stat().st_mode) == 0o600


async def test_a_folder_open_to_others_is_closed_first(open_embedder: OpenEmbedder, data_directory: Path) -> None:
    (data_directory / "embedder").mkdir(mode=0o755)
    embedder = open_embedder()
    await embedder.wait_ready(timeout_seconds=60)
    assert stat.S_IMODE(embedder.log_file.parent.stat().st_mode) == 0o700


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
async def test_the_shops_secrets_are_not_handed_on(
    open_embedder: OpenEmbedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BOTTEGA_SECRET", "the-secret-of-the-shop")
    monkeypatch.setenv("DATABASE_URL", "postgresql://shop:password@localhost/shop")
    embedder = open_embedder()
    await embedder.wait_ready(timeout_seconds=60)
    process_id = await process_id_of(embedder)
    environment = environment_of(process_id)
    assert b"the-secret" not in environment
    assert b"password" not in environment
    assert b"PATH=" in environment


async def test_no_text_stands_in_the_log(embedder: MiniLmEmbedder) -> None:
    await embedder.embed(["a present for Mara Lindt"], purpose="query", timeout_seconds=30)
    with pytest.raises(Unavailable):
        await embedder.embed(["a present for Mara Lindt"] * 256, purpose="passage", timeout_seconds=0.01)
    assert "Mara" not in log_of(embedder)


async def test_a_data_directory_too_deep_for_a_socket(tmp_path: Path, built: Path) -> None:
    deep = tmp_path / ("d" * 60) / ("e" * 60)
    deep.mkdir(parents=True)
    (deep / "models").symlink_to(built / "models")
    setup = MiniLm(deep, hub_url=None)
    embedder = MiniLmEmbedder(setup)
    await embedder.wait_ready(timeout_seconds=60)
    link = process_files.locate(setup).socket
    place = link.readlink()
    assert len(str(link)) > 108 > len(str(place))
    assert stat.S_IMODE(place.parent.stat().st_mode) == 0o700
    # After a sudden death the next one clears up behind it.
    os.kill(await process_id_of(embedder), signal.SIGKILL)
    await embedder.wait_ready(timeout_seconds=60)
    assert not place.parent.exists()
    second_place = link.readlink()
    assert await embedder.stop_process() is True
    assert not second_place.parent.exists()
    await embedder.close()
