"""What a decision means: permit, forbid, hold, by which rules, and closed when something is missing."""

from pathlib import Path

import pytest

from bottega.actions.policy import ApprovalNeed, PolicyBook, explain
from bottega.actions.policy.decision import NO_RULE_PERMITS
from bottega.kernel.errors import Invalid
from tests.actions.policy.pack_writing import CASES, CUSTOMER, RULES, STAFF, Person, book_of


@pytest.fixture
def book(tmp_path: Path) -> PolicyBook:
    return book_of(tmp_path / "pack")


def test_a_permit_names_the_rule_its_words_and_the_version(book: PolicyBook) -> None:
    decision = book.decide("RefundPayment", STAFF, {"amount_minor": 100})
    assert decision.effect == "permit"
    assert decision.rule_ids == ("small.staff",)
    assert decision.descriptions == ("Staff do everything.",)
    assert decision.policy_version == book.version
    assert len(book.version) == 64


def test_what_no_rule_permits_is_forbidden(book: PolicyBook) -> None:
    decision = book.decide("AddCartLine", CUSTOMER, {"own": False})
    assert (decision.effect, decision.rule_ids) == ("forbid", (NO_RULE_PERMITS,))


def test_an_unknown_action_is_forbidden_even_to_those_who_may_do_everything(book: PolicyBook) -> None:
    decision = book.decide("DropTables", STAFF, {})
    assert (decision.effect, decision.rule_ids) == ("forbid", (NO_RULE_PERMITS,))
    assert "does not know this action" in decision.descriptions[0]


def test_an_unbound_book_forbids_everything(tmp_path: Path) -> None:
    unbound = PolicyBook(book_of(tmp_path / "pack").packs, "version")
    assert unbound.decide("RefundPayment", STAFF, {"amount_minor": 1}).effect == "forbid"


def test_a_hold_is_denied_as_asked_and_permitted_with_an_approval(book: PolicyBook) -> None:
    held = book.decide("RefundPayment", STAFF, {"amount_minor": 101})
    assert (held.effect, held.rule_ids) == ("hold", ("small.large_refund",))
    assert held.needs == ApprovalNeed("manager", 1)
    granted = book.decide("RefundPayment", STAFF, {"amount_minor": 101}, approved=True)
    assert (granted.effect, granted.needs) == ("permit", None)


def test_a_refusal_that_no_approval_lifts_is_no_hold_and_names_only_what_stays(book: PolicyBook) -> None:
    facts = {"amount_minor": 500, "refundable_minor": 400}
    for approved in (False, True):
        decision = book.decide("RefundPayment", STAFF, facts, approved=approved)
        assert (decision.effect, decision.rule_ids) == ("forbid", ("small.beyond_captured",))


def test_a_forbid_whose_fact_is_missing_refuses_and_says_so(book: PolicyBook) -> None:
    for approved in (False, True):
        decision = book.decide("RefundPayment", STAFF, {}, approved=approved)
        assert (decision.effect, decision.rule_ids) == ("forbid", ("small.large_refund",))
        assert decision.problems == ("small.large_refund could not be read: fact amount_minor is missing.",)


def test_a_forbid_whose_fact_has_another_type_refuses(book: PolicyBook) -> None:
    decision = book.decide("RefundPayment", STAFF, {"amount_minor": "100"})
    assert (decision.effect, decision.rule_ids) == ("forbid", ("small.large_refund",))


def test_a_permit_whose_fact_is_missing_does_not_permit(book: PolicyBook) -> None:
    decision = book.decide("AddCartLine", CUSTOMER, {})
    assert (decision.effect, decision.rule_ids) == ("forbid", (NO_RULE_PERMITS,))
    assert decision.problems == ("small.own could not be read: fact own is missing.",)


def test_a_sum_beyond_64_bits_inside_a_rule_refuses(tmp_path: Path) -> None:
    rules = RULES.replace("context.amount_minor > 100", "context.amount_minor + context.amount_minor > 100")
    book = book_of(tmp_path / "pack", rules, CASES.replace("amount_minor = 100 ", "amount_minor = 50 "))
    decision = book.decide("RefundPayment", STAFF, {"amount_minor": 2**62}, approved=True)
    assert (decision.effect, decision.rule_ids) == ("forbid", ("small.large_refund",))


def test_a_permit_that_needs_an_approval_holds_by_its_own_name(tmp_path: Path) -> None:
    rules = RULES.replace(
        'when { principal.kind == "staff" }', 'when { principal.kind == "staff" && context.approved }'
    )
    cases = CASES.replace("[[permit]]", "[[hold]]")
    book = book_of(tmp_path / "pack", rules, cases)
    decision = book.decide("RefundPayment", STAFF, {"amount_minor": 1})
    assert (decision.effect, decision.rule_ids) == ("hold", ("small.staff",))


@pytest.mark.parametrize(
    ("condition", "needs"),
    [
        ('["manager", "owner"].contains(context.approver_role)', ApprovalNeed("manager", 1)),
        ('context.approver_role == "owner"', ApprovalNeed("owner", 1)),
        ('context.approver_role != "" && context.approvers >= 2', ApprovalNeed("manager", 2)),
        ('context.approver_role == "owner" && context.approvers >= 2', ApprovalNeed("owner", 2)),
    ],
)
def test_a_hold_names_the_least_approval_that_permits(tmp_path: Path, condition: str, needs: ApprovalNeed) -> None:
    book = book_of(tmp_path / "pack", RULES.replace("context.approved", condition))
    facts = {"amount_minor": 101}
    assert book.decide("RefundPayment", STAFF, facts).needs == needs
    met = {**facts, "approver_role": needs.approver_role, "approvers": needs.approvers}
    assert book.decide("RefundPayment", STAFF, met, approved=True).effect == "permit"


def test_an_approval_too_weak_still_holds(tmp_path: Path) -> None:
    book = book_of(tmp_path / "pack", RULES.replace("context.approved", 'context.approver_role == "owner"'))
    facts = {"amount_minor": 101, "approver_role": "manager", "approvers": 1}
    decision = book.decide("RefundPayment", STAFF, facts, approved=True)
    assert (decision.effect, decision.needs) == ("hold", ApprovalNeed("owner", 1))


def test_an_approval_that_needs_more_people_than_exist_is_no_hold(tmp_path: Path) -> None:
    book = book_of(
        tmp_path / "pack",
        RULES.replace("context.approved", "context.approvers > 2"),
        CASES.replace("[[hold]]", "[[refuse]]"),
    )
    assert book.decide("RefundPayment", STAFF, {"amount_minor": 101}).effect == "forbid"


def test_rules_see_every_attribute_of_the_actor(tmp_path: Path) -> None:
    condition = (
        'principal.kind == "staff" && principal.role == "support" && principal.scopes.contains("money") && '
        'principal has on_behalf_of && principal.on_behalf_of == "cus_1" && principal == Actor::"stf_1" && '
        'resource == Shop::"shop" && context.action_groups == ["money"]'
    )
    rules = RULES.replace('when { principal.kind == "staff" }', f"when {{ {condition} }}")
    cases = CASES.replace('role = "support" }', 'role = "support", scopes = ["money"], on_behalf_of = "cus_1" }')
    book = book_of(tmp_path / "pack", rules, cases)
    exact = Person("staff", "stf_1", "support", frozenset({"money"}), "cus_1")
    facts = {"amount_minor": 1}
    assert book.decide("RefundPayment", exact, facts).effect == "permit"
    for other in (
        Person("agent", "stf_1", "support", frozenset({"money"}), "cus_1"),
        Person("staff", "stf_2", "support", frozenset({"money"}), "cus_1"),
        Person("staff", "stf_1", "owner", frozenset({"money"}), "cus_1"),
        Person("staff", "stf_1", "support", frozenset({"stock"}), "cus_1"),
        Person("staff", "stf_1", "support", frozenset({"money"}), "cus_2"),
        Person("staff", "stf_1", "support", frozenset({"money"}), None),
    ):
        assert book.decide("RefundPayment", other, facts).effect == "forbid"


def test_an_action_is_decided_by_its_name_its_groups_and_the_rules_for_all(book: PolicyBook) -> None:
    names = [rule.rule_id for rule in book.rules_for("RefundPayment")]
    assert names == ["small.staff", "small.large_refund", "small.beyond_captured"]
    assert [rule.rule_id for rule in book.rules_for("AddCartLine")] == ["small.own", "small.staff"]
    assert book.rules_for("DropTables") == ()


def test_the_same_question_has_the_same_answer(book: PolicyBook) -> None:
    facts = {"amount_minor": 101}
    assert book.decide("RefundPayment", STAFF, facts) == book.decide("RefundPayment", STAFF, facts)
    assert facts == {"amount_minor": 101}


def test_explanations_are_for_people(book: PolicyBook) -> None:
    assert explain(book.decide("RefundPayment", STAFF, {"amount_minor": 1})) == (
        "Permitted.\n- Staff do everything. [small.staff]"
    )
    assert explain(book.decide("RefundPayment", STAFF, {"amount_minor": 101})) == (
        "Waits for approval by one person (manager or above).\n- A large refund waits. [small.large_refund]"
    )
    assert explain(book.decide("AddCartLine", CUSTOMER, {})) == (
        "Refused.\n- No rule permits this, and what no rule permits is refused. [default.no_rule_permits]\n"
        "- small.own could not be read: fact own is missing."
    )


def test_binding_refuses_misspelt_groups_and_names(book: PolicyBook) -> None:
    with pytest.raises(Invalid, match="RefundPayment declares mony, which no policy pack knows as a group"):
        book.bind({"RefundPayment": ("mony",)})
    with pytest.raises(Invalid, match="RefundPayment declares money, which no policy pack knows"):
        book.bind({"RefundPayment": "money"})
    with pytest.raises(Invalid, match="'refund_payment' is no name of an action"):
        book.bind({"refund_payment": ("money",)})
