"""Turns: no more heavy work at once than the machine has processors, over all of the shop's processes.

Twice as many searches at once as there are processors all take twice as long; one after the other the first is done in
half the time, and the last no later. A turn is a lock on a file, which the kernel takes back from a process that dies.
"""

import asyncio
import fcntl
import os
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

LOOK_SECONDS = 0.001
# Whoever has waited so long goes ahead: a turn is for speed, nothing is wrong without one.
LONGEST_WAIT_SECONDS = 1.0


class Turns:
    """Some turns, known by the files of a directory."""

    def __init__(self, directory: Path, number: int) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._free = [os.open(directory / str(place), os.O_RDWR | os.O_CREAT, 0o600) for place in range(number)]
        self._files = tuple(self._free)
        # Those of one process wait in line, and only the first of them looks.
        self._line = asyncio.Lock()

    @asynccontextmanager
    async def turn(self) -> AsyncGenerator[None]:
        """Waits for a turn and has it for as long as the context lasts."""
        async with self._line:
            file = await self._wait()
        try:
            yield
        finally:
            if file is not None:
                fcntl.flock(file, fcntl.LOCK_UN)
                self._free.append(file)

    def close(self) -> None:
        """Gives back the files."""
        for file in self._files:
            os.close(file)

    async def _wait(self) -> int | None:
        until = time.monotonic() + LONGEST_WAIT_SECONDS
        while True:
            for file in self._free:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    continue
                # One file is one turn to the kernel, however often this process asks for it.
                self._free.remove(file)
                return file
            if time.monotonic() >= until:
                return None
            await asyncio.sleep(LOOK_SECONDS)
