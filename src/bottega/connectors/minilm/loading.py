"""Getting the model into memory, and back into it after what went wrong was put right."""

import asyncio
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from bottega.connectors.minilm import graph_cache, weights
from bottega.connectors.minilm.identity import MiniLm
from bottega.kernel.errors import Unavailable
from bottega.ports.embedder import meaning_is_away

if TYPE_CHECKING:
    from bottega.connectors.minilm.encoder import Encoder

FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 300.0

LOADING = "being loaded"

Told = Callable[[str], None]


class ModelLoader:
    """Loads once, and after a failure again when a file has changed or, with growing pauses, when somebody asks."""

    def __init__(self, setup: MiniLm, tell: Told) -> None:
        self._setup = setup
        self._tell = tell
        self._encoder: Encoder | None = None
        self._refusal: Unavailable | None = None
        self._loading: asyncio.Task[None] | None = None
        self._failures = 0
        self._not_before = 0.0
        self._seen: tuple[object, ...] = ()
        self._stage = LOADING

    @property
    def state(self) -> Literal["ready", "warming", "away"]:
        if self._encoder is not None:
            return "ready"
        return "away" if self._loading is None and self._refusal is not None else "warming"

    @property
    def refusal(self) -> Unavailable | None:
        """Why nothing can be embedded now; None when it can."""
        if self._encoder is not None:
            return None
        if self._loading is None and self._refusal is not None:
            return self._refusal
        return warming(self._stage)

    def wake(self) -> "Encoder | None":
        """The encoder when it is there; else loading begins if it is time for it."""
        if self._encoder is None and self._loading is None and self._is_due():
            self._seen = weights.signature(self._setup)
            self._loading = asyncio.create_task(self._load())
        return self._encoder

    def _is_due(self) -> bool:
        return time.monotonic() >= self._not_before or weights.signature(self._setup) != self._seen

    async def _load(self) -> None:
        began = time.monotonic()
        try:
            self._encoder = await asyncio.to_thread(self._loaded)
            self._refusal, self._failures = None, 0
            self._tell(f"ready after {time.monotonic() - began:.2f} s: {self._setup.model}")
        except Unavailable as refusal:
            self._fail(refusal)
        except Exception as error:  # noqa: BLE001 - whatever it is, shoppers go on by keyword and the log says it
            self._fail(
                meaning_is_away(
                    "embedder_not_loaded",
                    f"the language model could not be loaded ({type(error).__name__}).",
                    next_step="See the embedder's log file (`bottega embedder status`).",
                )
            )
            self._tell(f"not loaded: {error!r}")
        finally:
            self._loading = None

    def _fail(self, refusal: Unavailable) -> None:
        pause = min(FIRST_PAUSE_SECONDS * 2**self._failures, LONGEST_PAUSE_SECONDS)
        self._failures += 1
        self._not_before = time.monotonic() + pause
        refusal.retry_after_seconds = pause
        self._refusal = refusal
        self._tell(f"away, next attempt in {pause:g} s or when a file changes: {refusal}")

    def _loaded(self) -> "Encoder":
        """On a thread: from the cached graph, else from the weights, else from the hub."""
        from bottega.connectors.minilm.encoder import Encoder

        self._stage = LOADING
        cached = graph_cache.find(self._setup)
        if cached is not None:
            try:
                return Encoder(cached)
            except Exception as error:  # noqa: BLE001 - written by another version of a library, say: built again
                self._tell(f"the cached graph cannot be used: {error!r}")
        folder = self._weights_folder()
        self._stage = "being prepared for its first use"
        self._tell("building the graph")
        return Encoder(graph_cache.build(self._setup, folder))

    def _weights_folder(self) -> Path:
        try:
            return weights.sound_folder(self._setup)
        except Unavailable:
            if self._setup.hub_url is None or self._setup.weights_folder is not None:
                raise
        from bottega.connectors.minilm.download import download

        self._stage = "being downloaded"
        self._tell("downloading the weights")
        return download(self._setup)


def warming(stage: str = LOADING) -> Unavailable:
    """The refusal while the model is on its way into memory."""
    return meaning_is_away("embedder_warming", f"the language model is {stage}.", retry_after_seconds=1.0)
