"""BM25F: what each term of a document contributes to its score, before the term's rarity is known.

After Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009), section 3.5.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bottega.retrieval.analysis import Word, joined_terms, words_of
from bottega.retrieval.corpus import Corpus, Document

# Of a document with more terms those with the least impact are left out.
MOST_TERMS = 1_500
# Lengths are kept in small integers.
LONGEST_FIELD_WORDS = 32_000


@dataclass(frozen=True, slots=True)
class AnalysedDocument:
    """A document as words: how often each term occurs in each field, and how many words the fields have."""

    document: Document
    counts: tuple[Mapping[str, int], ...]
    lengths: tuple[int, ...]
    # Every term with one of the words that it stands for, as it is written.
    written: Mapping[str, str]


def analysed(corpus: Corpus, document: Document) -> AnalysedDocument:
    """The terms of all fields, in the order of the corpus."""
    counts: list[Mapping[str, int]] = []
    lengths: list[int] = []
    written: dict[str, str] = {}
    for name, field in corpus.fields.items():
        words = words_of(document.fields.get(name, ""))
        counts.append(_counted(words, joins=field.joins_neighbours))
        lengths.append(min(len(words), LONGEST_FIELD_WORDS))
        for word in words:
            written.setdefault(word.term, word.folded)
    return AnalysedDocument(document, tuple(counts), tuple(lengths), written)


def _counted(words: list[Word], *, joins: bool) -> Mapping[str, int]:
    counted = Counter(term for word in words for term in word.terms)
    if joins:
        counted.update(joined_terms(words))
    return counted


def impacts_of(corpus: Corpus, found: AnalysedDocument, average_lengths: Sequence[float]) -> dict[str, float]:
    """The saturated, length-normalised frequency of each term; times `rarity` it is BM25."""
    frequencies: dict[str, float] = {}
    fields = zip(corpus.fields.values(), found.counts, found.lengths, average_lengths, strict=True)
    for field, counts, length, average in fields:
        share = field.length_share
        norm = 1 - share + share * length / average if average > 0 else 1.0
        for term, count in counts.items():
            frequencies[term] = frequencies.get(term, 0.0) + field.weight * count / norm
    top = corpus.saturation + 1
    impacts = {term: top * value / (corpus.saturation + value) for term, value in frequencies.items()}
    if len(impacts) > MOST_TERMS:
        impacts = dict(sorted(impacts.items(), key=lambda item: -item[1])[:MOST_TERMS])
    return impacts


def rarity(documents: int, containing: int) -> float:
    """BM25's inverse document frequency, in the form that is never negative."""
    return math.log(1 + (documents - containing + 0.5) / (containing + 0.5)) if documents >= containing else 0.0
