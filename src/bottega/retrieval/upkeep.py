"""Keeping a corpus whole: what is missing is found and made again, and how fresh everything is can be told."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bottega.platform.database.pool import Connection
from bottega.retrieval.corpus import Corpus
from bottega.retrieval.postings import lock, put_in_force
from bottega.retrieval.schema import empty_words, ensure, lost_tables
from bottega.retrieval.vectors import standing

# Documents looked at closely in each round: their postings have to be there.
SAMPLE_DOCUMENTS = 200
# Impacts were made with average lengths; when these have drifted this far, everything is written anew.
DRIFT_ALLOWED = 0.3
LEAST_DOCUMENTS_TO_DRIFT = 50


@dataclass(frozen=True, slots=True)
class CorpusStanding:
    """How a corpus stands: what it holds, what waits, and what its last look found."""

    documents: int
    vectors: int
    waiting: int
    waiting_since: datetime | None
    model: str
    vectors_indexed: bool
    rewriting: bool
    built_at: datetime | None
    looked_at: datetime | None
    found: str
    lost: tuple[str, ...] = ()


@dataclass(slots=True)
class Findings:
    """What a look found amiss; with `rewrite` every document is to be written anew."""

    notes: list[str] = field(default_factory=list[str])
    rewrite: bool = False


async def corpus_standing(connection: Connection, corpus: Corpus) -> CorpusStanding:
    """How it stands now; with lost tables their names and nothing else of them."""
    row = await connection.fetchrow("SELECT * FROM search.corpora WHERE corpus = $1", corpus.name)
    lost = tuple(await lost_tables(connection, corpus))
    if row is None or lost:
        return CorpusStanding(0, 0, 0, None, "", False, True, None, None, "", lost)
    waiting = await connection.fetchrow(f"SELECT count(*) AS number, min(since) AS since FROM {corpus.waiting}")
    assert waiting is not None, "an aggregate has one row"
    found = await standing(connection, corpus)
    return CorpusStanding(
        documents=row["documents"],
        vectors=await connection.fetchval(f"SELECT count(*) FROM {corpus.vectors}"),
        waiting=waiting["number"],
        waiting_since=waiting["since"],
        model=found.model,
        vectors_indexed=found.indexed,
        rewriting=row["rewriting"],
        built_at=row["built_at"],
        looked_at=row["looked_at"],
        found=row["found"],
    )


async def look(connection: Connection, corpus: Corpus) -> Findings:
    """Finds what is amiss and mends what can be mended at once, inside the transaction of the caller."""
    await lock(connection, corpus)
    findings = Findings()
    if lost := await ensure(connection, corpus):
        findings.notes.append(f"lost: {', '.join(name.removeprefix('search.') for name in lost)}")
        findings.rewrite = bool({corpus.documents, corpus.terms, corpus.remainders, corpus.postings} & set(lost))
    row = await connection.fetchrow("SELECT * FROM search.corpora WHERE corpus = $1", corpus.name)
    assert row is not None, "made with the tables"
    documents = await connection.fetchval(f"SELECT count(*) FROM {corpus.documents}")
    if row["rewriting"] or findings.rewrite:
        findings.rewrite = True
    elif documents != row["documents"] or await _lack_postings(connection, corpus):
        findings.notes.append("the postings did not agree with the documents")
        findings.rewrite = True
        await empty_words(connection, corpus)
    elif row["recipe"] not in ("", corpus.recipe):
        findings.notes.append("the postings were made another way")
        findings.rewrite = True
    elif _has_drifted(corpus, documents, row["total_lengths"], row["average_lengths"]):
        findings.notes.append("documents have become longer or shorter")
        findings.rewrite = True
    if lacking := await _await_missing_vectors(connection, corpus):
        findings.notes.append(f"{lacking} documents lacked their vector")
    await _forget_unused(connection, corpus)
    return findings


async def begin_rewrite(connection: Connection, corpus: Corpus) -> None:
    """Puts the figures of the corpus right, and the average lengths, before its documents are written anew."""
    await lock(connection, corpus)
    await connection.execute(
        f"UPDATE search.corpora SET documents = (SELECT count(*) FROM {corpus.documents}) WHERE corpus = $1",
        corpus.name,
    )
    row = await connection.fetchrow(
        "SELECT documents, total_lengths, average_lengths FROM search.corpora WHERE corpus = $1", corpus.name
    )
    assert row is not None, "made with the tables"
    averages: Sequence[float] = row["average_lengths"]
    if row["documents"] and len(row["total_lengths"]) == len(corpus.fields):
        averages = [total / row["documents"] for total in row["total_lengths"]]
    await put_in_force(connection, corpus, averages)


async def end_rewrite(connection: Connection, corpus: Corpus, at: datetime) -> None:
    """Every document has been written anew."""
    await connection.execute(
        "UPDATE search.corpora SET rewriting = false, built_at = $2, recipe = $3 WHERE corpus = $1",
        corpus.name,
        at,
        corpus.recipe,
    )


async def note(connection: Connection, corpus: Corpus, at: datetime, findings: Findings) -> None:
    """Records that the corpus was looked at; what was found stays to be read until something else is found."""
    await connection.execute(
        "UPDATE search.corpora SET looked_at = $2, found = CASE WHEN $3 = '' THEN found ELSE $3 END WHERE corpus = $1",
        corpus.name,
        at,
        "; ".join(findings.notes)[:1_000],
    )


def _has_drifted(corpus: Corpus, documents: int, totals: Sequence[float], averages: Sequence[float]) -> bool:
    fields = list(corpus.fields.values())
    if documents < LEAST_DOCUMENTS_TO_DRIFT or not len(totals) == len(averages) == len(fields):
        return False
    # Where length counts for nothing no impact was made with the average. A field that is nearly always empty moves by
    # chance.
    return any(
        abs(total / documents - then) > DRIFT_ALLOWED * max(then, 1.0)
        for field, total, then in zip(fields, totals, averages, strict=True)
        if field.length_share > 0
    )


async def _lack_postings(connection: Connection, corpus: Corpus) -> bool:
    return await connection.fetchval(
        f"SELECT EXISTS (SELECT FROM (SELECT document, terms, impacts FROM {corpus.documents} "
        f"WHERE cardinality(terms) > 0 ORDER BY random() LIMIT {SAMPLE_DOCUMENTS}) AS d, "
        f"unnest(d.terms, d.impacts) AS o (term, impact) WHERE NOT EXISTS (SELECT FROM {corpus.postings} p "
        "WHERE p.term = o.term AND p.impact = o.impact AND p.document = d.document) "
        f"OR NOT EXISTS (SELECT FROM {corpus.terms} t WHERE t.term = o.term AND t.documents > 0))"
    )


async def _await_missing_vectors(connection: Connection, corpus: Corpus) -> int:
    status = await connection.execute(
        f"INSERT INTO {corpus.waiting} (document, since) SELECT d.document, now() FROM {corpus.documents} d "
        f"WHERE d.meaning <> '' AND NOT EXISTS (SELECT FROM {corpus.vectors} v WHERE v.document = d.document "
        "AND v.digest = d.digest) ON CONFLICT DO NOTHING"
    )
    return int(status.rpartition(" ")[2])


async def _forget_unused(connection: Connection, corpus: Corpus) -> None:
    """Terms that are in no document any more, and vectors of documents that are gone."""
    await connection.execute(
        f"WITH unused AS (DELETE FROM {corpus.terms} WHERE documents <= 0 RETURNING term) "
        f"DELETE FROM {corpus.remainders} r USING unused u WHERE r.term = u.term"
    )
    await connection.execute(
        f"DELETE FROM {corpus.vectors} v WHERE NOT EXISTS "
        f"(SELECT FROM {corpus.documents} d WHERE d.document = v.document)"
    )
