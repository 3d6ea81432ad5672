"""Embeddings from any server with OpenAI's `/embeddings` call."""

import asyncio
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from bottega.connectors.embedding_answers import refused_for, slow, unreachable, unusable, vectors_of
from bottega.kernel.errors import Invalid, Unavailable
from bottega.platform.outgoing_http import retry_after_of
from bottega.ports.embedder import (
    PASSAGES_TIMEOUT_SECONDS,
    EmbedderHealth,
    EmbedderState,
    Purpose,
    Vector,
    checked_texts,
    meaning_is_away,
)

# There is a network in between: a query gets more time than on this machine.
QUERY_TIMEOUT_SECONDS = 2.0
CONNECT_TIMEOUT_SECONDS = 5.0
LARGEST_POOL = 8
CALLS_AT_ONCE = 4
# Servers take 2,048 texts and some 300,000 tokens at once; smaller calls also lose less when one fails.
TEXTS_PER_CALL, CHARACTERS_PER_CALL = 64, 200_000
LARGEST_ANSWER_BYTES = 32 << 20

# What these models give without being asked for fewer numbers.
NATIVE_DIMENSIONS = {
    "text-embedding-3-small": 1536,
    "text-embedding-3-large": 3072,
    "text-embedding-ada-002": 1536,
    "nomic-embed-text": 768,
    "mxbai-embed-large": 1024,
    "bge-m3": 1024,
    "all-minilm": 384,
}
# These can be asked for fewer.
SHORTENABLE = frozenset({"text-embedding-3-small", "text-embedding-3-large"})


@dataclass(frozen=True, slots=True)
class EmbeddingServer:
    """Which server and model. Some models want a few words before a query or a passage: see their description."""

    base_url: str
    model: str
    api_key: str | None = field(default=None, repr=False)
    dimensions: int | None = None
    query_prefix: str = ""
    passage_prefix: str = ""


class OpenAiCompatibleEmbedder:
    """Implements `Embedder`; does not retry."""

    def __init__(self, server: EmbeddingServer) -> None:
        self._server = server
        native = NATIVE_DIMENSIONS.get(server.model)
        dimensions = server.dimensions or native
        if dimensions is None:
            raise Invalid(
                "embedder_dimensions_missing",
                f"How many numbers a vector of '{server.model}' has is not known here.",
                next_step="Set BOTTEGA_EMBEDDER_DIMENSIONS.",
            )
        self._dimensions = dimensions
        self._asks_for_fewer = server.model in SHORTENABLE and dimensions != native
        headers = {"Content-Type": "application/json"}
        if server.api_key:
            headers["Authorization"] = f"Bearer {server.api_key}"
        self._http = httpx.AsyncClient(
            headers=headers,
            timeout=httpx.Timeout(PASSAGES_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
            limits=httpx.Limits(max_connections=LARGEST_POOL, max_keepalive_connections=LARGEST_POOL),
            follow_redirects=False,
        )
        self._calls = asyncio.Semaphore(CALLS_AT_ONCE)
        self._state: EmbedderState = "idle"
        self._reason = "The language model's server was not asked yet."

    @property
    def model(self) -> str:
        prefixes = self._server.query_prefix + "\0" + self._server.passage_prefix
        mark = "" if prefixes == "\0" else f"+{hashlib.sha256(prefixes.encode()).hexdigest()[:8]}"
        return f"{self._server.model}/{self._dimensions}{mark}"

    @property
    def dimensions(self) -> int:
        return self._dimensions

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose, timeout_seconds: float | None = None
    ) -> list[Vector]:
        checked = checked_texts(texts)
        prefix = self._server.query_prefix if purpose == "query" else self._server.passage_prefix
        usual = QUERY_TIMEOUT_SECONDS if purpose == "query" else PASSAGES_TIMEOUT_SECONDS
        vectors: list[Vector] = []
        try:
            async with asyncio.timeout(usual if timeout_seconds is None else timeout_seconds):
                for part in parts_of([prefix + text for text in checked]):
                    async with self._calls:
                        vectors += await self._call(part)
        except TimeoutError:
            raise self._away(slow()) from None
        except (httpx.HTTPError, RuntimeError) as error:
            # httpx raises RuntimeError once its client is closed.
            raise self._away(unreachable(error)) from error
        except Unavailable as refusal:
            raise self._away(refusal) from None
        if vectors:
            self._state, self._reason = "ready", ""
        return vectors

    async def wait_ready(self, *, timeout_seconds: float) -> None:
        await self.embed(["ready"], purpose="passage", timeout_seconds=timeout_seconds)

    async def health(self) -> EmbedderHealth:
        return EmbedderHealth(self._state, self.model, self._dimensions, self._reason)

    async def close(self) -> None:
        await self._http.aclose()
        self._away(meaning_is_away("embedder_closed", "the connection to the language model's server was closed."))

    async def _call(self, texts: Sequence[str]) -> list[Vector]:
        body: dict[str, Any] = {"model": self._server.model, "input": list(texts), "encoding_format": "float"}
        if self._asks_for_fewer:
            body["dimensions"] = self._dimensions
        url = f"{self._server.base_url.rstrip('/')}/embeddings"
        async with self._http.stream("POST", url, content=orjson.dumps(body)) as answer:
            if answer.status_code != httpx.codes.OK.value:
                raise refused_for(answer.status_code, retry_after_of(answer.headers.raw))
            content = await _read(answer)
        return vectors_of(_rows(content), count=len(texts), dimensions=self._dimensions)

    def _away(self, refusal: Unavailable) -> Unavailable:
        self._state, self._reason = "away", refusal.message
        return refusal


def parts_of(texts: Sequence[str]) -> Iterator[list[str]]:
    """The texts in calls of at most `TEXTS_PER_CALL` and `CHARACTERS_PER_CALL`."""
    part: list[str] = []
    characters = 0
    for text in texts:
        if part and (len(part) == TEXTS_PER_CALL or characters + len(text) > CHARACTERS_PER_CALL):
            yield part
            part, characters = [], 0
        part.append(text)
        characters += len(text)
    if part:
        yield part


async def _read(answer: httpx.Response) -> bytes:
    content = bytearray()
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > LARGEST_ANSWER_BYTES:
            raise unusable("it is too long")
    return bytes(content)


def _rows(content: bytes) -> list[Any]:
    """The vectors in the order of the texts: servers number them and need not keep the order."""
    try:
        data: Any = orjson.loads(content)["data"]
        return [entry["embedding"] for entry in sorted(data, key=lambda entry: int(entry["index"]))]
    except (orjson.JSONDecodeError, KeyError, TypeError, ValueError):
        raise unusable("it is not a list of embeddings") from None
