"""What a person typed as weighted terms of a corpus: pieces, joined and split words, synonyms, and corrections."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Literal

from bottega.platform.database.pool import Connection
from bottega.retrieval.analysis import LONGEST_QUERY_WORDS, Word, has_digit, joined_terms, stem, words_of
from bottega.retrieval.corpus import Corpus
from bottega.retrieval.impacts import rarity
from bottega.retrieval.vocabulary import Term, look_up, readings

# How a term came into the query.
Origin = Literal["word", "piece", "joined", "split", "synonym", "correction"]
# What stands for another word counts less than the word itself, and less again with each wrong letter.
SYNONYM_SHARE = 0.8
CORRECTION_SHARE = 0.8
MOST_TERMS = 48
SHORTEST_SPLIT_LETTERS = 3

# Stems of a word or of neighbouring words, with the words that mean the same.
Synonyms = Mapping[tuple[str, ...], Sequence[str]]


@dataclass(frozen=True, slots=True)
class AskedTerm:
    """A term with its weight (its rarity, less where it stands for another) and the words it answers, as bits.

    After the bits of the words come those of each word with its right neighbour, where they are written as one.
    """

    number: int
    text: str
    weight: float
    bits: int
    origin: Origin


@dataclass(frozen=True, slots=True)
class Correction:
    """A word that is in no document and was read as another."""

    said: str
    read: str


@dataclass(frozen=True, slots=True)
class KeywordQuery:
    """A query as terms. `importance` has a number for each word that was typed, together 1: how much it tells."""

    words: tuple[str, ...] = ()
    importance: tuple[float, ...] = ()
    terms: tuple[AskedTerm, ...] = ()
    corrections: tuple[Correction, ...] = ()
    documents: int = 0
    frequencies: Mapping[int, int] = field(default_factory=dict[int, int])

    def coverage(self, bits: int) -> float:
        """How much of the query is answered by the words of these bits, from 0 to 1."""
        return sum(share for place, share in enumerate(self.importance) if bits >> place & 1)

    def words_of(self, bits: int) -> list[str]:
        """The words of these bits as they were typed."""
        return [word for place, word in enumerate(self.words) if bits >> place & 1]


async def ask(
    connection: Connection, corpus: Corpus, text: str, *, synonyms: Synonyms | None = None, correct: bool = True
) -> KeywordQuery:
    """Reads a query with the vocabulary of the corpus; at most `LONGEST_QUERY_WORDS` words count."""
    words = list({word.term: word for word in words_of(text)}.values())[:LONGEST_QUERY_WORDS]
    if not words:
        return KeywordQuery()
    building = _Building(words, synonyms or {})
    documents, known = await look_up(connection, corpus, building.candidates())
    building.take(known)
    unknown = building.unanswered()
    if unknown and correct:
        found = await readings(connection, corpus, [word.term for word in unknown], documents)
        building.correct(unknown, found)
    return building.query(documents)


@dataclass(slots=True)
class _Building:
    """A query in the making."""

    words: list[Word]
    synonyms: Synonyms
    terms: dict[str, tuple[Term, float, int, Origin]] = field(
        default_factory=dict[str, tuple[Term, float, int, Origin]]
    )
    corrections: list[Correction] = field(default_factory=list[Correction])

    def candidates(self) -> set[str]:
        """Every term that the query may be about, to be looked up at once."""
        found = {term for word in self.words for term in word.terms}
        found.update(text for _, text in self._neighbours())
        found.update(text for text, _ in self._compounds())
        for word in self.words:
            found.update(part for pair in _splits(word) for part in pair)
        for _, alternatives in self._alternatives():
            found.update(term for words in alternatives for word in words for term in word.terms)
        return found

    def take(self, known: Mapping[str, Term]) -> None:
        """Adds what is known: words and pieces, joined neighbours, synonyms, and words written as two."""
        for place, word in enumerate(self.words):
            self._add(known, word.term, 1.0, 1 << place, "word")
            for piece in word.also:
                self._add(known, piece, 1.0, 1 << place, "piece")
        for place, text in self._neighbours():
            # A bonus for standing side by side: it answers neither word by itself, but has a bit of its own.
            self._add(known, text, 1.0, 1 << (len(self.words) + place), "joined")
        for text, bits in self._compounds():
            self._add(known, text, 1.0, bits, "joined")
        for bits, alternatives in self._alternatives():
            for words in alternatives:
                self._add_phrase(known, words, SYNONYM_SHARE, bits, "synonym")
        for place, word in enumerate(self.words):
            if word.term not in known:
                self._split(known, word, 1 << place)

    def unanswered(self) -> list[Word]:
        """The words that no term answers."""
        answered = 0
        for _, _, bits, _ in self.terms.values():
            answered |= bits
        return [word for place, word in enumerate(self.words) if not answered >> place & 1]

    def correct(self, unknown: Sequence[Word], found: Mapping[str, list[tuple[Term, int]]]) -> None:
        """Reads unknown words as those they may mean."""
        places = {word.term: place for place, word in enumerate(self.words)}
        for word in unknown:
            likely = found.get(word.term, [])
            for term, wrong in likely:
                share = CORRECTION_SHARE**wrong
                self.terms.setdefault(term.text, (term, share, 1 << places[word.term], "correction"))
            if likely:
                self.corrections.append(Correction(word.folded, likely[0][0].word))

    def query(self, documents: int) -> KeywordQuery:
        """The finished query."""
        asked = [
            AskedTerm(term.number, text, share * rarity(documents, term.documents), bits, origin)
            for text, (term, share, bits, origin) in self.terms.items()
        ][:MOST_TERMS]
        telling = [self._telling(1 << place, asked, documents) for place in range(len(self.words))]
        total = sum(telling) or 1.0
        return KeywordQuery(
            tuple(word.folded for word in self.words),
            tuple(weight / total for weight in telling),
            tuple(asked),
            tuple(self.corrections),
            documents,
            {term.number: term.documents for term, _, _, _ in self.terms.values()},
        )

    def _telling(self, bit: int, asked: Sequence[AskedTerm], documents: int) -> float:
        """A word tells as much as the rarest of its terms, and one that nothing answers tells the most."""
        return max((term.weight for term in asked if term.bits & bit), default=rarity(max(documents, 1), 0))

    def _add(self, known: Mapping[str, Term], text: str, share: float, bits: int, origin: Origin) -> None:
        term = known.get(text)
        if term is None:
            return
        before = self.terms.get(text)
        if before is not None:
            bits, share, origin = bits | before[2], max(share, before[1]), before[3]
        self.terms[text] = (term, share, bits, origin)

    def _add_phrase(
        self, known: Mapping[str, Term], words: Sequence[Word], share: float, bits: int, origin: Origin
    ) -> None:
        """Several words that stand for another: the rarest answers it, the others only add to the score."""
        found = [known[word.term] for word in words if word.term in known]
        if len(found) < len(words):
            return
        rarest = min(found, key=lambda term: (term.documents, term.text))
        for term in found:
            self._add(known, term.text, share, bits if term is rarest else 0, origin)

    def _split(self, known: Mapping[str, Term], word: Word, bit: int) -> None:
        pairs = [(known[one], known[other]) for one, other in _splits(word) if one in known and other in known]
        if not pairs:
            return
        best = max(pairs, key=lambda pair: (min(term.documents for term in pair), pair[0].text))
        rarest = min(best, key=lambda term: (term.documents, term.text))
        for term in best:
            self._add(known, term.text, 1.0, bit if term is rarest else 0, "split")

    def _neighbours(self) -> list[tuple[int, str]]:
        """Neighbours that belong together, with the place of the first: "windows 7"."""
        pairs = range(len(self.words) - 1)
        return [(place, text) for place in pairs for text in joined_terms(self.words[place : place + 2])]

    def _compounds(self) -> list[tuple[str, int]]:
        """Neighbours written as one: 'head set' is also headset."""
        return [
            (stem(one.folded + other.folded), 3 << place)
            for place, (one, other) in enumerate(pairwise(self.words))
            if one.folded.isalpha() and other.folded.isalpha() and len(one.folded) > 1 and len(other.folded) > 1
        ]

    def _alternatives(self) -> list[tuple[int, list[list[Word]]]]:
        """The phrases of the query that have synonyms: their bits, and the words of each synonym."""
        found: list[tuple[int, list[list[Word]]]] = []
        stems = [word.term for word in self.words]
        for start in range(len(stems)):
            for end in range(start + 1, min(start + 4, len(stems)) + 1):
                same = self.synonyms.get(tuple(stems[start:end]))
                if same:
                    bits = ((1 << (end - start)) - 1) << start
                    found.append((bits, [words_of(text) for text in same]))
        return found


def _splits(word: Word) -> list[tuple[str, str]]:
    """A word as two: 'earbuds' may be written 'ear buds'."""
    text = word.folded
    if has_digit(text) or not text.isalpha() or len(text) < 2 * SHORTEST_SPLIT_LETTERS:
        return []
    return [
        (stem(text[:place]), stem(text[place:]))
        for place in range(SHORTEST_SPLIT_LETTERS, len(text) - SHORTEST_SPLIT_LETTERS + 1)
    ]
