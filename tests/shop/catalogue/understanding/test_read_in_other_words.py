"""What people say in other words than a catalogue's: parts of one, turned bounds, numbers by what such things tell."""

import pytest

from bottega.shop.catalogue.understanding.model import (
    CategoryIs,
    FlagIs,
    NumberBound,
    OtherThan,
    PriceBound,
    ShownProduct,
    TraitIs,
)
from bottega.shop.catalogue.understanding.relaxing import relaxations
from tests.shop.catalogue.understanding.test_read_further import nearly, only, read
from tests.shop.catalogue.understanding.test_read_nearer import SHOWN, labels
from tests.shop.catalogue.understanding.vocabulary_fixture import vocabulary

TONER = ShownProduct("prd_9", "Xerox Phaser 6280 Cyan Toner 106R01392", "Xerox", None, 9_000, "EUR")


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("backpack lighter than a kilo", "weight under 1 kg"),
        ("backpack lighter than half a kilo", "weight under 0.5 kg"),
        ("backpack that weighs less than a kilo and a half", "weight under 1.5 kg"),
        ("notebook lighter than 2 kilos and a quarter", "weight under 2.25 kg"),
        ("cable of at least one and a half metres", "cable length at least 1.5 m"),
        ("cable, 2 and a half metres or more", "cable length at least 2.5 m"),
        ("notebook with half a terabyte of storage", "total storage capacity 0.5 TB"),
        ("notebook under one and a half thousand euro", "under 1500 €"),
        ("notebook under 2 thousand", "under 2000 €"),
        ("gloves under half a hundred euro", "under 50 €"),
        ("notebook with two hdmi ports", "hdmi ports 2"),
        ("notebook with two hdmi ports or more", "hdmi ports at least 2"),
        ("notebook with two or more hdmi ports", "hdmi ports at least 2"),
    ],
)
def test_figures_in_words(text: str, label: str) -> None:
    assert label in labels(text)


def test_a_half_of_nothing_measured_stays_a_word() -> None:
    assert "half" in read("half zip jacket").words


@pytest.mark.parametrize(
    "text",
    [
        "notebook, I don't want to spend more than 400",
        "I won't pay over 400 for a notebook",
        "a notebook, can't go above 400",
        "notebook, not willing to pay more than 400 euros",
        "notebook, 400 is the limit",
        "notebook, 400 is my budget",
        "notebook at 400 each piece at most",
        "notebook, budget about 400 tops",
        "notebook, can't go past 400",
    ],
)
def test_what_somebody_will_not_pay_is_a_highest_price(text: str) -> None:
    found = only(text, PriceBound)
    assert (found.least_minor, found.most_minor) == (None, 40_000)


def test_what_cannot_be_found_is_not_ruled_out() -> None:
    assert [one.stated.key for one in read("I can't find a black notebook").constraints] == [
        "colour:black",
        "category:notebook",
    ]


@pytest.mark.parametrize(
    ("text", "name"),
    [
        # What is usual of lengths is seven metres of tape, and no tape is 12 mm long.
        ("tape 12 mm", "tape_width"),
        ("tape, 19 mm wide", "tape_width"),
        ("tape of at least 10 m", "tape_length"),
        ("a lamp of 200 watts", "bulb_power"),
        ("lamps with 200 W or more", "bulb_power"),
    ],
)
def test_an_amount_is_of_what_such_things_tell(text: str, name: str) -> None:
    assert only(text, NumberBound).ranges[0].name == name


def test_a_number_is_named_anywhere_in_the_sentence() -> None:
    found = only("bright torch, at least 300 lumens", NumberBound)
    assert found.ranges[0].name == "brightness_lumens"
    found = only("torch with a long run time please, 20 h or more", NumberBound)
    assert (found.ranges[0].name, found.ranges[0].least) == ("run_time_hours", 20)


def test_a_bound_is_taken_less_narrowly_before_it_is_given_up() -> None:
    weaker = [
        one.understanding.constraints
        for one in relaxations(read("notebook with at least 500 GB of storage"))
        if any(isinstance(known, NumberBound) for known in one.widened)
    ]
    (bound,) = (known for known in weaker[0] if isinstance(known, NumberBound))
    assert nearly(bound.ranges[0].least) == 470


def test_a_count_is_no_fraction() -> None:
    assert not any(isinstance(one, NumberBound) for one in read("notebook with 2.1 hdmi ports").constraints)


def test_sizes_and_formats_are_demanded_as_values_write_them() -> None:
    found = only("monitor 2560x1440", TraitIs)
    assert "v:display_resolution=2560 x 1440" in found.traits
    assert only("A3 toner under 100", TraitIs).traits[0] == "w:a3"
    assert read("A3 toner under 100").words == "A3"
    assert only("5G phone", TraitIs).traits == ("w:5g",)


def test_a_bound_does_not_go_on_behind_a_comma() -> None:
    found = labels("notebook lighter than 1.3 kg, 14 inch")
    assert found == ["notebook", "weight under 1.3 kg", 'display diagonal 14"']


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("is there one that isn't dearer?", "not dearer than 800 €"),
        ("another one for the same money or less", "not dearer than 800 €"),
        ("something along these lines that costs no more", "not dearer than 800 €"),
        ("one with a longer cable length", "longer than 2 m"),
        ("one with more weight", "more weight than 2000 g"),
        ("the same cable length as this one", "same cable length as 2 m"),
    ],
)
def test_compared_in_other_words(text: str, label: str) -> None:
    assert label in labels(text, shown=SHOWN)


@pytest.mark.parametrize(
    "text", ["do you have a red one of these?", "something along these lines in red", "same kind, in red"]
)
def test_what_is_pointed_at_is_compared_with(text: str) -> None:
    assert any(isinstance(one, OtherThan) for one in read(text, shown=SHOWN).constraints)


def test_a_pointing_word_and_the_name_of_what_is_shown_point_at_it() -> None:
    assert any(isinstance(one, OtherThan) for one in read("this toner, only in black", shown=TONER).constraints)
    assert not any(isinstance(one, OtherThan) for one in read("this notebook, only in black", shown=TONER).constraints)


def test_the_same_one_is_of_the_same_series() -> None:
    found = [one for one in read("this one in black", shown=TONER).constraints if one.stated.key == "value:6280"]
    assert [one.traits for one in found if isinstance(one, TraitIs)] == [("w:6280",)]
    assert not any(one.stated.key == "value:6280" for one in read("like this in black", shown=TONER).constraints)


def test_what_something_is_to_do_is_no_kind_of_thing() -> None:
    assert not any(isinstance(one, CategoryIs) for one in read("something to hold my notebook under 50").constraints)


def test_what_a_thing_is_for_may_name_it() -> None:
    found = only("a case for my laptop under 50", CategoryIs)
    assert found.stated.key == "category:laptop case"
    assert "thing:bag+w:notebook" in found.traits


def test_an_attribute_that_few_tell_may_stand_in_the_title() -> None:
    found = only("bluetooth mouse under 50", FlagIs)
    assert found.traits == ("is:bluetooth", "w:bluetooth")


def test_what_is_told_about_a_thing_tells_that_it_is_there() -> None:
    found = only("notebook with a microphone", FlagIs)
    assert found.traits == ("is:microphone",)
    assert found.wider is not None
    assert found.wider.traits == ("is:microphone", "w:microphone", "v:microphone_type=boom")


@pytest.mark.parametrize("text", ["cordless mouse under 50", "mouse without a cord under 50"])
def test_titles_have_their_own_word_for_it(text: str) -> None:
    assert "wireless" in read(text).words


def test_so_many_in_a_pack_are_no_price() -> None:
    assert not any(isinstance(one, PriceBound) for one in read("A4 toner, 1000 or more in a pack").constraints)


def test_what_stands_in_brackets_is_no_end_of_a_name() -> None:
    phrases = vocabulary().flag_phrases
    assert phrases["cable protection"] == ("cable__coax__protection",)
    assert "cable" not in phrases
    assert phrases["nfc"] == ("near_field_communication__nfc_",)


def test_an_ailment_says_what_must_not_be_in_it() -> None:
    assert only("snacks for coeliacs", FlagIs).traits == ("is:gluten_free",)
