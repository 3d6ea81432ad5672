"""Two rankings become one: by their ranks and the measured weights, and by nothing else."""

from typing import Any, cast

import pytest

from bottega.retrieval.asked import KeywordQuery
from bottega.retrieval.fusion import Weights, by_keyword_alone, fuse
from bottega.retrieval.keyword import Match
from bottega.retrieval.vectors import Neighbour

WEIGHTS = Weights(keyword=2.0, meaning=1.0, flatness=60.0, coverage=0.4, least_cosine=0.3)
QUERY = KeywordQuery(("red", "hat"), (0.25, 0.75))
ROW: Any = cast("Any", {})


def match(document: int, score: float, bits: int = 0b11) -> Match:
    return Match(document, score, bits, ROW)


def near(document: int, cosine: float) -> Neighbour:
    return Neighbour(document, cosine, ROW)


def test_the_score_is_made_of_both_ranks_and_of_the_words_that_are_there() -> None:
    first, second = fuse(QUERY, [match(1, 9.0, 0b10), match(2, 5.0)], [near(2, 0.8), near(1, 0.7)], WEIGHTS)
    assert (first.document, first.keyword_rank, first.meaning_rank, first.coverage) == (2, 2, 1, 1.0)
    assert first.score == pytest.approx(2 / 62 + 1 / 61 + 0.4 / 60)
    assert (second.document, second.keyword_rank, second.meaning_rank, second.coverage) == (1, 1, 2, 0.75)
    assert second.score == pytest.approx(2 / 61 + 1 / 62 + 0.4 * 0.75 / 60)


def test_what_no_word_finds_must_lie_near() -> None:
    found = fuse(QUERY, [match(1, 9.0)], [near(2, 0.31), near(3, 0.29), near(1, 0.1)], WEIGHTS)
    assert [(one.document, one.keyword_rank, one.meaning_rank) for one in found] == [(1, 1, 2), (2, None, 1)]


def test_without_vectors_words_alone_decide() -> None:
    found = fuse(QUERY, [match(3, 1.0), match(1, 9.0), match(2, 5.0)], [], WEIGHTS)
    assert [(one.document, one.cosine) for one in found] == [(1, None), (2, None), (3, None)]


def test_a_document_that_waits_for_its_vector_stands_where_the_middle_of_its_like_does() -> None:
    matches = [match(1, 9.0), match(2, 8.0), match(3, 7.0), match(4, 8.5)]
    found = {one.document: one for one in fuse(QUERY, matches, [near(1, 0.9), near(2, 0.8), near(3, 0.7)], WEIGHTS)}
    assert found[4].score == pytest.approx(2 / 62 + 1 / 62 + 0.4 / 60)


def test_equal_scores_keep_an_order() -> None:
    assert [one.document for one in fuse(QUERY, [match(7, 1.0), match(3, 1.0)], [], WEIGHTS)] == [3, 7]


def test_what_comes_behind_keeps_its_order_and_counts_on() -> None:
    rest = by_keyword_alone(QUERY, [match(9, 1.0), match(8, 2.0)], 201)
    assert [(one.document, one.keyword_rank) for one in rest] == [(9, 201), (8, 202)]
