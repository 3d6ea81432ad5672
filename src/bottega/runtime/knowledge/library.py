"""The library: the folders of documents of one shop, kept up to date and asked questions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bottega.kernel.errors import Invalid, Unavailable
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Database
from bottega.ports.embedder import Embedder
from bottega.retrieval import upkeep
from bottega.retrieval.embedding import embed_waiting
from bottega.retrieval.fusion import Scored
from bottega.retrieval.search import Searcher
from bottega.retrieval.vectors import ensure_near_index
from bottega.runtime.knowledge import ingest
from bottega.runtime.knowledge.corpus import PASSAGES, WEIGHTS, citable, plainly, still_citable
from bottega.runtime.knowledge.folder import DocumentFolder
from bottega.runtime.knowledge.model import DocumentTrust, FileProblem, FoundPassage, IngestSummary
from bottega.runtime.knowledge.queries import FRESH_FOR, citation_of
from bottega.runtime.knowledge.question import telling_words

LONGEST_QUESTION_CHARACTERS = 1_000
MOST_PASSAGES_FOUND = 20
EMBEDDING_SECONDS = 60.0
# What is neither near in meaning nor has most of the words answers another question.
LEAST_COSINE = 0.28
LEAST_COVERAGE = 0.4
LEAST_COSINE_WITH_WORDS = 0.15

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """The passages that answer a question, the best first; `degraded` says what was not searched by, and why."""

    passages: Sequence[FoundPassage]
    degraded: dict[str, str] = field(default_factory=dict[str, str])


class Library:
    """Documents of a shop; without an embedder they are found by words alone."""

    def __init__(
        self, database: Database, folders: Sequence[DocumentFolder], clock: Clock, embedder: Embedder | None
    ) -> None:
        self.folders = tuple(folders)
        self._database = database
        self._clock = clock
        self._embedder = embedder

    async def ingest_all(self, progress: Progress = lambda _done, _all: None) -> dict[str, IngestSummary]:
        """Brings every folder up to date, and embeds what is new; a folder that is away is told as rejected."""
        summaries: dict[str, IngestSummary] = {}
        for folder in self.folders:
            try:
                summaries[folder.name] = await ingest.ingest(self._database, folder, self._clock, progress)
            except (Unavailable, Invalid) as refusal:
                problem = FileProblem("", refusal.code, str(refusal))
                summaries[folder.name] = IngestSummary(rejected=[problem])
        await self.look_after()
        await self.embed()
        return summaries

    async def look_after(self) -> None:
        """Finds what the index of passages lacks and makes it again from the passages themselves."""
        async with self._database.write() as connection:
            findings = await upkeep.look(connection, PASSAGES)
            if findings.rewrite:
                await upkeep.begin_rewrite(connection, PASSAGES)
                await ingest.index_anew(connection, self._clock.now())
                await upkeep.end_rewrite(connection, PASSAGES, self._clock.now())
            await upkeep.note(connection, PASSAGES, self._clock.now(), findings)
        await ensure_near_index(self._database.dsn, PASSAGES)

    async def embed(self) -> None:
        """Embeds passages that wait for it; without an embedder, or while it is away, they wait on."""
        if self._embedder is None:
            return
        try:
            await embed_waiting(self._database, PASSAGES, self._embedder, seconds=EMBEDDING_SECONDS)
        except Unavailable:
            return

    async def find(
        self, question: str, *, limit: int = 3, trust: Sequence[DocumentTrust] = ("shop",), run_id: str | None = None
    ) -> Answer:
        """What may be cited in answer to a question; nothing when no document answers it.

        Other people's documents are asked only when `trust` names them, and never speak for the shop.
        """
        if not question.strip() or len(question) > LONGEST_QUESTION_CHARACTERS:
            raise Invalid(
                "bad_question",
                f"A question has 1 to {LONGEST_QUESTION_CHARACTERS} characters.",
                next_step="Ask it in one or two sentences.",
            )
        now = self._clock.now()
        searcher = Searcher(PASSAGES, WEIGHTS, plainly, self._embedder)
        async with self._database.read() as connection:
            searched = await searcher.search(
                connection, telling_words(question), citable(now, trust), limit, meaning=question
            )
        by_words = bool(searched.degraded)
        answering = [one for one in searched.found if _answers(one, by_words=by_words)]
        passages = [_found(one) for one in answering[: min(limit, MOST_PASSAGES_FOUND)]]
        await self._count(passages, run_id, now)
        return Answer(passages, searched.degraded)

    async def current_versions(self, version_ids: Sequence[str]) -> dict[str, str]:
        """Those of the versions that may be cited now, each as itself: what `ReplyCache` asks before it repeats."""
        async with self._database.read() as connection:
            return await still_citable(connection, version_ids, self._clock.now())

    async def standing(self) -> upkeep.CorpusStanding:
        """How the index of passages stands."""
        async with self._database.read() as connection:
            return await upkeep.corpus_standing(connection, PASSAGES)

    async def _count(self, passages: Sequence[FoundPassage], run_id: str | None, now: datetime) -> None:
        """What was of use, and that something was asked which no document answers."""
        rows = [(passage.version_id, passage.citation.passage_id) for passage in passages] or [(None, None)]
        async with self._database.connection() as connection:
            await connection.execute(
                "INSERT INTO runtime.citations (version_id, passage_id, run_id, cited_at) "
                "SELECT t.version_id, t.passage_id, $3, $4 FROM unnest($1::text[], $2::text[]) "
                "AS t (version_id, passage_id)",
                [version_id for version_id, _ in rows],
                [passage_id for _, passage_id in rows],
                run_id,
                now,
            )


def _answers(one: Scored, *, by_words: bool) -> bool:
    has_words = one.coverage >= LEAST_COVERAGE
    if by_words:
        return has_words
    cosine = one.cosine or 0.0
    return cosine >= LEAST_COSINE or (has_words and cosine >= LEAST_COSINE_WITH_WORDS)


def _found(one: Scored) -> FoundPassage:
    row = one.row
    return FoundPassage(
        citation=citation_of(row),
        text=row["text"],
        score=one.score,
        trust=row["trust"],
        version_id=row["version_id"],
        ingested_at=row["ingested_at"],
        fresh_until=row["checked_at"] + FRESH_FOR,
    )
