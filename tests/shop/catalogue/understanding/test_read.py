"""Sentences and the exact constraints they are read as, over a small catalogue's vocabulary."""

from typing import Any

import pytest

from bottega.shop.catalogue.understanding.model import (
    BrandIs,
    Constraint,
    Correction,
    FlagIs,
    PriceBound,
    Stated,
    TraitIs,
    Understanding,
)
from bottega.shop.catalogue.understanding.read import understand
from tests.shop.catalogue.understanding.vocabulary_fixture import CONTENT, prices, vocabulary


def read(text: str, **options: Any) -> Understanding:
    """The sentence in euros."""
    return understand(text, vocabulary(), currency=options.pop("currency", "EUR"), **options)


def only(text: str, kind: type[Constraint] | None = None, **options: Any) -> Any:
    """The one constraint of this kind that the sentence has."""
    found = [one for one in read(text, **options).constraints if kind is None or isinstance(one, kind)]
    assert len(found) == 1, found
    return found[0]


@pytest.mark.parametrize(
    ("text", "least", "most", "label"),
    [
        ("jacket under €100", None, 9_999, "under 100 €"),
        ("jacket below 50 euro", None, 4_999, "under 50 €"),
        ("under 100", None, 9_999, "under 100 €"),
        ("jacket, max. 80 EUR", None, 8_000, "up to 80 €"),
        ("jackets up to 80€", None, 8_000, "up to 80 €"),
        ("no more than 80 euros", None, 8_000, "up to 80 €"),
        ("a budget of 75 euros for boots", None, 7_500, "up to 75 €"),
        ("boots, 80 euro or less", None, 8_000, "up to 80 €"),
        ("boots cheaper than 80 euro", None, 7_999, "under 80 €"),
        ("boots for 80 euro", None, 8_000, "up to 80 €"),
        ("boots over 200 €", 20_001, None, "over 200 €"),
        ("boots at least 200 €", 20_000, None, "from 200 €"),
        ("boots 200 € and up", 20_000, None, "from 200 €"),
        ("between 20 and 30 euro", 2_000, 3_000, "20 € to 30 €"),
        ("between 30 and 20 euro", 2_000, 3_000, "20 € to 30 €"),
        ("50-80 € jackets", 5_000, 8_000, "50 € to 80 €"),
        ("jackets €50 to €80", 5_000, 8_000, "50 € to 80 €"),
        ("from 20 to 30 euro", 2_000, 3_000, "20 € to 30 €"),
        ("around 40 euro", 3_200, 4_800, "around 40 €"),
        ("over 1.200,50 €", 120_051, None, "over 1200.50 €"),
        ("1,200.50 euro or less", None, 120_050, "up to 1200.50 €"),
        ("under 1.000 euro", None, 99_999, "under 1000 €"),
        ("under 49,90 €", None, 4_989, "under 49.90 €"),
    ],
)
def test_prices(text: str, least: int | None, most: int | None, label: str) -> None:
    bound = only(text, PriceBound)
    assert (bound.least_minor, bound.most_minor, bound.stated.label) == (least, most, label)


def test_a_price_around_an_amount_may_be_taken_less_narrowly() -> None:
    assert only("around 40 euro", PriceBound).wider == PriceBound(
        Stated("price:around", "around 40 €", "around 40 euro"), 2_400, 5_600
    )


@pytest.mark.parametrize(
    ("text", "least", "most", "label"),
    [
        # Jackets cost 50 to 250 € here, notebooks 200 to 2,000 €, everything 5 to 1,500 €.
        ("cheap jacket", None, 11_000, "cheap (up to 110 €)"),
        ("not too expensive jacket", None, 11_000, "cheap (up to 110 €)"),
        ("affordable jacket", None, 14_000, "affordable (up to 140 €)"),
        ("expensive notebook", 155_000, None, "expensive (from 1550 €)"),
        ("mid-range notebook", 74_000, 146_000, "mid-priced (from 740 € up to 1460 €)"),
        ("something cheap", None, 45_350, "cheap (up to 453.50 €)"),
    ],
)
def test_price_levels_are_those_of_the_kind_of_thing(text: str, least: int, most: int, label: str) -> None:
    bound = only(text, PriceBound)
    assert (bound.least_minor, bound.most_minor, bound.stated.label) == (least, most, label)


def test_another_currency_is_used_where_the_catalogue_has_prices_in_it() -> None:
    content = {**CONTENT, "prices": {**CONTENT["prices"], "USD": prices(500, 150_000)["EUR"]}}
    from bottega.shop.catalogue.understanding.vocabulary import vocabulary_of

    in_dollars = understand("under $100", vocabulary_of("two", content), currency="EUR")
    assert (in_dollars.currency, in_dollars.constraints[0].stated.label) == ("USD", "under 100 $")
    in_euros = read("under $100")
    assert (in_euros.currency, in_euros.constraints[0].stated.label) == ("EUR", "under 100 €")


@pytest.mark.parametrize(
    ("text", "brands", "negated"),
    [
        ("HP notebook", ("hp",), False),
        ("hp or canon", ("hp", "canon"), False),
        ("canon and HP", ("canon", "hp"), False),
        ("anything by larch and loom", ("larch & loom",), False),
        ("Larch & Loom socks", ("larch & loom",), False),
        ("no HP", ("hp",), True),
        ("not HP or Canon", ("hp", "canon"), True),
        ("anything but HP", ("hp",), True),
        ("jackets except Corvado", ("corvado",), True),
        ("socks not by Larch & Loom", ("larch & loom",), True),
        ("kingston ram", ("kingston technology",), False),
        ("3M tape", ("3m",), False),
        ("a case by Orange", ("orange",), False),
    ],
)
def test_brands(text: str, brands: tuple[str, ...], negated: bool) -> None:
    constraint = only(text, BrandIs)
    assert (constraint.brands, constraint.negated) == (brands, negated)


def test_a_brand_is_read_although_misspelt_when_only_one_is_meant() -> None:
    found = read("corvadoo jacket")
    assert found.corrections == (Correction("corvadoo", "Corvado"),)
    assert found.ranking_words == "Corvado jacket"
    assert only("corvadoo jacket", BrandIs).brands == ("corvado",)
    assert read("monitors").corrections == ()


@pytest.mark.parametrize("text", ["toner for HP", "cartridge compatible with Canon", "orange juice", "case for 3M"])
def test_what_a_thing_is_for_and_ordinary_words_are_no_brand(text: str) -> None:
    assert [one for one in read(text).constraints if isinstance(one, BrandIs)] == []


@pytest.mark.parametrize(
    ("text", "traits", "negated", "label"),
    [
        ("blue jacket", ("colour:blue",), False, "blue"),
        ("gray jacket", ("colour:grey",), False, "grey"),
        ("navy jacket", ("colour:navy",), False, "navy"),
        ("a jacket in red or blue", ("colour:red", "colour:blue"), False, "red or blue"),
        ("red, blue or grey jacket", ("colour:red", "colour:blue", "colour:grey"), False, "red or blue or grey"),
        ("black and white case", ("colour:black+white",), False, "black and white"),
        ("orange jacket", ("colour:orange",), False, "orange"),
        ("crimson jacket", ("colour:red",), False, "crimson"),
        ("jacket, not black", ("colour:black", "tint:black"), True, "not black"),
        ("anything but red", ("colour:red", "tint:red"), True, "not red"),
    ],
)
def test_colours(text: str, traits: tuple[str, ...], negated: bool, label: str) -> None:
    constraint = only(text, TraitIs)
    assert (constraint.traits, constraint.negated, constraint.stated.label) == (traits, negated, label)


def test_a_colour_widens_to_its_family_and_its_negation_rules_the_family_out() -> None:
    assert only("blue jacket", TraitIs).wider.traits == ("colour:blue", "colour:navy", "colour:light blue")
    ruled_out = only("not blue", TraitIs).traits
    assert ruled_out == ("colour:blue", "tint:blue", "colour:navy", "tint:navy", "colour:light blue", "tint:light blue")


@pytest.mark.parametrize(
    ("text", "traits"),
    [
        ("jacket size M", ("size:m",)),
        ("jacket in M or L", ("size:m", "size:l")),
        ("size 42", ("size:42",)),
        ("boots 42", ("size:42",)),
        ("42 boots", ("size:42",)),
        ("boots in EU 43", ("size:43",)),
        ("UK 8 boots", ("size:42",)),
        ("boots uk9", ("size:43",)),
        ("jacket in medium", ("size:m",)),
        ("XL jacket", ("size:xl",)),
        ("socks size 39-41", ("size:39-41",)),
    ],
)
def test_sizes(text: str, traits: tuple[str, ...]) -> None:
    assert only(text, TraitIs).traits == traits


def test_an_apostrophe_s_is_no_size() -> None:
    (women,) = (one for one in read("women's jacket").constraints if isinstance(one, TraitIs))
    assert women.traits == ("gender:women",)


@pytest.mark.parametrize(
    ("text", "traits", "negated"),
    [
        ("wool socks", ("material:wool", "material:merino wool", "material:merino"), False),
        ("case made of leather", ("material:leather",), False),
        ("leather case", ("material:leather",), False),
        ("woollen socks", ("material:wool", "material:merino wool", "material:merino"), False),
        ("case, not leather", ("material:leather",), True),
        ("case without any cotton", ("material:cotton",), True),
    ],
)
def test_materials(text: str, traits: tuple[str, ...], negated: bool) -> None:
    constraint = only(text, TraitIs)
    assert (constraint.traits, constraint.negated) == (traits, negated)


def test_what_is_not_leather_tells_of_it_nowhere_but_may_resemble_it() -> None:
    everywhere = only("case, not leather", TraitIs).everywhere
    assert {"made:leather", "w:leather", "tag:leather", "is:contains_leather"} <= set(everywhere)
    assert "made:synthetic leather" not in everywhere


@pytest.mark.parametrize(
    ("text", "traits", "wider"),
    [
        ("women's jacket", ("gender:women",), ("gender:women", "gender:unisex")),
        ("jacket for men", ("gender:men",), ("gender:men", "gender:unisex")),
        ("kids jacket", ("gender:children",), None),
    ],
)
def test_who_it_is_for(text: str, traits: tuple[str, ...], wider: tuple[str, ...] | None) -> None:
    constraint = only(text, TraitIs)
    assert (constraint.traits, constraint.wider and constraint.wider.traits) == (traits, wider)


@pytest.mark.parametrize(
    ("text", "traits", "none_of"),
    [
        ("jacket with hood", ("is:hood",), ()),
        ("jacket with a hood", ("is:hood",), ()),
        ("hooded jacket", ("is:hood",), ()),
        ("jacket without hood", ("not:hood",), ("is:hood",)),
        ("waterproof jacket", ("is:waterproof", "told:waterproof", "tag:waterproof"), ()),
        ("non-waterproof jacket", ("not:waterproof",), ("is:waterproof", "told:waterproof", "tag:waterproof")),
        ("notebook with bluetooth", ("is:bluetooth",), ()),
        ("notebook with NFC", ("is:near_field_communication__nfc_",), ()),
        ("notebook no touchscreen", ("not:touchscreen",), ("is:touchscreen",)),
        ("gluten-free snack", ("is:gluten_free",), ()),
    ],
)
def test_yes_or_no(text: str, traits: tuple[str, ...], none_of: tuple[str, ...]) -> None:
    constraint = only(text, FlagIs)
    assert (constraint.traits, constraint.none_of) == (traits, none_of)


def test_without_what_products_say_they_are_free_of_is_what_says_so() -> None:
    assert only("jackets w/o PFAS", TraitIs).traits == ("v:certifications=pfas-free",)
    assert only("boots without laces", TraitIs) == TraitIs(
        Stated("not:value:lace", "not laces", "without laces"), ("v:closure=laces",), negated=True
    )
    assert only("jacket without zips", TraitIs).everywhere == ("w:zip",)
