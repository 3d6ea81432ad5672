"""The memory around an embedder: what it saves, what it forgets, and when it stops asking."""

import numpy as np
import pytest

from bottega.connectors.sandbox.embedder import SandboxEmbedder
from bottega.kernel.errors import Unavailable
from bottega.ports.embedder import meaning_is_away
from bottega.retrieval import remembered
from bottega.retrieval.remembered import RememberingEmbedder


@pytest.fixture
def sandbox() -> SandboxEmbedder:
    return SandboxEmbedder()


@pytest.fixture
def embedder(sandbox: SandboxEmbedder) -> RememberingEmbedder:
    return RememberingEmbedder(sandbox)


async def refusal_of(embedder: RememberingEmbedder, text: str = "a coat") -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        await embedder.embed([text], purpose="query", timeout_seconds=0.01)
    return caught.value


async def test_a_query_is_embedded_once_and_passages_each_time(
    embedder: RememberingEmbedder, sandbox: SandboxEmbedder
) -> None:
    await embedder.embed(["a coat", "a shoe", "a coat"], purpose="query")
    await embedder.embed(["a shoe", "a hat"], purpose="query")
    for _ in range(2):
        await embedder.embed(["a coat"], purpose="passage")
    assert sandbox.embedded == [
        ("query", ("a coat", "a shoe")),
        ("query", ("a hat",)),
        ("passage", ("a coat",)),
        ("passage", ("a coat",)),
    ]


async def test_a_remembered_query_is_answered_while_meaning_is_away(
    embedder: RememberingEmbedder, sandbox: SandboxEmbedder
) -> None:
    (before,) = await embedder.embed(["a coat"], purpose="query")
    sandbox.go_away()
    (after,) = await embedder.embed(["a coat"], purpose="query")
    assert np.array_equal(before, after)
    await refusal_of(embedder, "a shoe")


async def test_a_remembered_vector_cannot_be_changed(embedder: RememberingEmbedder) -> None:
    (vector,) = await embedder.embed(["a coat"], purpose="query")
    with pytest.raises(ValueError, match="read-only"):
        vector[0] = 7


async def test_the_longest_unused_is_forgotten(embedder: RememberingEmbedder, sandbox: SandboxEmbedder) -> None:
    await embedder.embed(["first"], purpose="query")
    for number in range(remembered.REMEMBERED_QUERIES - 1):
        await embedder.embed([f"query {number}"], purpose="query")
    await embedder.embed(["first"], purpose="query")
    await embedder.embed(["one more"], purpose="query")
    sandbox.embedded.clear()
    await embedder.embed(["first"], purpose="query")
    assert sandbox.embedded == []
    await embedder.embed(["query 0"], purpose="query")
    assert sandbox.embedded == [("query", ("query 0",))]


async def test_after_three_slow_queries_nobody_waits_for_a_while(sandbox: SandboxEmbedder) -> None:
    now = 1_000.0
    embedder = RememberingEmbedder(sandbox, monotonic=lambda: now)
    sandbox.delay_seconds = 0.05
    for number in range(3):
        assert (await refusal_of(embedder, f"query {number}")).code == "embedder_slow"
    sandbox.delay_seconds = 0
    assert (await refusal_of(embedder)).code == "embedder_slow"
    assert sandbox.embedded == [], "it was not asked"
    # Bulk work is patient: it goes on.
    await embedder.embed(["a coat"], purpose="passage")
    now += remembered.PAUSE_SECONDS
    await embedder.embed(["a coat"], purpose="query")
    assert sandbox.embedded == [("passage", ("a coat",)), ("query", ("a coat",))]


async def test_an_answer_in_between_counts_from_the_start(
    embedder: RememberingEmbedder, sandbox: SandboxEmbedder
) -> None:
    for number in range(6):
        sandbox.delay_seconds = 0.05
        await refusal_of(embedder, f"slow {number}")
        sandbox.delay_seconds = 0
        await embedder.embed([f"quick {number}"], purpose="query")
    assert len(sandbox.embedded) == 6


async def test_warming_up_is_asked_about_again_and_again(
    embedder: RememberingEmbedder, sandbox: SandboxEmbedder
) -> None:
    sandbox.warm_up()
    for _ in range(5):
        assert (await refusal_of(embedder)).code == "embedder_warming"
    sandbox.come_back()
    await embedder.embed(["a coat"], purpose="query")


async def test_a_server_that_says_how_long_to_wait_is_not_asked_before() -> None:
    now = 1_000.0
    busy = BusyEmbedder()
    embedder = RememberingEmbedder(busy, monotonic=lambda: now)
    for _ in range(3):
        assert (await refusal_of(embedder)).code == "embedder_busy"
    assert busy.asked == 1
    now += 20
    await refusal_of(embedder)
    assert busy.asked == 2


class BusyEmbedder(SandboxEmbedder):
    """Turns queries away for twenty seconds at a time."""

    asked = 0

    async def embed(self, *_: object, **__: object) -> list[remembered.Vector]:
        self.asked += 1
        raise meaning_is_away("embedder_busy", "too many requests.", retry_after_seconds=20)
