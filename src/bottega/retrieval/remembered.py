"""An embedder around an embedder: it remembers queries, and lets no shopper wait for one that does not answer."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from bottega.kernel.errors import Unavailable
from bottega.ports.embedder import (
    Embedder,
    EmbedderHealth,
    Purpose,
    Vector,
    checked_texts,
)

REMEMBERED_QUERIES = 1_024
# After so many queries in a row without an answer in time, the next ones are refused at once for a while.
FRUITLESS_LIMIT = 3
PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 5.0, 60.0
# Each of these cost the query time. The others are said at once, and asking again may wake the model.
WAITED_FOR = frozenset({"embedder_slow", "embedder_unreachable", "embedder_failed"})


class RememberingEmbedder:
    """Implements `Embedder`. A remembered query is answered even while the other embedder is away."""

    def __init__(self, embedder: Embedder, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._embedder = embedder
        self._monotonic = monotonic
        self._remembered: OrderedDict[str, Vector] = OrderedDict()
        self._fruitless = 0
        self._refusal: Unavailable | None = None
        self._paused_until = 0.0

    @property
    def model(self) -> str:
        return self._embedder.model

    @property
    def dimensions(self) -> int:
        return self._embedder.dimensions

    @property
    def inner(self) -> Embedder:
        """The embedder that does the work."""
        return self._embedder

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose, timeout_seconds: float | None = None
    ) -> list[Vector]:
        if purpose == "passage":
            return await self._embedder.embed(texts, purpose=purpose, timeout_seconds=timeout_seconds)
        checked = checked_texts(texts)
        known = {text: vector for text in checked if (vector := self._recall(text)) is not None}
        missing = [text for text in dict.fromkeys(checked) if text not in known]
        if missing:
            vectors = await self._ask(missing, timeout_seconds)
            known.update(zip(missing, vectors, strict=True))
        return [known[text] for text in checked]

    async def wait_ready(self, *, timeout_seconds: float) -> None:
        await self._embedder.wait_ready(timeout_seconds=timeout_seconds)

    async def health(self) -> EmbedderHealth:
        return await self._embedder.health()

    async def close(self) -> None:
        await self._embedder.close()

    async def _ask(self, queries: list[str], timeout_seconds: float | None) -> list[Vector]:
        if self._refusal is not None and self._monotonic() < self._paused_until:
            raise self._refusal
        try:
            vectors = await self._embedder.embed(queries, purpose="query", timeout_seconds=timeout_seconds)
        except Unavailable as refusal:
            self._note(refusal)
            raise
        self._fruitless, self._refusal = 0, None
        # Copies: a row of a larger answer would keep all of it.
        remembered = [_read_only(vector.copy()) for vector in vectors]
        self._remembered.update(zip(queries, remembered, strict=True))
        while len(self._remembered) > REMEMBERED_QUERIES:
            self._remembered.popitem(last=False)
        return remembered

    def _note(self, refusal: Unavailable) -> None:
        if refusal.code == "embedder_busy" and refusal.retry_after_seconds:
            self._pause(refusal, refusal.retry_after_seconds)
        elif refusal.code in WAITED_FOR:
            self._fruitless += 1
            if self._fruitless >= FRUITLESS_LIMIT:
                self._pause(refusal, refusal.retry_after_seconds or PAUSE_SECONDS)

    def _pause(self, refusal: Unavailable, seconds: float) -> None:
        self._refusal = refusal
        self._paused_until = self._monotonic() + min(seconds, LONGEST_PAUSE_SECONDS)

    def _recall(self, text: str) -> Vector | None:
        vector = self._remembered.get(text)
        if vector is not None:
            self._remembered.move_to_end(text)
        return vector


def _read_only(vector: Vector) -> Vector:
    # Everybody who asks for the same query gets this one.
    vector.flags.writeable = False
    return vector
