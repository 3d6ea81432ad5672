"""Embeddings from Amazon Bedrock, against a server that speaks InvokeModel for Titan V2 and Cohere."""

from collections.abc import AsyncGenerator

import pytest

from bottega.connectors.bedrock import embedder as embedder_module
from bottega.connectors.bedrock.embedder import BedrockEmbedder, BedrockModel
from bottega.kernel.errors import Invalid, Unavailable
from tests.contracts.embedder import Bench, EmbedderContract
from tests.fakes.embedding_server import EmbeddingServer, Mood, embedding_server

TITAN, COHERE_V3, COHERE_V4 = "amazon.titan-embed-text-v2:0", "cohere.embed-multilingual-v3", "eu.cohere.embed-v4:0"


class BedrockBench(Bench):
    def __init__(self, server: EmbeddingServer, model: str, dimensions: int | None = None) -> None:
        self.server = server
        super().__init__(BedrockEmbedder(BedrockModel(model, dimensions, "eu-central-1", server.url)))

    async def go_away(self) -> None:
        self.server.status = 503

    async def answer_slowly(self) -> None:
        self.server.delay_seconds = 0.6

    async def come_back(self) -> None:
        self.server.status, self.server.delay_seconds = 200, 0.0


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncGenerator[EmbeddingServer]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "example-secret")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    # The first question opens the vendor's library, which takes seconds on a busy machine.
    monkeypatch.setattr(embedder_module, "QUERY_TIMEOUT_SECONDS", 30.0)
    async with embedding_server() as running:
        yield running


@pytest.fixture
async def bench(server: EmbeddingServer) -> AsyncGenerator[BedrockBench]:
    opened = BedrockBench(server, TITAN)
    yield opened
    await opened.embedder.close()


class TestTitan(EmbedderContract):
    pass


class TestCohereV3(EmbedderContract):
    @pytest.fixture
    async def bench(self, server: EmbeddingServer) -> AsyncGenerator[BedrockBench]:
        opened = BedrockBench(server, COHERE_V3)
        yield opened
        await opened.embedder.close()


class TestCohereV4(EmbedderContract):
    @pytest.fixture
    async def bench(self, server: EmbeddingServer) -> AsyncGenerator[BedrockBench]:
        opened = BedrockBench(server, COHERE_V4, 512)
        yield opened
        await opened.embedder.close()


async def test_cohere_is_told_what_a_text_is_for(server: EmbeddingServer) -> None:
    embedder = BedrockBench(server, COHERE_V3).embedder
    await embedder.embed(["a coat"], purpose="query")
    await embedder.embed([f"text {number}" for number in range(100)], purpose="passage")
    calls = sorted((call.body["input_type"], len(call.body["texts"])) for call in server.calls)
    assert calls == [("search_document", 4), ("search_document", 96), ("search_query", 1)]
    assert [call.path for call in server.calls] == [f"/model/{COHERE_V3}/invoke"] * 3
    await embedder.close()


@pytest.mark.parametrize(
    ("status", "code", "retry_after_seconds"),
    [
        (429, "embedder_busy", 7.0),
        (403, "embedder_key_refused", None),
        (404, "embedder_model_unknown", None),
        (400, "embedder_request_refused", None),
        (500, "embedder_failed", 7.0),
    ],
)
async def test_what_a_status_means(
    bench: BedrockBench, status: int, code: str, retry_after_seconds: float | None
) -> None:
    bench.server.status, bench.server.retry_after = status, "7"
    with pytest.raises(Unavailable) as caught:
        await bench.embedder.embed(["a secret text of a shopper"], purpose="query", timeout_seconds=60)
    assert (caught.value.code, caught.value.retry_after_seconds) == (code, retry_after_seconds)
    assert "secret" not in str(caught.value)
    assert len(bench.server.calls) == 1, "retries are the caller's"


@pytest.mark.parametrize("model", [TITAN, COHERE_V3])
@pytest.mark.parametrize(
    ("mood", "code"),
    [
        ("hangs_up", "embedder_unreachable"),
        ("garbage", "embedder_answer_unusable"),
        ("zero", "embedder_answer_unusable"),
    ],
)
async def test_an_answer_that_is_none(server: EmbeddingServer, model: str, mood: Mood, code: str) -> None:
    server.mood = mood
    embedder = BedrockBench(server, model).embedder
    with pytest.raises(Unavailable) as caught:
        await embedder.embed(["a coat", "a shoe"], purpose="passage")
    assert caught.value.code == code
    await embedder.close()


async def test_without_keys_it_is_away(server: EmbeddingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "nowhere")
    embedder = BedrockBench(server, TITAN).embedder
    with pytest.raises(Unavailable) as caught:
        await embedder.embed(["a coat"], purpose="query")
    assert caught.value.code == "embedder_unreachable"
    assert "NoCredentialsError" in caught.value.message
    await embedder.close()


def test_unknown_models_and_impossible_dimensions() -> None:
    with pytest.raises(Invalid) as caught:
        BedrockEmbedder(BedrockModel("anthropic.claude"))
    assert caught.value.code == "embedder_model_unknown"
    with pytest.raises(Invalid) as caught:
        BedrockEmbedder(BedrockModel(TITAN, 384))
    assert caught.value.code == "embedder_dimensions_impossible"
    assert caught.value.next_step.endswith("256, 512, 1024.")
