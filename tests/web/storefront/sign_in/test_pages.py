"""Coming in and going: passwords, codes, what comes along, and tokens that nobody has seen before."""

import pytest

from tests.gateway.people import code_for
from tests.web.bought import bought, register
from tests.web.shelf import Shelf
from tests.web.visitor import Page, Visitor

PASSWORD = "a long sentence of mine"
COOKIE = "bottega_session"


async def sign_in(visitor: Visitor, email: str, password: str = PASSWORD, **fields: str) -> Page:
    page = await visitor.get("/sign-in")
    return await visitor.submit(page, "main form", email=email, password=password, **fields)


async def test_a_guest_who_registers_keeps_cart_and_orders(shelf: Shelf, visitor: Visitor) -> None:
    order_id = await bought(visitor)
    await visitor.put_into_cart("scree-boot", size="41")
    page = await register(visitor, "keeps@example.com")
    assert (page.path, "Welcome, Ada Marchetti." in page.flashes) == ("/account", True)
    assert (await visitor.get(f"/orders/{order_id}")).status == 200
    assert (await visitor.get("/cart")).count(".cart-line") == 1


async def test_signing_in_brings_the_cart_along_and_another_token(shelf: Shelf, visitor: Visitor) -> None:
    await register(Visitor(shelf), "cart@example.com")
    await visitor.put_into_cart("walking-map")
    guest = visitor.cookie(COOKIE)
    page = await sign_in(visitor, "cart@example.com")
    assert page.path == "/account"
    session = visitor.cookie(COOKIE)
    assert session is not None
    assert (session.startswith("bts_"), session != guest) == (True, True)
    assert (await visitor.get("/cart")).count(".cart-line") == 1


async def test_a_planted_session_is_not_taken_over(shelf: Shelf, visitor: Visitor) -> None:
    """Session fixation: whatever token the browser came with, signing in makes a new one, and the old one ends."""
    attacker = Visitor(shelf)
    await register(attacker, "attacker@example.com")
    planted = attacker.cookie(COOKIE)
    assert planted is not None
    await register(Visitor(shelf), "victim@example.com")
    visitor.client.cookies.set(COOKIE, planted, domain="shop.test", path="/")
    page = await visitor.post("/sign-in", {"email": "victim@example.com", "password": PASSWORD})
    assert page.path == "/account"
    assert visitor.cookie(COOKIE) != planted
    ended = Visitor(shelf)
    ended.client.cookies.set(COOKIE, planted, domain="shop.test", path="/")
    assert (await ended.get("/account")).path == "/sign-in"


@pytest.mark.parametrize("entrance", ["register", "code", "reset"])
async def test_no_entrance_keeps_a_planted_token(shelf: Shelf, visitor: Visitor, entrance: str) -> None:
    attacker = Visitor(shelf)
    await attacker.put_into_cart("walking-map")
    planted = attacker.cookie(COOKIE)
    assert planted is not None
    visitor.client.cookies.set(COOKIE, planted, domain="shop.test", path="/")
    email = f"planted-{entrance}@example.com"
    if entrance != "register":
        await register(Visitor(shelf), email)
    match entrance:
        case "register":
            entered = await register(visitor, email)
        case "code":
            asked = await visitor.post("/sign-in/codes", {"email": email})
            entered = await visitor.submit(asked, "main form", code=await code_for(shelf.shop, email))
        case _:
            asked = await visitor.post("/password-reset", {"email": email})
            code = await code_for(shelf.shop, email)
            entered = await visitor.submit(asked, "main form", code=code, password="another long sentence")
    assert entered.path == "/account"
    assert visitor.cookie(COOKIE) != planted
    assert (await attacker.get("/account")).path == "/sign-in"
    assert (await attacker.get("/cart")).count(".cart-line") == 0


async def test_the_cookie_is_for_the_browser_alone(visitor: Visitor) -> None:
    page = await visitor.get("/p/walking-map")
    visitor.client.follow_redirects = False
    answered = await visitor.submit(page, "#buy")
    cookie = answered.response.headers["set-cookie"]
    assert cookie.startswith(f"{COOKIE}=btg_")
    assert all(part in cookie for part in ("HttpOnly", "SameSite=lax", "Path=/"))


async def test_a_wrong_password_says_nothing_about_the_address(shelf: Shelf, visitor: Visitor) -> None:
    await register(Visitor(shelf), "known@example.com")
    known = await sign_in(visitor, "known@example.com", "wrong password")
    unknown = await sign_in(visitor, "unknown@example.com", "wrong password")
    assert (known.status, unknown.status) == (401, 401)
    assert known.flashes == unknown.flashes
    assert visitor.cookie(COOKIE) is None


async def test_a_mailed_code_signs_in(shelf: Shelf, visitor: Visitor) -> None:
    await register(Visitor(shelf), "code@example.com")
    page = await visitor.get("/sign-in")
    asked = await visitor.post("/sign-in/codes", {"email": "code@example.com"}, Referer=str(page.response.url))
    assert "a code is on its way" in asked.flashes
    done = await visitor.submit(asked, "main form", code=await code_for(shelf.shop, "code@example.com"))
    assert done.path == "/account"
    unknown = await Visitor(shelf).post("/sign-in/codes", {"email": "nobody@example.com"})
    assert unknown.flashes == asked.flashes


async def test_a_forgotten_password_is_replaced_and_other_sessions_end(shelf: Shelf, visitor: Visitor) -> None:
    elsewhere = Visitor(shelf)
    await register(elsewhere, "forgot@example.com")
    page = await visitor.get("/password-reset")
    asked = await visitor.submit(page, "main form", email="forgot@example.com")
    code = await code_for(shelf.shop, "forgot@example.com")
    short = await visitor.submit(asked, "main form", code=code, password="short")
    assert (short.status, short.text_of("#password-note")) == (422, "This is too short.")
    done = await visitor.submit(short, "main form", code=code, password="another long sentence")
    assert (done.path, "Your new password is set." in done.flashes) == ("/account", True)
    assert (await elsewhere.get("/account")).path == "/sign-in"
    again = await sign_in(Visitor(shelf), "forgot@example.com", "another long sentence")
    assert again.path == "/account"


async def test_an_address_that_is_taken_is_said(shelf: Shelf, visitor: Visitor) -> None:
    await register(Visitor(shelf), "taken@example.com")
    page = await register(visitor, "taken@example.com")
    assert (page.status, "There is an account with this e-mail address already." in page.flashes) == (409, True)


async def test_signing_out_ends_the_session_itself(shelf: Shelf, visitor: Visitor) -> None:
    await register(visitor, "leaves@example.com")
    session = visitor.cookie(COOKIE)
    assert session is not None
    page = await visitor.get("/account")
    gone = await visitor.submit(page, ".account-nav form")
    assert "You are signed out." in gone.flashes
    kept = Visitor(shelf)
    kept.client.cookies.set(COOKIE, session, domain="shop.test", path="/")
    assert (await kept.get("/account")).path == "/sign-in"


async def test_whoever_has_to_sign_in_comes_back(shelf: Shelf, visitor: Visitor) -> None:
    await register(Visitor(shelf), "back@example.com")
    asked = await visitor.get("/account/addresses")
    assert asked.path == "/sign-in"
    page = await visitor.submit(asked, "main form", email="back@example.com", password=PASSWORD)
    assert page.path == "/account/addresses"


async def test_a_token_that_is_nobodys_is_taken_away(visitor: Visitor) -> None:
    visitor.client.cookies.set(COOKIE, "bts_nonsense", domain="shop.test", path="/")
    assert (await visitor.get("/")).status == 200
    assert visitor.cookie(COOKIE) is None
