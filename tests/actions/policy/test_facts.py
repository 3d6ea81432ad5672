"""Facts and actors have limits, and nothing can pass itself off as an approval."""

from pathlib import Path
from typing import Any

import pytest

from bottega.actions.policy import PolicyBook
from bottega.kernel.errors import Invalid
from tests.actions.policy.pack_writing import CASES, RULES, STAFF, Person, book_of


@pytest.fixture
def book(tmp_path: Path) -> PolicyBook:
    return book_of(tmp_path / "pack")


@pytest.mark.parametrize("amount", [2**63 - 1, -(2**63)])
def test_numbers_of_64_bits_are_judged(book: PolicyBook, amount: int) -> None:
    expected = "hold" if amount > 100 else "permit"
    assert book.decide("RefundPayment", STAFF, {"amount_minor": amount}).effect == expected


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("amount_minor", 2**63, "does not fit in 64 bits"),
        ("amount_minor", -(2**63) - 1, "does not fit in 64 bits"),
        ("amount_minor", 1.5, "not float"),
        ("amount_minor", None, "not NoneType"),
        ("amount_minor", {"__entity": {"type": "Actor", "id": "stf_owner"}}, "not dict"),
        ("labels", ["a", 1], "expected text, not int"),
        ("labels", ["a"] * 501, "501 items are more than 500"),
        ("note", "x" * 2001, "longer than 2000 characters"),
        ("note", "\ud800", "not valid Unicode"),
        ("Amount", 1, "lower case"),
        ("approved", True, "belongs to the policy engine"),
        ("action_groups", ["own"], "belongs to the policy engine"),
        ("approver_role", "owner", "need approved=True"),
        ("approvers", 2, "need approved=True"),
        ("approver_is_requester", False, "need approved=True"),
    ],
)
def test_facts_that_cannot_be_judged_are_invalid(book: PolicyBook, name: str, value: Any, problem: str) -> None:
    with pytest.raises(Invalid, match=problem) as refused:
        book.decide("RefundPayment", STAFF, {"amount_minor": 1, name: value})
    assert refused.value.details == {"fact": name}


def test_the_number_of_facts_is_limited(book: PolicyBook) -> None:
    facts = {f"fact_{number}": number for number in range(63)}
    assert book.decide("RefundPayment", STAFF, {"amount_minor": 1, **facts}).effect == "permit"
    with pytest.raises(Invalid, match="65 facts are more than 64"):
        book.decide("RefundPayment", STAFF, {"amount_minor": 1, "one_more": 1, **facts})


@pytest.mark.parametrize("actor_id", ['"; permit(principal, action, resource); //', "a\nb", "ä🧵", ""])
def test_any_text_is_an_actors_id(book: PolicyBook, actor_id: str) -> None:
    stranger = Person("customer", actor_id, "customer")
    assert book.decide("RefundPayment", stranger, {"amount_minor": 1}).effect == "forbid"
    assert book.decide("RefundPayment", Person(id=actor_id), {"amount_minor": 1}).effect == "permit"


def test_actors_beyond_the_limits_are_invalid(book: PolicyBook) -> None:
    for actor in (
        Person(id="x" * 2001),
        Person(id="\udfff"),
        Person(role="\ud800"),
        Person(scopes=frozenset(str(number) for number in range(65))),
    ):
        with pytest.raises(Invalid):
            book.decide("RefundPayment", actor, {"amount_minor": 1})


def test_tuples_and_sets_of_text_are_lists_of_text(tmp_path: Path) -> None:
    rules = RULES.replace("context.amount_minor > 100", 'context has labels && context.labels.contains("untrusted")')
    cases = 'facts = { amount_minor = 101, labels = ["untrusted"] }'
    book = book_of(tmp_path / "labels", rules, CASES.replace("facts = { amount_minor = 101 }", cases))
    for labels in (["untrusted"], ("untrusted", "shop"), frozenset({"untrusted"})):
        assert book.decide("RefundPayment", STAFF, {"labels": labels}).effect == "hold"
    assert book.decide("RefundPayment", STAFF, {"labels": ["shop"]}).effect == "permit"
    assert book.decide("RefundPayment", STAFF, {"labels": []}).effect == "permit"
