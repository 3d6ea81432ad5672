"""What every embedder owes search; its tests inherit this and provide the fixture `bench`."""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np
import pytest

from bottega.kernel.errors import Invalid, Unavailable
from bottega.ports.embedder import LARGEST_BATCH_TEXTS, LARGEST_TEXT_CHARACTERS, Embedder, Purpose, Vector

READY_TIMEOUT_SECONDS = 60.0
# For tests of what comes back rather than of how fast.
PATIENCE_SECONDS = 30.0
SHOES = ("waterproof hiking shoes", "hiking shoes that keep water out", "a laser printer for the office")


class Bench(ABC):
    """An embedder under test, and the levers that make it misbehave."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder = embedder

    @abstractmethod
    async def go_away(self) -> None:
        """Arrange that it cannot embed until `come_back`."""

    @abstractmethod
    async def answer_slowly(self) -> None:
        """Arrange that calls take longer than half a second until `come_back`."""

    @abstractmethod
    async def come_back(self) -> None:
        """Put right whatever was arranged."""


async def embedded(bench: Bench, texts: Sequence[str], purpose: Purpose = "passage") -> list[Vector]:
    return await bench.embedder.embed(texts, purpose=purpose, timeout_seconds=PATIENCE_SECONDS)


class EmbedderContract:
    """Vectors, limits, refusals, recovery."""

    async def test_one_vector_of_length_one_per_text_in_order(self, bench: Bench) -> None:
        together = await embedded(bench, SHOES)
        assert [vector.shape for vector in together] == [(bench.embedder.dimensions,)] * 3
        assert [vector.dtype for vector in together] == [np.float32] * 3
        assert [float(np.linalg.norm(vector)) for vector in together] == pytest.approx([1.0] * 3, abs=1e-5)
        for text, vector in zip(SHOES, together, strict=True):
            (alone,) = await embedded(bench, [text])
            # A text's vector does not depend on what is embedded beside it.
            assert np.array_equal(alone, vector), text

    async def test_like_texts_lie_close(self, bench: Bench) -> None:
        first, second, other = await embedded(bench, SHOES)
        (query,) = await embedded(bench, ["shoes for hiking in water"], "query")
        assert first @ second > first @ other + 0.2
        assert query @ first > query @ other + 0.2

    async def test_repeated_texts_and_no_texts(self, bench: Bench) -> None:
        first, second = await embedded(bench, ["a warm coat", "a warm coat"], "query")
        assert np.array_equal(first, second)
        assert await embedded(bench, []) == []

    async def test_many_callers_each_get_their_own(self, bench: Bench) -> None:
        texts = [f"product number {number}" for number in range(24)]
        answers = await asyncio.gather(*(embedded(bench, [text], "query") for text in texts))
        for vector, (answer,) in zip(await embedded(bench, texts, "query"), answers, strict=True):
            assert np.array_equal(vector, answer)

    async def test_the_largest_batch_of_the_longest_texts_and_one_more(self, bench: Bench) -> None:
        texts = [f"{number} " for number in range(LARGEST_BATCH_TEXTS)]
        texts[0] = "long " * LARGEST_TEXT_CHARACTERS
        vectors = await embedded(bench, texts)
        assert len(vectors) == LARGEST_BATCH_TEXTS
        (cut,) = await embedded(bench, [texts[0][:LARGEST_TEXT_CHARACTERS]])
        assert np.array_equal(vectors[0], cut)
        with pytest.raises(Invalid) as caught:
            await embedded(bench, [*texts, "one more"])
        assert caught.value.code == "too_many_texts"

    @pytest.mark.parametrize("text", ["", "  \n\t"])
    async def test_a_blank_text_is_the_callers_mistake(self, bench: Bench, text: str) -> None:
        with pytest.raises(Invalid) as caught:
            await embedded(bench, ["a coat", text])
        assert caught.value.code == "blank_text"
        assert "Text 1" in caught.value.message

    async def test_any_characters(self, bench: Bench) -> None:
        texts = ["Größe 42 – für Damen", "冬のコート", "👟👟", "\x00\x01 coat", "half a pair \ud83d", "?" * 300]
        vectors = await embedded(bench, texts)
        assert [float(np.linalg.norm(vector)) for vector in vectors] == pytest.approx([1.0] * 6, abs=1e-5)

    async def test_a_slow_answer_is_not_waited_for(self, bench: Bench) -> None:
        await embedded(bench, ["a first call, which may load something"])
        await bench.answer_slowly()
        began = time.monotonic()
        with pytest.raises(Unavailable) as caught:
            await bench.embedder.embed(["a coat"], purpose="query", timeout_seconds=0.2)
        assert time.monotonic() - began < 1.5
        assert caught.value.code == "embedder_slow"
        assert caught.value.message.startswith("Meaning is away: ")
        await bench.come_back()
        (vector,) = await embedded(bench, ["a coat"], "query")
        assert vector.shape == (bench.embedder.dimensions,)

    async def test_away_is_said_and_it_comes_back(self, bench: Bench) -> None:
        await bench.go_away()
        with pytest.raises(Unavailable) as caught:
            await bench.embedder.embed(["a coat"], purpose="query", timeout_seconds=5)
        assert caught.value.message.startswith("Meaning is away: ")
        with pytest.raises(Unavailable):
            await bench.embedder.wait_ready(timeout_seconds=5)
        health = await bench.embedder.health()
        assert health.state == "away"
        assert health.reason.startswith("Meaning is away: ")
        await bench.come_back()
        await bench.embedder.wait_ready(timeout_seconds=READY_TIMEOUT_SECONDS)
        (vector,) = await embedded(bench, ["a coat"], "query")
        assert vector.shape == (bench.embedder.dimensions,)
        assert (await bench.embedder.health()).state == "ready"

    async def test_health_names_the_model(self, bench: Bench) -> None:
        await bench.embedder.wait_ready(timeout_seconds=READY_TIMEOUT_SECONDS)
        health = await bench.embedder.health()
        expected = ("ready", bench.embedder.model, bench.embedder.dimensions, "")
        assert (health.state, health.model, health.dimensions, health.reason) == expected
        assert bench.embedder.model

    async def test_closed_is_away(self, bench: Bench) -> None:
        await embedded(bench, ["a coat"])
        await bench.embedder.close()
        with pytest.raises(Unavailable):
            await embedded(bench, ["another coat"])
