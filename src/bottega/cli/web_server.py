"""Granian's server with a watch of our own over its web processes: what was killed is started again at once."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

import structlog

from bottega.bootstrap.coming_up import ComingUp

if TYPE_CHECKING:
    # Which of the two it is depends on the interpreter.
    from granian.server import MPServer as Server
else:
    from granian.server import Server

log = structlog.get_logger(__name__)

LOOK_SECONDS = 0.25
# A web process that ends before it is ready, or by itself soon after, is started more and more slowly.
LONGEST_PAUSE_SECONDS = 15.0
# When nobody was ever ready, something is wrong that no repetition mends: settings, say.
FIRST_ATTEMPTS = 2
# Soon is sooner than this. Where a process cannot tell that it is ready (no fork), one that lived so long was.
SETTLED_SECONDS = 10.0


class Process(Protocol):
    """What of a process of Python's own is looked at here."""

    @property
    def pid(self) -> int | None:
        """Its number."""
        ...

    @property
    def exitcode(self) -> int | None:
        """How it ended; less than zero: by a signal."""
        ...


class WebProcess(Protocol):
    """Granian's handle of one web process."""

    inner: Process

    def is_alive(self) -> bool:
        """Whether it has not ended."""
        ...


class Watched(Protocol):
    """What of granian's server the watch works with."""

    wrks: list[WebProcess]
    main_loop_interrupt: threading.Event
    interrupt_children: list[int]
    interrupt_signal: bool
    reload_signal: bool


@dataclass(slots=True)
class _Place:
    """What is known of one of the web processes, and of those that stood in its place before."""

    began_at: float
    has_ended: bool = False
    failed_in_a_row: int = 0
    start_at: float = 0.0


class Watch:
    """Looks at the processes whenever granian's own watchers stir, and a few times a second beside: two that end at
    the same moment may stir it once."""

    def __init__(self, server: Watched, coming_up: ComingUp | None) -> None:
        self._server = server
        self._coming_up = coming_up
        self._places = [_Place(time.monotonic()) for _ in server.wrks]
        self._ready: set[int] = set()
        self._was_ready = False

    def run(self, start_again: Callable[[int], None], start_all_again: Callable[[], None]) -> None:
        """Until told to stop. Leaves a process in `interrupt_children`, with which `serve` fails, when none was ever
        ready and one has ended again."""
        server = self._server
        while not server.interrupt_signal:
            server.main_loop_interrupt.wait(LOOK_SECONDS)
            server.main_loop_interrupt.clear()
            server.interrupt_children.clear()
            if server.reload_signal:
                start_all_again()
            if self._coming_up is not None:
                self._ready |= self._coming_up.heard()
                self._was_ready = self._was_ready or bool(self._ready)
            for index, place in enumerate(self._places):
                if server.interrupt_signal or server.wrks[index].is_alive():
                    continue
                if not place.has_ended:
                    self._note_end(server.wrks[index].inner, place)
                if not self._was_ready and place.failed_in_a_row >= FIRST_ATTEMPTS:
                    server.interrupt_children.append(index)
                    return
                if time.monotonic() >= place.start_at:
                    start_again(index)
                    place.has_ended, place.began_at = False, time.monotonic()

    def _note_end(self, process: Process, place: _Place) -> None:
        now, process_id = time.monotonic(), process.pid or 0
        lived_seconds = now - place.began_at
        is_settled = lived_seconds >= SETTLED_SECONDS
        was_ready = is_settled if self._coming_up is None else process_id in self._ready
        self._ready.discard(process_id)
        self._was_ready = self._was_ready or was_ready
        # One that ends by itself soon after it was ready ends again: its work behind the pages fails, say.
        was_killed = (process.exitcode or 0) < 0
        is_fine = was_ready and (was_killed or is_settled)
        place.failed_in_a_row = 0 if is_fine else place.failed_in_a_row + 1
        if is_fine:
            pause_seconds = max(0.0, LOOK_SECONDS - lived_seconds)
        else:
            pause_seconds = min(LOOK_SECONDS * 2 ** min(place.failed_in_a_row - 1, 10), LONGEST_PAUSE_SECONDS)
        place.has_ended, place.start_at = True, now + pause_seconds
        log.warning("web_process_started_again", process_id=process_id, pause_seconds=pause_seconds)


class WebServer(Server):
    """Granian itself gives up, ending every web process, when one ends again within seconds. Here only that one is
    started again: at once when it was killed, as somebody is waiting, and after a growing pause when it fails."""

    def __init__(self, coming_up: ComingUp | None, **options: Any) -> None:
        create = "bottega.bootstrap.web_process:create"
        super().__init__(create, factory=True, **options)  # pyright: ignore[reportUnknownMemberType] - a part untyped
        self._coming_up = coming_up

    def _serve_loop(self, spawn_target: Any, target_loader: Any) -> None:
        granian = cast("Any", self)
        Watch(cast("Watched", self), self._coming_up).run(
            lambda index: granian._respawn_workers([index], spawn_target, target_loader),
            lambda: granian._reload(spawn_target, target_loader),
        )
