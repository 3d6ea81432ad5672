"""Keeps up what a serving shop needs: its web server, and beside it the worker and the embedded database."""

import multiprocessing.process
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import structlog

from bottega.kernel.errors import Refusal
from bottega.platform.database import embedded

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.25
# A worker that ends again at once is started more and more slowly.
LONGEST_PAUSE_SECONDS = 15.0


# A web server that ends sooner never came up: its port is taken, or settings are wrong.
CAME_UP_SECONDS = 10.0
# One that lived so long begins with a short pause again.
SETTLED_SECONDS = 60.0


class WebServer(Protocol):
    """What of the web server is needed here."""

    interrupt_signal: bool

    def serve(self) -> None:
        """Until told to stop, or until its processes end again and again (then by `SystemExit`)."""
        ...


def keep_serving(make: Callable[[], WebServer]) -> None:
    """Serves until told to stop. The web server gives up when its processes end twice within seconds: their database
    is away, say, or somebody kills them. It is made anew from this process, which has everything loaded."""
    came_up, pause_seconds = False, LOOK_SECONDS
    while True:
        server, began = make(), time.monotonic()
        try:
            server.serve()
        except SystemExit:
            lived_seconds = time.monotonic() - began
            came_up = came_up or lived_seconds >= CAME_UP_SECONDS
            if server.interrupt_signal or not came_up:
                raise
        else:
            return
        pause_seconds = LOOK_SECONDS if lived_seconds >= SETTLED_SECONDS else pause_seconds
        log.warning("web_processes_started_again", pause_seconds=pause_seconds)
        until = time.monotonic() + pause_seconds
        while time.monotonic() < until:
            time.sleep(LOOK_SECONDS / 5)
            # Its handlers of signals are still the process's.
            if server.interrupt_signal:
                return
        pause_seconds = min(pause_seconds * 2, LONGEST_PAUSE_SECONDS)


class Keeper(threading.Thread):
    """Looks a few times a second; what was killed is started again, what was stopped on purpose is left alone."""

    def __init__(self, worker: multiprocessing.process.BaseProcess | None, data_directory: Path | None) -> None:
        super().__init__(name="keeper", daemon=True)
        self._first_worker = worker
        self._worker: subprocess.Popen[bytes] | None = None
        self._data_directory = data_directory
        self._ended = threading.Event()
        self._pause_seconds = LOOK_SECONDS

    def run(self) -> None:
        """Until `end`."""
        while not self._ended.wait(self._pause_seconds):
            self._pause_seconds = LOOK_SECONDS
            if self._data_directory is not None:
                self._keep_database(self._data_directory)
            if self._first_worker is not None:
                self._keep_worker(self._first_worker)

    def end(self, grace_seconds: float) -> None:
        """Ends the worker and the watch."""
        self._ended.set()
        self.join()
        if self._first_worker is not None:
            self._first_worker.terminate()
            self._first_worker.join(grace_seconds)
        if self._worker is not None:
            self._worker.terminate()
            self._worker.wait(grace_seconds)

    def _keep_database(self, data_directory: Path) -> None:
        try:
            if embedded.has_crashed(data_directory):
                log.warning("database_started_again", data_directory=str(data_directory))
                embedded.start(data_directory)
        except (Refusal, OSError) as error:
            log.error("database_not_started", error=str(error))
            self._pause_seconds = LONGEST_PAUSE_SECONDS

    def _keep_worker(self, first: multiprocessing.process.BaseProcess) -> None:
        if first.is_alive() or (self._worker is not None and self._worker.poll() is None):
            return
        if self._worker is not None and self._worker.returncode not in (0, -9):
            self._pause_seconds = LONGEST_PAUSE_SECONDS
        log.warning("worker_started_again")
        # A process of its own, not a fork: this process has threads by now.
        self._worker = subprocess.Popen([sys.executable, "-m", "bottega", "worker"])
