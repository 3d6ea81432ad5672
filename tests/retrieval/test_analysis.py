"""How text becomes terms."""

import pytest

from bottega.retrieval.analysis import LONGEST_TERM_CHARACTERS, fold, joined_terms, words_of


def terms(text: str) -> list[str]:
    return [term for word in words_of(text) for term in word.terms]


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
    ("text", "expected"),
    [
        ("Down Jackets", ["down", "jacket"]),
        ("TN-2110", ["tn2110", "tn", "2110"]),
        ("TN2110", ["tn2110", "tn", "2110"]),
        ("T-shirt", ["tshirt", "t", "shirt"]),
        ("802.11b/g", ["80211bg", "802", "11b", "g", "11", "b"]),
        ("日本 куртка", ["日本", "куртка"]),
        ("Levi's women’s", ["levi", "women"]),
        ("'); DROP TABLE --", ["drop", "tabl"]),
        ("_ __ ???", []),
        ("", []),
    ],
)
def test_terms_are_stems_and_model_numbers_in_their_pieces(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("battery", "batteries"),
        ("box", "boxes"),
        ("glass", "glasses"),
        ("hike", "hiking"),
        ('17"', "17 inch"),
        ("17”", "17-inch"),
        ("15.6 inches", '15.6"'),
    ],
)
def test_forms_of_a_word_are_one_term(one: str, other: str) -> None:
    assert terms(one) == terms(other)


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ("Brother TN 2110", ["tn2110"]),
        ("iphone 11 pro", ["iphone11", "11pro"]),
        ("16 GB", ["16gb"]),
        ("red wool jacket", []),
        ("2 x", ["2x"]),
        ("characteristics 5", []),
    ],
)
def test_letters_and_numbers_side_by_side_are_one_term_as_well(text: str, joined: list[str]) -> None:
    assert joined_terms(words_of(text)) == joined


def test_terms_are_bounded() -> None:
    assert [len(term) for term in terms("x" * 100)] == [LONGEST_TERM_CHARACTERS]
    assert len(terms("1" * 100)[0]) == LONGEST_TERM_CHARACTERS
