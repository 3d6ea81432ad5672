"""The packs in examples/: each loads over the default pack, binds the shop's real actions, and has a case per rule."""

from pathlib import Path

import pytest

from bottega.actions.policy import PolicyBook, default_pack, load_packs
from bottega.actions.registry import registered_handlers
from bottega.bootstrap import load_shop
from tests.actions.policy.pack_writing import Person

PACKS = sorted((Path(__file__).parents[3] / "examples" / "policy-packs").iterdir())
CUSTOMER = Person("customer", "cus_1", "customer")

load_shop()
GROUPS = {name: handler.action.groups for name, handler in registered_handlers().items()}


def loaded(pack: Path) -> PolicyBook:
    return load_packs([default_pack(), pack]).bind(GROUPS)


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: pack.name)
def test_it_loads_and_each_of_its_rules_is_held_by_a_case(pack: Path) -> None:
    own = loaded(pack).packs[-1]
    proven = {case.rule_id for case in own.case_book.cases}
    assert {rule.rule_id for rule in own.rules} <= proven
    for name, groups in own.case_book.actions.items():
        assert frozenset(GROUPS[name]) == groups, f"{name} has other groups than its cases assume"


def test_its_rules_are_not_those_of_the_default_shop() -> None:
    facts = {
        "own": True,
        "shipped": False,
        "amendments": 1,
        "reason": "found it cheaper",
    }
    default = load_packs([default_pack()]).bind(GROUPS)
    assert default.decide("CancelOrder", CUSTOMER, facts).effect == "permit"
    (tau_retail,) = (pack for pack in PACKS if pack.name == "tau-retail")
    refused = loaded(tau_retail).decide("CancelOrder", CUSTOMER, facts)
    assert (refused.effect, sorted(refused.rule_ids)) == (
        "forbid",
        ["tau_retail.cancel_with_known_reason", "tau_retail.no_cancellation_after_items_changed"],
    )
