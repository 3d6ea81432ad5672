"""Sizes, colours and other options out of those that a product has."""

import pytest

from bottega.agents.assistant.language.slots.options import ANY, options, unoffered

JACKET = {"size": ["XS", "S", "M", "L", "XL"], "colour": ["black", "plum", "navy", "dark green"]}
BOOTS = {"size": ["41", "42", "43"], "colour": ["black"]}


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("M in black", {"size": "M", "colour": "black"}),
        ("black, m", {"colour": "black"}),
        ("medium please", {"size": "M"}),
        ("size l", {"size": "L"}),
        ("extra large, dark green", {"size": "XL", "colour": "dark green"}),
        ("I'll take it in a small", {"size": "S"}),
        ("in blue", {"colour": "navy"}),
        ("green", {"colour": "dark green"}),
        ("blck", {"colour": "black"}),
        ("not black, navy", {"colour": "navy"}),
        ("I'm looking for more", {}),
        ("what a big tent", {}),
    ],
)
def test_options_of_a_jacket(text: str, chosen: dict[str, str]) -> None:
    assert options(text, JACKET) == chosen


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("size 42", {"size": "42"}),
        ("in a 43 please", {"size": "43"}),
        ("EU 41", {"size": "41"}),
        ("2 pairs in 42", {"size": "42"}),
        ("42 euros", {}),
        ("42", {}),
        ("two", {}),
    ],
)
def test_sizes_in_numbers(text: str, chosen: dict[str, str]) -> None:
    assert options(text, BOOTS) == chosen


def test_a_bare_value_answers_the_question_for_it() -> None:
    assert options("42", BOOTS, asked="size") == {"size": "42"}
    assert options("s", JACKET, asked="size") == {"size": "S"}
    assert options("the big one", JACKET, asked="size") == {"size": "L"}
    assert options("any colour is fine", JACKET, asked="colour") == {"colour": ANY}


def test_other_options_by_value_unit_and_range() -> None:
    assert options("60 metres", {"length": ["50m", "60m"]}) == {"length": "60m"}
    assert options("half a litre", {"size": ["0.5l", "1l"]}) == {"size": "0.5l"}
    assert options("size 40", {"size": ["39-41", "42-44"]}) == {"size": "39-41"}
    assert options("lemon", {"flavour": ["lemon", "coffee"]}) == {"flavour": "lemon"}


def test_what_the_product_does_not_have() -> None:
    assert unoffered("in pink, size 44", BOOTS) == {"colour": "pink", "size": "44"}
    assert unoffered("in black, size 42", BOOTS) == {}


def test_a_broken_number_is_a_size_with_a_unit_and_a_whole_one_only_as_an_answer() -> None:
    offered = {"size": ["0.5l", "1l"], "colour": ["rust"]}
    assert options("the one in 0.5 rust", offered) == {"size": "0.5l", "colour": "rust"}
    assert options("1 please", offered) == {}
    assert options("1 please", offered, asked="size") == {"size": "1l"}
