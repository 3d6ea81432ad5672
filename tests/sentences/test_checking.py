"""The checker of shoppers' sentences, and the promise that every sentence can be answered."""

import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from tests.sentences.checking import (
    Catalogue,
    Malformed,
    Product,
    Question,
    Sentence,
    answers,
    average_ratings,
    demo_variants,
    icecat_variants,
    load_demo,
    load_icecat,
    load_sentences,
    load_vocabulary,
    reasons_against,
    satisfies,
    some_missing,
    values_at,
)
from tests.shared_data import ROOT, shared_file

HERE = Path(__file__).parent
DEMO_SHOP = ROOT / "src" / "bottega" / "demo_shop"
ENOUGH = 3


def variant(size: str, colour: str, price: int, stock: int = 1, sale: int | None = None, weight: int = 300) -> Any:
    return {
        "options": {"size": size, "colour": colour},
        "weight_grams": weight,
        "prices": {"EUR": price},
        "sale": None if sale is None else {"EUR": sale},
        "stock": {"main": 0, "store": stock},
    }


def jacket(handle: str, *variants: Any, **attributes: Any) -> Product:
    return {
        "handle": handle,
        "title": "Fell Jacket",
        "brand": "Tarnhollow",
        "category": "clothing/jackets/rain",
        "description": "It keeps the rain out.",
        "attributes": attributes,
        "variants": list(variants),
    }


LIGHT = jacket("light", variant("M", "navy", 9900, sale=6900), variant("L", "red", 9900, stock=0), hood=True)
HEAVY = jacket("heavy", variant("L", "navy", 12900, weight=700), material="wool, goat leather")
SHOP = {"light": LIGHT, "heavy": HEAVY}


def catalogue() -> Catalogue:
    terms, families = load_vocabulary("demo")
    return Catalogue(SHOP, demo_variants, terms, families, {"light": 4.0})


def holds(product: Product, constraint: Any, shown: Product | None = None) -> bool:
    return satisfies(product, constraint, Question(catalogue(), shown))


def sentence(*constraints: Any, shown: str | None = None, some: tuple[Any, ...] = ()) -> Sentence:
    return Sentence("t1", "a jacket", shown, constraints, some, False, "")


def test_a_field_is_equal_whatever_the_case_and_unknown_is_not_equal() -> None:
    assert holds(LIGHT, {"field": "brand", "equals": "tarnHollow"})
    assert holds(LIGHT, {"field": "attributes.hood", "equals": True})
    assert not holds(HEAVY, {"field": "attributes.hood", "equals": True})


def test_an_unknown_value_satisfies_a_negation() -> None:
    assert holds(HEAVY, {"field": "attributes.hood", "not": True})
    assert not holds(LIGHT, {"field": "attributes.hood", "not": True})
    assert holds(LIGHT, {"field": "attributes.material", "lacks": "leather"})
    assert not holds(HEAVY, {"field": "attributes.material", "lacks": "leather"})
    assert not holds(HEAVY, {"field": "brand", "not_in": ["Tarnhollow", "Corvado"]})


def test_numbers_are_bounded_and_truth_is_no_number() -> None:
    product = {"id": "1", "title": "Notebook", "attr_n_internal_memory": 16.0, "attr_b_bluetooth": True}
    assert holds(product, {"field": "attr_n_internal_memory", "min": 16, "max": 16})
    assert not holds(product, {"field": "attr_n_internal_memory", "above": 16})
    assert not holds(product, {"field": "attr_n_internal_memory", "below": 16})
    assert not holds(product, {"field": "attr_b_bluetooth", "min": 1})
    assert not holds(product, {"field": "attr_n_weight", "max": 5000})


def test_words_are_whole_and_parts_are_not() -> None:
    assert holds(HEAVY, {"field": "attributes.material", "contains": ["silk", "leath"]})
    assert not holds(HEAVY, {"field": "attributes.material", "word": "leath"})
    assert holds(HEAVY, {"field": "attributes.material", "word": ["leath", "goat leather"]})
    assert holds(HEAVY, {"field": "category", "begins": ["clothing/jackets"]})
    assert holds(LIGHT, {"field": "attributes.hood", "known": True})


def test_the_text_of_a_product_is_its_words_and_its_options() -> None:
    assert values_at(LIGHT, "text") == ["Fell Jacket clothing/jackets/rain It keeps the rain out. True M navy L red"]


def test_all_tests_of_a_variant_must_hold_for_the_same_variant() -> None:
    in_m, red, dear = {"option": "size", "in": ["M"]}, {"option": "colour", "family": ["red"]}, {"in_stock": True}
    assert holds(LIGHT, {"any_variant": [in_m]})
    assert holds(LIGHT, {"any_variant": [red]})
    assert not holds(LIGHT, {"any_variant": [in_m, red]})
    assert not holds(LIGHT, {"any_variant": [red, dear]})


def test_a_sale_price_is_the_price() -> None:
    assert holds(LIGHT, {"any_variant": [{"price_minor": {"max": 7000}}, {"on_sale": True}]})
    assert not holds(LIGHT, {"any_variant": [{"option": "size", "in": ["L"]}, {"price_minor": {"max": 7000}}]})
    assert not holds(HEAVY, {"any_variant": [{"on_sale": True}]})


def test_colours_come_in_families() -> None:
    assert holds(LIGHT, {"any_variant": [{"option": "colour", "family": ["blue"]}]})
    assert holds(LIGHT, {"any_variant": [{"option": "colour", "not_family": ["blue"]}]})
    assert not holds(HEAVY, {"any_variant": [{"option": "colour", "not_family": ["blue"]}]})


def test_constraints_are_joined_and_negated() -> None:
    hooded, leather = {"is": "hooded"}, {"is": "leather"}
    assert holds(LIGHT, {"any": [hooded, leather]})
    assert not holds(LIGHT, {"all": [hooded, leather]})
    assert holds(LIGHT, {"none": [leather]})
    assert holds(LIGHT, {"is_not": "leather"})
    assert not holds(HEAVY, {"is_not": "leather"})


def test_an_unrated_product_has_no_stars() -> None:
    assert holds(LIGHT, {"rating": {"min": 4}})
    assert not holds(LIGHT, {"rating": {"above": 4}})
    assert not holds(HEAVY, {"rating": {"min": 1}})


def test_ratings_leave_hidden_reviews_out() -> None:
    reviews = [
        {"id": "r1", "product": "light", "rating": 5},
        {"id": "r2", "product": "light", "rating": 2},
        {"id": "r3", "product": "heavy", "rating": 1},
    ]
    assert average_ratings(reviews) == {"light": 3.5, "heavy": 1.0}
    assert average_ratings(reviews, frozenset({"r2", "r3"})) == {"light": 5.0}


def test_products_are_compared_with_the_one_that_is_shown() -> None:
    assert holds(LIGHT, {"compared": "price", "with_shown": "lower"}, HEAVY)
    assert not holds(HEAVY, {"compared": "price", "with_shown": "lower"}, LIGHT)
    assert not holds(HEAVY, {"compared": "price", "with_shown": "lower"}, HEAVY)
    assert holds(HEAVY, {"compared": "weight", "with_shown": "higher"}, LIGHT)
    assert holds(HEAVY, {"compared": "brand", "with_shown": "same"}, LIGHT)
    assert not holds(LIGHT, {"compared": "attributes.waterproof_mm", "with_shown": "higher"}, HEAVY)
    assert holds(HEAVY, {"other_than_shown": True}, LIGHT)
    assert not holds(HEAVY, {"other_than_shown": True}, HEAVY)


def test_an_icecat_line_is_one_variant_and_its_title_may_tell_the_colour() -> None:
    families = load_vocabulary("icecat")[1]
    told = {"id": "1", "title": "Blue thing", "price": 995, "attr_t_product_colour": "Black,Silver"}
    untold = {"id": "2", "title": "Patch Cable - Dark Grey, 3 m", "price": 995, "attr_n_weight": 33.0}
    assert icecat_variants(told, families)[0].options == {"colour": ("Black", "Silver")}
    assert icecat_variants(untold, families)[0].options == {"colour": ("Dark Grey",)}
    assert icecat_variants(untold, families)[0].weight_grams == 33.0
    assert icecat_variants(told, families)[0].price_minor == 995


def test_reasons_name_the_product_and_the_constraint() -> None:
    demand = sentence({"is": "jacket"}, {"is": "hooded"}, {"compared": "price", "with_shown": "lower"}, shown="heavy")
    assert reasons_against(demand, LIGHT, catalogue()) == []
    assert reasons_against(demand, HEAVY, catalogue()) == [
        'heavy does not satisfy {"is": "hooded"}',
        'heavy does not satisfy {"compared": "price", "with_shown": "lower"}',
    ]
    assert list(answers(demand, catalogue())) == ["light"]


def test_one_of_the_answers_is_enough_for_some() -> None:
    demand = sentence({"is": "jacket"}, some=({"is": "hooded"},))
    assert some_missing(demand, [HEAVY, LIGHT], catalogue()) == []
    assert some_missing(demand, [HEAVY], catalogue()) == ['no answer satisfies {"is": "hooded"}']


@pytest.mark.parametrize(
    "constraint",
    [
        {"colour": "blue"},
        {"field": "brand"},
        {"field": "brand", "is_like": "x"},
        {"any_variant": [{"length": 3}]},
        {"compared": "price", "with_shown": "lower"},
        {"other_than_shown": True},
    ],
)
def test_what_the_language_does_not_know_is_refused(constraint: Any) -> None:
    with pytest.raises(Malformed):
        holds(LIGHT, constraint)


def test_unknown_keys_of_a_sentence_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "sentences.jsonl"
    file.write_text('{"id": "x1", "sentence": "a", "shown": null, "constraints": [], "note": "", "narow": true}\n')
    with pytest.raises(Malformed, match="narow"):
        load_sentences(file)


def unanswerable(sentences: tuple[Sentence, ...], shop: Catalogue) -> list[str]:
    """What is wrong with sentences: too few answers, a needless mark, or a demand on some answer that none meets."""
    findings: list[str] = []
    for each in sentences:
        if not each.constraints:
            findings.append(f"{each.id} demands nothing")
        found = len(list(islice(answers(each, shop), ENOUGH)))
        if not found or (found < ENOUGH and not each.narrow):
            findings.append(f"{each.id} has {found} answers: {each.sentence}")
        if found == ENOUGH and each.narrow:
            findings.append(f"{each.id} is marked narrow and has {ENOUGH} answers: {each.sentence}")
        if each.some and not any(not some_missing(each, [shop.products[name]], shop) for name in answers(each, shop)):
            findings.append(f"{each.id} has no answer for its `some`: {each.sentence}")
    return findings


def test_every_sentence_has_its_own_id_and_its_own_words() -> None:
    sentences = [each for name in ("demo", "icecat") for each in load_sentences(HERE / f"{name}.jsonl")]
    assert len({each.id for each in sentences}) == len(sentences)
    assert len({(each.sentence, each.shown) for each in sentences}) == len(sentences)
    assert len([each for each in sentences if each.id.startswith("d")]) >= 90
    assert len([each for each in sentences if each.id.startswith("i")]) >= 60


@pytest.mark.parametrize("name", ["demo", "icecat"])
def test_every_term_of_the_vocabulary_is_used(name: str) -> None:
    terms = load_vocabulary(name)[0]
    used = (HERE / f"{name}.jsonl").read_text(encoding="utf-8") + json.dumps(terms)
    assert [term for term in terms if f'"is": "{term}"' not in used and f'"is_not": "{term}"' not in used] == []


def test_every_sentence_of_the_demo_shop_can_be_answered() -> None:
    assert unanswerable(load_sentences(HERE / "demo.jsonl"), load_demo(DEMO_SHOP)) == []


def test_every_sentence_of_the_electronics_can_be_answered() -> None:
    shop = load_icecat(shared_file("icecat/products.jsonl.gz"))
    assert unanswerable(load_sentences(HERE / "icecat.jsonl"), shop) == []
