"""Locks between processes: a child that is made by forking while somebody holds one neither keeps it nor misses it."""

import multiprocessing
import threading
import time
from collections.abc import Callable, Generator
from contextlib import ExitStack, contextmanager
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from bottega.kernel.errors import Unavailable
from bottega.platform.database.file_locks import held, release, try_lock
from bottega.platform.forking import not_while_forking

FORKED = multiprocessing.get_context("fork")


@contextmanager
def forked(work: Callable[[Connection], None]) -> Generator[Connection]:
    """A child that does this with its end of a pipe; ended afterwards."""
    ours, theirs = FORKED.Pipe()
    child = FORKED.Process(target=work, args=(theirs,))
    child.start()
    try:
        yield ours
    finally:
        child.kill()
        child.join()


def is_free(lock_file: Path) -> bool:
    handle = try_lock(lock_file)
    if handle is None:
        return False
    release(handle)
    return True


def test_a_child_made_while_a_lock_is_held_does_not_keep_it(tmp_path: Path) -> None:
    lock_file = tmp_path / "lock"

    def work(pipe: Connection) -> None:
        pipe.send(is_free(lock_file))
        pipe.recv()
        pipe.send(is_free(lock_file))

    with ExitStack() as living:
        with held(lock_file, timeout_seconds=1, purpose="test"):
            child = living.enter_context(forked(work))
            assert child.poll(10)
            assert child.recv() is False, "its parent holds it"
        assert is_free(lock_file), "the child lives, and has not kept it"
        child.send("go on")
        assert child.poll(10)
        assert child.recv() is True


def test_whoever_waits_too_long_is_told_for_what(tmp_path: Path) -> None:
    with (
        held(tmp_path / "lock", timeout_seconds=1, purpose="test"),
        pytest.raises(Unavailable) as refused,
        held(tmp_path / "lock", timeout_seconds=0.05, purpose="start"),
    ):
        pass
    assert refused.value.code == "database_busy"
    assert str(tmp_path / "lock") in refused.value.message


def test_what_another_thread_does_is_done_before_a_child_is_made() -> None:
    begun, done = threading.Event(), threading.Event()

    def hold() -> None:
        with not_while_forking():
            begun.set()
            time.sleep(0.2)
            done.set()

    def work(pipe: Connection) -> None:
        with not_while_forking():
            pipe.send(done.is_set())

    thread = threading.Thread(target=hold)
    thread.start()
    assert begun.wait(10)
    with forked(work) as child:
        assert child.poll(10), "the child has what it needs itself"
        assert child.recv() is True
    thread.join()
