"""The default pack over every action the shop has: whatever is registered falls under the rules by its groups."""

import pytest

from bottega.actions.policy import PolicyBook, default_pack, load_packs
from bottega.actions.registry import registered_handlers
from bottega.bootstrap import load_shop
from tests.actions.policy.pack_writing import Person

load_shop()
GROUPS = {name: frozenset(handler.action.groups) for name, handler in registered_handlers().items()}
ACTIONS = sorted(GROUPS)


@pytest.fixture(scope="module")
def book() -> PolicyBook:
    return load_packs([default_pack()]).bind(GROUPS)


def test_all_actions_are_bound(book: PolicyBook) -> None:
    assert {"PlaceOrder", "AdjustStock", "GrantApproval", "UndoEntry"} <= set(ACTIONS)
    assert all(book.rules_for(name) for name in ACTIONS)


@pytest.mark.parametrize("name", ACTIONS)
def test_nobody_changes_what_is_not_theirs(book: PolicyBook, name: str) -> None:
    for actor in (
        Person("customer", "cus_1", "customer"),
        Person("customer", "cus_1", "guest"),
        Person("agent", "agt_1", "shop", on_behalf_of="cus_1"),
    ):
        for facts in ({}, {"own": False, "confirmed": True}):
            assert book.decide(name, actor, facts).effect == "forbid"


@pytest.mark.parametrize("name", ACTIONS)
def test_a_shopping_agent_asks_before_anything_that_is_not_light(book: PolicyBook, name: str) -> None:
    agent = Person("agent", "agt_1", "shop", on_behalf_of="cus_1")
    if book.decide(name, agent, {"own": True, "shipped": False}).effect != "forbid":
        assert {"own", "light"} <= GROUPS[name]
        assert not GROUPS[name] & {"money", "orders", "returns", "payments"}


@pytest.mark.parametrize("name", ACTIONS)
def test_an_analyst_changes_nothing(book: PolicyBook, name: str) -> None:
    assert book.decide(name, Person("staff", "stf_1", "analyst"), {"own": True}).effect == "forbid"


@pytest.mark.parametrize("name", ACTIONS)
def test_an_action_that_moves_money_does_not_call_itself_light(name: str) -> None:
    assert not ("light" in GROUPS[name] and GROUPS[name] & {"money", "refunds", "credits", "captures"})
    if GROUPS[name] & {"refunds", "credits", "captures"}:
        assert "money" in GROUPS[name], f"{name} slips past the rules about money"
