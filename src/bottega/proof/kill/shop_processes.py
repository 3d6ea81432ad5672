"""A shop as its operators run it: one `bottega serve`, its web processes, its worker, and the embedded database."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Literal, get_args

import httpx

from bottega.kernel.errors import Unavailable
from bottega.platform.database import embedded, server_files
from bottega.proof.chance import Chance

Target = Literal["web", "all web", "worker", "postmaster", "backend", "everything"]
TARGETS: tuple[Target, ...] = get_args(Target)
WEB_PROCESSES = 2
START_TIMEOUT_SECONDS = 90.0
STOP_TIMEOUT_SECONDS = 40.0
LOOK_SECONDS = 0.01
LOG_SHOWN_CHARACTERS = 2000


class ShopProcesses:
    """The processes of one data directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.port = _free_port()
        self._parent: subprocess.Popen[bytes] | None = None
        self._first_worker = 0
        self.restarts = 0

    @property
    def address(self) -> str:
        """Where the shop answers."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Starts `bottega serve`; does not wait for its first answer."""
        command = [sys.executable, "-m", "bottega", "serve", "--port", str(self.port), "--workers", str(WEB_PROCESSES)]
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("BOTTEGA_", "DATABASE_URL"))}
        environment = {
            **kept,
            "BOTTEGA_DATA_DIR": str(self.directory),
            "BOTTEGA_REQUESTS_PER_MINUTE": "100000000",
            "BOTTEGA_EMBEDDER": "none",
            "BOTTEGA_LOG_LEVEL": "error",
        }
        log = (self.directory / "serve.log").open("ab")
        with log:
            self._parent = subprocess.Popen(  # noqa: S603 - our own program
                command, env=environment, start_new_session=True, stdout=log, stderr=log
            )
        self._first_worker = 0

    async def wait_for_answer(self, client: httpx.AsyncClient, timeout_seconds: float = START_TIMEOUT_SECONDS) -> float:
        """The seconds until a request that reads the database is answered; restarts a parent that has died."""
        began = time.monotonic()
        while time.monotonic() - began < timeout_seconds:
            if self._parent is not None and self._parent.poll() is not None:
                # It gives up when its web processes end again and again: whoever watches the machine starts it again.
                self.restarts += 1
                self.start()
            with suppress(httpx.HTTPError):
                answer = await client.get("/api/products?limit=1", timeout=2.0)
                if answer.status_code == 200:
                    self._remember_worker()
                    return time.monotonic() - began
            await asyncio.sleep(LOOK_SECONDS)
        raise Unavailable(
            "shop_does_not_answer",
            f"No answer within {timeout_seconds:.0f} s; processes: {self.process_ids()}; {self._last_lines()}",
            next_step="Run `bottega serve` by hand and see.",
        )

    def kill(self, target: Target, chance: Chance) -> list[int]:
        """SIGKILL to what the target names; returns the process ids, none when there is nothing of the kind."""
        chosen = self._processes(target, chance)
        for process_id in chosen:
            with suppress(ProcessLookupError):
                os.kill(process_id, signal.SIGKILL)
        if target == "everything" and self._parent is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._parent.pid, signal.SIGKILL)
            self._parent.wait()
            # Nobody is left to start it again but whoever watches the machine.
            self.start()
        return chosen

    def stop(self) -> None:
        """Ends the serving processes; the database goes on."""
        if self._parent is None:
            return
        with suppress(ProcessLookupError):
            self._parent.send_signal(signal.SIGINT)
        try:
            self._parent.wait(STOP_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._parent.pid, signal.SIGKILL)
            self._parent.wait()
        self._parent = None

    def process_ids(self) -> dict[str, list[int]]:
        """Who runs now, by kind."""
        parent = 0 if self._parent is None else self._parent.pid
        children = [pid for pid in _children(parent) if b"resource_tracker" not in _command(pid)]
        workers = [pid for pid in children if pid == self._first_worker or _command(pid).endswith(b"worker\0")]
        postmaster = self._postmaster()
        return {
            "serve": [parent] if parent else [],
            "web": [pid for pid in children if pid not in workers],
            "worker": workers,
            "database": [postmaster, *_children(postmaster)] if postmaster else [],
        }

    def _processes(self, target: Target, chance: Chance) -> list[int]:
        found = self.process_ids()
        database = found["database"]
        match target:
            case "web":
                return chance.sample(found["web"], min(1, len(found["web"])))
            case "all web":
                return found["web"]
            case "worker":
                return found["worker"]
            case "postmaster":
                return database[:1]
            case "backend":
                return chance.sample(database[1:], min(1, len(database[1:])))
            case "everything":
                return [*found["web"], *found["worker"], *database]

    def _remember_worker(self) -> None:
        """The first child that `serve` makes is its worker; those that follow it name themselves."""
        if self._first_worker == 0 and self._parent is not None:
            made = [pid for pid in _children(self._parent.pid) if b"resource_tracker" not in _command(pid)]
            self._first_worker = min(made, key=_started_at, default=0)

    def _last_lines(self) -> str:
        return (self.directory / "serve.log").read_text(errors="replace")[-LOG_SHOWN_CHARACTERS:]

    def _postmaster(self) -> int:
        files = server_files.locate(self.directory)
        entry = None if files is None else server_files.postmaster_entry(files.cluster)
        return 0 if entry is None or not Path(f"/proc/{entry[0]}").exists() else entry[0]


@contextmanager
def temporary_directory(purpose: str) -> Generator[Path]:
    """A data directory; its database is stopped and removed at the end."""
    directory = Path(tempfile.mkdtemp(prefix=f"bottega-{purpose}-"))
    try:
        yield directory
    finally:
        embedded.reset(directory)
        shutil.rmtree(directory, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _children(process_id: int) -> list[int]:
    found: list[int] = []
    for task in Path(f"/proc/{process_id}/task").glob("*/children"):
        with suppress(OSError):
            found += [int(child) for child in task.read_text().split()]
    return found


def _command(process_id: int) -> bytes:
    try:
        return Path(f"/proc/{process_id}/cmdline").read_bytes()
    except OSError:
        return b""


def _started_at(process_id: int) -> int:
    """In clock ticks since the machine started (proc(5), field 22)."""
    try:
        return int(Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[19])
    except OSError:
        return 1 << 62
