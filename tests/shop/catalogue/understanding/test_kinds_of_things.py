"""Which kind of thing a sentence asks for, what it only goes with, and in which order demands are given up."""

import pytest

from bottega.shop.catalogue.understanding.measures import measures
from bottega.shop.catalogue.understanding.model import CategoryIs, Understanding
from bottega.shop.catalogue.understanding.read import understand
from bottega.shop.catalogue.understanding.relaxing import relaxations
from bottega.shop.catalogue.understanding.traits import ProductText, traits_of
from bottega.shop.catalogue.understanding.vocabulary import vocabulary_of
from tests.shop.catalogue.understanding.vocabulary_fixture import CONTENT, kind, vocabulary


def read(text: str) -> Understanding:
    return understand(text, vocabulary(), currency="EUR")


def keys(understanding: Understanding) -> list[str]:
    return [constraint.stated.key for constraint in understanding.constraints]


@pytest.mark.parametrize(
    ("text", "wanted", "words"),
    [
        ("cream for leather boots", [], "cream leather boots"),
        ("something for my tent", [], "tent"),
        ("boots for my leather jacket", ["category:boot"], "leather jacket"),
        ("I am looking for leather boots", ["material:leather", "category:boot"], ""),
        ("I only have 60 euros for a jacket", ["price:most", "category:jacket"], ""),
    ],
)
def test_what_a_thing_is_for_is_no_demand_on_the_thing(text: str, wanted: list[str], words: str) -> None:
    understood = read(text)
    assert (keys(understood), understood.words) == (wanted, words)


def test_what_goes_with_a_thing_is_not_the_thing() -> None:
    understood = read("laptop bag under 40")
    assert keys(understood) == ["category:laptop bag", "price:most"]
    kind = understood.constraints[0]
    assert isinstance(kind, CategoryIs)
    assert kind.traits[:2] == ("thing:case+w:notebook", "thing:case+w:laptop")


@pytest.mark.parametrize(
    ("title", "things"),
    [
        ("Acme Wireless Mouse", {"thing:mouse", "thing:*"}),
        ("Acme phone case Black", {"thing:case"}),
        ("USB Mouse to PS/2 Adapter", {"thing:adapter"}),
        ("Acme Adapter VGA Monitor", {"thing:adapter"}),
    ],
)
def test_what_a_title_names_besides_what_goes_with_it(title: str, things: set[str]) -> None:
    product = ProductText("prd_1", title, "", "Acme", None, [], {}, [])
    told = traits_of(product, vocabulary().language, measures()).traits
    assert {trait for trait in told if trait.startswith("thing:")} == things


def test_kinds_that_would_do_as_well() -> None:
    assert keys(read("a tent or boots under 50")) == ["category:tent|boot", "price:most"]


def test_a_category_before_the_name_says_which_of_them() -> None:
    content = {**CONTENT, "categories": [*CONTENT["categories"], ["clothing/jackets/fleece", "Fleece", 4, {}]]}
    understood = understand("fleece jackets under 90", vocabulary_of("two", content), currency="EUR")
    kind = understood.constraints[0]
    assert isinstance(kind, CategoryIs)
    assert (kind.paths, understood.words) == (("clothing/jackets/fleece",), "")
    assert kind.wider is not None
    assert kind.wider.paths == ("clothing/jackets",)


def test_a_capacity_is_in_the_unit_of_what_tells_it() -> None:
    content = {
        **CONTENT,
        "numbers": [*CONTENT["numbers"], {**CONTENT["numbers"][1], "name": "capacity", "units": {"gb": 3, "mah": 3}}],
        "kinds": [*CONTENT["kinds"], *(kind(word, 40, {"capacity": 40}) for word in ("flash drive", "drive", "flash"))],
    }
    understood = understand("flash drive, 16 GB or more", vocabulary_of("three", content), currency="EUR")
    assert keys(understood) == ["category:flash drive", "number:capacity"]


def test_what_is_ruled_out_and_no_such_thing_is_ruled_out_wherever_it_is_told() -> None:
    content = {
        **CONTENT,
        "categories": [*CONTENT["categories"], ["climbing/nuts", "Nuts", 4, {}]],
        "traits": {**CONTENT["traits"], "v:allergens=hazelnut": 3},
    }
    understood = understand("jackets without nuts", vocabulary_of("four", content), currency="EUR")
    assert keys(understood) == ["category:jacket", "not:word:nut"]
    assert "v:allergens=hazelnut" in understood.constraints[1].everywhere  # pyright: ignore[reportAttributeAccessIssue] - a trait ruled out


def test_the_kind_of_thing_is_given_up_last() -> None:
    understood = read("black jacket size M under 50")
    single = [one.dropped[-1].stated.key for one in relaxations(understood) if len(one.dropped) == 1]
    assert single[0] == "in_stock"
    assert [key for key in single if key != "in_stock"] == ["size:m", "colour:black", "price:most", "category:jacket"]


def test_one_demand_is_taken_less_narrowly_before_several_are() -> None:
    understood = read("gloves for women made of wool")
    widened = [tuple(known.stated.key for known in one.widened) for one in relaxations(understood) if one.widened]
    assert widened[:2] == [("gender:women",), ("category:glove",)]
    assert ("gender:women", "category:glove") in widened[2:]
