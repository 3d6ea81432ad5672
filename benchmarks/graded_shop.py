"""A scratch shop with graded products, imported, indexed and embedded by the shop's own code, asked query by query."""

import shutil
import tempfile
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks.shop_process import OWNER
from bottega.bootstrap import Application, open_application
from bottega.bootstrap.background import catch_up
from bottega.kernel.errors import Unavailable
from bottega.platform.database import embedded
from bottega.platform.database.pool import Connection, Database
from bottega.retrieval import keyword, postings
from bottega.retrieval.asked import ask
from bottega.retrieval.corpus import Corpus, Document, Field
from bottega.retrieval.embedding import embed_waiting
from bottega.retrieval.fusion import Weights
from bottega.retrieval.narrowing import Narrowing
from bottega.retrieval.schema import ensure, lost_tables
from bottega.retrieval.search import embedder_of
from bottega.retrieval.vectors import ensure_near_index
from bottega.settings import Settings
from bottega.shop.catalogue.index_upkeep import rebuild
from bottega.shop.catalogue.listing import Filters
from bottega.shop.catalogue.product_documents import PRODUCTS, documents_of
from bottega.shop.catalogue.product_ranking import DEEPEST_RESULT
from bottega.shop.catalogue.search import search_products
from bottega.shop.catalogue.search_records import Explanation, SearchRequest
from bottega.shop.flows.product_files.importing import ImportChoices, import_file

FILTERS = Filters("EUR")
DEEP = 100
# BM25 as in the textbook: one field, Robertson's usual parameters, no other thought.
PLAIN = Corpus("plain", {"text": Field(1.0, 0.75)}, saturation=1.2)
EMBEDDING_HOURS = 6
EMBED_TIMEOUT_SECONDS = 60.0


@dataclass(frozen=True)
class Signals:
    """What the query path found for one query, in its order, with every signal; products by the graded file's names."""

    found: tuple[tuple[str, Explanation], ...]

    def final(self) -> list[str]:
        """The order that a shopper sees."""
        return [identifier for identifier, _ in self.found]

    def ranked(self, weights: Weights) -> list[str]:
        """The order that other weights would give."""
        return self._by(lambda one: weights.score(one.keyword_rank, one.meaning_rank, one.coverage))

    def by_keyword(self) -> list[str]:
        """By keyword alone."""
        return self._by(lambda one: one.bm25)

    def by_meaning(self) -> list[str]:
        """By meaning alone."""
        return self._by(lambda one: one.cosine or 0.0)

    def by_ranks(self) -> list[str]:
        """Reciprocal ranks, both alike (Cormack, Clarke and Büttcher 2009)."""
        return self._by(
            lambda one: (
                (1 / (60 + one.keyword_rank) if one.keyword_rank else 0.0)
                + (1 / (60 + one.meaning_rank) if one.meaning_rank else 0.0)
            )
        )

    def _by(self, value: Callable[[Explanation], float]) -> list[str]:
        kept = [(identifier, one) for identifier, one in self.found if value(one) > 0]
        return [identifier for identifier, _ in sorted(kept, key=lambda pair: (-value(pair[1]), pair[1].product_id))]


class GradedShop:
    """An open shop over the graded products."""

    def __init__(self, application: Application, identifiers: dict[str, str]) -> None:
        self._application = application
        self._identifiers = identifiers
        self._embedder = embedder_of(application.services)

    async def signals(self, query: str) -> Signals:
        """What the shop answers, deep, and why."""
        # The machine may be busy; what is measured here is not the time.
        assert self._embedder is not None, "the default settings have one"
        await self._embedder.embed([query], purpose="query", timeout_seconds=EMBED_TIMEOUT_SECONDS)
        request = SearchRequest(query, FILTERS, limit=DEEPEST_RESULT, explain=True)
        async with self._application.database.search() as connection:
            page = await search_products(connection, request, self._application.clock.now(), embedder=self._embedder)
        if page.degraded:
            raise Unavailable("search_degraded", f"Search goes without a signal: {page.degraded}.")
        return Signals(tuple((self._identifiers[one.product_id], one) for one in page.explanations or ()))

    async def plain_bm25(self, query: str) -> list[str]:
        """The textbook's ranking."""
        async with self._application.database.read() as connection:
            asked = await ask(connection, PLAIN, query, correct=False)
            matches = await keyword.rank(connection, PLAIN, asked, _EVERYTHING, 1_000)
        ranked = sorted(matches.found, key=lambda match: (-match.score, match.document))
        return [self._identifiers[match.row["id"]] for match in ranked[:DEEP]]


_EVERYTHING = Narrowing(f"{PLAIN.documents} e", "e.document", columns=("e.id",), is_wide=True)


@asynccontextmanager
async def graded_shop(products: Path, keep: Path | None) -> AsyncGenerator[GradedShop]:
    """A shop with the products of the file; kept in `keep` when that is given, else gone afterwards."""
    async with graded_application(products, keep) as (application, names):
        yield GradedShop(application, names)


@asynccontextmanager
async def graded_application(products: Path, keep: Path | None) -> AsyncGenerator[tuple[Application, dict[str, str]]]:
    """The same with the file's names by product id."""
    directory = keep or Path(tempfile.mkdtemp(prefix="bottega-quality-"))
    try:
        async with open_graded_application(products, directory) as application:
            async with application.database.write() as connection:
                if await lost_tables(connection, PLAIN):
                    await _index_plainly(connection, application)
            async with application.database.read() as connection:
                rows = await connection.fetch("SELECT id, source_id FROM shop.products WHERE source = 'icecat'")
            yield application, {row["id"]: row["source_id"] for row in rows}
    finally:
        if keep is None:
            embedded.reset(directory)
            shutil.rmtree(directory, ignore_errors=True)


@asynccontextmanager
async def open_graded_application(
    products: Path, directory: Path, *, prepared: bool = False
) -> AsyncGenerator[Application]:
    """The application over the products of the file, which are imported, indexed and embedded unless `prepared`."""
    settings = Settings(_env_file=None, data_dir=directory, embedder="minilm")  # pyright: ignore[reportCallIssue] - pydantic-settings' own argument
    async with open_application(settings) as application:
        if not prepared:
            await _prepare(application, products)
        yield application


async def _prepare(application: Application, products: Path) -> None:
    """Imports, indexes and embeds what is not there yet."""
    bars = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )
    database = application.database
    with bars:
        importing = bars.add_task("import", total=None)
        choices = ImportChoices("icecat", "EUR", "main", 100, strict=False)
        await import_file(
            database,
            application.performer,
            OWNER,
            products,
            choices,
            lambda done, in_all: bars.update(importing, completed=done, total=in_all),
        )
        await catch_up(application)
        if await _has_to_be_built(database):
            indexing = bars.add_task("index", total=None)
            await rebuild(
                database,
                application.clock.now(),
                lambda done, in_all: bars.update(indexing, completed=done, total=in_all),
            )
        embedder = embedder_of(application.services)
        assert embedder is not None, "the default settings have one"
        embedding = bars.add_task("embed", total=None)
        await embed_waiting(
            database,
            PRODUCTS,
            embedder,
            seconds=EMBEDDING_HOURS * 3_600.0,
            progress=lambda done, in_all: bars.update(embedding, completed=done, total=in_all),
        )
        await ensure_near_index(database.dsn, PRODUCTS)
        await embedder.wait_ready(timeout_seconds=EMBED_TIMEOUT_SECONDS)


async def _has_to_be_built(database: Database) -> bool:
    async with database.read() as connection:
        row = await connection.fetchrow("SELECT built_at, recipe FROM search.corpora WHERE corpus = $1", PRODUCTS.name)
    return row is None or row["built_at"] is None or row["recipe"] != PRODUCTS.recipe


async def _index_plainly(connection: Connection, application: Application) -> None:
    """The corpus of the textbook's BM25: all words of a product in one field."""
    await ensure(connection, PLAIN)
    rows = await connection.fetch("SELECT id FROM shop.products WHERE status = 'published' ORDER BY id")
    ids: Sequence[str] = [row["id"] for row in rows]
    # Twice: the first time finds out the average length, the second uses it.
    for _ in range(2):
        for start in range(0, len(ids), postings.LARGEST_BATCH_DOCUMENTS):
            batch = await documents_of(connection, ids[start : start + postings.LARGEST_BATCH_DOCUMENTS])
            plain = [Document(one.id, {"text": "\n".join(one.fields.values())}) for one in batch]
            await postings.write(connection, PLAIN, plain, application.clock.now())
        row = await connection.fetchrow("SELECT * FROM search.corpora WHERE corpus = $1", PLAIN.name)
        assert row is not None, "it was just written"
        await postings.put_in_force(connection, PLAIN, [row["total_lengths"][0] / max(row["documents"], 1)])
    await connection.execute(f"ANALYZE {PLAIN.documents}, {PLAIN.postings}, {PLAIN.terms}")
