"""From two rankings to one: what words say of a document and what its meaning says, each with a measured weight."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bottega.platform.database.pool import Row
from bottega.retrieval.asked import KeywordQuery
from bottega.retrieval.keyword import Match
from bottega.retrieval.vectors import Neighbour


@dataclass(frozen=True, slots=True)
class Weights:
    """What each signal counts; how they were chosen is told in docs/search.md.

    `bm25` of a document is its share of the best document's, `coverage` the part of the query that its words answer,
    `cosine` that of its vector to the query's.
    """

    bm25: float
    coverage: float
    cosine: float
    # What answers no word of the query must be at least this near to be shown.
    least_cosine: float

    def score(self, share: float, coverage: float, cosine: float) -> float:
        """What a document is ordered by."""
        return self.bm25 * share + self.coverage * coverage + self.cosine * cosine


@dataclass(frozen=True, slots=True)
class Scored:
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
    query: KeywordQuery,
    by_keyword: Sequence[Match],
    by_meaning: Sequence[Neighbour],
    weights: Weights,
    *,
    late: Sequence[Match] = (),
) -> list[Scored]:
    """All documents of both rankings, the best first; `late` are keyword matches of what only meaning had found."""
    best = max((match.score for match in by_keyword), default=0.0)
    ranked = sorted(by_keyword, key=lambda match: (-match.score, match.document))
    ranks = {match.document: rank for rank, match in enumerate(ranked, 1)}
    matches = {match.document: match for match in (*by_keyword, *late)}
    neighbours = {neighbour.document: (rank, neighbour) for rank, neighbour in enumerate(by_meaning, 1)}
    # A new document waits for its vector: it stands no further behind than the middle of its like.
    typical = median([n.cosine for n in by_meaning if n.document in matches] or [0.0])
    scored: list[Scored] = []
    for document in dict.fromkeys([*matches, *neighbours]):
        match = matches.get(document)
        meaning_rank, neighbour = neighbours.get(document, (None, None))
        cosine = None if neighbour is None else neighbour.cosine
        if match is None and (cosine is None or cosine < weights.least_cosine):
            continue
        bits, bm25 = (0, 0.0) if match is None else (match.bits, match.score)
        coverage = query.coverage(bits)
        share = bm25 / best if best > 0 else 0.0
        score = weights.score(share, coverage, typical if cosine is None else cosine)
        found = match or neighbour
        assert found is not None, "it is in one of the two"
        rank = ranks.get(document)
        scored.append(Scored(document, score, bm25, coverage, cosine, rank, meaning_rank, bits, found.row))
    scored.sort(key=lambda one: (-one.score, one.document))
    return scored


def by_keyword_alone(query: KeywordQuery, matches: Sequence[Match], first_rank: int) -> list[Scored]:
    """Matches behind those that were fused, in the order in which they were chosen, without a fused score."""
    return [
        Scored(match.document, 0.0, match.score, query.coverage(match.bits), None, rank, None, match.bits, match.row)
        for rank, match in enumerate(matches, first_rank)
    ]
