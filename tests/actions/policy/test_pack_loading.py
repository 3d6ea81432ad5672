"""A pack that is not fit to decide does not load, and says which pack, where, what was expected and what was found."""

from pathlib import Path
from typing import Any

import pytest

from bottega.actions.policy import PolicyPackRejected, load_packs
from bottega.kernel.errors import Invalid
from tests.actions.policy.pack_writing import ABOUT, CASES, RULES, write_pack


def rejected(folder: Path, **parts: Any) -> PolicyPackRejected:
    with pytest.raises(PolicyPackRejected) as caught:
        load_packs([write_pack(folder / "small", **parts)])
    error = caught.value
    assert error.details == {
        "pack": error.pack,
        "place": error.place,
        "expected": error.expected,
        "got": error.got,
    }
    for part in (error.pack, error.place, error.expected, error.got):
        assert part in str(error)
    return error


def test_a_sound_pack_loads(tmp_path: Path) -> None:
    book = load_packs([write_pack(tmp_path / "small")])
    (pack,) = book.packs
    assert (pack.name, pack.version, len(pack.rules), len(pack.case_book.cases)) == ("small", "1", 4, 3)
    assert book.groups() == {"money": "moves money", "own": "one's own", "read": "changes nothing"}


@pytest.mark.parametrize(
    ("was", "becomes", "place", "expected", "got"),
    [
        (
            "amount_minor = 100 }",
            "amount_minor = 101 }",
            "case 'a small refund'",
            "permit",
            "hold by small.large_refund",
        ),
        ("amount_minor = 101 }", "amount_minor = 99 }", "case 'a large refund'", "hold", "permit by small.staff"),
        ("own = false", "own = true", 'case "another\'s cart"', "forbid", "permit by small.own"),
        (
            'rule = "small.staff"',
            'rule = "small.own"',
            "case 'a small refund'",
            "permit by small.own",
            "permit by small.staff",
        ),
        ("amount_minor = 100 }", "amount = 100 }", "case 'a small refund'", "permit", "fact amount_minor is missing"),
        ("amount_minor = 100 }", "Amount = 100 }", "case 'a small refund'", "permit", "Fact Amount cannot be judged"),
        (
            'rule = "small.large_refund"',
            'needs = { approver_role = "owner", approvers = 2 }',
            "case 'a large refund'",
            "hold, 2 × owner",
            "hold by small.large_refund, 1 × manager",
        ),
    ],
)
def test_a_case_that_fails_blocks_loading(
    tmp_path: Path, was: str, becomes: str, place: str, expected: str, got: str
) -> None:
    assert was in CASES
    error = rejected(tmp_path, cases=CASES.replace(was, becomes, 1))
    assert (error.pack, error.place) == ("small", place)
    assert error.expected.startswith(expected)
    assert got in error.got


@pytest.mark.parametrize(
    ("was", "becomes", "place", "expected", "got"),
    [
        (
            "permit (principal, action, resource)",
            "permit (principal, action)",
            "rules.cedar",
            "Cedar policies",
            "resource",
        ),
        ("context.amount_minor > 100", "context.amount_minor > ", "rules.cedar", "Cedar policies", "unexpected token"),
        ("> 100", "> 9223372036854775808", "rules.cedar", "Cedar policies", "is too large"),
        ('action in Action::"own"', 'action in Group::"own"', "rules.cedar", "Cedar policies", "type `Action`"),
        ('@id("small.own")', "", "rules.cedar, policy 1", "an id such as", "none"),
        ('@id("small.own")', '@id("Own")', "rules.cedar, policy 1", "an id such as", "'Own'"),
        ('@id("small.own")', '@id("own")', "rules.cedar, policy 1", "an id such as", "'own'"),
        ('@id("small.own")', '@id("default.own")', "default.own", "a family other than default", "default.own"),
        ('@id("small.own")', '@id("small.staff")', "small.staff", "an id of its own", "a second rule"),
        (
            '@id("small.own")',
            '@id("small.own") @id("small.two")',
            "rules.cedar",
            "Cedar policies",
            "duplicate annotation",
        ),
        ('@describe("Staff do everything.")', "", "small.staff", "@describe", "0 characters"),
        ('@describe("Staff do everything.")', '@describe("  ")', "small.staff", "@describe", "0 characters"),
        (
            '@describe("Staff do everything.")',
            f'@describe("{"x" * 301}")',
            "small.staff",
            "@describe",
            "301 characters",
        ),
        (
            "permit (principal, action, resource)",
            "permit (principal == ?principal, action, resource)",
            "rules.cedar",
            "without slots",
            "a template",
        ),
        ('action in Action::"own"', 'action in Action::"owns"', "small.own", "groups listed", "owns"),
        ("context.own }", 'action in Action::"owns" }', "small.own", "groups listed", "owns"),
        (
            'action == Action::"RefundPayment"',
            'action == Action::"RefundPayments"',
            "small.large_refund",
            "actions listed",
            "RefundPayments",
        ),
    ],
)
def test_a_rule_that_is_not_sound_blocks_loading(
    tmp_path: Path, was: str, becomes: str, place: str, expected: str, got: str
) -> None:
    assert was in RULES
    error = rejected(tmp_path, rules=RULES.replace(was, becomes, 1))
    assert (error.pack, error.place) == ("small", place)
    assert expected in error.expected
    assert got in error.got


@pytest.mark.parametrize(
    ("was", "becomes", "place", "expected", "got"),
    [
        ("[[refuse]]", "[[permit]]", "cases.toml", "at least one refuse case", "none"),
        ("[[refuse]]", "[[deny]]", "cases.toml", "cases", "deny"),
        ("[[refuse]]", "[[refuse]", "cases.toml", "cases", "line"),
        (
            'name = "a large refund"',
            'name = "a small refund"',
            "case 'a small refund'",
            "a name of its own",
            "a second one",
        ),
        ('action = "AddCartLine"', 'action = "EmptyCart"', 'case "another\'s cart"', "an action listed", "EmptyCart"),
        ('actor = "customer"', 'actor = "nobody"', 'case "another\'s cart"', "an actor listed", "nobody"),
        ('kind = "customer"', 'kind = "visitor"', "cases.toml", "cases", "visitor"),
        ("own = false", "own = 0.5", "cases.toml", "cases", "0.5"),
        ("own = false", "own = 2026-01-01", "cases.toml", "cases", "2026"),
        ('AddCartLine = ["own"]', 'AddCartLine = ["carts"]', "action AddCartLine", "groups listed", "carts"),
        ("[actions]\n", "", "cases.toml", "cases", "actions"),
        ('rule = "small.staff"', 'rules = "small.staff"', "cases.toml", "cases", "rules"),
    ],
)
def test_a_case_book_that_is_not_sound_blocks_loading(
    tmp_path: Path, was: str, becomes: str, place: str, expected: str, got: str
) -> None:
    assert was in CASES
    error = rejected(tmp_path, cases=CASES.replace(was, becomes, 1))
    assert (error.pack, error.place) == ("small", place)
    assert expected in error.expected
    assert got in error.got


@pytest.mark.parametrize(
    ("about", "place", "got"),
    [
        (None, "pack.toml", "none"),
        ("name = ", "pack.toml", "Invalid value"),
        (ABOUT.replace('version = "1"', ""), "pack.toml", "version"),
        (ABOUT.replace('version = "1"', "version = 1"), "pack.toml", "version"),
        (ABOUT.replace('name = "small"', 'name = "Small pack"'), "pack.toml", "Small pack"),
        (ABOUT.replace('money = "moves', 'Money = "moves'), "[groups]", "Money"),
        (ABOUT.replace("[groups]", "[group]"), "pack.toml", "group"),
    ],
)
def test_a_pack_that_does_not_say_what_it_is_does_not_load(
    tmp_path: Path, about: str | None, place: str, got: str
) -> None:
    error = rejected(tmp_path, about=about)
    assert (error.pack, error.place) == ("small", place)
    assert got in error.got


def test_a_pack_without_rules_or_without_cases_does_not_load(tmp_path: Path) -> None:
    assert rejected(tmp_path / "none", rules="// nothing yet").expected == "1 to 1000 rules"
    assert rejected(tmp_path / "no-cases", cases=None).place == "cases.toml"
    bare = write_pack(tmp_path / "bare")
    (bare / "rules.cedar").unlink()
    with pytest.raises(PolicyPackRejected, match=r"expected 1 to 64 files \*\.cedar, got 0"):
        load_packs([bare])


def test_ids_are_unique_across_the_files_of_a_pack(tmp_path: Path) -> None:
    second = '@id("small.own") @describe("Again.") permit (principal, action in Action::"own", resource);'
    assert rejected(tmp_path, rules=RULES, second=second).place == "small.own"


def test_files_have_a_largest_size_and_are_utf_8(tmp_path: Path) -> None:
    assert rejected(tmp_path / "large", rules=RULES + "//" + "x" * 600_000).expected == "at most 524288 bytes"
    latin = write_pack(tmp_path / "latin")
    (latin / "rules.cedar").write_bytes(RULES.encode() + b"// caf\xe9")
    with pytest.raises(PolicyPackRejected, match="expected UTF-8"):
        load_packs([latin])


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PolicyPackRejected, match=r"Policy pack missing does not load: pack\.toml: expected a file"):
        load_packs([tmp_path / "missing"])


def test_some_pack_is_needed(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="0 policy packs were named"):
        load_packs([])
    with pytest.raises(Invalid, match="17 policy packs were named"):
        load_packs([tmp_path] * 17)


def test_binding_proves_the_cases_again_with_the_real_groups(tmp_path: Path) -> None:
    # As a read the refund meets no rule about money; as money it meets one whose fact stands in no case.
    rules = RULES.replace("context has refundable_minor && ", "")
    cases = CASES.replace('RefundPayment = ["money"]', 'RefundPayment = ["read"]')
    book = load_packs([write_pack(tmp_path / "small", rules=rules, cases=cases)])
    assert book.bind({"RefundPayment": ("read",)}).rules_for("RefundPayment")
    assert book.bind({"TakePayment": ("money",)}).rules_for("TakePayment")
    with pytest.raises(PolicyPackRejected) as caught:
        book.bind({"RefundPayment": ("money",)})
    assert (caught.value.pack, caught.value.place) == ("small", "case 'a small refund'")
    assert "fact refundable_minor is missing" in caught.value.got
