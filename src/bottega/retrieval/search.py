"""Searching a corpus: by keyword and by meaning at the same time, and by what is left when one of them fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import asyncpg

from bottega.kernel.errors import Unavailable
from bottega.platform.database.pool import Connection, database_of, plan_for_any, plan_for_values
from bottega.ports.embedder import Embedder
from bottega.ports.services import Services
from bottega.retrieval import keyword, vectors
from bottega.retrieval.analysis import words_of
from bottega.retrieval.asked import KeywordQuery, Synonyms, ask
from bottega.retrieval.corpus import Corpus
from bottega.retrieval.counting import count, plan_for
from bottega.retrieval.fusion import Scored, Weights, by_keyword_alone, fuse
from bottega.retrieval.keyword import Match
from bottega.retrieval.narrowing import Narrowing
from bottega.retrieval.short_memory import ShortMemory

if TYPE_CHECKING:
    from bottega.ports.embedder import Vector

# So many of each ranking are fused. What follows by keyword alone keeps its own order.
FUSED_KEYWORD = 40
FUSED_MEANING = 40

POSTINGS_LOST = "Its words are being written anew; until then the texts themselves are looked through."
NO_EMBEDDER = "No embedder is set up."
NO_VECTORS = "Nothing is embedded yet."
OTHER_MODEL = "What is embedded is another model's; it is being embedded anew."
NO_INDEX = "The index over the vectors is being made."
VECTORS_LOST = "The vectors are being made anew."

# How vectors stand changes by jobs that take longer than this.
_standings = ShortMemory[vectors.VectorsStanding](seconds=1.0, most=100)

# What is done when the postings are gone: a plain look through the texts themselves, for words as they were typed.
PlainSearch = Callable[[Connection, Sequence[str], Narrowing, int], Awaitable[list[Scored]]]


@dataclass(frozen=True, slots=True)
class Searched:
    """The best first. Where nothing narrows the search, `considered` counts the documents with a word of the query,
    all of them when `complete`.

    `degraded` says which signal was not searched by, `meaning` or `keyword`, and why.
    """

    found: list[Scored]
    query: KeywordQuery
    considered: int
    complete: bool
    degraded: dict[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Searcher:
    """A corpus with what it takes to search it; `embedder` is None where search goes by keyword alone."""

    corpus: Corpus
    weights: Weights
    plainly: PlainSearch
    embedder: Embedder | None

    async def search(
        self,
        connection: Connection,
        text: str,
        narrowing: Narrowing,
        number: int,
        *,
        meaning: str | None = None,
        synonyms: Synonyms | None = None,
        correct: bool = True,
    ) -> Searched:
        """At least the best `number` documents, where there are so many; a greater number only adds at the end.

        `meaning` is what is embedded when that is another text than the words to look for (a whole sentence, say).
        """
        if not words_of(text):
            return Searched([], KeywordQuery(), 0, True)
        sentence = meaning or text
        embedding = None if self.embedder is None else asyncio.create_task(_embedded(self.embedder, sentence))
        try:
            await plan_for_any(connection)
            query = await ask(connection, self.corpus, text, synonyms=synonyms, correct=correct)
            if query.documents == 0:
                return await self._search_plainly(connection, text, narrowing, number)
            narrowing = await count(connection, narrowing)
            await plan_for(connection, narrowing)
            deep = max(number, FUSED_KEYWORD)
            matches = await keyword.rank(connection, self.corpus, query, narrowing, deep, needed=number)
            if matches.considered == 0 and await keyword.are_lost(connection, self.corpus, query):
                return await self._search_plainly(connection, text, narrowing, number)
            meant = _NO_EMBEDDER if embedding is None else await embedding
        except asyncpg.UndefinedTableError:
            return await self._search_plainly(connection, text, narrowing, number)
        finally:
            if embedding is not None:
                embedding.cancel()
        front, rest = matches.found[:FUSED_KEYWORD], matches.found[FUSED_KEYWORD:]
        near = await self._near(connection, meant, narrowing, query, [match.document for match in front])
        known = {match.document for match in front}
        others = [one for one in near.neighbours if one.document not in known]
        late = [Match(one.document, one.score, one.bits, one.row) for one in others if one.score is not None]
        fused = fuse(query, [*front, *late], near.neighbours, self.weights)
        shown = {one.document for one in fused}
        tail = by_keyword_alone(query, [match for match in rest if match.document not in shown], len(front) + 1)
        degraded = {"meaning": near.reason} if near.reason else {}
        return Searched([*fused, *tail], query, matches.considered, matches.complete, degraded)

    async def _near(
        self,
        connection: Connection,
        meant: _Meant,
        narrowing: Narrowing,
        words: KeywordQuery,
        besides: Sequence[int],
    ) -> _Near:
        """The neighbours of what was meant, or why there are none."""
        if meant.vector is None:
            return _Near([], meant.reason)
        try:
            standing = await self._standing(connection)
            if reason := _unusable(standing, meant.model):
                return _Near([], reason)
            return _Near(
                await vectors.near(
                    connection, self.corpus, meant.vector, narrowing, FUSED_MEANING, besides=besides, words=words
                )
            )
        except (asyncpg.UndefinedTableError, asyncpg.DataError):
            return _Near([], VECTORS_LOST)

    async def _standing(self, connection: Connection) -> vectors.VectorsStanding:
        key = (database_of(connection), self.corpus.name)
        known = _standings.recall(key)
        if known is None:
            known = await vectors.standing(connection, self.corpus)
            if not _unusable(known, known.model):
                _standings.keep(key, known)
        return known

    async def _search_plainly(self, connection: Connection, text: str, narrowing: Narrowing, number: int) -> Searched:
        await plan_for_values(connection)
        found = await self.plainly(connection, [word.folded for word in words_of(text)], narrowing, number)
        await plan_for_any(connection)
        return Searched(found, KeywordQuery(), len(found), False, {"keyword": POSTINGS_LOST})


def embedder_of(services: Services) -> Embedder | None:
    """The embedder that the settings ask for, if any."""
    return services.get(Embedder) if services.names(Embedder) else None  # pyright: ignore[reportAbstractUsage] - the port is the key


@dataclass(frozen=True, slots=True)
class _Meant:
    """The vector of a query and whose it is, or why there is none."""

    vector: Vector | None
    model: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class _Near:
    neighbours: list[vectors.Neighbour]
    reason: str = ""


_NO_EMBEDDER = _Meant(None, "", NO_EMBEDDER)


async def _embedded(embedder: Embedder, text: str) -> _Meant:
    try:
        (vector,) = await embedder.embed([text], purpose="query")
    except Unavailable as refusal:
        return _Meant(None, embedder.model, refusal.message)
    return _Meant(vector, embedder.model)


def _unusable(standing: vectors.VectorsStanding, model: str) -> str:
    """Why vectors cannot be searched, empty when they can."""
    if standing.vectors == 0:
        return NO_VECTORS
    if standing.model != model:
        return OTHER_MODEL
    if not standing.indexed and standing.vectors > vectors.MOST_VECTORS_WITHOUT_INDEX:
        return NO_INDEX
    return ""
