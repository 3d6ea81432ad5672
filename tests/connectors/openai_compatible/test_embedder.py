"""Embeddings by OpenAI's interface, against a server that speaks it."""

from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack
from typing import Any

import numpy as np
import pytest

from bottega.connectors.openai_compatible.embedder import EmbeddingServer as Settings
from bottega.connectors.openai_compatible.embedder import OpenAiCompatibleEmbedder, parts_of
from bottega.kernel.errors import Invalid, Unavailable
from tests.contracts.embedder import Bench, EmbedderContract
from tests.fakes.embedding_server import API_KEY, EmbeddingServer, Mood, embedding_server


class OpenAiBench(Bench):
    def __init__(self, server: EmbeddingServer, **changes: Any) -> None:
        self.server = server
        address = f"{server.url}/v1/"
        chosen: dict[str, Any] = {"model": "text-embedding-3-small", "api_key": API_KEY, **changes}
        super().__init__(OpenAiCompatibleEmbedder(Settings(address, **chosen)))

    async def go_away(self) -> None:
        self.server.status = 503

    async def answer_slowly(self) -> None:
        self.server.delay_seconds = 0.6

    async def come_back(self) -> None:
        self.server.status, self.server.delay_seconds = 200, 0.0


@pytest.fixture
async def server() -> AsyncGenerator[EmbeddingServer]:
    async with embedding_server() as running:
        yield running


OpenBench = Callable[..., OpenAiBench]


@pytest.fixture
async def open_bench(server: EmbeddingServer) -> AsyncGenerator[OpenBench]:
    async with AsyncExitStack() as stack:

        def opened(**changes: Any) -> OpenAiBench:
            bench = OpenAiBench(server, **changes)
            stack.push_async_callback(bench.embedder.close)
            return bench

        yield opened


@pytest.fixture
def bench(open_bench: OpenBench) -> OpenAiBench:
    return open_bench()


class TestOpenAiCompatible(EmbedderContract):
    pass


async def refusal_of(bench: OpenAiBench) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        await bench.embedder.embed(["a secret text of a shopper"], purpose="query")
    assert "secret" not in str(caught.value)
    assert API_KEY not in str(caught.value)
    return caught.value


async def test_calls_are_cut_to_what_servers_take(bench: OpenAiBench) -> None:
    vectors = await bench.embedder.embed([f"text {number}" for number in range(150)], purpose="passage")
    assert [len(call.body["input"]) for call in bench.server.calls] == [64, 64, 22]
    assert len(vectors) == 150
    (last,) = await bench.embedder.embed(["text 149"], purpose="passage")
    assert np.array_equal(vectors[149], last)


def test_parts_hold_at_most_so_many_characters() -> None:
    texts = ["x" * 90_000] * 5
    assert [len(part) for part in parts_of(texts)] == [2, 2, 1]
    assert list(parts_of([])) == []


async def test_fewer_numbers_are_asked_for_only_where_the_model_can(
    server: EmbeddingServer, open_bench: OpenBench
) -> None:
    short = open_bench(dimensions=256)
    (vector,) = await short.embedder.embed(["a coat"], purpose="query")
    assert vector.shape == (256,)
    assert server.calls[-1].body["dimensions"] == 256
    assert short.embedder.model == "text-embedding-3-small/256"
    other = open_bench(model="all-minilm")
    (vector,) = await other.embedder.embed(["a coat"], purpose="query")
    assert vector.shape == (384,)
    assert "dimensions" not in server.calls[-1].body


async def test_words_before_queries_and_passages(server: EmbeddingServer, open_bench: OpenBench) -> None:
    bench = open_bench(query_prefix="query: ", passage_prefix="passage: ")
    await bench.embedder.embed(["a coat"], purpose="query")
    await bench.embedder.embed(["a coat"], purpose="passage")
    assert [call.body["input"] for call in server.calls] == [["query: a coat"], ["passage: a coat"]]
    # Their vectors are not comparable to those without.
    assert bench.embedder.model != open_bench().embedder.model


@pytest.mark.parametrize(
    ("status", "code", "retry_after_seconds"),
    [
        (429, "embedder_busy", 7.0),
        (401, "embedder_key_refused", None),
        (403, "embedder_key_refused", None),
        (404, "embedder_model_unknown", None),
        (400, "embedder_request_refused", None),
        (500, "embedder_failed", 7.0),
        (503, "embedder_failed", 7.0),
        (302, "embedder_request_refused", None),
    ],
)
async def test_what_a_status_means(
    bench: OpenAiBench, status: int, code: str, retry_after_seconds: float | None
) -> None:
    bench.server.status, bench.server.retry_after = status, "7"
    refusal = await refusal_of(bench)
    assert (refusal.code, refusal.retry_after_seconds) == (code, retry_after_seconds)
    assert len(bench.server.calls) == 1, "retries are the caller's"


@pytest.mark.parametrize(
    ("mood", "code"),
    [
        ("hangs_up", "embedder_unreachable"),
        ("garbage", "embedder_answer_unusable"),
        ("wrong_count", "embedder_answer_unusable"),
        ("zero", "embedder_answer_unusable"),
        ("too_short", "embedder_answer_unusable"),
    ],
)
async def test_an_answer_that_is_none(bench: OpenAiBench, mood: Mood, code: str) -> None:
    bench.server.mood = mood
    assert (await refusal_of(bench)).code == code


async def test_wrong_dimensions_say_what_to_set(open_bench: OpenBench) -> None:
    refusal = await refusal_of(open_bench(model="all-minilm", dimensions=768))
    assert "have 384 numbers and not 768" in refusal.message
    assert "BOTTEGA_EMBEDDER_DIMENSIONS" in refusal.next_step


async def test_nobody_listens() -> None:
    embedder = OpenAiCompatibleEmbedder(Settings("http://127.0.0.1:9/v1", "all-minilm"))
    with pytest.raises(Unavailable) as caught:
        await embedder.embed(["a coat"], purpose="query")
    assert caught.value.code == "embedder_unreachable"
    await embedder.close()


async def test_no_key_no_header(server: EmbeddingServer, open_bench: OpenBench) -> None:
    refusal = await refusal_of(open_bench(api_key=None))
    assert refusal.code == "embedder_key_refused"
    assert "Authorization" not in server.calls[0].headers


def test_an_unknown_model_needs_its_dimensions() -> None:
    with pytest.raises(Invalid) as caught:
        OpenAiCompatibleEmbedder(Settings("http://localhost/v1", "our-own-model"))
    assert caught.value.code == "embedder_dimensions_missing"
    assert OpenAiCompatibleEmbedder(Settings("http://localhost/v1", "our-own-model", dimensions=512)).dimensions == 512


def test_the_key_is_not_shown() -> None:
    assert API_KEY not in repr(Settings("http://localhost/v1", "all-minilm", API_KEY))
