"""Locks between processes: files that the kernel keeps locked for as long as a process has them open."""

import contextlib
import fcntl
import os
import time
from collections.abc import Generator
from pathlib import Path

from bottega.kernel.errors import Unavailable
from bottega.platform.forking import not_while_forking

PAUSE_SECONDS = 0.01

# A lock is held until the last copy of its handle is closed. A child made by forking while a thread held one would keep
# it for life, and wait for it in vain when it needs the lock itself.
_handles: set[int] = set()


@contextlib.contextmanager
def held(lock_file: Path, *, timeout_seconds: float, purpose: str) -> Generator[int]:
    """Hold the lock between processes; the kernel frees it when the holder dies, however it dies."""
    deadline = time.monotonic() + timeout_seconds
    while (handle := try_lock(lock_file)) is None:
        if time.monotonic() > deadline:
            raise Unavailable(
                "database_busy",
                f"Another process has been holding {lock_file} for {timeout_seconds:.0f} s.",
                next_step=f"Look who holds it (fuser {lock_file}), then {purpose} again.",
                retry_after_seconds=5.0,
            )
        time.sleep(PAUSE_SECONDS)
    try:
        yield handle
    finally:
        release(handle)


def try_lock(lock_file: Path) -> int | None:
    """An open handle that holds the lock, to be given to `release`; None when somebody else holds it."""
    with not_while_forking():
        handle = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(handle)
            return None
        except BaseException:
            os.close(handle)
            raise
        _handles.add(handle)
        return handle


def release(handle: int) -> None:
    """Closes a handle; a process that was lent it holds the lock on."""
    with not_while_forking():
        _handles.discard(handle)
        os.close(handle)


def _leave_to_parent() -> None:
    for handle in _handles:
        with contextlib.suppress(OSError):
            os.close(handle)
    _handles.clear()


os.register_at_fork(after_in_child=_leave_to_parent)
