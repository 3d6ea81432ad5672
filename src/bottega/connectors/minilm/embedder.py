"""MiniLM behind the port: asks the machine's embedder process, and starts it when there is none."""

import asyncio
import contextlib
import importlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bottega.connectors.minilm import launch, process_files
from bottega.connectors.minilm.connection import Connection, lost
from bottega.connectors.minilm.identity import DIMENSIONS, MiniLm
from bottega.connectors.minilm.loading import warming
from bottega.kernel.errors import Unavailable
from bottega.ports.embedder import (
    EmbedderHealth,
    Purpose,
    Vector,
    checked_texts,
    meaning_is_away,
    timeout_for,
)

HEALTH_TIMEOUT_SECONDS = 1.0
WAIT_PAUSE_SECONDS = 0.05
# Starts that came to nothing are repeated with growing pauses.
FRUITLESS_STARTS_LIMIT = 3
FIRST_START_PAUSE_SECONDS, LONGEST_START_PAUSE_SECONDS = 1.0, 60.0
PASSING = frozenset({"embedder_warming", "embedder_lost"})


class MiniLmEmbedder:
    """Implements `Embedder`. One per process and event loop; costs little before it is used."""

    def __init__(self, setup: MiniLm) -> None:
        self._setup = setup
        self._files = process_files.locate(setup)
        self._connection: Connection | None = None
        self._opening = asyncio.Lock()
        self._starting: asyncio.Task[None] | None = None
        self._start_refusal: Unavailable | None = None
        self._starts = 0
        self._start_not_before = 0.0
        self._is_closed = False

    @property
    def model(self) -> str:
        return self._setup.model

    @property
    def dimensions(self) -> int:
        return DIMENSIONS

    @property
    def log_file(self) -> Path:
        """Where the process writes what happens to it."""
        return self._files.log

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose, timeout_seconds: float | None = None
    ) -> list[Vector]:
        checked = checked_texts(texts)
        if not checked:
            return []
        budget_seconds = timeout_for(purpose, timeout_seconds)
        header = {"verb": "embed", "purpose": purpose, "texts": checked, "budget_seconds": budget_seconds}
        try:
            async with asyncio.timeout(budget_seconds):
                frame = await (await self._connected()).request(header)
        except TimeoutError:
            raise _slow() from None
        except Unavailable as refusal:
            if refusal.code == "embedder_lost" and not self._is_closed:
                # The next query finds it loading already.
                self._start_soon()
            raise
        return _vectors(frame.body, len(checked))

    async def wait_ready(self, *, timeout_seconds: float) -> None:
        deadline = time.monotonic() + timeout_seconds
        pause_seconds = WAIT_PAUSE_SECONDS
        while True:
            try:
                if await self._is_ready(max(deadline - time.monotonic(), WAIT_PAUSE_SECONDS)):
                    return
                refusal = warming()
            except Unavailable as error:
                if error.code not in PASSING:
                    raise
                refusal = error
            if time.monotonic() + pause_seconds > deadline:
                raise refusal
            await asyncio.sleep(pause_seconds)
            pause_seconds = min(pause_seconds * 1.5, 0.5)

    async def health(self) -> EmbedderHealth:
        try:
            status = await self.status()
        except Unavailable as refusal:
            return EmbedderHealth("away", self.model, DIMENSIONS, refusal.message)
        if status is None and self._start_refusal is not None:
            return EmbedderHealth("away", self.model, DIMENSIONS, self._start_refusal.message)
        if status is None:
            if await asyncio.to_thread(launch.is_alive, self._files):
                return EmbedderHealth("warming", self.model, DIMENSIONS, warming().message)
            reason = "The language model is not loaded; it starts when a text is to be understood."
            return EmbedderHealth("idle", self.model, DIMENSIONS, reason)
        return EmbedderHealth(status["state"], self.model, DIMENSIONS, status["reason"])

    async def close(self) -> None:
        self._is_closed = True
        if self._connection is not None:
            await self._connection.close()
        if self._starting is not None:
            await asyncio.gather(self._starting, return_exceptions=True)

    async def status(self) -> dict[str, Any] | None:
        """What the process says of itself; None when there is none. Starts nothing."""
        try:
            return await self._visit("status")
        except (FileNotFoundError, ConnectionError):
            return None

    async def stop_process(self) -> bool:
        """Ends the process, politely and then firmly; False when there was none."""
        if not await asyncio.to_thread(launch.is_alive, self._files):
            return False
        with contextlib.suppress(OSError, Unavailable):
            await self._visit("stop")
        if not await asyncio.to_thread(launch.await_end, self._files):
            launch.kill(self._files)
            await asyncio.to_thread(launch.await_end, self._files)
        return True

    async def _visit(self, verb: str) -> dict[str, Any]:
        """One question on a connection of its own. Raises OSError when nobody listens."""
        try:
            async with asyncio.timeout(HEALTH_TIMEOUT_SECONDS):
                connection = await Connection.open(process_files.connectable(self._files))
                try:
                    return (await connection.request({"verb": verb})).header
                finally:
                    await connection.close()
        except TimeoutError:
            raise _slow() from None

    async def _is_ready(self, timeout_seconds: float) -> bool:
        try:
            async with asyncio.timeout(timeout_seconds):
                status = (await (await self._connected()).request({"verb": "wake"})).header
        except TimeoutError:
            raise _slow() from None
        if status["state"] == "away":
            raise _refusal_of(status)
        return status["state"] == "ready"

    async def _connected(self) -> Connection:
        """The connection, opened when need be; begins to start the process when nobody listens."""
        if self._is_closed:
            raise lost()
        try:
            return await self._open()
        except (FileNotFoundError, ConnectionError):
            self._start_soon()
            raise (self._start_refusal or warming()) from None
        except OSError as error:
            raise meaning_is_away(
                "embedder_unreachable",
                f"the language model's process cannot be reached ({error.strerror}).",
                next_step=f"See who may enter {self._files.folder}.",
            ) from error

    async def _open(self) -> Connection:
        async with self._opening:
            if self._connection is None or not self._connection.is_open:
                # Off the event loop: the vectors that come back need it, and loading it takes a tenth of a second.
                await asyncio.to_thread(importlib.import_module, "numpy")
                self._connection = await Connection.open(process_files.connectable(self._files))
                self._starts, self._start_refusal = 0, None
            return self._connection

    def _start_soon(self) -> None:
        if self._starting is None and time.monotonic() >= self._start_not_before:
            self._starting = asyncio.create_task(self._start())

    async def _start(self) -> None:
        try:
            if await asyncio.to_thread(launch.launch, self._setup):
                self._starts += 1
                pause = FIRST_START_PAUSE_SECONDS * 2 ** (self._starts - 1)
                self._start_not_before = time.monotonic() + min(pause, LONGEST_START_PAUSE_SECONDS)
            if self._starts > FRUITLESS_STARTS_LIMIT:
                self._start_refusal = meaning_is_away(
                    "embedder_does_not_start",
                    "the language model's process ends while it starts.",
                    next_step=f"See {self._files.log}; it is tried again by itself.",
                )
        except Unavailable as refusal:
            self._start_refusal = refusal
            self._start_not_before = time.monotonic() + LONGEST_START_PAUSE_SECONDS
        finally:
            self._starting = None


def _vectors(body: bytes, count: int) -> list[Vector]:
    import numpy as np

    if len(body) != count * DIMENSIONS * 4:
        raise lost()
    # Read-only, because it is a view of the bytes; whoever wants to change a vector copies it.
    return list(np.frombuffer(body, dtype="<f4").reshape(count, DIMENSIONS))


def _refusal_of(status: dict[str, Any]) -> Unavailable:
    from bottega.connectors.minilm.frames import refusal_from

    return refusal_from(status["away"])


def _slow() -> Unavailable:
    return meaning_is_away("embedder_slow", "the language model did not answer in time.")
