"""Packs stack: a later one may refuse more and permit what no earlier case refuses; the version names them all."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from bottega.actions.policy import PolicyBook, PolicyPackRejected, load_packs
from tests.actions.policy.pack_writing import ABOUT, ACTIONS, CASES, CUSTOMER, RULES, STAFF, write_pack

LATER_ABOUT = """
name = "later"
version = "1"
description = "More rules for one shop."
[groups]
gifts = "gives something away"
"""
LATER_CASES = """
[actions]
AddCartLine = ["own"]
RefundPayment = ["money"]
WrapGift = ["gifts"]

[[refuse]]
name = "a gift wrapped for nobody"
action = "WrapGift"
actor = { kind = "system" }
"""
TIGHTER = """
@id("later.no_refunds")
@describe("This shop refunds nothing.")
forbid (principal, action == Action::"RefundPayment", resource);
"""
OPENER = """
@id("later.gifts")
@describe("Customers wrap gifts.")
permit (principal, action in Action::"gifts", resource)
when { principal.kind == "customer" };
"""
LOOSER = """
@id("later.any_cart")
@describe("Customers fill every cart.")
permit (principal, action == Action::"AddCartLine", resource);
"""
UNCASED = """
@id("later.other")
@describe("Something that is nobody's case.")
forbid (principal, action in Action::"gifts", resource);
"""


def later(folder: Path, rules: str, cases: str = LATER_CASES, about: str = LATER_ABOUT) -> Path:
    return write_pack(folder / "later", about=about, cases=cases, rules=rules)


def both(folder: Path, rules: str, cases: str = LATER_CASES) -> PolicyBook:
    return load_packs([write_pack(folder / "small"), later(folder, rules, cases)])


def test_a_later_pack_may_refuse_what_an_earlier_one_permits(tmp_path: Path) -> None:
    book = both(tmp_path, TIGHTER).bind(ACTIONS)
    decision = book.decide("RefundPayment", STAFF, {"amount_minor": 1})
    assert (decision.effect, decision.rule_ids) == ("forbid", ("later.no_refunds",))


def test_a_later_pack_may_permit_what_is_new(tmp_path: Path) -> None:
    book = both(tmp_path, OPENER).bind({**ACTIONS, "WrapGift": ("gifts",)})
    assert book.decide("WrapGift", CUSTOMER, {}).rule_ids == ("later.gifts",)
    assert book.decide("RefundPayment", STAFF, {"amount_minor": 1}).effect == "permit"


def test_a_later_pack_that_permits_what_an_earlier_case_refuses_does_not_load(tmp_path: Path) -> None:
    with pytest.raises(PolicyPackRejected) as caught:
        both(tmp_path, LOOSER)
    assert (caught.value.pack, caught.value.place) == ("small", 'case "another\'s cart"')
    assert caught.value.got == "permit by later.any_cart"


def test_the_cases_of_the_last_pack_hold_exactly(tmp_path: Path) -> None:
    cases = LATER_CASES.replace("[[refuse]]", "[[permit]]").replace('kind = "system"', 'kind = "staff"') + (
        '[[refuse]]\nname = "a stranger"\naction = "WrapGift"\nactor = { kind = "system" }\n'
    )
    assert both(tmp_path / "plain", OPENER, cases).packs[1].name == "later"
    with pytest.raises(PolicyPackRejected) as caught:
        both(tmp_path / "refusing", OPENER + UNCASED, cases)
    assert (caught.value.pack, caught.value.place) == ("later", "case 'a gift wrapped for nobody'")


def test_names_of_packs_and_ids_of_rules_are_unique_across_packs(tmp_path: Path) -> None:
    first = write_pack(tmp_path / "small")
    with pytest.raises(PolicyPackRejected, match="a second pack with it"):
        load_packs([first, first])
    again = later(tmp_path, TIGHTER.replace("later.no_refunds", "small.own"))
    with pytest.raises(PolicyPackRejected, match=r"pack later does not load: small\.own: expected an id of its own"):
        load_packs([first, again])


def test_groups_of_earlier_packs_are_known_to_later_ones_only(tmp_path: Path) -> None:
    uses_money = TIGHTER.replace('action == Action::"RefundPayment"', 'action in Action::"money"')
    assert both(tmp_path / "after", uses_money).groups().keys() == {"money", "own", "read", "gifts"}
    with pytest.raises(PolicyPackRejected):
        load_packs([later(tmp_path / "before", uses_money), write_pack(tmp_path / "before" / "small")])


def version_of(packs: Sequence[Path]) -> str:
    return load_packs(packs).version


def test_the_version_is_of_the_texts_of_all_packs_in_their_order(tmp_path: Path) -> None:
    plain = write_pack(tmp_path / "plain")
    same_rules = RULES.replace("\n", "  \r\n").replace(";", ";\n\n")
    spaced = write_pack(tmp_path / "spaced", rules=same_rules)
    assert version_of([plain]) == version_of([spaced])

    others = {
        "number": write_pack(tmp_path / "number", rules=RULES.replace("> 100", "> 100 && true")),
        "words": write_pack(tmp_path / "words", rules=RULES.replace("A large refund waits.", "It waits.")),
        "about": write_pack(tmp_path / "about", about=ABOUT.replace('version = "1"', 'version = "2"')),
        "file": write_pack(tmp_path / "file", others=RULES),
    }
    versions = {name: version_of([folder]) for name, folder in others.items()}
    assert len({version_of([plain]), *versions.values()}) == 5

    more_cases = write_pack(
        tmp_path / "cases", cases=CASES + '[[permit]]\nname = "one more"\naction = "AddCartLine"\nactor = "staff"\n'
    )
    assert version_of([plain]) == version_of([more_cases])

    first = write_pack(tmp_path / "first" / "small")
    alone = LATER_CASES.replace('AddCartLine = ["own"]', "").replace('RefundPayment = ["money"]', "")
    second = later(tmp_path / "first", UNCASED, alone)
    assert version_of([first, second]) != version_of([second, first])
