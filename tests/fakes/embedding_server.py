"""A server of embeddings by OpenAI's and by Amazon Bedrock's interface: strict about both, and moody on demand."""

import asyncio
import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from aiohttp import web

from bottega.connectors.sandbox.embedder import SandboxEmbedder

API_KEY = "key-of-the-embedding-server"
LARGEST_REQUEST_BYTES = 32 << 20
OPENAI_TEXTS_LIMIT, COHERE_TEXTS_LIMIT, COHERE_V3_CHARACTERS_LIMIT = 2_048, 96, 2_048
NATIVE_DIMENSIONS = {
    "text-embedding-3-small": 1536,
    "all-minilm": 384,
    "amazon.titan-embed-text-v2:0": 1024,
    "cohere.embed-multilingual-v3": 1024,
    "eu.cohere.embed-v4:0": 1536,
}

Mood = Literal["well", "hangs_up", "garbage", "wrong_count", "zero", "too_short"]


@dataclass(frozen=True, slots=True)
class Call:
    """One call as it arrived."""

    path: str
    headers: Mapping[str, str]
    body: dict[str, Any]


@dataclass
class EmbeddingServer:
    """Shuffles OpenAI's answer, because its order is in the numbers and not in the list."""

    url: str = ""
    mood: Mood = "well"
    delay_seconds: float = 0.0
    status: int = 200
    retry_after: str | None = None
    calls: list[Call] = field(default_factory=list)

    async def openai(self, request: web.Request) -> web.StreamResponse:
        body = await self._received(request)
        if request.headers.get("Authorization") != f"Bearer {API_KEY}":
            return web.json_response({"error": {"message": "Incorrect API key"}}, status=401)
        if body["model"] not in NATIVE_DIMENSIONS:
            return web.json_response({"error": {"message": "no such model"}}, status=404)
        texts = body["input"]
        if not 1 <= len(texts) <= OPENAI_TEXTS_LIMIT or any(not text for text in texts):
            return web.json_response({"error": {"message": "'$.input' is invalid"}}, status=400)
        dimensions = body.get("dimensions", NATIVE_DIMENSIONS[body["model"]])
        if "dimensions" in body and not body["model"].startswith("text-embedding-3"):
            return web.json_response({"error": {"message": "this model does not support dimensions"}}, status=400)
        rows = await self._rows(texts, dimensions)
        data = [{"object": "embedding", "index": number, "embedding": row} for number, row in enumerate(rows)]
        random.Random(len(texts)).shuffle(data)
        tokens = sum(map(len, texts)) // 4
        usage = {"prompt_tokens": tokens, "total_tokens": tokens}
        return self._answer({"object": "list", "data": data, "model": body["model"], "usage": usage})

    async def bedrock(self, request: web.Request) -> web.StreamResponse:
        body = await self._received(request)
        if not request.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 Credential="):
            return _refused_by_amazon(403, "MissingAuthenticationTokenException")
        model = request.match_info["model"]
        if model not in NATIVE_DIMENSIONS:
            return _refused_by_amazon(404, "ResourceNotFoundException")
        if "titan" in model:
            if set(body) - {"inputText", "dimensions", "normalize"} or body["dimensions"] not in {256, 512, 1024}:
                return _refused_by_amazon(400, "ValidationException")
            (row,) = await self._rows([body["inputText"]], body["dimensions"])
            return self._answer({"embedding": row, "inputTextTokenCount": 3, "embeddingsByType": {"float": row}})
        is_v4 = "v4" in model
        sound = (
            body["input_type"] in {"search_query", "search_document"}
            and body["truncate"] in ({"NONE", "LEFT", "RIGHT"} if is_v4 else {"NONE", "START", "END"})
            and 1 <= len(body["texts"]) <= COHERE_TEXTS_LIMIT
            and (is_v4 or all(len(text) <= COHERE_V3_CHARACTERS_LIMIT for text in body["texts"]))
            and ("output_dimension" in body) <= is_v4
        )
        if not sound:
            return _refused_by_amazon(400, "ValidationException")
        rows = await self._rows(body["texts"], body.get("output_dimension", NATIVE_DIMENSIONS[model]))
        return self._answer({"id": "1", "response_type": "embeddings_by_type", "embeddings": {"float": rows}})

    async def _received(self, request: web.Request) -> dict[str, Any]:
        body: dict[str, Any] = await request.json()
        self.calls.append(Call(request.path, dict(request.headers), body))
        await asyncio.sleep(self.delay_seconds)
        if self.mood == "hangs_up":
            assert request.transport is not None
            request.transport.abort()
        if self.status != 200:
            headers = {"x-amzn-ErrorType": "ThrottlingException" if self.status == 429 else "ServiceException"}
            if self.retry_after is not None:
                headers["Retry-After"] = self.retry_after
            kind = type("Refusal", (web.HTTPException,), {"status_code": self.status})
            raise kind(headers=headers, text='{"message": "a secret text of a shopper"}')
        return body

    async def _rows(self, texts: list[str], dimensions: int) -> list[list[float]]:
        embedder = SandboxEmbedder(dimensions=dimensions)
        vectors = [(await embedder.embed([text], purpose="passage"))[0] for text in texts]
        match self.mood:
            case "wrong_count":
                vectors = vectors[:-1]
            case "zero":
                vectors = [vector * 0 for vector in vectors]
            case "too_short":
                vectors = [vector[:-1] for vector in vectors]
            case _:
                pass
        # Not of length one: making them so is the connector's work.
        return [[float(number) * 3 for number in vector] for vector in vectors]

    def _answer(self, content: dict[str, Any]) -> web.StreamResponse:
        if self.mood == "garbage":
            return web.Response(text="<html>a captive portal</html>", content_type="text/html")
        return web.json_response(content)


def _refused_by_amazon(status: int, kind: str) -> web.Response:
    return web.json_response({"message": "refused"}, status=status, headers={"x-amzn-ErrorType": kind})


@asynccontextmanager
async def embedding_server() -> AsyncGenerator[EmbeddingServer]:
    """A server on a port of its own; OpenAI's interface under /v1, Bedrock's at the root."""
    fake = EmbeddingServer()
    app = web.Application(client_max_size=LARGEST_REQUEST_BYTES)
    app.router.add_post("/v1/embeddings", fake.openai)
    app.router.add_post("/model/{model}/invoke", fake.bedrock)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    fake.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield fake
    finally:
        await runner.cleanup()
