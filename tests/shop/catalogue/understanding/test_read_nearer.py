"""Sentences that people say as they speak, and what they are read as: turned bounds, exclusions behind, models, slips."""

from typing import Any

import pytest

from bottega.shop.catalogue.understanding.model import (
    BrandIs,
    CategoryIs,
    NumberBound,
    OtherThan,
    PriceBound,
    ShownProduct,
    TraitIs,
)
from bottega.shop.catalogue.understanding.relaxing import relaxations
from tests.shop.catalogue.understanding.test_read_further import only, read
from tests.shop.catalogue.understanding.vocabulary_fixture import vocabulary


def labels(text: str, **options: Any) -> list[str]:
    """What the chips say."""
    return [one.stated.label for one in read(text, **options).constraints]


@pytest.mark.parametrize(
    ("text", "least", "most"),
    [
        ("notebook, nothing pricier than 400", None, 40_000),
        ("not a cent more than 400 euro for a notebook", None, 40_000),
        ("notebook, not a penny over 400", None, 40_000),
        ("notebook, nothing cheaper than 400", 40_000, None),
        ("notebooks in the 400-600 range", 40_000, 60_000),
        ("notebooks in the 400 to 600 price bracket", 40_000, 60_000),
        ("notebook 400–600 €", 40_000, 60_000),
        ("notebook 400—600 €", 40_000, 60_000),
        ("notebook below 400,- €", None, 39_999),
        ("notebook up to 400.- euro", None, 40_000),
        ("a glove for under a tenner", None, 999),
    ],
)
def test_prices_as_they_are_spoken(text: str, least: int | None, most: int | None) -> None:
    found = only(text, PriceBound)
    assert (found.least_minor, found.most_minor) == (least, most)


def test_a_bound_behind_its_number_does_not_go_on() -> None:
    diagonal, memory = (
        one for one in read('notebook 14" or smaller, 8 GB RAM').constraints if isinstance(one, NumberBound)
    )
    assert (diagonal.ranges[0].least, diagonal.ranges[0].most) == (None, 14)
    assert memory.stated.label == "internal memory 8 GB"


@pytest.mark.parametrize(
    "text",
    [
        "jackets by neither Corvado nor HP",
        "jackets, but no Corvado and no HP",
        "jackets; Corvado and HP are out",
        "jackets which aren't made by Corvado or HP",
    ],
)
def test_brands_ruled_out(text: str) -> None:
    found = only(text, BrandIs)
    assert (found.brands, found.negated) == (("corvado", "hp"), True)


def test_the_maker_of_a_part_is_not_the_brand() -> None:
    found = only("notebook without an HP display", TraitIs)
    assert found.negated
    assert "w:hp" in found.everywhere
    assert only("notebooks, no HP", BrandIs).negated


def test_each_kind_that_is_ruled_out_is() -> None:
    ruled_out = [
        one
        for one in read("anything by Corvado, just no boots and no gloves").constraints
        if isinstance(one, CategoryIs)
    ]
    assert [one.paths[0] for one in ruled_out if one.negated] == ["footwear/boots", "clothing/gloves"]


def test_care_of_a_thing_is_no_such_thing() -> None:
    named = vocabulary().category_phrases
    assert "footwear/care" not in named.get("shoe", ())
    assert named["shoe care"] == named["leather care"] == ("footwear/care",)


@pytest.mark.parametrize(
    ("text", "word"), [("HP LP2475w", "lp2475w"), ("toner TN-2110", "tn2110"), ("canon 500d", "500d")]
)
def test_a_model_number_is_meant(text: str, word: str) -> None:
    found = only(text, TraitIs)
    assert (found.stated.key, found.traits[0]) == (f"model:{word}", f"w:{word}")
    assert word.lower() in read(text).words.lower().replace("-", "")


def test_a_model_number_is_given_up_last() -> None:
    last = list(relaxations(read("black Corvado jacket LP2475w under 100")))[-2]
    assert [one.stated.key for one in last.understanding.constraints] == ["model:lp2475w"]


def test_what_fits_the_things_of_one_maker_has_to_name_it() -> None:
    assert "for HP" in labels("toner for an HP printer under 100")
    assert "for HP" not in labels("bag for an HP notebook under 100")


def test_a_slip_of_looking_hides_no_kind() -> None:
    assert only("lookin for a notebook under 900", CategoryIs).stated.label == "notebook"


def test_one_word_may_tell_which_of_two_kinds() -> None:
    assert only("jacket or warm boots under 100", CategoryIs).stated.label == "jacket or boots"


def test_a_replacement_is_the_thing() -> None:
    assert only("replacement toner under 40", CategoryIs).stated.key == "category:toner"


def test_a_material_behind_a_comma() -> None:
    assert "leather" in labels("black case, leather")


SHOWN = ShownProduct(
    product_id="prd_1",
    title="Corvado 15 notebook Black",
    brand="Corvado",
    category="camping/tents",
    price_minor=80_000,
    currency="EUR",
    rating=4.0,
    numbers={"display_diagonal": 15.6, "weight": 2000.0, "cable_length": 2.0},
)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("same thing but with a bigger screen", "bigger than 15.6 inch"),
        ("this is too heavy", "lighter than 2000 g"),
        ("got one that weighs less?", "lighter than 2000 g"),
        ("this one for less money", "cheaper than 800 €"),
        ("this is too expensive", "cheaper than 800 €"),
    ],
)
def test_compared_with_what_is_shown(text: str, label: str) -> None:
    found = labels(text, shown=SHOWN)
    assert label in found
    assert any(isinstance(one, OtherThan) for one in read(text, shown=SHOWN).constraints)


def test_more_than_the_shown_product_tells_of_itself_is_searched_by() -> None:
    found = read("a more powerful one", shown=SHOWN)
    assert "powerful" in found.words
    assert [type(one) for one in found.constraints] == [CategoryIs, OtherThan]


def test_not_too_expensive_complains_of_nothing() -> None:
    assert not any(isinstance(one, OtherThan) for one in read("a tent, not too expensive", shown=SHOWN).constraints)


@pytest.mark.parametrize("text", ["same brand", "cheaper"])
def test_what_stands_on_a_shelf_of_other_things_is_compared_with_its_like(text: str) -> None:
    found = only(text, CategoryIs, shown=SHOWN)
    assert "thing:notebook" in found.traits
    assert "camping/tents" not in found.paths
