"""Embeddings from Amazon Bedrock: Titan Text Embeddings V2 and Cohere Embed, by InvokeModel."""

import asyncio
import importlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, cast

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

QUERY_TIMEOUT_SECONDS = 2.0
CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS = 5.0, 30.0
CALLS_AT_ONCE = 8
LARGEST_ANSWER_BYTES = 16 << 20
COHERE_TEXTS_PER_CALL, COHERE_V3_TEXT_CHARACTERS = 96, 2_048

Family = Literal["titan-v2", "cohere-v3", "cohere-v4"]
# What is in the model's id, what that family gives by default, and what it can be asked for.
FAMILIES: dict[str, tuple[Family, int, frozenset[int]]] = {
    "amazon.titan-embed-text-v2": ("titan-v2", 1024, frozenset({256, 512, 1024})),
    "cohere.embed-v4": ("cohere-v4", 1536, frozenset({256, 512, 1024, 1536})),
    "cohere.embed-english-v3": ("cohere-v3", 1024, frozenset({1024})),
    "cohere.embed-multilingual-v3": ("cohere-v3", 1024, frozenset({1024})),
}


@dataclass(frozen=True, slots=True)
class BedrockModel:
    """Which model and where. boto3 finds keys, and a region that is not given, in its usual places."""

    model: str
    dimensions: int | None = None
    region: str | None = None
    endpoint_url: str | None = None


class BedrockEmbedder:
    """Implements `Embedder`; boto3 blocks, so its calls run on threads of their own. Does not retry."""

    def __init__(self, chosen: BedrockModel) -> None:
        self._chosen = chosen
        self._family, self._dimensions = _family_of(chosen)
        self._threads = ThreadPoolExecutor(CALLS_AT_ONCE, "bedrock")
        self._client: Any = None
        self._opening = asyncio.Lock()
        self._state: EmbedderState = "idle"
        self._reason = "Amazon Bedrock was not asked yet."

    @property
    def model(self) -> str:
        return f"{self._chosen.model}/{self._dimensions}"

    @property
    def dimensions(self) -> int:
        return self._dimensions

    async def embed(
        self, texts: Sequence[str], *, purpose: Purpose, timeout_seconds: float | None = None
    ) -> list[Vector]:
        checked = checked_texts(texts)
        usual = QUERY_TIMEOUT_SECONDS if purpose == "query" else PASSAGES_TIMEOUT_SECONDS
        try:
            async with asyncio.timeout(usual if timeout_seconds is None else timeout_seconds):
                rows = await self._rows(checked, purpose)
        except TimeoutError:
            raise self._away(slow()) from None
        except Unavailable as refusal:
            raise self._away(refusal) from None
        if not checked:
            return []
        try:
            vectors = vectors_of(rows, count=len(checked), dimensions=self._dimensions)
        except Unavailable as refusal:
            raise self._away(refusal) from None
        self._state, self._reason = "ready", ""
        return vectors

    async def wait_ready(self, *, timeout_seconds: float) -> None:
        await self.embed(["ready"], purpose="passage", timeout_seconds=timeout_seconds)

    async def health(self) -> EmbedderHealth:
        return EmbedderHealth(self._state, self.model, self._dimensions, self._reason)

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._client is not None:
            self._client.close()
        self._away(meaning_is_away("embedder_closed", "the connection to Amazon Bedrock was closed."))

    async def _rows(self, texts: Sequence[str], purpose: Purpose) -> list[Any]:
        bodies = self._bodies(texts, purpose)
        loop = asyncio.get_running_loop()
        try:
            await self._open()
            calls = [loop.run_in_executor(self._threads, self._invoke, body) for body in bodies]
        except RuntimeError as error:
            # The threads were shut down.
            raise unreachable(error) from error
        try:
            answers = await asyncio.gather(*calls)
        finally:
            for call in calls:
                call.cancel()
        rows_of: Callable[[Any], list[Any]] = _titan_rows if self._family == "titan-v2" else _cohere_rows
        return [row for answer in answers for row in rows_of(answer)]

    def _bodies(self, texts: Sequence[str], purpose: Purpose) -> list[dict[str, Any]]:
        if self._family == "titan-v2":
            return [{"inputText": text, "dimensions": self._dimensions, "normalize": True} for text in texts]
        shared: dict[str, Any] = {
            "input_type": "search_query" if purpose == "query" else "search_document",
            "truncate": "END",
            "embedding_types": ["float"],
        }
        if self._family == "cohere-v4":
            shared["output_dimension"] = self._dimensions
            shared["truncate"] = "RIGHT"
        limit = COHERE_V3_TEXT_CHARACTERS if self._family == "cohere-v3" else None
        cut = [text[:limit] for text in texts]
        return [
            {"texts": cut[begin : begin + COHERE_TEXTS_PER_CALL], **shared}
            for begin in range(0, len(cut), COHERE_TEXTS_PER_CALL)
        ]

    async def _open(self) -> None:
        async with self._opening:
            if self._client is None:
                # boto3 reads its service descriptions from disk, half a second's work.
                self._client = await asyncio.get_running_loop().run_in_executor(self._threads, self._made_client)

    def _made_client(self) -> Any:
        # A session of its own: boto3's shared one is not for several threads and keeps keys that have been changed.
        session: Any = importlib.import_module("boto3.session").Session()
        config: Any = importlib.import_module("botocore.config")
        return session.client(
            "bedrock-runtime",
            region_name=self._chosen.region,
            endpoint_url=self._chosen.endpoint_url,
            config=config.Config(
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                read_timeout=READ_TIMEOUT_SECONDS,
                max_pool_connections=CALLS_AT_ONCE,
                retries={"total_max_attempts": 1},
            ),
        )

    def _invoke(self, body: dict[str, Any]) -> Any:
        """On a thread: one call. Raises `Unavailable`."""
        exceptions: Any = importlib.import_module("botocore.exceptions")
        try:
            answer = self._client.invoke_model(
                modelId=self._chosen.model,
                body=orjson.dumps(body),
                accept="application/json",
                contentType="application/json",
            )
            content = answer["body"].read(LARGEST_ANSWER_BYTES + 1)
        except exceptions.ClientError as error:
            metadata = cast("dict[str, Any]", error.response.get("ResponseMetadata", {}))
            headers = cast("dict[str, str]", metadata.get("HTTPHeaders", {}))
            wait_seconds = retry_after_of([(name.encode(), value.encode()) for name, value in headers.items()])
            raise refused_for(int(metadata.get("HTTPStatusCode", 500)), wait_seconds) from error
        except (exceptions.ConnectTimeoutError, exceptions.ReadTimeoutError) as error:
            raise slow() from error
        except exceptions.BotoCoreError as error:
            raise unreachable(error) from error
        if len(content) > LARGEST_ANSWER_BYTES:
            raise unusable("it is too long")
        try:
            return orjson.loads(content)
        except orjson.JSONDecodeError:
            raise unusable("it is not JSON") from None

    def _away(self, refusal: Unavailable) -> Unavailable:
        self._state, self._reason = "away", refusal.message
        return refusal


def _family_of(chosen: BedrockModel) -> tuple[Family, int]:
    for part, (family, native, possible) in FAMILIES.items():
        # An inference profile puts a region's name before it ("eu.cohere.embed-v4:0"), an ARN yet more.
        if part in chosen.model:
            dimensions = chosen.dimensions or native
            if dimensions not in possible:
                raise Invalid(
                    "embedder_dimensions_impossible",
                    f"'{chosen.model}' gives no vectors of {dimensions} numbers.",
                    next_step=f"Set BOTTEGA_EMBEDDER_DIMENSIONS to one of {', '.join(map(str, sorted(possible)))}.",
                )
            return family, dimensions
    raise Invalid(
        "embedder_model_unknown",
        f"'{chosen.model}' is no embedding model of Amazon Bedrock that is known here.",
        next_step=f"Set BOTTEGA_EMBEDDER_MODEL to one with {', '.join(FAMILIES)} in its id.",
    )


def _titan_rows(answer: Any) -> list[Any]:
    try:
        return [answer["embedding"]]
    except (KeyError, TypeError):
        raise unusable("it has no embedding") from None


def _cohere_rows(answer: Any) -> list[Any]:
    """Embeddings by type when types were asked for, a plain list from servers that do not know them."""
    try:
        embeddings: object = answer["embeddings"]
        rows = cast("dict[str, object]", embeddings)["float"] if isinstance(embeddings, dict) else embeddings
        return list(cast("list[Any]", rows))
    except (KeyError, TypeError):
        raise unusable("it has no embeddings") from None
