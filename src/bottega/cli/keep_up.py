"""Keeps up what a serving shop needs beside its web processes: the worker and the embedded database."""

import multiprocessing.process
import subprocess
import sys
import threading
from pathlib import Path

import structlog

from bottega.kernel.errors import Refusal
from bottega.platform.database import embedded

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.25
# A worker that ends again at once is started more and more slowly.
LONGEST_PAUSE_SECONDS = 15.0


class Keeper(threading.Thread):
    """Looks a few times a second; what was killed is started again, what was stopped on purpose is left alone."""

    def __init__(
        self,
        worker: multiprocessing.process.BaseProcess | None,
        data_directory: Path | None,
        starter: multiprocessing.process.BaseProcess | None = None,
    ) -> None:
        super().__init__(name="keeper", daemon=True)
        self._first_worker = worker
        self._worker: subprocess.Popen[bytes] | None = None
        self._data_directory = data_directory
        # Starts the database already.
        self._starter = starter
        self._ended = threading.Event()
        self._pause_seconds = LOOK_SECONDS

    def run(self) -> None:
        """Until `end`."""
        while not self._ended.wait(self._pause_seconds):
            self._pause_seconds = LOOK_SECONDS
            if self._data_directory is not None and not (self._starter is not None and self._starter.is_alive()):
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
