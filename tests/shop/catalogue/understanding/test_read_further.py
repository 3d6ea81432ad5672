"""More sentences and what they are read as: sizes, numbers, negations, comparisons and what is left alone."""

import math
from typing import Any

import pytest

from bottega.shop.catalogue.understanding.model import (
    AvailabilityIs,
    BrandIs,
    CategoryIs,
    Constraint,
    NumberBound,
    NumberRange,
    OtherThan,
    PriceBound,
    RatingBound,
    ShownProduct,
    SortWish,
    Stated,
    TraitIs,
    Understanding,
)
from bottega.shop.catalogue.understanding.read import LONGEST_SENTENCE_CHARACTERS, understand
from tests.shop.catalogue.understanding.vocabulary_fixture import vocabulary


def read(text: str, **options: Any) -> Understanding:
    """The sentence in euros."""
    return understand(text, vocabulary(), currency=options.pop("currency", "EUR"), **options)


def only(text: str, kind: type[Constraint] | None = None, **options: Any) -> Any:
    """The one constraint of this kind that the sentence has."""
    found = [one for one in read(text, **options).constraints if kind is None or isinstance(one, kind)]
    assert len(found) == 1, found
    return found[0]


def a_range(name: str, least: float | None, most: float | None, unit: str | None) -> NumberRange:
    return NumberRange(name, least, most, unit)


BELOW, ABOVE = -math.inf, math.inf


def nearly(value: float | None) -> float | None:
    """Rounded so far that the factors of units do not matter."""
    return None if value is None else float(f"{value:.15g}")


@pytest.mark.parametrize(
    ("text", "wanted", "label"),
    [
        ("notebook with at least 16 GB RAM", a_range("internal_memory", 16, None, "gb"), "internal memory at least 16 GB"),
        ("notebook, RAM of at least 16 GB", a_range("internal_memory", 16, None, "gb"), "internal memory at least 16 GB"),
        ("notebook 16GB", a_range("internal_memory", 15.6, 16.4, "gb"), "internal memory 16 GB"),
        ("15.6 inch notebook", a_range("display_diagonal", 15.59, 15.65, "inch"), 'display diagonal 15.6"'),
        ('17" notebook', a_range("display_diagonal", 16.99, 17.95, "inch"), 'display diagonal 17"'),
        ("notebook with a 17 inch screen", a_range("display_diagonal", 16.99, 17.95, "inch"), 'display diagonal 17"'),
        ("monitor under 70 cm", a_range("display_diagonal", None, math.nextafter(700 / 25.4, BELOW), "inch"), "display diagonal under 70 cm"),
        ("notebook lighter than 1.5 kg", a_range("weight", None, math.nextafter(1500, BELOW), "g"), "weight under 1.5 kg"),
        ("tent over 2kg", a_range("weight", math.nextafter(2000, ABOVE), None, "g"), "weight over 2 kg"),
        ("backpack between 20 and 40 litres", a_range("capacity_litres", 20, 40, "l"), "capacity 20 l to 40 l"),
        ("20-40 l backpack", a_range("capacity_litres", 20, 40, "l"), "capacity 20 l to 40 l"),
        ("tent for two people", a_range("sleeps_people", 2, 2, "people"), "sleeps 2"),
        ("3-person tent", a_range("sleeps_people", 3, 3, "people"), "sleeps 3"),
        ("bag comfort below -5 °C", a_range("temperature_comfort_celsius", None, math.nextafter(-5, BELOW), "celsius"), "temperature comfort under -5 °C"),
        ("bag good to -10", a_range("temperature_comfort_celsius", None, -10, "celsius"), "temperature comfort -10"),
        ("bag for -10°C", a_range("temperature_comfort_celsius", None, -10, "celsius"), "temperature comfort at most -10 °C"),
        ("torch with more than 20 hours", a_range("run_time_hours", math.nextafter(20, ABOVE), None, "h"), "run time over 20 h"),
        ("torch lasting at least 90 minutes", a_range("run_time_hours", 1.5, None, "h"), "run time at least 90 min"),
        ("torch with 300 lumens or more", a_range("brightness_lumens", 300, None, "lm"), "brightness at least 300 lm"),
        ("60 m rope", a_range("option.length.length", 59_400, 60_600, "mm"), "length 60 m"),
        ("hdmi cable 2m", a_range("cable_length", 1.98, 2.02, "m"), "cable length 2 m"),
        ("cable longer than 300 cm", a_range("cable_length", math.nextafter(3, ABOVE), None, "m"), "cable length over 300 cm"),
        ("4 core processor", a_range("processor_cores", 4, 4, None), "processor cores 4"),
        ("processor with at least 8 cores", a_range("processor_cores", 8, None, None), "processor cores at least 8"),
        ("processor faster than 2400 MHz", a_range("processor_frequency", math.nextafter(2.4, ABOVE), None, "ghz"), "processor frequency over 2400 MHz"),
        ("monitor with 2 hdmi ports", a_range("hdmi_ports_quantity", 2, 2, None), "hdmi ports 2"),
        ("upf 50 shirt", a_range("uv_protection_upf", 50, 50, None), "uv protection upf 50"),
        ("notebook around 1.5 kg", a_range("weight", 1200, 1800, "g"), "weight around 1.5 kg"),
    ],
)  # fmt: skip
def test_numbers_with_units(text: str, wanted: NumberRange, label: str) -> None:
    bound = only(text, NumberBound)
    (found,) = bound.ranges
    assert (found.name, found.unit, bound.stated.label) == (wanted.name, wanted.unit, label)
    assert (nearly(found.least), nearly(found.most)) == (nearly(wanted.least), nearly(wanted.most))


def test_under_and_over_leave_the_amount_itself_out() -> None:
    assert only("notebook under 1.5 kg", NumberBound).ranges[0].most < 1500
    assert only("notebook over 1.5 kg", NumberBound).ranges[0].least > 1500
    assert only("notebook at most 1.5 kg", NumberBound).ranges[0].most == 1500


def test_a_number_may_stand_in_several_attributes() -> None:
    assert only("notebook with at least 512 GB storage", NumberBound).ranges == (
        NumberRange("total_storage_capacity", 512.0, None, "gb"),
        NumberRange("ssd_capacity", 512.0, None, "gb"),
    )


def test_a_bound_goes_on_over_and() -> None:
    storage, memory = (one for one in read("at least 64gb storage and 4gb ram").constraints)
    assert (storage.stated.label, memory.stated.label) == (
        "total storage capacity at least 64 GB",
        "internal memory at least 4 GB",
    )


@pytest.mark.parametrize("text", ["iphone 11", "ps4 games", "cat6", "usb 3.0", "windows 7", "core 2 duo", "3M"])
def test_names_with_few_figures_are_left_to_the_search(text: str) -> None:
    found = read(text)
    assert [one for one in found.constraints if not isinstance(one, BrandIs)] == []
    assert found.ranking_words == text


def test_quotations_are_left_to_the_search() -> None:
    found = read('"black under 5 euro" hdmi')
    assert found.words == '"black under 5 euro" hdmi'
    assert found.constraints == ()


@pytest.mark.parametrize(
    ("text", "least"),
    [
        ("4 stars and up", 4.0),
        ("4+ stars", 4.0),
        ("four star tents", 4.0),
        ("rated at least 4.5", 4.5),
        ("rating above 3", 3.005),
        ("rated 3 or better", 3.0),
        ("well rated tent", 4.0),
        ("tents with good reviews", 4.0),
    ],
)
def test_ratings(text: str, least: float) -> None:
    assert only(text, RatingBound).least == least


@pytest.mark.parametrize(
    ("text", "facet", "wanted"),
    [
        ("jackets in stock", "in_stock", True),
        ("boots available now", "in_stock", True),
        ("jackets not in stock", "in_stock", False),
        ("discounted boots", "on_sale", True),
        ("boots on sale", "on_sale", True),
        ("boots not on sale", "on_sale", False),
    ],
)
def test_availability(text: str, facet: str, wanted: bool) -> None:
    constraint = only(text, AvailabilityIs)
    assert (constraint.facet, constraint.wanted) == (facet, wanted)


@pytest.mark.parametrize(
    ("text", "paths", "traits", "not_paths"),
    [
        ("red jackets", ("clothing/jackets",), ("end:jacket", "end:coat"), ()),
        ("red jacket", ("clothing/jackets",), ("end:jacket", "end:coat"), ()),
        ("jackets", ("clothing/jackets",), ("end:jacket", "end:coat"), ()),
        ("a down jacket under 200", ("clothing/jackets/down",), ("end:jacket+w:down", "end:coat+w:down"), ()),
        ("red tent", ("camping/tents",), ("end:tent",), ("camping/tents/accessories",)),
        ("red rucksack", ("camping/packs",), ("end:backpack", "end:rucksack"), ()),
        ("red mittens", ("clothing/gloves/mittens",), ("end:mitten",), ()),
    ],
)
def test_categories(text: str, paths: tuple[str, ...], traits: tuple[str, ...], not_paths: tuple[str, ...]) -> None:
    constraint = only(text, CategoryIs)
    assert (constraint.paths, constraint.traits, constraint.not_paths) == (paths, traits, not_paths)


def test_of_gloves_and_mittens_only_what_was_named() -> None:
    constraint = only("red gloves", CategoryIs)
    assert (constraint.paths, constraint.not_traits) == (("clothing/gloves",), ("w:mitten",))
    assert constraint.wider.not_traits == ()


def test_a_thing_without_a_category_is_told_by_its_title_and_by_its_other_names() -> None:
    constraint = only("red laptop", CategoryIs)
    assert constraint.traits == (
        "thing:notebook",
        "thing:laptop",
        "thing:computer+w:portable",
        "thing:computer+w:laptop",
        "thing:computer+w:notebook",
        "kind:notebook",
    )
    assert constraint.wider.traits[:3] == ("w:notebook+thing:*", "w:laptop+thing:*", "w:portable+w:computer+thing:*")


def test_a_few_words_alone_are_left_to_the_search() -> None:
    assert read("notebook").constraints == ()
    assert read("hdmi cable").constraints == ()
    assert read("warm notebook").constraints == ()


@pytest.mark.parametrize(
    ("text", "wish"),
    [
        ("cheapest tent", SortWish("price", "cheapest")),
        ("the most expensive tent", SortWish("-price", "most expensive")),
        ("best rated tent", SortWish("rating", "best rated")),
        ("newest tents", SortWish("newest", "newest")),
        ("most popular tents", SortWish("popular", "most popular")),
        ("lightest tent", SortWish("lowest_number", "lightest", ("weight",))),
        ("brightest torch", SortWish("highest_number", "brightest", ("brightness_lumens",))),
    ],
)
def test_orders(text: str, wish: SortWish) -> None:
    assert read(text).sort == wish


SHOWN = ShownProduct(
    product_id="prd_1",
    title="Ridge Jacket",
    brand="Corvado",
    category="clothing/jackets",
    price_minor=12_900,
    currency="EUR",
    rating=4.2,
    traits=frozenset({"colour:red", "size:m", "material:nylon", "end:jacket"}),
    numbers={"weight": 400.0},
)
CHEAPER = Stated("category", "jackets", "cheaper")
SHELVES = CategoryIs(CHEAPER, ("clothing/jackets",), wider=CategoryIs(CHEAPER, ("clothing",)))
KIND = CategoryIs(CHEAPER, (), ("category:clothing/jackets+end:jacket",), wider=SHELVES)
OTHER = OtherThan(Stated("other", "other than Ridge Jacket", ""), "prd_1")


def test_cheaper_than_what_is_shown() -> None:
    cheaper = PriceBound(Stated("price:most", "cheaper than 129 €", "cheaper"), most_minor=12_899)
    assert read("cheaper", shown=SHOWN).constraints == (cheaper, KIND, OTHER)
    assert read("cheaper").sort == SortWish("price", "cheaper")


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("something lighter", NumberBound(Stated("number:weight", "lighter than 400 g", "lighter"), (NumberRange("weight", None, math.nextafter(400, BELOW), "g"),))),
        ("same brand", BrandIs(Stated("brand:corvado", "Corvado", "same brand"), ("corvado",))),
        ("a different brand", BrandIs(Stated("not:brand:corvado", "not Corvado", "a different brand"), ("corvado",), True)),
        ("in another colour", TraitIs(Stated("not:colour:red", "not red", "in another colour"), ("colour:red",), True)),
        ("same size", TraitIs(Stated("size:m", "size m", "same size"), ("size:m",))),
        ("more expensive", PriceBound(Stated("price:least", "dearer than 129 €", "more expensive"), least_minor=12_901)),
        ("better rated", RatingBound(Stated("rating", "better rated than 4.2", "better rated"), 4.205)),
        ("same price", PriceBound(Stated("price:around", "around 129 €", "same price"), 11_610, 14_190, PriceBound(Stated("price:around", "around 129 €", "same price"), 7_740, 18_060))),
    ],
)  # fmt: skip
def test_comparisons(text: str, wanted: Constraint) -> None:
    assert wanted in read(text, shown=SHOWN).constraints


def test_like_this_but_in_blue_and_under_100() -> None:
    found = read("like this but in blue and under 100", shown=SHOWN)
    assert [one.stated.label for one in found.constraints] == [
        "jackets",
        "other than Ridge Jacket",
        "blue",
        "under 100 €",
    ]
    assert found.words == ""


def test_what_was_removed_neither_constrains_nor_searches() -> None:
    found = read("red jacket under 100", without=frozenset({"price:most", "colour:red"}))
    assert [one.stated.key for one in found.constraints] == ["category:jacket"]
    assert [one.stated.key for one in found.removed] == ["colour:red", "price:most"]
    assert found.words == ""


def test_two_constraints_of_one_key_are_told_apart() -> None:
    found = read("under 100 but better under 80")
    assert [one.stated.key for one in found.constraints] == ["price:most", "price:most:2"]


def test_filler_is_searched_by_no_more_and_the_rest_keeps_its_order() -> None:
    found = read("Hello, I am looking for a well-made USB-C to HDMI thing, please")
    assert found.words == "well-made USB-C HDMI"


@pytest.mark.parametrize(
    "text", ["", "   ", "!!!", "€", "-", "under", "not", "size", "between and", "\x00\x07", "。" * 50]
)
def test_nothing_to_read_is_read_as_nothing(text: str) -> None:
    assert read(text).constraints == ()


def test_a_sentence_is_read_up_to_a_length() -> None:
    found = read("jacket " * 1_000 + "under 100")
    assert len(found.text) <= LONGEST_SENTENCE_CHARACTERS
    assert [one for one in found.constraints if isinstance(one, PriceBound)] == []


@pytest.mark.parametrize(
    "text",
    [
        "my daughter is three, she needs a jacket",
        "a jacket for my 4 year old",
        "jacket for a six-year-old",
        "he turns 9",
    ],
)
def test_whoever_is_said_to_be_so_old_is_a_child(text: str) -> None:
    assert only(text, TraitIs).traits == ("gender:children",)


@pytest.mark.parametrize("text", ["jacket, my son is 30", "a jacket for three", "my jacket is two years old"])
def test_other_figures_make_nobody_a_child(text: str) -> None:
    assert [one for one in read(text).constraints if isinstance(one, TraitIs)] == []
