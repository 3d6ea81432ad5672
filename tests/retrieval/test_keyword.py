"""How text becomes terms, vectors and queries."""

import pytest

from bottega.retrieval.keyword import LARGEST_VECTOR_TERMS, fold, plain_vector, query_of, terms_of, weighted_vector


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Crème BRÛLÉE", "creme brulee"),
        ("Straße Ægir Øre Łódź", "strasse aegir ore lodz"),
        ("ﬁne ①", "fine 1"),
        ("naïve Ñandú", "naive nandu"),
    ],
)
def test_accents_and_case_fall_away(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Down Jackets", ["down", "jacket"]),
        ("berries glasses bus compass boxes", ["berry", "glass", "bus", "compass", "box"]),
        ("TN-2110", ["tn2110", "tn", "2110"]),
        ("TN2110", ["tn2110", "tn", "2110"]),
        ("T-shirt", ["tshirt", "t", "shirt"]),
        ("802.11b/g", ["80211bg", "802", "11b", "g", "11", "b"]),
        ("日本 куртка", ["日本", "куртка"]),
        ("'); DROP TABLE --", ["drop", "table"]),
        ("", []),
    ],
)
def test_terms_are_words_without_plural_and_model_numbers_in_their_parts(text: str, terms: list[str]) -> None:
    assert terms_of(text) == terms


@pytest.mark.parametrize(
    ("one", "many"),
    [("jacket", "jackets"), ("battery", "batteries"), ("cable", "cables"), ("box", "boxes"), ("glass", "glasses")],
)
def test_one_and_many_of_a_thing_are_one_term(one: str, many: str) -> None:
    assert terms_of(one) == terms_of(many)


def test_a_weighted_vector_keeps_the_first_weight_of_a_term() -> None:
    assert weighted_vector([("A", "Down jacket"), ("B", "Jacket Corvado")]) == "'down':1A 'jacket':2A 'corvado':4B"


def test_vectors_are_bounded() -> None:
    many = " ".join(f"word{number}" for number in range(5000))
    assert len(plain_vector([many]).split()) == LARGEST_VECTOR_TERMS
    assert len(weighted_vector([("A", many)]).split()) == LARGEST_VECTOR_TERMS


@pytest.mark.parametrize(
    ("text", "stages"),
    [
        ("jackets", ("'jacket'",)),
        ("warm jacket", ("'warm' & 'jacket'", "'warm' | 'jacket'")),
        (
            "big red dog",
            (
                "'big' & 'red' & 'dog'",
                "('red' & 'dog') | ('big' & 'dog') | ('big' & 'red')",
                "'big' | 'red' | 'dog'",
            ),
        ),
        ("tn-2110", ("('tn2110' | ('tn' & '2110'))",)),
        ("jacket JACKETS", ("'jacket'",)),
        ("!!! & | ()", ()),
    ],
)
def test_queries_ask_for_all_words_then_fewer(text: str, stages: tuple[str, ...]) -> None:
    assert query_of(text).stages == stages


def test_a_query_has_at_most_twelve_words() -> None:
    assert query_of(" ".join(f"w{'a' * number}" for number in range(1, 40))).stages[0].count("&") == 11
