"""Keeps up what a serving shop needs beside its web processes: the worker and the embedded database."""

import logging
import multiprocessing.process
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import structlog

from bottega.kernel.errors import Refusal
from bottega.platform.database import embedded
from bottega.platform.forking import not_while_forking

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.25
# A worker that ends again at once is started more and more slowly.
LONGEST_PAUSE_SECONDS = 15.0
# One that lived so long did not fail at its start.
SETTLED_SECONDS = 60.0


@dataclass(slots=True)
class Patience:
    """How long something that failed is left alone before it is tried again: each time twice as long, up to a limit."""

    pause_seconds: float = LOOK_SECONDS
    again_at: float = 0.0

    @property
    def is_over(self) -> bool:
        """Whether it is time."""
        return time.monotonic() >= self.again_at

    def failed(self) -> None:
        """It did not go well."""
        self.again_at = time.monotonic() + self.pause_seconds
        self.pause_seconds = min(2 * self.pause_seconds, LONGEST_PAUSE_SECONDS)

    def went_well(self) -> None:
        """The next failure is a first one."""
        self.pause_seconds = LOOK_SECONDS


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
        # One does not wait for the other: a worker fails when its database has just gone, which has to come back then.
        self._worker_patience, self._database_patience = Patience(), Patience()
        self._worker_began_at: float | None = None

    def run(self) -> None:
        """Until `end`."""
        while not self._ended.wait(LOOK_SECONDS):
            is_starting = self._starter is not None and self._starter.is_alive()
            if self._data_directory is not None and not is_starting and self._database_patience.is_over:
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
                _tell("database_started_again", data_directory=str(data_directory))
                embedded.start(data_directory)
            self._database_patience.went_well()
        except (Refusal, OSError) as error:
            _tell("database_not_started", logging.ERROR, error=str(error))
            self._database_patience.failed()

    def _keep_worker(self, first: multiprocessing.process.BaseProcess) -> None:
        if first.is_alive() or (self._worker is not None and self._worker.poll() is None):
            return
        if self._worker is not None and self._worker_began_at is not None:
            # It has just ended: by a kill, or because it failed, again perhaps.
            lived_seconds, self._worker_began_at = time.monotonic() - self._worker_began_at, None
            if lived_seconds >= SETTLED_SECONDS:
                self._worker_patience.went_well()
            if self._worker.returncode not in (0, -signal.SIGKILL):
                self._worker_patience.failed()
        if not self._worker_patience.is_over:
            return
        _tell("worker_started_again")
        # A process of its own, not a fork: this process has threads by now.
        self._worker = subprocess.Popen([sys.executable, "-m", "bottega", "worker"])
        self._worker_began_at = time.monotonic()


def _tell(event: str, level: int = logging.WARNING, **values: str) -> None:
    # Another thread forks web processes meanwhile: one made while a line is written could write none of its own.
    with not_while_forking():
        log.log(level, event, **values)
