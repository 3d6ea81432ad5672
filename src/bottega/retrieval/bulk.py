"""Writing a whole corpus from nothing: copied table by table, indexed at the end, many times faster than in place."""

from collections import Counter
from collections.abc import AsyncIterable, Sequence
from datetime import datetime
from typing import Any

from bottega.platform.database.pool import Connection
from bottega.retrieval.corpus import Corpus, Document
from bottega.retrieval.impacts import AnalysedDocument, analysed, impacts_of
from bottega.retrieval.postings import digest_of, lock, put_in_force
from bottega.retrieval.vocabulary import is_correctable, remainders

LONGEST_STATEMENT_SECONDS = 3_600.0


class BulkLoad:
    """One loading of an empty corpus; use `load_corpus`."""

    def __init__(self, connection: Connection, corpus: Corpus) -> None:
        self._connection = connection
        self._corpus = corpus
        self._averages: list[float] = []
        # Numbers of terms by text, in how many documents each is, and a word for it.
        self._numbers: dict[str, int] = {}
        self._containing: Counter[int] = Counter()
        self._words: list[str] = [""]
        self._lengths = [0] * len(corpus.fields)
        self.documents = 0

    async def begin(self) -> None:
        """Takes the writers' lock and the index away; the tables have to be empty."""
        corpus = self._corpus
        await lock(self._connection, corpus)
        assert not await self._connection.fetchval(f"SELECT EXISTS (SELECT FROM {corpus.documents})")
        await self._connection.execute(f"TRUNCATE {corpus.terms}, {corpus.postings}, {corpus.remainders}")
        await self._connection.execute(f"DROP INDEX IF EXISTS {corpus.postings}_impact")
        row = await self._connection.fetchrow(
            "SELECT average_lengths FROM search.corpora WHERE corpus = $1", corpus.name
        )
        assert row is not None, "its tables were made"
        if len(row["average_lengths"]) == len(corpus.fields):
            self._averages = row["average_lengths"]

    async def add(self, batch: Sequence[Document]) -> None:
        """Copies the documents and postings of a batch."""
        found = [analysed(self._corpus, document) for document in batch]
        if not self._averages and found:
            columns = zip(*(one.lengths for one in found), strict=True)
            self._averages = [sum(column) / len(found) for column in columns]
        rows: list[tuple[Any, ...]] = []
        posted: list[tuple[int, int, float]] = []
        for one in found:
            self.documents += 1
            numbered = self._numbered(one)
            terms, impacts = [term for term, _ in numbered], [impact for _, impact in numbered]
            self._containing.update(terms)
            self._lengths = [total + length for total, length in zip(self._lengths, one.lengths, strict=True)]
            meaning = one.document.meaning
            number = self.documents
            rows.append((number, one.document.id, terms, impacts, list(one.lengths), meaning, digest_of(meaning)))
            posted.extend((term, number, impact) for term, impact in numbered)
        columns = ("document", "id", "terms", "impacts", "lengths", "meaning", "digest")
        await self._copy(self._corpus.documents, columns, rows)
        await self._copy(self._corpus.postings, ("term", "document", "impact"), posted)

    async def end(self, at: datetime) -> None:
        """Copies the vocabulary, makes the index, and counts; everything without a vector waits for one."""
        corpus, connection = self._corpus, self._connection
        terms = [
            (number, text, self._words[number], self._containing[number]) for text, number in self._numbers.items()
        ]
        await self._copy(corpus.terms, ("term", "text", "word", "documents"), terms)
        parts = [
            (part, number)
            for text, number in self._numbers.items()
            if is_correctable(text)
            for part in remainders(text)
        ]
        await self._copy(corpus.remainders, ("remainder", "term"), parts)
        await connection.execute("SET LOCAL maintenance_work_mem = '256MB'")
        schema, _, table = corpus.postings.partition(".")
        await connection.execute(
            f"CREATE INDEX {table}_impact ON {schema}.{table} (term, impact DESC, document)",
            timeout=LONGEST_STATEMENT_SECONDS,
        )
        for table, column, most in (
            (corpus.documents, "document", self.documents),
            (corpus.terms, "term", len(self._numbers)),
        ):
            await connection.execute(
                "SELECT setval(pg_get_serial_sequence($1, $2), $3::bigint)", table, column, max(most, 1)
            )
        await put_in_force(connection, corpus, self._averages)
        await connection.execute(
            "UPDATE search.corpora SET documents = $2, total_lengths = $3, recipe = $4 WHERE corpus = $1",
            corpus.name,
            self.documents,
            [float(length) for length in self._lengths],
            corpus.recipe,
        )
        await connection.execute(
            f"INSERT INTO {corpus.waiting} (document, since) SELECT d.document, $1 FROM {corpus.documents} d "
            f"WHERE d.meaning <> '' AND NOT EXISTS (SELECT FROM {corpus.vectors} v WHERE v.document = d.document "
            "AND v.digest = d.digest) ON CONFLICT DO NOTHING",
            at,
        )
        await connection.execute(f"ANALYZE {corpus.documents}, {corpus.postings}, {corpus.terms}")

    def _numbered(self, one: AnalysedDocument) -> list[tuple[int, float]]:
        numbered: list[tuple[int, float]] = []
        for text, impact in impacts_of(self._corpus, one, self._averages).items():
            number = self._numbers.get(text)
            if number is None:
                number = self._numbers[text] = len(self._numbers) + 1
                self._words.append(one.written.get(text, text))
            numbered.append((number, impact))
        return sorted(numbered)

    async def _copy(self, name: str, columns: tuple[str, ...], records: Sequence[tuple[Any, ...]]) -> None:
        schema, _, table = name.partition(".")
        await self._connection.copy_records_to_table(
            table, schema_name=schema, columns=columns, records=records, timeout=LONGEST_STATEMENT_SECONDS
        )


async def load_corpus(
    connection: Connection, corpus: Corpus, batches: AsyncIterable[Sequence[Document]], at: datetime
) -> int:
    """Loads an empty corpus inside the transaction of the caller; returns the number of documents.

    Average lengths are those in force, else those of the first batch.
    """
    load = BulkLoad(connection, corpus)
    await load.begin()
    async for batch in batches:
        await load.add(batch)
    await load.end(at)
    return load.documents
