"""The embedded database starts in a process beside the one that imports the shop: the two take about as long."""

import multiprocessing
import multiprocessing.process
import signal
from contextlib import suppress
from pathlib import Path

from bottega.kernel.errors import Refusal
from bottega.platform.database import embedded


def can_inherit() -> bool:
    """Whether child processes begin with what their parent has made (Linux, unless told otherwise)."""
    return multiprocessing.get_start_method() == "fork"


def begin_to_start(data_directory: Path) -> multiprocessing.process.BaseProcess:
    """The process that starts it; nobody has to wait for it, as whoever needs the database starts it too."""
    starter = multiprocessing.Process(target=_start, args=(data_directory,), name="database", daemon=True)
    starter.start()
    return starter


def _start(data_directory: Path) -> None:
    # Interrupting `serve` leaves the database as it is.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What fails is told by whoever needs the database.
    with suppress(Refusal, OSError):
        embedded.start(data_directory)
