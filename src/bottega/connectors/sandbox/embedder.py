"""The sandbox embedder: vectors from hashed words and letter groups, the same on every machine, without a model."""

import asyncio
import hashlib
import re
from collections.abc import Iterator, Sequence

from bottega.kernel.errors import Unavailable
from bottega.ports.embedder import (
    EmbedderHealth,
    Purpose,
    Vector,
    checked_texts,
    meaning_is_away,
    timeout_for,
)

DIMENSIONS = 384
GROUP_LETTERS = 4
# A shared word says more than a shared group of letters, which lets "shoe" find "shoes".
WORD_WEIGHT, GROUP_WEIGHT = 1.0, 0.3

_WORD = re.compile(r"\w+")


class SandboxEmbedder:
    """Implements `Embedder`: texts that share words lie close. Can be told to be slow, to warm up, or to be away."""

    def __init__(self, *, dimensions: int = DIMENSIONS, model: str = "sandbox-hashed-words") -> None:
        self._model = model
        self._dimensions = dimensions
        self._state: Unavailable | None = None
        self._warming = False
        self._back = asyncio.Event()
        self._back.set()
        self.delay_seconds = 0.0
        self.embedded: list[tuple[Purpose, tuple[str, ...]]] = []

    @property
    def model(self) -> str:
        return f"{self._model}/{self._dimensions}"

    @property
    def dimensions(self) -> int:
        return self._dimensions

    def go_away(self, reason: str = "the sandbox embedder was told to be away.") -> None:
        """From now on calls are refused."""
        self._become(meaning_is_away("embedder_away", reason, retry_after_seconds=1), warming=False)

    def warm_up(self) -> None:
        """From now on calls are refused because the model is loading; `wait_ready` waits."""
        reason = "the model is being loaded."
        self._become(meaning_is_away("embedder_warming", reason, retry_after_seconds=1), warming=True)

    def come_back(self) -> None:
        """From now on calls are answered."""
        self._become(None, warming=False)

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose, timeout_seconds: float | None = None
    ) -> list[Vector]:
        checked = checked_texts(texts)
        self._require()
        try:
            async with asyncio.timeout(timeout_for(purpose, timeout_seconds)):
                await asyncio.sleep(self.delay_seconds)
        except TimeoutError:
            raise meaning_is_away("embedder_slow", "the sandbox embedder did not answer in time.") from None
        self._require()
        self.embedded.append((purpose, tuple(checked)))
        return [_vector(text, self._dimensions) for text in checked]

    async def wait_ready(self, *, timeout_seconds: float) -> None:
        if self._warming:
            try:
                async with asyncio.timeout(timeout_seconds):
                    await self._back.wait()
            except TimeoutError:
                self._require()
        self._require()

    async def health(self) -> EmbedderHealth:
        if self._state is None:
            return EmbedderHealth("ready", self.model, self._dimensions)
        state = "warming" if self._warming else "away"
        return EmbedderHealth(state, self.model, self._dimensions, self._state.message)

    async def close(self) -> None:
        self.go_away("it was closed.")

    def _become(self, refusal: Unavailable | None, *, warming: bool) -> None:
        self._state, self._warming = refusal, warming
        if warming:
            self._back.clear()
        else:
            self._back.set()

    def _require(self) -> None:
        if self._state is not None:
            raise self._state


def _vector(text: str, dimensions: int) -> Vector:
    import numpy as np

    vector = np.zeros(dimensions, dtype=np.float32)
    for feature, weight in _features(text):
        digest = int.from_bytes(hashlib.blake2b(feature.encode(), digest_size=8).digest(), "big")
        # The lowest bit is a sign, so that unrelated texts come out near zero and not merely low.
        vector[(digest >> 1) % dimensions] += weight if digest & 1 else -weight
    length = float(np.linalg.norm(vector))
    if length == 0.0:
        vector[0], length = 1.0, 1.0
    return vector / np.float32(length)


def _features(text: str) -> Iterator[tuple[str, float]]:
    for word in _WORD.findall(text.casefold()):
        yield word, WORD_WEIGHT
        for start in range(len(word) - GROUP_LETTERS + 1):
            yield f"~{word[start : start + GROUP_LETTERS]}", GROUP_WEIGHT
