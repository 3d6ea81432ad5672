"""Writing documents: their postings, the vocabulary's counts, and which of them wait for a vector."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from bottega.platform.database.pool import Connection, Row
from bottega.retrieval.corpus import Corpus, Document
from bottega.retrieval.impacts import AnalysedDocument, analysed, impacts_of
from bottega.retrieval.vocabulary import number_terms

LARGEST_BATCH_DOCUMENTS = 1_000


@dataclass(slots=True)
class _Balance:
    """What a batch adds to the figures of its corpus."""

    documents: int
    lengths: list[int]
    containing: Counter[int]

    def take(self, row: Row, sign: int) -> None:
        """Counts a document that stands (-1: no longer)."""
        self.add(row["terms"], row["lengths"], sign)

    def add(self, terms: Sequence[int], lengths: Sequence[int], sign: int) -> None:
        self.documents += sign
        for place, length in enumerate(lengths[: len(self.lengths)]):
            self.lengths[place] += sign * length
        for term in terms:
            self.containing[term] += sign


async def write(connection: Connection, corpus: Corpus, documents: Sequence[Document], at: datetime) -> None:
    """Writes documents anew, whether they were known or not, inside the transaction of the caller.

    At most `LARGEST_BATCH_DOCUMENTS`, none twice. Writers of one corpus wait for each other.
    """
    assert len(documents) <= LARGEST_BATCH_DOCUMENTS, "cut into batches by the caller"
    if not documents:
        return
    await lock(connection, corpus)
    found = [analysed(corpus, document) for document in documents]
    balance = _Balance(0, [0] * len(corpus.fields), Counter())
    known = await _take_out(connection, corpus, [document.id for document in documents], balance)
    averages = await _averages_in_force(connection, corpus, found)
    numbers = await number_terms(connection, corpus, _written(found))
    rows: list[tuple[str, list[int], list[float], list[int], str, bytes]] = []
    for one in found:
        numbered = sorted((numbers[text], impact) for text, impact in impacts_of(corpus, one, averages).items())
        terms, impacts = [term for term, _ in numbered], [impact for _, impact in numbered]
        balance.add(terms, one.lengths, +1)
        meaning = one.document.meaning
        rows.append((one.document.id, terms, impacts, list(one.lengths), meaning, digest_of(meaning)))
    await connection.executemany(_WRITE.format(documents=corpus.documents), rows)
    stored = await connection.fetch(
        f"SELECT document, id, terms, impacts, digest, meaning FROM {corpus.documents} WHERE id = ANY ($1::text[])",
        [row[0] for row in rows],
    )
    await _add_postings(connection, corpus, stored)
    await _count(connection, corpus, balance)
    changed = [row["document"] for row in stored if row["meaning"] and known.get(row["id"]) != row["digest"]]
    await await_vectors(connection, corpus, changed, at)


async def remove(connection: Connection, corpus: Corpus, ids: Sequence[str]) -> None:
    """Takes documents out; those that are not there are passed over."""
    if not ids:
        return
    await lock(connection, corpus)
    balance = _Balance(0, [0] * len(corpus.fields), Counter())
    await _take_out(connection, corpus, ids, balance)
    numbers = await connection.fetch(
        f"DELETE FROM {corpus.documents} WHERE id = ANY ($1::text[]) RETURNING document", list(ids)
    )
    gone = [row["document"] for row in numbers]
    await connection.execute(f"DELETE FROM {corpus.vectors} WHERE document = ANY ($1::int[])", gone)
    await connection.execute(f"DELETE FROM {corpus.waiting} WHERE document = ANY ($1::int[])", gone)
    await _count(connection, corpus, balance)


async def await_vectors(connection: Connection, corpus: Corpus, documents: Sequence[int], at: datetime) -> None:
    """Notes documents whose vector is to be made, unless it stands already for the same text."""
    await connection.execute(
        f"INSERT INTO {corpus.waiting} (document, since) SELECT d.document, $2 FROM {corpus.documents} d "
        f"WHERE d.document = ANY ($1::int[]) AND NOT EXISTS (SELECT FROM {corpus.vectors} v "
        "WHERE v.document = d.document AND v.digest = d.digest) ON CONFLICT (document) DO NOTHING",
        list(documents),
        at,
    )


def digest_of(meaning: str) -> bytes:
    """What tells whether a text is still the one that its vector was made of."""
    return hashlib.blake2b(meaning.encode(), digest_size=16).digest()


async def lock(connection: Connection, corpus: Corpus) -> None:
    """Keeps other writers of the corpus away until the transaction ends."""
    # Counts and postings are read and written back: two writers would count one document twice.
    await connection.execute("SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", f"search.{corpus.name}")


async def _take_out(connection: Connection, corpus: Corpus, ids: Sequence[str], balance: _Balance) -> dict[str, bytes]:
    """Deletes the postings of these documents; returns the digests of the texts that they had."""
    rows = await connection.fetch(
        f"SELECT document, id, terms, impacts, lengths, digest FROM {corpus.documents} WHERE id = ANY ($1::text[])",
        list(ids),
    )
    for row in rows:
        balance.take(row, -1)
    if rows:
        # By all three columns of the index: a frequent term is not searched through for one document.
        await connection.execute(
            f"DELETE FROM {corpus.postings} p USING (SELECT d.document, o.term, o.impact FROM {corpus.documents} d, "
            "unnest(d.terms, d.impacts) AS o (term, impact) WHERE d.document = ANY ($1::int[])) AS old "
            "WHERE p.term = old.term AND p.impact = old.impact AND p.document = old.document",
            [row["document"] for row in rows],
        )
    return {row["id"]: row["digest"] for row in rows}


async def _averages_in_force(connection: Connection, corpus: Corpus, found: Sequence[AnalysedDocument]) -> list[float]:
    row = await connection.fetchrow("SELECT average_lengths FROM search.corpora WHERE corpus = $1", corpus.name)
    averages: list[float] = [] if row is None else row["average_lengths"]
    if len(averages) == len(corpus.fields):
        return averages
    columns = list(zip(*(one.lengths for one in found), strict=True))
    return await put_in_force(connection, corpus, [sum(column) / len(found) for column in columns])


async def put_in_force(connection: Connection, corpus: Corpus, averages: Sequence[float]) -> list[float]:
    """Sets the average lengths that impacts are made with from now on."""
    await connection.execute(
        "INSERT INTO search.corpora (corpus, average_lengths, recipe) VALUES ($1, $2, $3) "
        "ON CONFLICT (corpus) DO UPDATE SET average_lengths = excluded.average_lengths, "
        "recipe = coalesce(nullif(corpora.recipe, ''), excluded.recipe)",
        corpus.name,
        list(averages),
        corpus.recipe,
    )
    return list(averages)


def _written(found: Sequence[AnalysedDocument]) -> dict[str, str]:
    written: dict[str, str] = {}
    for one in found:
        for counts in one.counts:
            for term in counts:
                if term not in written:
                    written[term] = one.written.get(term, term)
    return written


async def _add_postings(connection: Connection, corpus: Corpus, stored: Sequence[Row]) -> None:
    schema, _, table = corpus.postings.partition(".")
    await connection.copy_records_to_table(
        table,
        schema_name=schema,
        columns=("term", "document", "impact"),
        records=[
            (term, row["document"], impact)
            for row in stored
            for term, impact in zip(row["terms"], row["impacts"], strict=True)
        ],
    )


async def _count(connection: Connection, corpus: Corpus, balance: _Balance) -> None:
    changes = sorted((term, change) for term, change in balance.containing.items() if change)
    await connection.execute(
        f"UPDATE {corpus.terms} t SET documents = t.documents + c.change "
        "FROM unnest($1::int[], $2::int[]) AS c (term, change) WHERE t.term = c.term",
        [term for term, _ in changes],
        [change for _, change in changes],
    )
    await connection.execute(
        "UPDATE search.corpora SET documents = documents + $2, total_lengths = "
        "ARRAY(SELECT greatest(coalesce(total_lengths[n], 0) + ($3::float8[])[n], 0) "
        "FROM generate_series(1, cardinality($3::float8[])) AS n ORDER BY n) WHERE corpus = $1",
        corpus.name,
        balance.documents,
        [float(length) for length in balance.lengths],
    )


_WRITE = """
INSERT INTO {documents} (id, terms, impacts, lengths, meaning, digest)
VALUES ($1, $2::int[], $3::real[], $4::smallint[], $5, $6)
ON CONFLICT (id) DO UPDATE SET terms = excluded.terms, impacts = excluded.impacts, lengths = excluded.lengths,
    meaning = excluded.meaning, digest = excluded.digest"""
