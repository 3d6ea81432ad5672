"""Ranking by BM25: the best postings of each term, summed up for the documents among them, never every match."""

from collections.abc import Sequence
from dataclasses import dataclass

from bottega.platform.database.pool import Connection, Row, database_of
from bottega.retrieval.asked import KeywordQuery
from bottega.retrieval.corpus import Corpus
from bottega.retrieval.narrowing import Narrowing, Parameters
from bottega.retrieval.short_memory import ShortMemory

# So many postings of each term are read, those with the greatest impact; the deeper figures one after the other while a
# condition leaves too few of them.
POSTINGS_READ = 3_000
POSTINGS_READ_DEEPLY = (12_000, 40_000)
# A condition that at most so many documents meet is looked at first, and all of them are scored.
NARROW_DOCUMENTS = 2_000
# An answered word is worth so much in choosing candidates, beside the sum of impacts.
COVERAGE_IN_CHOICE = 4.0
# Words after these count for the score but not for the coverage by which candidates are chosen.
_CHOICE_WORDS = 8


# Conditions that many documents met a moment ago: counting them again costs as much as a search.
_met_by_many = ShortMemory[bool](seconds=30.0, most=2_000)


@dataclass(frozen=True, slots=True)
class Match:
    """A document with its BM25 score, the words it answers (as bits), and the columns of the narrowing."""

    document: int
    score: float
    bits: int
    row: Row


@dataclass(frozen=True, slots=True)
class Matches:
    """The best documents by keyword. `considered` counts those with a term; `complete`: no other has one."""

    found: tuple[Match, ...]
    considered: int
    complete: bool


async def rank(
    connection: Connection,
    corpus: Corpus,
    query: KeywordQuery,
    narrowing: Narrowing,
    number: int,
    allowed: Sequence[int] | None = None,
    *,
    needed: int = 0,
    read: int | None = None,
) -> Matches:
    """The best `number` documents that meet the narrowing; `allowed` names all that do, when they are few.

    They come in the order in which they were chosen, so that a greater number only adds at the end. When fewer than
    `needed` are found, frequent terms are looked through more deeply; at first `read` postings of each
    term are read, `POSTINGS_READ` where nothing is said.
    """
    if not query.terms:
        return Matches((), 0, True)
    read = read or POSTINGS_READ
    if allowed is not None:
        rows = await _fetch(connection, _AMONG_ALLOWED, corpus, query, narrowing, number, allowed)
        return _matches(rows, complete=True)
    most = max(query.frequencies[term.number] for term in query.terms)
    if most <= read:
        rows = await _fetch(connection, _FROM_ALL_POSTINGS, corpus, query, narrowing, number, read)
        return _matches(rows, complete=True)
    rows = await _fetch(connection, _FROM_BEST_POSTINGS, corpus, query, narrowing, number, read)
    for reach in POSTINGS_READ_DEEPLY:
        if len(rows) >= min(needed, number) or most <= read:
            break
        read = reach
        rows = await _fetch(connection, _FROM_BEST_POSTINGS, corpus, query, narrowing, number, read)
    return _matches(rows, complete=most <= read)


async def score(
    connection: Connection, corpus: Corpus, query: KeywordQuery, narrowing: Narrowing, documents: Sequence[int]
) -> list[Match]:
    """The matches among these documents that meet the narrowing."""
    if not query.terms or not documents:
        return []
    rows = await _fetch(connection, _AMONG_ALLOWED, corpus, query, narrowing, len(documents), documents)
    return list(_matches(rows, complete=True).found)


async def are_lost(connection: Connection, corpus: Corpus, query: KeywordQuery) -> bool:
    """Whether the tables contradict each other: documents without vocabulary, or terms without postings."""
    if not query.terms:
        return not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {corpus.terms})")
    return not await connection.fetchval(
        f"SELECT EXISTS (SELECT FROM {corpus.postings} WHERE term = ANY ($1::int[]))",
        [term.number for term in query.terms],
    )


async def few_allowed(connection: Connection, narrowing: Narrowing) -> list[int] | None:
    """All documents that meet the narrowing when they are at most `NARROW_DOCUMENTS`, else None."""
    key = (database_of(connection), narrowing.source, narrowing.condition, repr(narrowing.values))
    if narrowing.is_wide or _met_by_many.recall(key):
        return None
    # As a table of its own it is planned for all that meet the condition, which may be fewer than are asked for.
    rows = await connection.fetch(
        f"WITH met AS MATERIALIZED (SELECT {narrowing.document} AS document FROM {narrowing.source} "
        f"WHERE {narrowing.condition}) SELECT document FROM met WHERE document IS NOT NULL "
        f"LIMIT {NARROW_DOCUMENTS + 1}",
        *narrowing.values,
    )
    if len(rows) > NARROW_DOCUMENTS:
        _met_by_many.keep(key, value=True)
        return None
    return [row["document"] for row in rows]


def _matches(rows: Sequence[Row], *, complete: bool) -> Matches:
    found = tuple(Match(row["document"], row["score"], row["bits"], row) for row in rows)
    return Matches(found, rows[0]["considered"] if rows else 0, complete)


async def _fetch(
    connection: Connection,
    statement: str,
    corpus: Corpus,
    query: KeywordQuery,
    narrowing: Narrowing,
    number: int,
    reach: object,
) -> list[Row]:
    parameters = Parameters(list(narrowing.values))
    bonus = [COVERAGE_IN_CHOICE * query.coverage(bits) for bits in range(1 << min(len(query.words), _CHOICE_WORDS))]
    filled = statement.format(
        terms=parameters.add([term.number for term in query.terms]),
        weights=parameters.add([term.weight for term in query.terms]),
        bits=parameters.add([term.bits for term in query.terms]),
        bonus=parameters.add(bonus),
        mask=len(bonus) - 1,
        reach=parameters.add(reach),
        number=parameters.add(number),
        postings=corpus.postings,
        documents=corpus.documents,
        source=narrowing.source,
        key=narrowing.document,
        condition=narrowing.condition,
        columns=narrowing.selected,
    )
    return await connection.fetch(filled, *parameters.values)


_GATHERED = """
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest({terms}::int[], {weights}::real[], {bits}::int[]) AS a (term, weight, bits)),
heads AS (
    SELECT h.document, a.weight * h.impact AS score, a.bits
    FROM asked a CROSS JOIN LATERAL (
        SELECT p.document, p.impact FROM {postings} p WHERE p.term = a.term ORDER BY p.impact DESC LIMIT {reach}) AS h),
gathered AS MATERIALIZED (
    SELECT document, sum(score) AS score, bit_or(bits) AS bits,
           sum(score) + ({bonus}::real[])[1 + (bit_or(bits) & {mask})] AS chosen_by
    FROM heads GROUP BY document ORDER BY 4 DESC)"""

# Every posting of every term was read: the sums are the scores.
_FROM_ALL_POSTINGS = f"""{_GATHERED}
SELECT g.document, g.score, g.bits, (SELECT count(*) FROM gathered) AS considered{{columns}}
FROM gathered g JOIN {{source}} ON {{key}} = g.document WHERE {{condition}}
ORDER BY g.chosen_by DESC, g.document LIMIT {{number}}"""

# Of a term with more postings than are read, a document may have a posting that was not among them: the terms that it
# keeps itself complete its score.
_FROM_BEST_POSTINGS = f"""{_GATHERED},
chosen AS (
    SELECT g.document, g.chosen_by{{columns}}
    FROM gathered g JOIN {{source}} ON {{key}} = g.document WHERE {{condition}}
    ORDER BY g.chosen_by DESC, g.document LIMIT {{number}})
SELECT c.*, s.score, s.bits, (SELECT count(*) FROM gathered) AS considered
FROM chosen c JOIN {{documents}} d USING (document) CROSS JOIN LATERAL (
    SELECT sum(a.weight * d.impacts[array_position(d.terms, a.term)]) AS score, bit_or(a.bits) AS bits
    FROM asked a WHERE a.term = ANY (d.terms)) AS s
WHERE s.score IS NOT NULL
ORDER BY c.chosen_by DESC, c.document"""

_AMONG_ALLOWED = """
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest({terms}::int[], {weights}::real[], {bits}::int[]) AS a (term, weight, bits)),
scored AS MATERIALIZED (
    SELECT d.document, s.score, s.bits
    FROM {documents} d CROSS JOIN LATERAL (
        SELECT sum(a.weight * d.impacts[array_position(d.terms, a.term)]) AS score, bit_or(a.bits) AS bits
        FROM asked a WHERE a.term = ANY (d.terms)) AS s
    WHERE d.document = ANY ({reach}::int[]) AND d.terms && {terms}::int[] AND s.score IS NOT NULL),
chosen AS (
    SELECT s.*, s.score + ({bonus}::real[])[1 + (s.bits & {mask})] AS chosen_by
    FROM scored s ORDER BY 4 DESC, 1 LIMIT {number})
SELECT c.document, c.score, c.bits, (SELECT count(*) FROM scored) AS considered{columns}
FROM chosen c JOIN {source} ON {key} = c.document WHERE {condition}
ORDER BY c.chosen_by DESC, c.document"""
