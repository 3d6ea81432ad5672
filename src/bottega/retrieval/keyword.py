"""Ranking by BM25: the best postings of each term, summed up for the documents among them, never every match."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bottega.platform.database.pool import Connection, Row
from bottega.retrieval.asked import KeywordQuery
from bottega.retrieval.corpus import Corpus
from bottega.retrieval.narrowing import Narrowing, Parameters

# So many postings of each term are read, those with the greatest impact; and so many when a condition leaves too few of
# them.
POSTINGS_READ = 2_000
POSTINGS_READ_DEEPLY = 20_000
# Candidates come from the rarest terms, up to so many times the postings of one; the others of a long query only score.
FREQUENT_TERMS_READ = 3
# Reading so many postings takes as long as looking at one document.
POSTINGS_PER_DOCUMENT = 4
# Of what is gathered at most so many, the best, are held against a condition.
HELD_AGAINST_CONDITION = 1_500
# An answered word is worth so much in choosing candidates, beside the sum of impacts.
COVERAGE_IN_CHOICE = 4.0
# Words after these count for the score but not for the coverage by which candidates are chosen.
_CHOICE_WORDS = 8


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
    *,
    needed: int = 0,
    read: int | None = None,
) -> Matches:
    """The best `number` documents that meet the narrowing; all of them are scored when it is counted and they are few.

    They come in the order in which they were chosen, so that a greater number only adds at the end. At first `read`
    postings of each term are read, `POSTINGS_READ` where nothing is said; when fewer than `needed` documents are found,
    frequent terms are looked through more deeply.
    """
    if not query.terms:
        return Matches((), 0, True)
    read = read or POSTINGS_READ
    few, postings = narrowing.few, [query.frequencies[term.number] for term in query.terms]
    if few is not None and sum(postings) <= POSTINGS_PER_DOCUMENT * len(few):
        read = max(postings)
    elif few is not None:
        rows = await _fetch(connection, _AMONG_ALLOWED, corpus, query, narrowing, number, list(few))
        return _matches(rows, complete=True)
    complete, rows = await _rank_from_postings(connection, corpus, query, narrowing, number, read)
    if not complete and len(rows) < min(needed, number):
        deeply = max(read, POSTINGS_READ_DEEPLY)
        complete, rows = await _rank_from_postings(connection, corpus, query, narrowing, number, deeply, deeply=True)
    return _matches(rows, complete=complete)


async def _rank_from_postings(
    connection: Connection,
    corpus: Corpus,
    query: KeywordQuery,
    narrowing: Narrowing,
    number: int,
    reach: int,
    *,
    deeply: bool = False,
) -> tuple[bool, list[Row]]:
    """The best of what is read, and whether every posting is; `deeply` only of those that meet the condition."""
    read_terms = _terms_to_read(query, reach)
    complete = len(read_terms) == len(query.terms) and all(query.frequencies[term] <= reach for term in read_terms)
    among = _AMONG_KNOWN if narrowing.known is not None else _AMONG_MET if deeply else ""
    statement = _FROM_ALL_POSTINGS if complete else _FROM_BEST_POSTINGS
    statement = statement.replace("{met}", _MET if among == _AMONG_MET else "").replace("{among}", among)
    return complete, await _fetch(connection, statement, corpus, query, narrowing, number, reach, read_terms)


def _terms_to_read(query: KeywordQuery, reach: int) -> list[int]:
    """The rarest terms, as many as are read at this depth."""
    left = FREQUENT_TERMS_READ * reach
    chosen: list[int] = []
    for frequency, term in sorted((query.frequencies[term.number], term.number) for term in query.terms):
        left -= min(frequency, reach)
        if left < 0 and len(chosen) >= FREQUENT_TERMS_READ:
            break
        chosen.append(term)
    return chosen


async def score(connection: Connection, corpus: Corpus, query: KeywordQuery, rows: Mapping[int, Row]) -> list[Match]:
    """The matches among documents that are known to meet a narrowing, each with its row of that."""
    if not query.terms or not rows:
        return []
    scored = await connection.fetch(
        _SCORED.format(documents=corpus.documents),
        [term.number for term in query.terms],
        [term.weight for term in query.terms],
        [term.bits for term in query.terms],
        list(rows),
    )
    return [Match(one["document"], one["score"], one["bits"], rows[one["document"]]) for one in scored]


async def are_lost(connection: Connection, corpus: Corpus, query: KeywordQuery) -> bool:
    """Whether the tables contradict each other: documents without vocabulary, or terms without postings."""
    if not query.terms:
        return not await connection.fetchval(f"SELECT EXISTS (SELECT FROM {corpus.terms})")
    return not await connection.fetchval(
        f"SELECT EXISTS (SELECT FROM {corpus.postings} WHERE term = ANY ($1::int[]))",
        [term.number for term in query.terms],
    )


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
    read_terms: Sequence[int] = (),
) -> list[Row]:
    parameters = Parameters(list(narrowing.values))
    bonus = [0.0]
    for share in query.importance[:_CHOICE_WORDS]:
        bonus += [COVERAGE_IN_CHOICE * share + without for without in bonus]
    filled = statement.format(
        terms=parameters.add([term.number for term in query.terms]),
        weights=parameters.add([term.weight for term in query.terms]),
        bits=parameters.add([term.bits for term in query.terms]),
        bonus=parameters.add(bonus),
        mask=len(bonus) - 1,
        reach=parameters.add(reach),
        number=parameters.add(number),
        read_terms=parameters.add(list(read_terms)) if "{read_terms}" in statement else "",
        held=max(number, HELD_AGAINST_CONDITION),
        known=parameters.add(list(narrowing.known or ())) if "{known}" in statement else "",
        postings=corpus.postings,
        documents=corpus.documents,
        source=narrowing.source,
        key=narrowing.document,
        condition=narrowing.condition,
        columns=narrowing.selected,
    )
    return await connection.fetch(filled, *parameters.values)


# Before many postings are read it is found out what meets the condition: most of them do not.
_MET = """
met AS MATERIALIZED (SELECT {key} AS document FROM {source} WHERE {condition}),"""
_AMONG_MET = "WHERE h.document IN (SELECT document FROM met)"
_AMONG_KNOWN = "WHERE h.document = ANY ({known}::int[])"

_GATHERED = """
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest({terms}::int[], {weights}::real[], {bits}::int[]) AS a (term, weight, bits)),{met}
heads AS (
    SELECT h.document, a.weight * h.impact AS score, a.bits
    FROM asked a CROSS JOIN LATERAL (
        SELECT p.document, p.impact FROM {postings} p
        WHERE p.term = a.term AND a.term = ANY ({read_terms}::int[]) ORDER BY p.impact DESC LIMIT {reach}) AS h
    {among}),
gathered AS MATERIALIZED (
    SELECT document, sum(score) AS score, bit_or(bits) AS bits,
           sum(score) + ({bonus}::real[])[1 + (bit_or(bits) & {mask})] AS chosen_by
    FROM heads GROUP BY document)"""

# The best first, each held against the condition until there are enough: never all that was gathered.
_CHOSEN = """
chosen AS MATERIALIZED (
    SELECT g.*, met.*
    FROM (SELECT {own} FROM gathered ORDER BY chosen_by DESC, document LIMIT {held}) AS g
    CROSS JOIN LATERAL (
        SELECT true AS met{columns} FROM {source} WHERE {key} = g.document AND {condition} OFFSET 0) AS met
    ORDER BY g.chosen_by DESC, g.document LIMIT {number})"""

# Every posting of every term was read: the sums are the scores.
_FROM_ALL_POSTINGS = f"""{_GATHERED},{_CHOSEN.replace("{own}", "*")}
SELECT c.*, (SELECT count(*) FROM gathered) AS considered
FROM chosen c ORDER BY c.chosen_by DESC, c.document"""

# Of a term with more postings than are read, a document may have a posting that was not among them: the terms that it
# keeps itself complete its score.
_FROM_BEST_POSTINGS = f"""{_GATHERED},{_CHOSEN.replace("{own}", "document, chosen_by")}
SELECT c.*, s.score, s.bits, (SELECT count(*) FROM gathered) AS considered
FROM chosen c JOIN {{documents}} d USING (document) CROSS JOIN LATERAL (
    SELECT sum(a.weight * d.impacts[array_position(d.terms, a.term)]) AS score, bit_or(a.bits) AS bits
    FROM asked a WHERE a.term = ANY (d.terms)) AS s
WHERE s.score IS NOT NULL
ORDER BY c.chosen_by DESC, c.document"""

_SCORED = """
WITH asked AS MATERIALIZED (
    SELECT * FROM unnest($1::int[], $2::real[], $3::int[]) AS a (term, weight, bits))
SELECT d.document, s.score, s.bits
FROM {documents} d CROSS JOIN LATERAL (
    SELECT sum(a.weight * d.impacts[array_position(d.terms, a.term)]) AS score, bit_or(a.bits) AS bits
    FROM asked a WHERE a.term = ANY (d.terms)) AS s
WHERE d.document = ANY ($4::int[]) AND d.terms && $1::int[] AND s.score IS NOT NULL"""

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
