"""The watch over web processes: who is started again at once, who after a pause, and when `serve` ends."""

import os
import signal
import threading
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bottega.bootstrap.coming_up import ComingUp
from bottega.cli.web_server import LONGEST_PAUSE_SECONDS, LOOK_SECONDS, SETTLED_SECONDS, Watch, WebServer


class Stand:
    """A server whose processes live as long as told, on a clock that a wait moves."""

    def __init__(
        self,
        monkeypatch: pytest.MonkeyPatch,
        lives: list[tuple[float, bool]],
        *,
        tells: bool = True,
        exit_code: int = -signal.SIGKILL,
    ) -> None:
        self._exit_code = exit_code
        self.now = 0.0
        self.starts: list[float] = [0.0]
        self._lives = lives
        self.server: Any = SimpleNamespace(
            wrks=[self._process()],
            main_loop_interrupt=SimpleNamespace(wait=self._pass, clear=lambda: None),
            interrupt_children=[0],
            interrupt_signal=False,
            reload_signal=False,
        )
        monkeypatch.setattr("bottega.cli.web_server.time.monotonic", lambda: self.now)
        self.watch = Watch(self.server, cast("ComingUp", self) if tells else None)

    def run(self) -> None:
        self.watch.run(self._start_again, lambda: None)

    def heard(self) -> set[int]:
        number = len(self.starts)
        return {number} if self._lives[number - 1][1] and self.now > self.starts[-1] else set()

    def _pass(self, seconds: float) -> None:
        self.now += seconds

    def _process(self) -> SimpleNamespace:
        number = len(self.starts)
        ends_at = self.starts[-1] + self._lives[number - 1][0]
        return SimpleNamespace(
            inner=SimpleNamespace(pid=number, exitcode=self._exit_code), is_alive=lambda: self.now < ends_at
        )

    def _start_again(self, index: int) -> None:
        assert index == 0
        self.starts.append(self.now)
        if len(self.starts) > len(self._lives):
            self.server.interrupt_signal = True
            return
        self.server.wrks[0] = self._process()


def test_a_process_that_was_ready_is_started_again_at_once_however_often_it_ends(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand = Stand(monkeypatch, [(LOOK_SECONDS, True)] * 20)
    stand.run()
    assert stand.starts == [LOOK_SECONDS * number for number in range(21)]
    assert stand.server.interrupt_children == []


def test_a_process_that_ends_by_itself_soon_after_it_was_ready_is_started_more_and_more_slowly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand = Stand(monkeypatch, [(LOOK_SECONDS, True)] * 3 + [(SETTLED_SECONDS, True)] * 2, exit_code=70)
    stand.run()
    lives = [later - before for before, later in pairwise(stand.starts)]
    assert lives == [LOOK_SECONDS * 2, LOOK_SECONDS * 3, LOOK_SECONDS * 5, SETTLED_SECONDS, SETTLED_SECONDS]
    assert stand.server.interrupt_children == []


def test_a_process_that_fails_before_it_is_ready_is_started_more_and_more_slowly(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand = Stand(monkeypatch, [(1.0, True), *[(LOOK_SECONDS, False)] * 9, (1.0, True)])
    stand.run()
    pauses = [later - before - LOOK_SECONDS for before, later in pairwise(stand.starts[1:-1])]
    assert pauses[:4] == [LOOK_SECONDS, LOOK_SECONDS * 2, LOOK_SECONDS * 4, LOOK_SECONDS * 8]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS
    # The last was ready: nobody waits after its end.
    assert stand.starts[-1] - stand.starts[-2] == 1.0


def test_nothing_is_repeated_for_long_when_nobody_was_ever_ready(monkeypatch: pytest.MonkeyPatch) -> None:
    stand = Stand(monkeypatch, [(1.0, False), (1.0, False), (1.0, False)])
    stand.run()
    assert len(stand.starts) == 2
    assert stand.server.interrupt_children == [0]


def test_who_cannot_tell_was_ready_when_it_lived_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    stand = Stand(monkeypatch, [(SETTLED_SECONDS, False), (1.0, False), (1.0, False)], tells=False)
    stand.run()
    assert len(stand.starts) == 4
    assert stand.server.interrupt_children == []


def test_ready_processes_are_heard_once() -> None:
    coming_up = ComingUp()
    assert coming_up.heard() == set()
    child = os.fork()
    if child == 0:
        coming_up.tell()
        os._exit(0)
    os.waitpid(child, 0)
    coming_up.tell()
    assert coming_up.heard() == {child, os.getpid()}
    assert coming_up.heard() == set()


def test_granian_has_what_the_watch_works_with() -> None:
    server = WebServer(None, address="127.0.0.1", port=1)
    assert server.wrks == []
    assert isinstance(server.main_loop_interrupt, threading.Event)
    assert server.interrupt_children == []
    assert (server.interrupt_signal, server.reload_signal) == (False, False)
    for name in ("_serve_loop", "_respawn_workers", "_reload"):
        assert callable(getattr(super(WebServer, server), name))
