"""Text that is still being typed: whole words, and a last one that may go on in several ways."""

from collections.abc import Sequence
from dataclasses import dataclass

from bottega.platform.database.pool import Connection, Row
from bottega.retrieval.analysis import stem, words_of
from bottega.retrieval.asked import AskedTerm, KeywordQuery
from bottega.retrieval.corpus import Corpus
from bottega.retrieval.impacts import rarity
from bottega.retrieval.vocabulary import Term

SHORTEST_BEGINNING_CHARACTERS = 2
MOST_WAYS = 12
LONGEST_TYPED_WORDS = 8
_BEYOND = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Begun:
    """What is being typed: the words before the last, folded, the beginning of the last one, and how it may go on.

    `query` finds documents with all whole words and any of the ways, of one letter with the whole words alone; it has
    no terms when some word is unknown.
    """

    before: tuple[str, ...]
    beginning: str
    ways: tuple[Term, ...]
    query: KeywordQuery


NOTHING_BEGUN = Begun((), "", (), KeywordQuery())


async def begin(connection: Connection, corpus: Corpus, text: str) -> Begun:
    """Reads what was typed so far; one statement. The most frequent ways come first."""
    words = words_of(text)[-LONGEST_TYPED_WORDS:]
    if not words:
        return NOTHING_BEGUN
    *before, last = words
    folded = tuple(word.folded for word in before)
    is_short = len(last.folded) < SHORTEST_BEGINNING_CHARACTERS
    if is_short and not before:
        # One letter may go on in too many ways.
        return Begun((), last.folded, (), KeywordQuery())
    wanted = [word.term for word in before]
    rows = await connection.fetch(
        _BEGUN.format(terms=corpus.terms),
        wanted,
        last.folded,
        last.folded + _BEYOND,
        stem(last.folded),
        0 if is_short else MOST_WAYS,
        corpus.name,
    )
    known = {row["text"]: _term(row) for row in rows if not row["is_way"]}
    ways = tuple(_term(row) for row in rows if row["is_way"])
    in_all = rows[0]["in_all"] if rows else 0
    whole = [known.get(text) for text in wanted]
    known_enough = None not in whole and (ways or is_short)
    query = _query((*folded, last.folded), whole, ways, in_all) if known_enough and in_all else KeywordQuery()
    return Begun(folded, last.folded, ways, query)


def _term(row: Row) -> Term:
    return Term(row["term"], row["text"], row["documents"], row["word"])


def _query(words: tuple[str, ...], whole: Sequence[Term | None], ways: tuple[Term, ...], in_all: int) -> KeywordQuery:
    before = [term for term in whole if term is not None]
    asked = [
        AskedTerm(term.number, term.text, rarity(in_all, term.documents), 1 << place, "word")
        for place, term in enumerate(before)
    ]
    # Every way is worth the same: which one is meant is not known yet.
    weight = rarity(in_all, min(in_all, sum(term.documents for term in ways)))
    asked += [AskedTerm(term.number, term.text, weight, 1 << len(before), "piece") for term in ways]
    frequencies = {term.number: term.documents for term in (*before, *ways)}
    return KeywordQuery(words, (1 / len(words),) * len(words), tuple(asked), (), in_all, frequencies)


_BEGUN = """
WITH whole AS (
    SELECT term, text, documents, word, false AS is_way FROM {terms} WHERE text = ANY ($1::text[]) AND documents > 0),
ways AS (
    SELECT term, text, documents, word, true AS is_way FROM {terms}
    WHERE (text >= $2 AND text < $3 OR text = $4) AND documents > 0
    ORDER BY documents DESC, text LIMIT $5)
SELECT f.*, CASE WHEN c.rewriting THEN 0 ELSE c.documents END AS in_all
FROM (SELECT * FROM whole UNION ALL SELECT * FROM ways) AS f, search.corpora c WHERE c.corpus = $6"""
