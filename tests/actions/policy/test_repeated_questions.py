"""Questions that were asked before: alike actors share an answer, unless a rule names one of them by id."""

from pathlib import Path

from bottega.actions.actor import Actor
from tests.actions.policy.pack_writing import RULES, book_of

NAMING = """
@id("small.barred")
@describe("One of them may not.")
forbid (principal, action, resource)
when { principal == Actor::"stf_barred" };
"""
COUNTING = """
@id("small.counted")
@describe("Not when it counts one.")
forbid (principal, action, resource)
when { context has count && context.count == 1 };
"""


def test_an_actor_named_by_a_rule_is_told_apart(tmp_path: Path) -> None:
    book = book_of(tmp_path / "pack", RULES + NAMING)
    for _ in range(2):
        assert book.decide("RefundPayment", Actor("staff", "stf_one", "owner"), {"amount_minor": 1}).effect == "permit"
        barred = book.decide("RefundPayment", Actor("staff", "stf_barred", "owner"), {"amount_minor": 1})
        assert barred.rule_ids == ("small.barred",)


def test_what_rules_see_is_told_apart(tmp_path: Path) -> None:
    book = book_of(tmp_path / "pack", RULES + COUNTING)
    one, other = Actor("staff", "stf_one", "owner"), Actor("staff", "stf_other", "owner")
    customer = Actor("customer", "cus_one", "customer")
    for _ in range(2):
        assert book.decide("AddCartLine", one, {"own": False}).rule_ids == ("small.staff",)
        assert book.decide("AddCartLine", other, {"own": False}).rule_ids == ("small.staff",)
        assert book.decide("AddCartLine", customer, {"own": False}).effect == "forbid"
        assert book.decide("AddCartLine", customer, {"own": True}).rule_ids == ("small.own",)
        assert book.decide("AddCartLine", one, {"own": True, "count": 1}).rule_ids == ("small.counted",)
        assert book.decide("AddCartLine", one, {"own": True, "count": True}).effect == "permit"
        assert book.decide("AddCartLine", one, {"own": True, "count": 2}).effect == "permit"
