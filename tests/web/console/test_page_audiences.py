"""Every page of the console is tried by every role and by people who do not work here."""

import re

import pytest

from bottega.shop.staff.actions import DeactivateStaff
from bottega.web import console
from bottega.web.faces import Page as ListedPage
from tests.gateway.people import register
from tests.web.console.colleagues import CONSOLE, ROLES, Colleague, carry_session, colleague, session_of
from tests.web.console.page_audiences import PAGES, PARAMETERS, STRANGERS
from tests.web.shelf import Shelf
from tests.web.visitor import SAME_ORIGIN, Page, Visitor

LISTED = {(page.method, page.path): page for page in console.FACE.pages}
SENT = {**SAME_ORIGIN, "Content-Type": "application/x-www-form-urlencoded"}
NOT_FOR_ROLE = "This page is not for you"


def address_of(page: ListedPage) -> str:
    """The page's address, with identifiers that nobody has."""
    path = PARAMETERS.get(page.path, page.path)
    return CONSOLE + re.sub(r"\{[a-z_:]+\}", "x", path)


async def ask(visitor: Visitor, page: ListedPage) -> Page:
    if page.method == "GET":
        return await visitor.get(address_of(page))
    return await visitor.post(address_of(page), {})


def test_every_page_has_an_audience() -> None:
    missing = sorted(set(LISTED) - set(PAGES) - STRANGERS)
    assert not missing, f"say in tests/web/console/page_audiences.py who may see {missing}"
    gone = sorted((set(PAGES) | STRANGERS) - set(LISTED))
    assert not gone, f"there is no such page any more, take it out of tests/web/console/page_audiences.py: {gone}"


def test_no_page_is_listed_twice() -> None:
    assert len(LISTED) == len(console.FACE.pages)


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_gets_into_its_pages_and_into_no_other(colleagues: dict[str, Colleague], role: str) -> None:
    wrong: list[str] = []
    for (method, path), audience in PAGES.items():
        answered = await ask(colleagues[role], LISTED[method, path])
        assert answered.status < 500, f"{method} {path}: {answered.text[:300]}"
        refused = answered.status == 403 and NOT_FOR_ROLE in answered.text
        if refused is (role in audience):
            wrong.append(f"{method} {path}: {answered.status}")
    assert not wrong, f"{role}: {wrong}"


async def test_people_who_do_not_work_here_are_asked_to_sign_in(shelf: Shelf) -> None:
    """A stranger, a customer's session, a guest's token and a key in the console's own cookie."""
    customer = await register(shelf.shop, "curious@example.com")
    key = (await shelf.shop.staff_headers("owner"))["Authorization"].removeprefix("Bearer ")
    guest = (await shelf.shop.guest_headers())["Authorization"].removeprefix("Bearer ")
    session = await session_of(shelf, "customer", customer.customer_id)
    for token in ("", session, guest, key, "bts_invented"):
        visitor = Visitor(shelf)
        for page in PAGES:
            if token:
                carry_session(visitor, token)
            method, address = LISTED[page].method, address_of(LISTED[page])
            # Not followed: where it leads is what matters, for every page and token.
            answered = await visitor.client.request(method, address, headers=SENT, follow_redirects=False)
            assert answered.status_code == 303, f"{token[:4]} {page}: {answered.status_code}"
            assert answered.headers["location"].startswith(f"{CONSOLE}/sign-in?next="), f"{token[:4]} {page}"
        await visitor.client.aclose()


async def test_who_left_is_out_at_once(shelf: Shelf) -> None:
    leaving = await colleague(shelf, "manager")
    assert (await leaving.get(CONSOLE)).path == CONSOLE
    await shelf.shop.done(DeactivateStaff(staff_id=leaving.id))
    assert (await leaving.get(CONSOLE)).path == f"{CONSOLE}/sign-in"
