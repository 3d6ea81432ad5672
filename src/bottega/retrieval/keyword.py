"""Ranking by BM25: the best postings of each term, summed up for the documents among them, never every match."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from bottega.platform.database.pool import Connection, Row, plan_for_values
from bottega.retrieval.asked import KeywordQuery
from bottega.retrieval.corpus import Corpus
from bottega.retrieval.counting import plan_for
from bottega.retrieval.narrowing import LEAD_BY_KNOWN, Narrowing, Parameters
from bottega.retrieval.scoring import ASKED_TERMS, SCORE, asked_terms

# So many postings of each term are read, those with the greatest impact; and so many when a condition leaves too few of
# them.
POSTINGS_READ = 2_000
POSTINGS_READ_DEEPLY = 20_000
# Candidates come from the rarest terms, up to so many times the postings of one; the others of a long query only score.
FREQUENT_TERMS_READ = 3
# Reading so many postings, and whether they are known, takes as long as scoring one document by its own terms.
POSTINGS_PER_DOCUMENT = 24
# Of what is gathered at most so many, the best, are held against a condition.
HELD_AGAINST_CONDITION = 1_500
# An answered word is worth so much in choosing candidates, beside the sum of impacts.
COVERAGE_IN_CHOICE = 4.0
# Words after these count for the score but not for the coverage by which candidates are chosen.
_CHOICE_WORDS = 8

# What postings are held against before they count: nothing, all that meets the condition, or what is known to meet it.
Among = Literal["", "met", "known"]


class Match(NamedTuple):
    """A document with its BM25 score, the words it answers (as bits), and the columns of the narrowing."""

    document: int
    score: float
    bits: int
    row: Row


@dataclass(frozen=True, slots=True)
class Matches:
    """The best documents by keyword; `complete`: no other has a term.

    `considered` counts those with a term, where next to nothing is ruled out; else those that were found.
    """

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
    if few is not None and sum(postings) <= POSTINGS_PER_DOCUMENT * few.number:
        # All of them: however many terms there are, none is left out.
        read = sum(postings)
    elif few is not None:
        rows = await _fetch(connection, _AMONG_ALLOWED, corpus, query, narrowing, number, 0, among="known")
        return _matches(rows, complete=True)
    known = narrowing.known
    among: Among = "known" if known is not None and known.number <= LEAD_BY_KNOWN else ""
    complete, rows = await _rank_from_postings(connection, corpus, query, narrowing, number, read, among)
    # Of what was gathered only the best are held against a condition.
    all_held = among == "known" or sum(postings) <= max(number, HELD_AGAINST_CONDITION)
    if len(rows) < min(needed, number) and not (complete and all_held):
        among = "known" if known is not None else "met"
        deeply = max(read, POSTINGS_READ_DEEPLY)
        if among == "met":
            await plan_for_values(connection)
        complete, rows = await _rank_from_postings(connection, corpus, query, narrowing, number, deeply, among)
        await plan_for(connection, narrowing)
    return _matches(rows, complete=complete)


async def _rank_from_postings(
    connection: Connection,
    corpus: Corpus,
    query: KeywordQuery,
    narrowing: Narrowing,
    number: int,
    reach: int,
    among: Among,
) -> tuple[bool, list[Row]]:
    """The best of what is read, and whether every posting is."""
    read_terms = _terms_to_read(query, reach)
    complete = len(read_terms) == len(query.terms) and all(query.frequencies[term] <= reach for term in read_terms)
    statement = _FROM_ALL_POSTINGS if complete else _FROM_BEST_POSTINGS
    statement = statement.replace("{met}", _MET if among == "met" else "").replace("{among}", _AMONG[among])
    return complete, await _fetch(connection, statement, corpus, query, narrowing, number, reach, read_terms, among)


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
    return Matches(found, rows[0].get("considered", len(rows)) if rows else 0, complete)


async def _fetch(
    connection: Connection,
    statement: str,
    corpus: Corpus,
    query: KeywordQuery,
    narrowing: Narrowing,
    number: int,
    reach: int,
    read_terms: Sequence[int] = (),
    among: Among = "",
) -> list[Row]:
    condition, values = narrowing.of_known if among == "known" else (narrowing.condition, narrowing.values)
    parameters = Parameters(list(values))
    bonus = [0.0]
    for share in query.importance[:_CHOICE_WORDS]:
        bonus += [COVERAGE_IN_CHOICE * share + without for without in bonus]
    filled = statement.format(
        considered=_CONSIDERED if narrowing.is_wide else "",
        **asked_terms(query, parameters),
        bonus=parameters.add(bonus),
        mask=parameters.add(len(bonus) - 1),
        reach=parameters.add(reach) if "{reach}" in statement else "",
        number=parameters.add(number),
        read_terms=parameters.add(list(read_terms)) if "{read_terms}" in statement else "",
        held=parameters.add(max(number, HELD_AGAINST_CONDITION)) if "{held}" in statement else "",
        known=parameters.add(narrowing.known.array) if among == "known" and narrowing.known is not None else "",
        postings=corpus.postings,
        documents=corpus.documents,
        source=narrowing.source,
        key=narrowing.document,
        condition=condition,
        columns=narrowing.selected,
    )
    return await connection.fetch(filled, *parameters.values)


# Before many postings are read it is found out what meets the condition: most of them do not.
_MET = """
met AS MATERIALIZED (SELECT {key} AS document FROM {source} WHERE {condition}),"""
_AMONG: dict[Among, str] = {
    "": "",
    "met": "WHERE h.document IN (SELECT document FROM met)",
    "known": "WHERE h.document IN (SELECT unnest({known}::text::int[]))",
}

_GATHERED = f"""
WITH {ASKED_TERMS},{{met}}
heads AS (
    SELECT h.document, a.weight * h.impact AS score, a.bits
    FROM asked a CROSS JOIN LATERAL (
        SELECT p.document, p.impact FROM {{postings}} p
        WHERE p.term = a.term AND a.term = ANY ({{read_terms}}::int[]) ORDER BY p.impact DESC LIMIT {{reach}}) AS h
    {{among}}),
gathered AS (
    SELECT document, sum(score) AS score, bit_or(bits) AS bits,
           sum(score) + ({{bonus}}::real[])[1 + (bit_or(bits) & {{mask}})] AS chosen_by
    FROM heads GROUP BY document)"""

_CONSIDERED = ", (SELECT count(*) FROM gathered) AS considered"

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
SELECT c.*{{considered}}
FROM chosen c ORDER BY c.chosen_by DESC, c.document"""

# Of a term with more postings than are read, a document may have a posting that was not among them: the terms that it
# keeps itself complete its score.
_FROM_BEST_POSTINGS = f"""{_GATHERED},{_CHOSEN.replace("{own}", "document, chosen_by")}
SELECT c.*, s.score, s.bits{{considered}}
FROM chosen c JOIN {{documents}} d USING (document) CROSS JOIN LATERAL ({SCORE}) AS s
WHERE s.score IS NOT NULL
ORDER BY c.chosen_by DESC, c.document"""

_AMONG_ALLOWED = f"""
WITH {ASKED_TERMS},
scored AS (
    SELECT d.document, s.score, s.bits
    FROM {{documents}} d CROSS JOIN LATERAL ({SCORE}) AS s
    WHERE d.document = ANY ({{known}}::text::int[]) AND d.terms && {{terms}}::int[] AND s.score IS NOT NULL),
chosen AS (
    SELECT s.*, s.score + ({{bonus}}::real[])[1 + (s.bits & {{mask}})] AS chosen_by
    FROM scored s ORDER BY 4 DESC, 1 LIMIT {{number}})
SELECT c.document, c.score, c.bits{{columns}}
FROM chosen c JOIN {{source}} ON {{key}} = c.document WHERE {{condition}}
ORDER BY c.chosen_by DESC, c.document"""
