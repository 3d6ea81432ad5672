"""Deciding about what waits: a colleague sees everything that bears on it, and each decision happens once."""

from collections.abc import AsyncGenerator

import pytest_asyncio

from tests.web.console.approvals.held import HeldCut, full_price, held_cut
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.shelf import BOOT_MINOR, HOSTILE, Shelf

APPROVE = "#approve form"
DENY = "#deny form"


@pytest_asyncio.fixture
async def cut(shelf: Shelf) -> AsyncGenerator[HeldCut]:
    """One that waits; afterwards the price is what it was."""
    found = await held_cut(shelf)
    yield found
    await shelf.shop.execute("UPDATE log.approvals SET state = 'expired' WHERE state = 'waiting'")
    await full_price(shelf, found.variant_id)


async def test_what_waits_is_shown_whole(cut: HeldCut, owner: Colleague) -> None:
    page = await owner.get(f"{CONSOLE}/approvals/{cut.approval_id}")
    assert_whole(page)
    approval = page.text_of(".approval")
    for said in (
        "Change price",
        "Waiting",
        "Pricing agent",
        "prices.large_change_waits",
        "€90.00",
        "€45.00",
        "a third party's text",
        "from our records",
        "change_price",
        "Takes one manager",
        "Scree Boot, SB-41",
    ):
        assert said in approval, said
    assert page.text_of(".side-list a[aria-current]").startswith("Approvals")


async def test_the_inbox_opens_the_oldest(cut: HeldCut, owner: Colleague) -> None:
    second = await held_cut(cut.shelf)
    page = await owner.get(f"{CONSOLE}/approvals")
    chosen = page.tree.css_first(".inbox-entry[aria-current]")
    assert chosen is not None
    assert chosen.attributes["href"] == f"{CONSOLE}/approvals/{cut.approval_id}"
    article = page.tree.css_first(".approval")
    assert article is not None
    assert article.attributes["data-following"] == f"{CONSOLE}/approvals/{second.approval_id}"


async def test_approving_does_exactly_what_was_shown_once(cut: HeldCut, owner: Colleague) -> None:
    page = await owner.get(f"{CONSOLE}/approvals/{cut.approval_id}")
    done = await owner.submit(page, APPROVE)
    assert "Approved and done." in done.flashes
    row = await cut.row()
    assert (row["state"], await cut.price_minor()) == ("granted", BOOT_MINOR // 2)
    assert [approver["id"] for approver in row["approvers"]] == [owner.id]
    again = await owner.submit(page, APPROVE)
    assert await cut.price_minor() == BOOT_MINOR // 2
    assert (await cut.row())["entry_id"] == row["entry_id"], again.flashes


async def test_a_digest_of_something_else_approves_nothing(cut: HeldCut, owner: Colleague) -> None:
    page = await owner.get(f"{CONSOLE}/approvals/{cut.approval_id}")
    refused = await owner.submit(page, APPROVE, arguments_digest="0" * 64)
    assert "What you saw is not what this approval holds." in refused.flashes
    assert ((await cut.row())["state"], await cut.price_minor()) == ("waiting", BOOT_MINOR)


async def test_denying_needs_a_reason_and_changes_nothing(cut: HeldCut, owner: Colleague) -> None:
    page = await owner.get(f"{CONSOLE}/approvals/{cut.approval_id}")
    without = await owner.submit(page, DENY, reason="")
    assert "Say why it is denied" in without.flashes
    assert (await cut.row())["state"] == "waiting"
    denied = await owner.submit(page, DENY, reason=f"Too much {HOSTILE}")
    assert "Denied. Nothing was changed." in denied.flashes
    row = await cut.row()
    assert (row["state"], row["reason"], await cut.price_minor()) == ("denied", f"Too much {HOSTILE}", BOOT_MINOR)
    shown = await owner.get(f"{CONSOLE}/approvals/{cut.approval_id}")
    assert "<script>alert" not in shown.response.text
    assert HOSTILE in shown.text_of(".approval-reason")


async def test_edited_within_the_rules_it_is_done_and_the_held_one_denied(cut: HeldCut, owner: Colleague) -> None:
    page = await owner.get(f"{CONSOLE}/approvals/{cut.approval_id}/edit")
    assert_whole(page)
    done = await owner.submit(page, "#edit-form", **{"argument.amount_minor": "80.00"})
    assert "done as edited" in done.flashes
    row = await cut.row()
    assert (row["state"], await cut.price_minor()) == ("denied", 8_000)
    (entry,) = await cut.shelf.shop.fetch(
        "SELECT id, actor_id FROM log.entries WHERE action = 'ChangePrice' ORDER BY sequence DESC LIMIT 1"
    )
    assert entry["actor_id"] == owner.id
    assert entry["id"] in row["reason"]


async def test_edited_beyond_the_rules_it_waits_for_another(cut: HeldCut, colleagues: dict[str, Colleague]) -> None:
    deciding = colleagues["manager"]
    page = await deciding.get(f"{CONSOLE}/approvals/{cut.approval_id}/edit")
    held = await deciding.submit(page, "#edit-form", **{"argument.amount_minor": "40.00"})
    assert "this waits for approval" in held.flashes
    assert held.path not in (f"{CONSOLE}/approvals", f"{CONSOLE}/approvals/{cut.approval_id}")
    assert ((await cut.row())["state"], await cut.price_minor()) == ("denied", BOOT_MINOR)
    own = await deciding.submit(await deciding.get(held.path), APPROVE)
    assert "error" in own.response.text.partition('id="flashes"')[2][:200], own.flashes
    assert await cut.price_minor() == BOOT_MINOR


async def test_edited_wrongly_nothing_happens(cut: HeldCut, owner: Colleague) -> None:
    page = await owner.get(f"{CONSOLE}/approvals/{cut.approval_id}/edit")
    for wrong in ("cheap", "-1", "1e9"):
        answered = await owner.submit(page, "#edit-form", **{"argument.amount_minor": wrong})
        assert answered.status in (409, 422), wrong
        assert answered.path.endswith("/edit")
    assert ((await cut.row())["state"], await cut.price_minor()) == ("waiting", BOOT_MINOR)


async def test_support_sees_it_and_has_no_buttons(cut: HeldCut, support: Colleague) -> None:
    page = await support.get(f"{CONSOLE}/approvals/{cut.approval_id}")
    assert page.status == 200
    assert page.count(".approval-ways") == 0
    refused = await support.post(f"{CONSOLE}/approvals/{cut.approval_id}/grant", {})
    assert refused.status == 403
    assert (await cut.row())["state"] == "waiting"


async def test_decided_ones_are_listed_by_state(cut: HeldCut, owner: Colleague) -> None:
    page = await owner.get(f"{CONSOLE}/approvals/{cut.approval_id}")
    await owner.submit(page, DENY, reason="No.")
    listed = await owner.get(f"{CONSOLE}/approvals?state=denied")
    newest = listed.tree.css_first(".inbox-entry")
    assert newest is not None
    assert newest.attributes["href"] == f"{CONSOLE}/approvals/{cut.approval_id}"
