"""The words of a corpus: numbers for terms, in how many documents they occur, and which a mistyped one may mean."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

from bottega.platform.database.pool import Connection
from bottega.retrieval.analysis import has_digit
from bottega.retrieval.corpus import Corpus

# Words this short are mistaken for too many others.
SHORTEST_CORRECTED_LETTERS = 4
# Words of this length and longer may have two letters wrong.
TWO_WRONG_FROM_LETTERS = 8
# Of long words only the beginning is compared with letters left out; the rest is compared whole afterwards.
COMPARED_LETTERS = 8
# A word in fewer documents may itself be mistyped.
LEAST_DOCUMENTS = 2
MOST_READINGS = 3


@dataclass(frozen=True, slots=True)
class Term:
    """A term with the number of documents it occurs in, and a word it stands for as people write it."""

    number: int
    text: str
    documents: int
    word: str


async def look_up(connection: Connection, corpus: Corpus, texts: Collection[str]) -> tuple[int, dict[str, Term]]:
    """How many documents can be searched, and those of the terms that occur in one.

    None can be searched while what was lost is being written anew, nor when their own table is lost: some searches do
    without it, others would fail half way.
    """
    rows = await connection.fetch(
        "SELECT CASE WHEN c.rewriting OR to_regclass($3) IS NULL THEN 0 ELSE c.documents END AS in_all, "
        "t.term, t.text, t.documents, t.word "
        f"FROM search.corpora c LEFT JOIN {corpus.terms} t ON t.text = ANY ($1::text[]) AND t.documents > 0 "
        "WHERE c.corpus = $2",
        list(texts),
        corpus.name,
        corpus.documents,
    )
    known = [Term(row["term"], row["text"], row["documents"], row["word"]) for row in rows if row["term"] is not None]
    return rows[0]["in_all"] if rows else 0, {term.text: term for term in known}


async def number_terms(connection: Connection, corpus: Corpus, written: Mapping[str, str]) -> dict[str, int]:
    """The numbers of terms, new ones included; `written` has a word for each."""
    texts = sorted(written)
    rows = await connection.fetch(f"SELECT text, term FROM {corpus.terms} WHERE text = ANY ($1::text[])", texts)
    numbers: dict[str, int] = {row["text"]: row["term"] for row in rows}
    new = [text for text in texts if text not in numbers]
    if not new:
        return numbers
    rows = await connection.fetch(
        f"INSERT INTO {corpus.terms} (text, word, documents) SELECT t, w, 0 FROM unnest($1::text[], $2::text[]) "
        "AS n (t, w) RETURNING text, term",
        new,
        [written[text] for text in new],
    )
    numbers |= {row["text"]: row["term"] for row in rows}
    pairs = [(part, numbers[text]) for text in new if is_correctable(text) for part in remainders(text)]
    await connection.execute(
        f"INSERT INTO {corpus.remainders} (remainder, term) SELECT * FROM unnest($1::text[], $2::int[]) "
        "ON CONFLICT DO NOTHING",
        [part for part, _ in pairs],
        [number for _, number in pairs],
    )
    return numbers


async def readings(
    connection: Connection, corpus: Corpus, texts: Sequence[str], documents: int
) -> dict[str, list[tuple[Term, int]]]:
    """For each mistyped term the terms that it may mean with how many letters differ, the likeliest first."""
    asked = {text: remainders(text) for text in texts if is_correctable(text)}
    if not asked:
        return {}
    rows = await connection.fetch(
        f"SELECT DISTINCT t.term, t.text, t.documents, t.word FROM {corpus.remainders} r "
        f"JOIN {corpus.terms} t USING (term) WHERE r.remainder = ANY ($1::text[]) AND t.documents >= $2",
        sorted(set[str]().union(*asked.values())),
        min(LEAST_DOCUMENTS, max(1, documents)),
    )
    terms = [Term(row["term"], row["text"], row["documents"], row["word"]) for row in rows]
    return {text: found for text in asked if (found := _nearest(text, terms))}


def _nearest(text: str, terms: Iterable[Term]) -> list[tuple[Term, int]]:
    # Imported here: a process in which nobody mistypes does not load it.
    from rapidfuzz.distance import OSA

    most = wrong_letters_allowed(text)
    near = [(term, OSA.distance(text, term.text, score_cutoff=most)) for term in terms if term.text != text]
    # People get the first letter right; and of two equally near words the more frequent one is meant.
    near = [(term, wrong) for term, wrong in near if wrong <= most and (term.text[0] == text[0] or wrong == 1)]
    near.sort(key=lambda found: (found[1], found[0].text[0] != text[0], -found[0].documents, found[0].text))
    return [found for found in near if found[1] == near[0][1]][:MOST_READINGS]


def is_correctable(text: str) -> bool:
    """Whether a term may be read as another: long enough, and letters only; numbers are meant as they are."""
    return len(text) >= SHORTEST_CORRECTED_LETTERS and not has_digit(text) and text.isalpha()


def wrong_letters_allowed(text: str) -> int:
    """How many letters of a term may be wrong, missing, too many, or swapped."""
    return 2 if len(text) >= TWO_WRONG_FROM_LETTERS else 1


def remainders(text: str) -> set[str]:
    """What is left of a term's beginning when as many letters are left out as may be wrong (SymSpell's way).

    A term of 7 letters may be met by a mistyped one of 8 and the other way round, so both leave out enough.
    """
    beginning = text[:COMPARED_LETTERS]
    most = 2 if len(text) >= TWO_WRONG_FROM_LETTERS - 1 else 1
    found = {beginning}
    layer = {beginning}
    for _ in range(most):
        layer = {part[:place] + part[place + 1 :] for part in layer for place in range(len(part))}
        found |= layer
    return found
