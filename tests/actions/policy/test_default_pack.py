"""The default pack: every part of every rule is held by a case, and its promises hold beyond the cases."""

import itertools
import json
from collections.abc import Iterable
from functools import cache

import cedarpy
import pytest

from bottega.actions.policy import PolicyBook, default_pack, load_packs
from bottega.actions.policy.cases import Case
from bottega.actions.policy.facts import context_of, entities_of
from bottega.actions.policy.pack import PolicyPack
from bottega.actions.policy.rules import Rule
from tests.actions.policy.pack_writing import Person
from tests.actions.policy.rule_mutations import mutations


@cache
def pack() -> PolicyPack:
    return load_packs([default_pack()]).packs[0]


@cache
def book() -> PolicyBook:
    return load_packs([default_pack()]).bind(pack().case_book.actions)


def first_failing_case(rules: Iterable[Rule], changed: Rule) -> Case | None:
    """The first case that notices; those that name the changed rule are asked first.

    Only cases about actions to which the rule could apply before the change can notice: no mutation widens a head.
    """
    unproven = PolicyBook((PolicyPack("mutant", "1", "", pack().groups, tuple(rules), NO_CASES, ()),), "mutant")
    assumed = pack().case_book.actions
    concerned = [case for case in pack().case_book.cases if changed.can_apply(case.action, assumed[case.action])]
    bound: dict[str, PolicyBook] = {}
    for case in sorted(concerned, key=lambda case: case.rule_id != changed.rule_id):
        if case.action not in bound:
            bound[case.action] = unproven.bind({case.action: assumed[case.action]})
        decision = bound[case.action].decide(case.action, case.actor, case.facts, approved=case.approved)
        if not case.agrees(decision):
            return case
    return None


NO_CASES = type(pack().case_book)({}, ())
RULES = pack().rules


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule_id)
def test_a_rule_that_goes_missing_is_noticed(rule: Rule) -> None:
    assert first_failing_case([other for other in RULES if other is not rule], rule) is not None


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.rule_id)
def test_a_rule_that_is_edited_carelessly_is_noticed(rule: Rule) -> None:
    unnoticed = [
        words
        for words, mutant in mutations(rule)
        if first_failing_case([mutant if other is rule else other for other in RULES], rule) is None
    ]
    assert unnoticed == []


def test_the_mutations_reach_every_rule_that_has_a_condition() -> None:
    counts = {rule.rule_id: sum(1 for _ in mutations(rule)) for rule in RULES}
    assert [rule_id for rule_id, count in counts.items() if count == 0] == ["reads.public"]
    assert sum(counts.values()) > 450


@pytest.mark.parametrize("case", pack().case_book.cases, ids=lambda case: case.name)
def test_each_case_is_decided_alike_by_all_rules_at_once(case: Case) -> None:
    """Splitting the rules by action and opening their heads changes no evaluation."""
    groups = pack().case_book.actions[case.action]
    whole = {rule.rule_id: json.loads(rule.tree_json) for rule in RULES}
    policies = json.dumps({"templates": {}, "staticPolicies": whole, "templateLinks": []})
    parents = [{"type": "Action", "id": group} for group in groups]
    entity = json.dumps({"uid": {"type": "Action", "id": case.action}, "attrs": {}, "parents": parents})
    result = cedarpy.is_authorized(
        {
            "principal": {"type": "Actor", "id": case.actor.id},
            "action": {"type": "Action", "id": case.action},
            "resource": {"type": "Shop", "id": "shop"},
            "context": context_of(case.facts, groups, approved=case.approved),
        },
        cedarpy.PolicySet.from_json_str(policies),
        entities_of(entity, case.actor),
    )
    decision = book().decide(case.action, case.actor, case.facts, approved=case.approved)
    if decision.effect == "permit":
        assert result.allowed
        assert tuple(sorted(result.diagnostics.reasons)) == decision.rule_ids
    elif not result.diagnostics.errors:
        assert not result.allowed
        assert set(result.diagnostics.reasons) >= set(decision.rule_ids) - {"default.no_rule_permits"}


@pytest.mark.parametrize(
    "case", [case for case in pack().case_book.cases if case.expected == "hold"], ids=lambda case: case.name
)
def test_each_hold_is_lifted_by_what_it_says_it_needs(case: Case) -> None:
    needs = book().decide(case.action, case.actor, case.facts, approved=case.approved).needs
    assert needs is not None
    facts = {name: value for name, value in case.facts.items() if not name.startswith("approver")}
    met = {**facts, "approver_role": needs.approver_role, "approvers": needs.approvers}
    assert book().decide(case.action, case.actor, met, approved=True).effect == "permit"
    self_approved = {**met, "approver_is_requester": True}
    assert book().decide(case.action, case.actor, self_approved, approved=True).effect == "hold"


def test_nobody_but_staff_the_system_and_agents_of_the_back_office_changes_what_is_not_theirs() -> None:
    strangers = [
        Person(kind, "x", role, frozenset(scopes), on_behalf_of)
        for kind, role, scopes, on_behalf_of in itertools.product(
            ("customer", "agent", "nobody"), ("", "guest", "owner", "manager", "support"), ((), ("*",)), ("cus_1",)
        )
    ]
    sound = {
        "own": False,
        "confirmed": True,
        "shipped": False,
        "amount_minor": 0,
        "refundable_minor": 0,
        "limit_minor": 1,
    }
    sound |= {"capturable_minor": 0, "own_request": False, "own_entry": True}
    for name, groups in pack().case_book.actions.items():
        for actor in strangers:
            effect = book().decide(name, actor, {**sound, "undone_groups": ["carts"]}).effect
            assert effect == ("permit" if "public" in groups else "forbid"), (name, actor)


def test_an_agent_never_has_more_rights_than_the_customer_it_serves() -> None:
    facts = {"own": True, "shipped": False, "amount_minor": 0, "refundable_minor": 0, "limit_minor": 1}
    for name in pack().case_book.actions:
        for confirmed in (False, True):
            asked = {**facts, "confirmed": confirmed}
            by_agent = book().decide(name, Person("agent", "agt", "assistant", on_behalf_of="cus_1"), asked).effect
            by_customer = book().decide(name, Person("customer", "cus_1", "customer"), asked).effect
            assert by_agent == "forbid" or by_customer == "permit", name


def test_an_agent_of_the_back_office_never_has_more_rights_than_a_person_in_charge() -> None:
    facts = {"shipped": False, "amount_minor": 0, "refundable_minor": 0, "limit_minor": 1, "capturable_minor": 0}
    for name in pack().case_book.actions:
        by_agent = book().decide(name, Person("agent", "agt", "owner"), facts).effect
        by_owner = book().decide(name, Person("staff", "stf", "owner"), facts).effect
        assert by_agent == "forbid" or by_owner == "permit", name


def test_no_rule_lets_an_agent_move_money_without_a_person() -> None:
    facts = {
        "own": True,
        "shipped": False,
        "amount_minor": 1,
        "refundable_minor": 1,
        "limit_minor": 1,
        "capturable_minor": 1,
    }
    money = [name for name, groups in pack().case_book.actions.items() if "money" in groups]
    assert len(money) >= 8
    for name in money:
        for agent in (Person("agent", "agt", "office"), Person("agent", "agt", "shop", on_behalf_of="cus_1")):
            assert book().decide(name, agent, facts).effect != "permit", (name, agent)


def test_every_group_of_the_pack_is_used_by_a_rule_or_says_only_where_an_action_belongs() -> None:
    used = {name for rule in RULES for name in rule.mentions}
    descriptive = {"taxes", "shipping", "payments", "reports", "webhooks"}
    assert set(pack().groups) - used == descriptive
