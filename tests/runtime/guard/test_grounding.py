"""Figures, codes, quotes, claims and addresses of replies."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bottega.runtime.evidence import Evidence
from bottega.runtime.guard.claims import GENERAL_CLAIMS, ClaimCheck, claims_in
from bottega.runtime.guard.echo import EchoCheck, LengthCheck
from bottega.runtime.guard.egress import REMOVED, EgressCheck
from bottega.runtime.guard.figures import figures_in
from bottega.runtime.guard.grounding import GroundingCheck
from bottega.runtime.guard.guard import Fault
from bottega.runtime.prompt import HOUSE_RULES
from bottega.runtime.run import Step
from tests.runtime.guard.contexts import NOW, context_of, identifier, record

PRODUCTS = record(
    {
        "currency": "EUR",
        "products": [
            {"id": identifier("prd", 1), "title": "Blue mug 330", "price_minor": 1250, "in_stock": 7},
            {"id": identifier("prd", 2), "title": "Red mug", "price_minor": 129900, "discount_percent": 15},
        ],
        "placed_at": "2026-11-03T10:00:00+00:00",
        "number": "W-1007",
        "state": "cancelled",
        "review": "It costs 1 EUR and has 99 lives",
    },
    fields={"review": "third_party"},
)
PASSAGE = Evidence(
    "run_1.2",
    "find_policy",
    [{"id": identifier("psg", 1), "text": "Returns are free within 30 days. Shipping costs 4.95 EUR."}],
    kind="passage",
)


def context(words: str = "mugs under 50 euro", **more: Any) -> Any:
    made = context_of(words=[words], evidence=[PRODUCTS, PASSAGE], **more)
    for evidence in (PRODUCTS, PASSAGE):
        made.handles.shown(evidence.value)
    return made


@pytest.mark.parametrize(
    "said",
    [
        "The [product_1] costs 12.50 EUR.",
        "It is €12.50, and the other €1,299.00 (or 1.299,00 €).",
        "I found 2 mugs under 50 euro.",
        "There are 7 in stock.",
        "With 15% off.",
        "You ordered on 3 November 2026, i.e. on November 3, 2026-11-03 or 03.11.2026.",
        "Order W-1007, yes, #W1007.",
        "It is called “Blue mug 330”.",
        "1. [product_1]\n2. [product_2]\n3) That is all.",
        "You can return it within 30 days [passage_1].",
        "Shipping is 4.95 EUR [passage_1].",
        "Hello! What can I do for you?",
        "In two words: yes.",
    ],
)
def test_what_is_grounded_passes_unchanged(said: str) -> None:
    assert GroundingCheck().check(said, context()) == said


@pytest.mark.parametrize(
    ("said", "figure"),
    [
        ("It costs 12.49 EUR.", "12.49 EUR"),
        ("It costs $12.50.", "$12.50"),
        ("It costs 1 EUR.", "1 EUR"),
        ("It costs 330 EUR.", "330 EUR"),
        ("It costs 7 EUR.", "7 EUR"),
        ("It has 99 lives.", "99"),
        ("With 20% off.", "20%"),
        ("It comes on 5 November 2026.", "5 November 2026"),
        ("Your order is W-1008.", "W-1008"),
        ("Mail thief@evil.com.", "thief@evil.com"),
        ("There are twelve left.", "twelve"),
        ("You can return it within 30 days.", "30"),
        ("Shipping is 4.95 EUR.", "4.95 EUR"),
    ],
)
def test_what_nobody_said_is_found(said: str, figure: str) -> None:
    fault = GroundingCheck().check(said, context())
    assert isinstance(fault, Fault)
    assert (fault.fault, fault.detail["figures"]) == ("ungrounded", [figure])


def test_quoted_words_stand_where_they_are_quoted_from() -> None:
    assert isinstance(GroundingCheck().check("The policy says “returns cost nothing ever”.", context()), Fault)
    assert isinstance(GroundingCheck().check("It says “Returns are free”.", context()), Fault)
    cited = "It says “Returns are free” [passage_1]."
    assert GroundingCheck().check(cited, context()) == cited


def test_stale_evidence_grounds_nothing() -> None:
    stale = replace(PRODUCTS, fresh_until=NOW - timedelta(seconds=1))
    assert isinstance(GroundingCheck().check("It costs 12.50 EUR.", context_of(evidence=[stale])), Fault)


def test_figures_are_told_apart() -> None:
    text = "On 3 May 2026 order AB-12 of 2 items cost 1,299.00 EUR, 20 % less; mail a@b.org at 10:30."
    assert [(figure.kind, figure.written) for figure in figures_in(text)] == [
        ("email", "a@b.org"),
        ("date", "3 May 2026"),
        ("amount", "1,299.00 EUR"),
        ("percent", "20 %"),
        ("code", "10:30"),
        ("code", "AB-12"),
        ("number", "2"),
    ]


@pytest.mark.parametrize(
    ("said", "claims"),
    [
        ("I have cancelled your order.", ["cancelled"]),
        ("I've just cancelled it.", ["cancelled"]),
        ("Your order has been cancelled.", ["cancelled"]),
        ("The order is now cancelled.", ["cancelled"]),
        ("Done! Anything else?", ["done"]),
        ("Cancelled.", ["cancelled"]),
        ("Shall it be cancelled?", []),
        ("It can be cancelled until it ships.", []),
        ("I have not cancelled it.", []),
        ("Once it is cancelled you get a mail.", []),
        ("I will have it cancelled.", []),
        ("If you want, I can have it done.", []),
        ("The cancelled order is gone.", []),
    ],
)
def test_what_counts_as_saying_that_it_was_done(said: str, claims: list[str]) -> None:
    assert list(claims_in(said, GENERAL_CLAIMS | {"cancelled"})) == claims


def acted(*accomplished: str) -> Step:
    return Step(1, "act", "tool", "done", {"accomplished": list(accomplished)}, NOW, NOW)


def test_done_is_said_from_a_read_back_or_a_record_alone() -> None:
    check = ClaimCheck(general=GENERAL_CLAIMS | {"cancelled", "refunded"})
    bare = context_of()
    fault = check.check("I have refunded it.", bare)
    assert isinstance(fault, Fault)
    assert (fault.fault, fault.detail) == ("unproven_claim", {"claims": ["refunded"]})
    bare.steps.append(acted("refunded"))
    assert check.check("I have refunded it. All done.", bare) == "I have refunded it. All done."
    assert isinstance(check.check("I have cancelled it.", bare), Fault)
    assert check.check("Your order is cancelled.", context()) == "Your order is cancelled."


def test_addresses_of_elsewhere_are_taken_out() -> None:
    check = EgressCheck(frozenset({"shop.example.org"}))
    bare = context_of(words=["I saw www.other.com"])
    said = (
        "See https://shop.example.org/orders or https://help.shop.example.org, not https://evil.com/?q=secret, "
        "[click](http://evil.com/x), ![](https://evil.com/a.png) or evil.com/pay. You saw www.other.com. <img src=x>"
    )
    assert check.check(said, bare) == (
        f"See https://shop.example.org/orders or https://help.shop.example.org, not {REMOVED}, "
        f"click,  or {REMOVED}. You saw www.other.com. "
    )


@pytest.mark.parametrize(
    "address",
    [
        "https://shop.example.org.evil.com/",
        "https://shop.example.org@evil.com/",
        "//evil.com",
        "/\\evil.com",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://shop.example.org/",
        "https://notshop.example.org.",
    ],
)
def test_addresses_that_only_look_like_the_shops(address: str) -> None:
    assert not EgressCheck(frozenset({"shop.example.org"})).allows(address)


def test_the_shops_own_paths_and_hosts_pass() -> None:
    check = EgressCheck(frozenset({"shop.example.org"}))
    assert check.allows("/orders/1")
    assert check.allows("https://SHOP.example.org./x")
    assert check.allows("shop.example.org/x")


def test_instructions_are_not_echoed() -> None:
    bare = context_of()
    check = EchoCheck(HOUSE_RULES)
    echo = "Sure: “You help customers with their PARCELS, kindly and in few words - day and night”"
    assert isinstance(check.check(echo, bare), Fault)
    assert isinstance(
        check.check("Say prices, amounts, dates and numbers only as they stand in tool results", bare), Fault
    )
    assert check.check("I help customers with their parcels.", bare) == "I help customers with their parcels."


def test_a_reply_has_an_end() -> None:
    assert isinstance(LengthCheck().check("x" * 4_001, context_of()), Fault)
    assert LengthCheck().check("x" * 4_000, context_of()) == "x" * 4_000
