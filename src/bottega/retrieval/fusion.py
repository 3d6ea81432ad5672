"""From two rankings to one: what words say of a document and what its meaning says, each with a measured weight."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from bottega.platform.database.pool import Row
from bottega.retrieval.asked import KeywordQuery
from bottega.retrieval.keyword import Match
from bottega.retrieval.vectors import Neighbour


@dataclass(frozen=True, slots=True)
class Weights:
    """What each signal counts; how they were chosen is told in docs/search.md.

    Ranks are taken among all candidates of a search and count by their reciprocals, flattened by `flatness` (Cormack,
    Clarke and Büttcher, "Reciprocal Rank Fusion", 2009, who take 60); `coverage` is for having all words of the query,
    as a share of what the meaning's first rank is worth.
    """

    keyword: float
    meaning: float
    flatness: float
    coverage: float
    # What answers no word of the query must be at least this near to be shown.
    least_cosine: float

    def score(self, keyword_rank: float | None, meaning_rank: float | None, coverage: float) -> float:
        """What a document is ordered by; ranks count from 1, None where it has none."""
        by_keyword = 0.0 if keyword_rank is None else self.keyword / (self.flatness + keyword_rank)
        by_meaning = 0.0 if meaning_rank is None else self.meaning / (self.flatness + meaning_rank)
        return by_keyword + by_meaning + self.coverage / self.flatness * coverage


# A search makes hundreds of these, and a tuple of names is made in half the time of a frozen dataclass.
class Scored(NamedTuple):
    """A document with its score and the signals that it is made of; ranks count from 1."""

    document: int
    score: float
    bm25: float
    coverage: float
    cosine: float | None
    keyword_rank: int | None
    meaning_rank: int | None
    bits: int
    row: Row


def fuse(
    query: KeywordQuery, matches: Sequence[Match], neighbours: Sequence[Neighbour], weights: Weights
) -> list[Scored]:
    """The documents of both rankings, the best first."""
    found = {match.document: match for match in matches}
    near = {
        neighbour.document: neighbour
        for neighbour in neighbours
        if neighbour.document in found or neighbour.cosine >= weights.least_cosine
    }
    keyword_ranks = _ranks((-match.score, match.document) for match in matches)
    meaning_ranks = _ranks((-neighbour.cosine, neighbour.document) for neighbour in near.values())
    # A new document waits for its vector: until then it stands where the middle of its like does.
    middle = median([rank for document, rank in meaning_ranks.items() if document in found] or [len(near) + 1])
    # Most documents answer the same few sets of words.
    coverages = {bits: query.coverage(bits) for bits in {match.bits for match in matches}}
    scored: list[Scored] = []
    for document in dict.fromkeys([*found, *near]):
        match, neighbour = found.get(document), near.get(document)
        coverage = 0.0 if match is None else coverages[match.bits]
        keyword_rank, meaning_rank = keyword_ranks.get(document), meaning_ranks.get(document)
        by_meaning = middle if meaning_rank is None and near else meaning_rank
        one = match or neighbour
        assert one is not None, "it is in one of the two"
        scored.append(
            Scored(
                document,
                score=weights.score(keyword_rank, by_meaning, coverage),
                bm25=0.0 if match is None else match.score,
                coverage=coverage,
                cosine=None if neighbour is None else neighbour.cosine,
                keyword_rank=keyword_rank,
                meaning_rank=meaning_rank,
                bits=0 if match is None else match.bits,
                row=one.row,
            )
        )
    scored.sort(key=lambda one: (-one.score, one.document))
    return scored


def by_keyword_alone(query: KeywordQuery, matches: Sequence[Match], first_rank: int) -> list[Scored]:
    """Matches behind those that were fused, in the order in which they were chosen, without a fused score."""
    return [
        Scored(match.document, 0.0, match.score, query.coverage(match.bits), None, rank, None, match.bits, match.row)
        for rank, match in enumerate(matches, first_rank)
    ]


def _ranks(keys: Iterable[tuple[float, int]]) -> dict[int, int]:
    return {document: rank for rank, (_, document) in enumerate(sorted(keys), 1)}
