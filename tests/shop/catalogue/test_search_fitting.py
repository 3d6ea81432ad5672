"""Where the list of what was found ends."""

from typing import Any, cast

from bottega.retrieval.asked import KeywordQuery
from bottega.retrieval.fusion import Scored
from bottega.retrieval.search import Searched
from bottega.shop.catalogue.search_fitting import any_has, fitting

QUERY = KeywordQuery(words=("windows", "10", "notebook"), importance=(0.4, 0.2, 0.4))
# The bits of the words, and of "windows 10" side by side.
WINDOWS, TEN, NOTEBOOK, WINDOWS_10 = 1, 2, 4, 8
TEXT = "windows 10 notebook"


def found(*bits: int, cosine: float = 0.2) -> list[Scored]:
    return [
        Scored(place, 1.0, 1.0, 0.0, cosine, place, place, had, cast("Any", {})) for place, had in enumerate(bits, 1)
    ]


def kept(products: list[Scored], *, spoken: bool = True, constrained: bool = True) -> list[int]:
    searched = Searched(products, QUERY, len(products), True)
    return [one.document for one in fitting(products, searched, TEXT, spoken=spoken, constrained=constrained)]


def test_what_lacks_much_of_what_the_best_has_is_left_out() -> None:
    assert kept(found(WINDOWS | NOTEBOOK, NOTEBOOK, WINDOWS | NOTEBOOK)) == [1, 3]


def test_where_enough_have_all_words_the_others_are_left_out() -> None:
    all_words = WINDOWS | TEN | NOTEBOOK
    assert kept(found(all_words, all_words, WINDOWS | NOTEBOOK, all_words)) == [1, 2, 4]


def test_a_figure_stands_where_the_best_has_it() -> None:
    beside = WINDOWS | TEN | NOTEBOOK | WINDOWS_10
    assert kept(found(beside, WINDOWS | TEN | NOTEBOOK, WINDOWS | NOTEBOOK)) == [1]


def test_a_few_words_alone_are_followed_by_what_is_near_in_meaning() -> None:
    products = [*found(WINDOWS | TEN | NOTEBOOK), *found(0, cosine=0.5), *found(0, cosine=0.3)]
    assert len(kept(products, spoken=False, constrained=False)) == 2
    assert len(kept(products, spoken=True, constrained=False)) == 1


def test_words_that_nothing_has_much_of_only_describe() -> None:
    products = [*found(TEN), *found(0)]
    assert len(kept(products, constrained=False)) == 2


def test_whether_anything_has_a_word() -> None:
    products = found(WINDOWS, 0)
    searched = Searched(products, QUERY, 2, True)
    assert any_has(products, searched, "windows")
    assert not any_has(products, searched, "notebook")
    assert any_has(products, searched, "")
