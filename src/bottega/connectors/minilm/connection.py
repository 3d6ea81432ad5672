"""A caller's connection to the embedder process: many requests at once, each answered or refused, none left hanging."""

import asyncio
import contextlib
import itertools
from typing import Any, Self

from bottega.connectors.minilm import frames
from bottega.kernel.errors import Unavailable
from bottega.ports.embedder import meaning_is_away


class Connection:
    """Belongs to one event loop."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._numbers = itertools.count(1)
        self._expected: dict[int, asyncio.Future[frames.Frame]] = {}
        self._reading = asyncio.create_task(self._read())

    @classmethod
    async def open(cls, path: str) -> Self:
        """Raises OSError when nobody listens there."""
        reader, writer = await asyncio.open_unix_connection(path)
        return cls(reader, writer)

    @property
    def is_open(self) -> bool:
        return not self._reading.done()

    async def request(self, header: dict[str, Any]) -> frames.Frame:
        """The answer. Raises `Unavailable` when it is refused or the process goes away meanwhile."""
        number = next(self._numbers)
        answer: asyncio.Future[frames.Frame] = asyncio.get_running_loop().create_future()
        self._expected[number] = answer
        try:
            if not self.is_open:
                raise lost()
            try:
                self._writer.write(frames.Frame({**header, "id": number}).encoded())
                await self._writer.drain()
            except OSError:
                raise lost() from None
            frame = await answer
        finally:
            del self._expected[number]
        refusal = frame.header.get("refusal")
        if refusal is not None:
            raise frames.refusal_from(refusal)
        return frame

    async def close(self) -> None:
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)
        # A task that is cancelled before its first step never gets to its own end.
        self._end()
        with contextlib.suppress(OSError):
            await self._writer.wait_closed()

    async def _read(self) -> None:
        try:
            while (frame := await frames.read(self._reader)) is not None:
                answer = self._expected.get(frame.header.get("id", 0))
                # One whose caller has stopped waiting is dropped.
                if answer is not None and not answer.done():
                    answer.set_result(frame)
        except frames.BadFrame:
            pass
        finally:
            self._end()

    def _end(self) -> None:
        for answer in self._expected.values():
            if not answer.done():
                answer.set_exception(lost())
        self._writer.close()


def lost() -> Unavailable:
    """The refusal when the process went away in the middle."""
    return meaning_is_away("embedder_lost", "the language model's process went away.", retry_after_seconds=1.0)
