"""Real kills: a few of each kind under load lose nothing, and the keeper starts again what was killed."""

import multiprocessing
import os
import signal
import time
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import pytest

from bottega.cli.keep_up import LONGEST_PAUSE_SECONDS, LOOK_SECONDS, Keeper, Patience
from bottega.platform.database import embedded
from bottega.proof.kill.campaign import run_kills
from bottega.proof.kill.shop_processes import Target, temporary_directory
from bottega.proof.kill.shoppers import stable

# Timing is the long campaign's business; here the machine may be as slow as it likes.
PATIENT_SECONDS = 80.0
# All web processes and everything at once take a start of the whole shop each: these are the long campaign's as well.
SINGLE: tuple[Target, ...] = ("web", "worker", "postmaster", "backend")


async def test_a_few_kills_lose_nothing() -> None:
    report = await run_kills(4, seed=5, targets=SINGLE, answer_within_seconds=PATIENT_SECONDS)
    assert [(found.promise, found.seen) for found in report.violations] == []
    assert report.counts["kills"] == 4
    assert report.counts["acknowledged changes"] > 0
    assert sum(report.counts.get(f"kills of {target}", 0) for target in SINGLE) == 4


def test_what_a_repeated_request_has_to_say_again() -> None:
    payment = {"id": "pay_1", "order_id": "ord_1", "amount_minor": 5, "currency": "EUR", "kind": "card", "status": "x"}
    assert stable(payment) == stable({**payment, "status": "captured", "captured_minor": 5})
    assert stable(payment) != stable({**payment, "amount_minor": 6})
    assert stable({"cart_id": "crt_1", "version": 1}) == {"cart_id": "crt_1", "version": 1}


def test_a_database_that_was_killed_is_started_again_and_one_that_was_stopped_is_not() -> None:
    with temporary_directory("keeper") as directory:
        server = embedded.start(directory)
        keeper = Keeper(None, directory)
        keeper.start()
        try:
            os.kill(server.process_id, signal.SIGKILL)
            again = _until_running(directory, other_than=server.process_id)
            assert again != server.process_id
            embedded.stop(directory)
            time.sleep(1.0)
            assert embedded.status(directory).state == "stopped"
        finally:
            keeper.end(5)


def test_a_worker_that_was_killed_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    first = multiprocessing.Process(target=time.sleep, args=(60,))
    first.start()
    started: list[list[str]] = []

    class Started:
        returncode = 0

        def __init__(self, command: list[str]) -> None:
            started.append(command)

        def poll(self) -> None:
            return None

        def terminate(self) -> None:
            started.append(["terminated"])

        def wait(self, seconds: float) -> None:
            assert seconds == 5

    monkeypatch.setattr("bottega.cli.keep_up.subprocess.Popen", Started)
    keeper = Keeper(first, None)
    keeper.start()
    os.kill(first.pid or 0, signal.SIGKILL)
    deadline = time.monotonic() + 20
    while not started and time.monotonic() < deadline:
        time.sleep(0.05)
    keeper.end(5)
    assert started[0][1:] == ["-m", "bottega", "worker"]
    assert started[1:] == [["terminated"]]


def test_a_worker_that_fails_again_and_again_does_not_keep_the_database_away(monkeypatch: pytest.MonkeyPatch) -> None:
    started_at: list[float] = []

    class Failed:
        returncode = 1

        def __init__(self, command: list[str]) -> None:
            started_at.append(time.monotonic())

        def poll(self) -> int:
            return 1

        def terminate(self) -> None:
            pass

        def wait(self, seconds: float) -> None:
            pass

    first = multiprocessing.Process(target=time.sleep, args=(0,))
    first.start()
    first.join()
    with temporary_directory("keeper") as directory:
        server = embedded.start(directory)
        # In that module alone: the database is started by the real one.
        monkeypatch.setattr("bottega.cli.keep_up.subprocess", SimpleNamespace(Popen=Failed))
        keeper = Keeper(first, directory)
        keeper.start()
        try:
            while len(started_at) < 4:
                time.sleep(0.05)
            # The next one begins after a pause of seconds; the database does not wait for that.
            os.kill(server.process_id, signal.SIGKILL)
            assert _until_running(directory, other_than=server.process_id) != server.process_id
            assert len(started_at) <= 5
        finally:
            keeper.end(5)
    pauses = [later - earlier for earlier, later in pairwise(started_at[:4])]
    assert pauses == sorted(pauses), pauses
    assert pauses[-1] >= 1.0, pauses


def test_patience_doubles_up_to_its_limit_and_begins_anew() -> None:
    patience = Patience()
    assert patience.is_over
    for _ in range(10):
        patience.failed()
    assert not patience.is_over
    assert patience.pause_seconds == LONGEST_PAUSE_SECONDS
    patience.went_well()
    assert patience.pause_seconds == LOOK_SECONDS


def _until_running(directory: Path, other_than: int) -> int:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        found = embedded.status(directory).server
        if found is not None and found.process_id != other_than:
            return found.process_id
        time.sleep(0.1)
    raise AssertionError("the database was not started again")
