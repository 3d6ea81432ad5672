"""Replies that may be given again: to the very same request, and for questions of the FAQ kind to one that means it."""

import hmac
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any, TypeAlias

from bottega.kernel import canonical_json
from bottega.kernel.errors import Refusal
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Database
from bottega.ports.chat_model import ChatReply, ChatRequest, SystemMessage, UserMessage
from bottega.ports.embedder import Embedder
from bottega.runtime.models.away import going_on_without
from bottega.runtime.models.call import CacheHit, EvidenceVersion, Level, ModelCall

LARGEST_REPLY_CHARACTERS = 20_000
LONGEST_QUESTION_CHARACTERS = 400
_SPACES = re.compile(r"\s+")
_MARKS = re.compile(r"[\w.,/-]*\d[\w.,/-]*")

CurrentVersions: TypeAlias = Callable[[Sequence[str]], Awaitable[Mapping[str, str]]]
"""Which version each source has now; a source that is gone is missing from the answer."""


@dataclass(frozen=True, slots=True)
class CachePolicy:
    """How long a reply is kept, and how alike two questions have to be (cosine) to get the same one."""

    seconds: float = 3600.0
    likeness: float = 0.95


@dataclass(frozen=True, slots=True)
class CachedReply:
    """A reply of before, and who gave it."""

    reply: ChatReply
    route: str
    level: Level
    hit: CacheHit


@dataclass(frozen=True, slots=True)
class Place:
    """Where a request's reply is looked for and kept. `question` is set when alike questions may share it."""

    scope: str
    digest: bytes
    frame: bytes
    question: str | None


class ReplyCache:
    """The cache of one shop.

    Never across customers: a reply belongs to `private_to`, and a call with personal data and nobody it is private to
    is not cached. Never stale: a reply is given only while everything it rests on has the version that was read.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        secret: bytes,
        policy: CachePolicy | None = None,
        embedder: Embedder | None = None,
        current_versions: CurrentVersions | None = None,
    ) -> None:
        self._database = database
        self._clock = clock
        self._secret = secret
        self._policy = policy or CachePolicy()
        self._embedder = embedder
        self._current_versions = current_versions

    def place(self, call: ModelCall, request: ChatRequest) -> Place | None:
        """None when the call must not be answered from before."""
        if call.cache == "none" or (call.personal_data and call.private_to is None):
            return None
        question = _question(request) if call.cache == "semantic" and self._embedder is not None else None
        whole = _normalised(call, request, without_question=False)
        frame = whole if question is None else _normalised(call, request, without_question=True)
        return Place(call.private_to or "", self._digest(whole), self._digest(frame), question)

    async def find(self, place: Place, call: ModelCall) -> CachedReply | None:
        """A reply that still holds. A cache that is away is an empty one."""
        with going_on_without("model_cache_not_read"):
            found = await self._exactly(place, call)
            if found is None and place.question is not None:
                found = await self._alike(place, place.question, call)
            return found

    async def keep(self, place: Place, call: ModelCall, reply: ChatReply, route: str, level: Level) -> None:
        """Keeps a whole reply in words or structure; one that calls tools or was cut short is not worth repeating."""
        if reply.tool_calls or reply.stop_reason == "length" or len(reply.text) > LARGEST_REPLY_CHARACTERS:
            return
        with going_on_without("model_cache_not_written"):
            meaning = None if place.question is None else await self._meaning(place.question)
            await self._insert(place, call, reply, route, level, meaning)

    async def evidence_changed(self, sources: Sequence[str]) -> int:
        """Drops every reply that rests on one of these sources; returns how many."""
        async with self._database.connection() as connection:
            status = await connection.execute("DELETE FROM runtime.model_cache WHERE sources && $1", list(sources))
        return int(status.split()[-1])

    async def forget(self, private_to: str) -> int:
        """Drops everything that was kept for one customer or session; returns how many."""
        async with self._database.connection() as connection:
            status = await connection.execute(
                "DELETE FROM runtime.model_cache WHERE scope = $1 AND scope <> ''", private_to
            )
        return int(status.split()[-1])

    async def _exactly(self, place: Place, call: ModelCall) -> CachedReply | None:
        async with self._database.read() as connection:
            row = await connection.fetchrow(
                f"SELECT {_READ} FROM runtime.model_cache WHERE scope = $1 AND digest = $2 AND expires_at > $3",
                place.scope,
                place.digest,
                self._clock.now(),
            )
        return None if row is None or not await self._holds(row, call) else _cached(row, "exact")

    async def _alike(self, place: Place, question: str, call: ModelCall) -> CachedReply | None:
        meaning = await self._meaning(question)
        if meaning is None or self._embedder is None:
            return None
        async with self._database.read() as connection:
            row = await connection.fetchrow(
                f"""
                SELECT {_READ}, 1 - (meaning <=> $5::text::halfvec) AS likeness FROM runtime.model_cache
                WHERE frame = $1 AND scope = $2 AND embedder = $3 AND meaning IS NOT NULL AND expires_at > $4
                      AND marks = $6
                ORDER BY meaning <=> $5::text::halfvec LIMIT 1
                """,
                place.frame,
                place.scope,
                self._embedder.model,
                self._clock.now(),
                meaning,
                _marks(question),
            )
        if row is None or row["likeness"] < self._policy.likeness or not await self._holds(row, call):
            return None
        return _cached(row, "semantic")

    async def _holds(self, row: Any, call: ModelCall) -> bool:
        """Whether everything that a reply rests on is as it was: as far as the call knows, else by asking."""
        rests_on = dict(zip(row["sources"], row["versions"], strict=True))
        known = {evidence.source: evidence.version for evidence in call.evidence}
        unknown = [source for source in rests_on if source not in known]
        if unknown:
            if self._current_versions is None:
                return False
            try:
                known = {**known, **await self._current_versions(unknown)}
            except Refusal:
                # Who cannot say which version holds now does not say that it is this one.
                return False
        return all(known.get(source) == version for source, version in rests_on.items())

    async def _insert(
        self, place: Place, call: ModelCall, reply: ChatReply, route: str, level: Level, meaning: str | None
    ) -> None:
        now = self._clock.now()
        kept = {"text": reply.text, "structured": reply.structured, "model": reply.model, "usage": asdict(reply.usage)}
        async with self._database.connection() as connection:
            await connection.execute(
                """
                INSERT INTO runtime.model_cache (
                    scope, digest, frame, reply, route, level, sources, versions, meaning, embedder, marks, created_at,
                    expires_at
                )
                VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9::text::halfvec, $10, $11, $12, $13)
                ON CONFLICT (scope, digest) DO UPDATE SET
                    reply = excluded.reply, route = excluded.route, level = excluded.level, sources = excluded.sources,
                    versions = excluded.versions, meaning = excluded.meaning, embedder = excluded.embedder,
                    marks = excluded.marks, created_at = excluded.created_at, expires_at = excluded.expires_at
                """,
                place.scope,
                place.digest,
                place.frame,
                kept,
                route,
                level,
                [evidence.source for evidence in call.evidence],
                [evidence.version for evidence in call.evidence],
                meaning,
                None if meaning is None or self._embedder is None else self._embedder.model,
                [] if place.question is None else _marks(place.question),
                now,
                now + timedelta(seconds=self._policy.seconds),
            )

    async def _meaning(self, question: str) -> str | None:
        """The question's vector as pgvector reads it; None while the embedder is away."""
        assert self._embedder is not None, "a place has a question only where there is an embedder"
        try:
            (vector,) = await self._embedder.embed([question], purpose="query")
        except Refusal:
            return None
        return "[" + ",".join(f"{value:.5f}" for value in vector.tolist()) + "]"

    def _digest(self, text: bytes) -> bytes:
        # Keyed, so that nobody who reads the table can try out what was asked.
        return hmac.digest(self._secret, text, "sha256")


_READ = "reply, route, level, sources, versions"


def _cached(row: Any, hit: CacheHit) -> CachedReply:
    kept = row["reply"]
    reply = ChatReply(kept["text"], structured=kept["structured"], model=kept["model"])
    return CachedReply(reply, row["route"], row["level"], hit)


def _question(request: ChatRequest) -> str | None:
    """The one question of a request that holds nothing else but instructions, where it is a short one."""
    asked = [message for message in request.messages if not isinstance(message, SystemMessage)]
    if len(asked) != 1 or not isinstance(asked[0], UserMessage):
        return None
    text = _plain(asked[0].text)
    return text if text and len(text) <= LONGEST_QUESTION_CHARACTERS else None


def _normalised(call: ModelCall, request: ChatRequest, *, without_question: bool) -> bytes:
    """The request as canonical JSON: spaces and upper case of what the person wrote do not matter, all else does.

    Its `context` is left out: only engines of our own read it, and their replies are not kept.
    """
    messages: list[Any] = []
    for message in request.messages:
        if isinstance(message, UserMessage):
            messages.append({"user": "" if without_question else _plain(message.text)})
        else:
            messages.append({type(message).__name__: asdict(message)})
    return canonical_json.dumps(
        {
            "intent": call.intent,
            "role": call.role,
            "messages": messages,
            "tools": [asdict(tool) for tool in request.tools],
            "settings": [request.tool_choice, request.maximum_output_tokens, request.temperature, request.stop],
            "schema": request.response_schema,
        }
    )


def _plain(text: str) -> str:
    return _SPACES.sub(" ", text).strip().casefold()


def _marks(question: str) -> list[str]:
    return sorted(mark.strip(".,") for mark in _MARKS.findall(question))


def rests_on(versions: Mapping[str, str]) -> tuple[EvidenceVersion, ...]:
    """Evidence of a call, from a mapping of sources to versions."""
    return tuple(EvidenceVersion(source, version) for source, version in sorted(versions.items()))
