"""Coming in to the console: by password, by code, after an invitation; and out again."""

from bottega.kernel.identifiers import new_id
from bottega.shop.staff.actions import InviteStaff
from bottega.web import console
from tests.gateway.people import code_for, mails_to
from tests.web.console.colleagues import CONSOLE, carry_session, session_of
from tests.web.shelf import Shelf
from tests.web.visitor import ORIGIN, Page, Visitor

PASSWORD = "a long sentence of ours"


async def invited(shelf: Shelf, visitor: Visitor) -> tuple[str, Page]:
    """A new manager's address, and the page after they chose a password with the code from the mail."""
    email = f"{new_id('req')}@example.com"
    await shelf.shop.done(InviteStaff(email=email, name="Paolo Zanon", role="manager"))
    code = await code_for(shelf.shop, email)
    page = await visitor.get(f"{CONSOLE}/password-reset/choice")
    return email, await visitor.submit(page, "#choice", email=email, code=code, password=PASSWORD)


async def test_an_invitation_leads_into_the_console(shelf: Shelf, visitor: Visitor) -> None:
    _, page = await invited(shelf, visitor)
    assert (page.path, page.flashes) == (CONSOLE, "Your new password is set.")
    assert "Paolo Zanon" in page.text_of(".side-person")


async def test_by_password_to_the_page_that_was_asked_for(shelf: Shelf, visitor: Visitor) -> None:
    email, _ = await invited(shelf, visitor)
    await visitor.post(f"{CONSOLE}/sign-out", {})
    page = await visitor.get(f"{CONSOLE}/today/sales.json")
    assert page.path == f"{CONSOLE}/sign-in"
    wrong = await visitor.submit(page, "#sign-in", email=email, password="not the one")
    assert (wrong.status, wrong.path) == (401, f"{CONSOLE}/sign-in")
    assert visitor.cookie(console.FACE.cookie) is None
    right = await visitor.submit(wrong, "#sign-in", email=email, password=PASSWORD)
    assert right.path == f"{CONSOLE}/today/sales.json"


async def test_by_mailed_code(shelf: Shelf, visitor: Visitor) -> None:
    email, _ = await invited(shelf, visitor)
    await visitor.post(f"{CONSOLE}/sign-out", {})
    asked = await visitor.post(f"{CONSOLE}/sign-in/codes", {"email": email})
    assert "a code is on its way" in asked.flashes
    code = await code_for(shelf.shop, email)
    page = await visitor.submit(asked, "#code-form", email=email, code=code)
    assert page.path == CONSOLE


async def test_an_address_that_nobody_has_is_told_the_same_and_gets_no_mail(shelf: Shelf, visitor: Visitor) -> None:
    asked = await visitor.post(f"{CONSOLE}/sign-in/codes", {"email": "nobody@example.com"})
    assert "a code is on its way" in asked.flashes
    assert await mails_to(shelf.shop, "nobody@example.com") == []


async def test_a_customers_password_opens_no_console(shelf: Shelf, visitor: Visitor) -> None:
    email = f"{new_id('req')}@example.com"
    await shelf.shop.client.post("/api/customers", json={"email": email, "name": "Ada", "password": PASSWORD})
    page = await visitor.get(f"{CONSOLE}/sign-in")
    refused = await visitor.submit(page, "#sign-in", email=email, password=PASSWORD)
    assert (refused.status, refused.path) == (401, f"{CONSOLE}/sign-in")


async def test_signing_in_renews_the_session_and_out_ends_it(shelf: Shelf, visitor: Visitor) -> None:
    """Session fixation: a token that was there before stands for nobody afterwards."""
    email, _ = await invited(shelf, visitor)
    staff_id = await shelf.shop.fetchval(
        "SELECT subject_id FROM platform.sessions WHERE subject_kind = 'staff' ORDER BY created_at DESC LIMIT 1"
    )
    planted = await session_of(shelf, "staff", staff_id)
    carry_session(visitor, planted)
    page = await visitor.post(f"{CONSOLE}/sign-in", {"email": email, "password": PASSWORD})
    assert page.path == CONSOLE
    fresh = visitor.cookie(console.FACE.cookie)
    assert fresh not in (None, planted)
    out = await visitor.post(f"{CONSOLE}/sign-out", {})
    assert (out.path, out.flashes) == (f"{CONSOLE}/sign-in", "You are signed out.")
    for token in (planted, fresh):
        carry_session(visitor, token or "")
        assert (await visitor.get(CONSOLE)).path == f"{CONSOLE}/sign-in"


async def test_next_leads_nowhere_but_into_the_console(shelf: Shelf, visitor: Visitor) -> None:
    email, _ = await invited(shelf, visitor)
    for onward in ("https://evil.example/", "//evil.example", "/cart", "/consoleevil", "/console\\@evil.example"):
        fields = {"email": email, "password": PASSWORD, "next": onward}
        assert (await visitor.post(f"{CONSOLE}/sign-in", fields)).path == CONSOLE, onward


async def test_the_consoles_cookie_stays_in_the_console(shelf: Shelf, visitor: Visitor) -> None:
    await invited(shelf, visitor)
    cookie = next(one for one in visitor.client.cookies.jar if one.name == console.FACE.cookie)
    assert cookie.path == CONSOLE
    assert (await visitor.get("/account")).path == "/sign-in"


async def test_a_part_that_was_asked_for_leads_back_to_its_page(visitor: Visitor) -> None:
    headers = {"HX-Request": "true", "Referer": f"{ORIGIN}{CONSOLE}/conversations"}
    answer = await visitor.client.get(f"{CONSOLE}/conversations/list", headers=headers)
    assert answer.headers["hx-redirect"] == f"{CONSOLE}/sign-in?next=%2Fconsole%2Fconversations"
