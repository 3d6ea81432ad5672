"""Customers in the console: found, profile, consent, blocked, forgotten."""

from typing import Any

from bottega.kernel.identifiers import new_id
from bottega.shop.customers.actions.accounts import SetConsent
from tests.gateway.people import register
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.console.working import send, submit_chosen
from tests.web.shelf import HOSTILE

CUSTOMERS = f"{CONSOLE}/customers"


async def customer(colleague: Colleague) -> tuple[str, str]:
    """Somebody new: their id and e-mail address."""
    email = f"{new_id('cus')[-12:]}@example.com"
    return (await register(colleague.shelf.shop, email)).customer_id, email


async def row_of(colleague: Colleague, customer_id: str) -> dict[str, Any]:
    rows = await colleague.shelf.shop.fetch(
        "SELECT *, vault.reveal(name_ref) AS name FROM shop.customers WHERE id = $1", customer_id
    )
    return rows[0]


async def test_somebody_is_found_by_address_and_name(support: Colleague) -> None:
    customer_id, email = await customer(support)
    name = f"Ottavia {customer_id[-6:]}"
    await send(support, f"{CUSTOMERS}/{customer_id}/profile", name=name, phone="", language="it")
    for text in (email, email.upper(), name[3:].lower(), customer_id):
        assert (await support.get(f"{CUSTOMERS}?q={text}")).count(f"a[href='{CUSTOMERS}/{customer_id}']") == 1, text


async def test_a_profile_is_changed(support: Colleague) -> None:
    customer_id, _ = await customer(support)
    page = await support.get(f"{CUSTOMERS}/{customer_id}")
    assert_whole(page)
    changed = await support.submit(page, "#profile", name=HOSTILE[:90], phone="+39 0461 1", language="it")
    assert (changed.count("main script, main img"), HOSTILE[:20] in changed.text) == (0, True)
    row = await row_of(support, customer_id)
    assert (row["name"], row["language"]) == (HOSTILE[:90], "it")


async def test_consent_is_given_and_withdrawn(support: Colleague) -> None:
    customer_id, _ = await customer(support)
    await send(support, f"{CUSTOMERS}/{customer_id}/consent", marketing_consent="yes")
    row = await row_of(support, customer_id)
    assert (row["marketing_consent"], row["profiling_consent"]) == (True, False)
    await support.shelf.shop.done(SetConsent(customer_id=customer_id, marketing_consent=True, profiling_consent=True))
    await submit_chosen(support, CUSTOMERS, f"{CUSTOMERS}/consent-withdrawals", [customer_id])
    row = await row_of(support, customer_id)
    assert (row["marketing_consent"], row["profiling_consent"]) == (False, True)


async def test_a_customer_is_blocked_and_let_in_again(support: Colleague) -> None:
    customer_id, _ = await customer(support)
    page = await support.submit(await support.get(f"{CUSTOMERS}/{customer_id}"), "#block form", reason="fraud")
    assert (await row_of(support, customer_id))["blocked"] is True
    await support.submit(page, "form[action$='/unblock']")
    assert (await row_of(support, customer_id))["blocked"] is False


async def test_only_the_owner_forgets_and_means_it(colleagues: dict[str, Colleague], owner: Colleague) -> None:
    customer_id, email = await customer(owner)
    assert (await colleagues["manager"].get(f"{CUSTOMERS}/{customer_id}")).count("#forget") == 0
    page = await owner.get(f"{CUSTOMERS}/{customer_id}")
    doubtful = await owner.submit(page, "#forget form", word="yes")
    assert "Nothing was forgotten" in doubtful.flashes
    assert (await row_of(owner, customer_id))["forgotten_at"] is None
    gone = await owner.submit(doubtful, "#forget form", word="forget")
    assert "personal values are deleted" in gone.flashes
    row = await row_of(owner, customer_id)
    assert (row["name"], row["forgotten_at"] is None) == (None, False)
    assert email not in gone.text
    assert gone.count("#profile, #consent, #block, #forget") == 0


async def test_of_many_the_refused_are_named(owner: Colleague) -> None:
    first, _ = await customer(owner)
    second, _ = await customer(owner)
    await send(owner, f"{CUSTOMERS}/{second}/forgetting", word="forget")
    page = await submit_chosen(owner, CUSTOMERS, f"{CUSTOMERS}/consent-withdrawals", [first, second])
    assert "No more marketing mail. (1 of 2)" in page.flashes
    assert f"1 row not changed: {second}" in page.flashes
