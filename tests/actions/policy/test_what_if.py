"""What the last decisions would have been under an edited text."""

from datetime import UTC, datetime

import pytest

from bottega.actions.actor import Actor
from bottega.actions.policy.engine import default_pack, load_packs
from bottega.actions.policy.rejection import PolicyPackRejected
from bottega.actions.policy.what_if import PastDecision, edited_book, past_decisions, what_if
from bottega.actions.registry import registered_handlers
from bottega.bootstrap import load_shop
from bottega.kernel.errors import NotFound
from bottega.shop.stock.actions import CreateLocation
from tests.shop_fixtures import ANALYST, OWNER, Shop

load_shop()
ACTIONS = {name: handler.action.groups for name, handler in registered_handlers().items()}
BOOK = load_packs([default_pack()]).bind(ACTIONS)
STAFF_FILE = "staff.cedar"


def text_of(name: str) -> str:
    return dict(BOOK.packs[0].texts)[name]


async def test_past_decisions_are_those_of_people_with_their_effect(shop: Shop) -> None:
    await shop.done(CreateLocation(handle="main", name="Main"))
    await shop.perform(CreateLocation(handle="second", name="Second"), by=ANALYST)
    async with shop.application.database.read() as connection:
        past = await past_decisions(connection)
    assert [(one.action, one.actor.id, one.effect) for one in past] == [
        ("CreateLocation", ANALYST.id, "forbid"),
        ("CreateLocation", OWNER.id, "permit"),
    ]
    assert past[1].id is not None


async def test_a_new_refusal_changes_what_it_is_about_and_fails_its_cases(shop: Shop) -> None:
    await shop.done(CreateLocation(handle="main", name="Main"))
    async with shop.application.database.read() as connection:
        past = await past_decisions(connection)
    never = (
        '@id("staff.no_places")\n@describe("Nobody opens a place.")\n'
        'forbid (principal, action == Action::"CreateLocation", resource);\n'
    )
    edited = edited_book(BOOK, "default", STAFF_FILE, text_of(STAFF_FILE) + never, ACTIONS)
    found = what_if(BOOK, past, edited)
    assert (found.decisions, found.same, found.unreadable) == (1, 0, 0)
    (changed,) = found.changed
    assert (changed.past.effect, changed.effect, changed.rule_ids) == ("permit", "forbid", ("staff.no_places",))
    assert BOOK.decide("CreateLocation", OWNER, past[0].facts).effect == "permit", "the book in force is as it was"


async def test_the_same_text_changes_nothing(shop: Shop) -> None:
    await shop.done(CreateLocation(handle="main", name="Main"))
    async with shop.application.database.read() as connection:
        past = await past_decisions(connection)
    edited = edited_book(BOOK, "default", STAFF_FILE, text_of(STAFF_FILE), ACTIONS)
    found = what_if(BOOK, past, edited)
    assert (found.same, found.changed, found.failed_cases) == (1, (), ())


def test_an_emptied_text_fails_cases() -> None:
    kept = text_of("authority.cedar")
    edited = edited_book(BOOK, "default", "money.cedar", kept.split("\n@id")[0].partition("@id")[0], ACTIONS)
    failed = what_if(BOOK, [], edited).failed_cases
    assert failed
    assert {case.pack for case in failed} == {"default"}


def test_a_text_that_is_no_cedar_is_rejected_and_an_unknown_file_not_found() -> None:
    for text in ("permit everything", '@id("staff.x")\npermit (principal, action, resource);'):
        with pytest.raises(PolicyPackRejected):
            edited_book(BOOK, "default", STAFF_FILE, text, ACTIONS)
    doubled = text_of(STAFF_FILE) + text_of(STAFF_FILE)
    with pytest.raises(PolicyPackRejected, match="an id of its own"):
        edited_book(BOOK, "default", STAFF_FILE, doubled, ACTIONS)
    with pytest.raises(NotFound):
        edited_book(BOOK, "default", "secrets.cedar", "", ACTIONS)


def test_a_decision_over_facts_that_cannot_be_judged_is_told_apart() -> None:
    odd = PastDecision(
        "CreateLocation", Actor("staff", "stf_1", "owner"), {"x": {"a": 1}}, "permit", (), None, datetime.now(UTC)
    )
    edited = edited_book(BOOK, "default", STAFF_FILE, text_of(STAFF_FILE), ACTIONS)
    assert what_if(BOOK, [odd], edited).unreadable == 1
