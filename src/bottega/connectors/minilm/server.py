"""The embedder process: answers on a socket, queries before passages, within limits, and ends when nobody needs it."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from bottega.connectors.minilm import frames, process_files
from bottega.connectors.minilm.identity import DIMENSIONS, MiniLm
from bottega.connectors.minilm.loading import ModelLoader, warming
from bottega.kernel.errors import Refusal, Unavailable
from bottega.ports.embedder import Purpose, checked_texts, meaning_is_away

LARGEST_WAITING: dict[Purpose, int] = {"query": 256, "passage": 4_096}
CONNECTIONS_LIMIT = 256
REQUESTS_PER_CONNECTION_LIMIT = 64
LONGEST_BUDGET_SECONDS = 600.0
# Bulk work gets what shoppers leave: their queries and pages come first.
PASSAGES_NICENESS = 10
WATCH_SECONDS = 1.0

log = logging.getLogger("bottega.embedder")


@dataclass(slots=True)
class Counts:
    """What was done since the start; told by `status`."""

    queries: int = 0
    passages: int = 0
    refused: int = 0


class EmbedderServer:
    """One per machine and model."""

    def __init__(self, setup: MiniLm, files: process_files.ProcessFiles) -> None:
        self._setup = setup
        self._files = files
        self._loader = ModelLoader(setup, log.info)
        self._threads: dict[Purpose, ThreadPoolExecutor] = {
            "query": ThreadPoolExecutor(1, "queries"),
            "passage": ThreadPoolExecutor(setup.threads, "passages", initializer=_yield_to_others),
        }
        self._waiting: dict[Purpose, int] = {"query": 0, "passage": 0}
        self._counts = Counts()
        self._connections: set[asyncio.Task[Any]] = set()
        self._stop = asyncio.Event()
        self._began = self._last_used = time.monotonic()

    async def run(self) -> None:
        """Serves until told to stop, until nobody has needed it for long, or until its socket has gone."""
        place = process_files.place_socket(self._files)
        previous = os.umask(0o177)
        try:
            server = await asyncio.start_unix_server(self._converse, place)
        finally:
            os.umask(previous)
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, self._stop.set)
        log.info("process %d serves %s", os.getpid(), self._setup.model)
        self._loader.wake()
        try:
            await self._watch(self._files.socket)
        finally:
            server.close()
            for task in self._connections:
                task.cancel()
            process_files.remove_socket(self._files)
            for threads in self._threads.values():
                threads.shutdown(wait=False, cancel_futures=True)

    async def _watch(self, place: Path) -> None:
        identity = _file_number(place)
        while not self._stop.is_set():
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(WATCH_SECONDS):
                    await self._stop.wait()
            if _file_number(place) != identity:
                log.info("ends: its socket was removed")
                return
            if self._connections:
                self._last_used = time.monotonic()
            elif time.monotonic() - self._last_used > self._setup.idle_seconds:
                log.info("ends: nobody has needed it for %g s", self._setup.idle_seconds)
                return
        log.info("ends: it was asked to")

    async def _converse(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answers one caller; what a caller that leaves had asked for is not computed any more."""
        task = asyncio.current_task()
        assert task is not None, "start_unix_server makes a task for each connection"
        if len(self._connections) >= CONNECTIONS_LIMIT:
            writer.close()
            return
        self._connections.add(task)
        requests: set[asyncio.Task[None]] = set()
        try:
            while (frame := await frames.read(reader)) is not None:
                if len(requests) >= REQUESTS_PER_CONNECTION_LIMIT:
                    raise frames.BadFrame("too many requests at once")
                request = asyncio.create_task(self._answer(frame, writer))
                requests.add(request)
                request.add_done_callback(requests.discard)
        except frames.BadFrame as error:
            log.info("a connection is closed: %s", error)
        except asyncio.CancelledError:
            # The process ends; nobody waits for this task's own end.
            pass
        finally:
            self._connections.discard(task)
            for request in requests:
                request.cancel()
            writer.close()

    async def _answer(self, frame: frames.Frame, writer: asyncio.StreamWriter) -> None:
        number = frame.header.get("id")
        try:
            answer = await self._handle(frame.header)
        except Refusal as refusal:
            self._counts.refused += 1
            unavailable = refusal if isinstance(refusal, Unavailable) else Unavailable(refusal.code, refusal.message)
            answer = frames.Frame({"refusal": frames.refusal_record(unavailable)})
        except Exception as error:
            # A bug: the log has it, and the caller is not left waiting.
            log.exception("a request failed")
            refusal = meaning_is_away("embedder_failed", f"the language model failed ({type(error).__name__}).")
            answer = frames.Frame({"refusal": frames.refusal_record(refusal)})
        with contextlib.suppress(ConnectionError):
            writer.write(frames.Frame({**answer.header, "id": number}, answer.body).encoded())
            await writer.drain()

    async def _handle(self, header: dict[str, Any]) -> frames.Frame:
        match header.get("verb"):
            case "embed":
                return await self._embed(header)
            case "wake":
                self._loader.wake()
                return frames.Frame(self._status())
            case "status":
                return frames.Frame(self._status())
            case "stop":
                asyncio.get_running_loop().call_later(0.05, self._stop.set)
                return frames.Frame(self._status())
            case verb:
                raise Unavailable("embedder_verb_unknown", f"The embedder process does not know '{verb}'.")

    async def _embed(self, header: dict[str, Any]) -> frames.Frame:
        texts, purpose, budget_seconds = _asked(header)
        self._last_used = time.monotonic()
        encoder = self._loader.wake()
        if encoder is None:
            raise self._loader.refusal or warming()
        if self._waiting[purpose] + len(texts) > LARGEST_WAITING[purpose]:
            raise meaning_is_away(
                "embedder_busy", "too many texts are waiting to be understood.", retry_after_seconds=1.0
            )
        loop = asyncio.get_running_loop()
        self._waiting[purpose] += len(texts)
        futures = [loop.run_in_executor(self._threads[purpose], encoder.encode, text) for text in texts]
        try:
            async with asyncio.timeout(budget_seconds):
                vectors = await asyncio.gather(*futures)
        except TimeoutError:
            raise meaning_is_away("embedder_slow", "the language model did not answer in time.") from None
        finally:
            # Cancelling takes back what no thread has begun with.
            for future in futures:
                future.cancel()
            self._waiting[purpose] -= len(texts)
        if purpose == "query":
            self._counts.queries += len(texts)
        else:
            self._counts.passages += len(texts)
        body = b"".join(vector.astype("<f4", copy=False).tobytes() for vector in vectors)
        return frames.Frame({"count": len(vectors), "dimensions": DIMENSIONS}, body)

    def _status(self) -> dict[str, Any]:
        refusal = self._loader.refusal
        return {
            "state": self._loader.state,
            "reason": "" if refusal is None else refusal.message,
            "away": None if refusal is None else frames.refusal_record(refusal),
            "process_id": os.getpid(),
            "model": self._setup.model,
            "uptime_seconds": round(time.monotonic() - self._began, 1),
            # Without the one that asks.
            "connections": len(self._connections) - 1,
            "waiting": dict(self._waiting),
            "queries": self._counts.queries,
            "passages": self._counts.passages,
            "refused": self._counts.refused,
        }


def _asked(header: dict[str, Any]) -> tuple[list[str], Purpose, float]:
    """The texts, what they are for, and how many seconds there are for them."""
    texts, purpose = header.get("texts"), header.get("purpose", "query")
    budget_seconds = header.get("budget_seconds", LONGEST_BUDGET_SECONDS)
    is_sound = (
        isinstance(texts, list)
        and all(isinstance(text, str) for text in cast("list[object]", texts))
        and purpose in {"query", "passage"}
        and isinstance(budget_seconds, int | float)
    )
    if not is_sound:
        raise Unavailable("embedder_request_malformed", "The embedder process does not understand the request.")
    return checked_texts(cast("list[str]", texts)), purpose, min(float(budget_seconds), LONGEST_BUDGET_SECONDS)


def serve(setup: MiniLm, lock_handle: int) -> None:
    """The whole life of the process; `lock_handle` is the lock that its maker took for it."""
    logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(asctime)s %(message)s")
    os.ftruncate(lock_handle, 0)
    os.pwrite(lock_handle, str(os.getpid()).encode(), 0)
    asyncio.run(_serve(setup))
    # A thread may still be computing for a caller who has gone.
    os._exit(0)


async def _serve(setup: MiniLm) -> None:
    await EmbedderServer(setup, process_files.locate(setup)).run()


def _file_number(place: Path) -> int:
    """0 when there is none."""
    try:
        return place.stat().st_ino
    except OSError:
        return 0


def _yield_to_others() -> None:
    # Linux counts a thread as a process here; elsewhere this would slow the whole process.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), PASSAGES_NICENESS)
