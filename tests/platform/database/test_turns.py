"""Turns: so many at once over all processes, and nobody keeps one beyond its death or waits for ever."""

import asyncio
import sys
from pathlib import Path

import pytest

from bottega.platform.database import turns
from bottega.platform.database.turns import Turns

TAKES_ONE = """
import asyncio, sys
from pathlib import Path
from bottega.platform.database.turns import Turns

async def main():
    async with Turns(Path(sys.argv[1]), 1).turn():
        print("has it", flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def test_no_more_than_there_are_at_once_and_all_in_the_end(tmp_path: Path) -> None:
    shared = [Turns(tmp_path, 2), Turns(tmp_path, 2)]
    at_once: list[int] = []
    has_it = 0

    async def work(own: Turns) -> None:
        nonlocal has_it
        async with own.turn():
            has_it += 1
            at_once.append(has_it)
            await asyncio.sleep(0.01)
            has_it -= 1

    await asyncio.gather(*(work(shared[place % 2]) for place in range(12)))
    assert len(at_once) == 12
    assert max(at_once) == 2
    for own in shared:
        own.close()


async def test_one_that_dies_gives_its_turn_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST_WAIT_SECONDS", 60.0)
    program = (sys.executable, "-c", TAKES_ONE, str(tmp_path))
    other = await asyncio.create_subprocess_exec(*program, stdout=asyncio.subprocess.PIPE)
    try:
        assert other.stdout is not None
        assert await other.stdout.readline() == b"has it\n"
        own = Turns(tmp_path, 1)
        waiting = asyncio.create_task(_take(own))
        await asyncio.sleep(0.05)
        assert not waiting.done()
    finally:
        other.kill()
        await other.wait()
    await asyncio.wait_for(waiting, 10)
    own.close()


async def test_whoever_has_waited_long_goes_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "LONGEST_WAIT_SECONDS", 0.02)
    own, other = Turns(tmp_path, 1), Turns(tmp_path, 1)
    async with own.turn():
        await asyncio.wait_for(_take(other), 10)
    # It took nothing, so it gave nothing back.
    async with own.turn():
        pass
    own.close()
    other.close()


async def test_who_stops_waiting_leaves_no_trace(tmp_path: Path) -> None:
    own, other = Turns(tmp_path, 1), Turns(tmp_path, 1)
    async with own.turn():
        waiting = asyncio.create_task(_take(other))
        await asyncio.sleep(0.01)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
    await asyncio.wait_for(_take(other), 10)
    await asyncio.wait_for(_take(own), 10)
    own.close()
    other.close()


async def _take(own: Turns) -> None:
    async with own.turn():
        pass
