"""Signing in by password or mailed code, registering, choosing a new password, and signing out."""

from typing import Literal

from starlette.background import BackgroundTask
from starlette.responses import Response

from bottega.actions.actor import Actor
from bottega.entrance import sessions, tokens
from bottega.kernel.errors import Refusal
from bottega.kernel.identifiers import new_id
from bottega.platform.database.pool import Connection
from bottega.platform.sign_in.codes import DIGITS
from bottega.platform.sign_in.credentials import store_password
from bottega.platform.sign_in.passwords import (
    SHORTEST_PASSWORD_CHARACTERS,
    hash_password,
)
from bottega.platform.sign_in.sessions import close_session
from bottega.shop.customers.actions import RegisterCustomer
from bottega.shop.flows.sign_in import (
    Claim,
    choose_password,
    digest_of,
    request_code,
    sign_in_with_code,
    sign_in_with_password,
)
from bottega.web.faces import get, post
from bottega.web.forms import NO_FORM, Form
from bottega.web.redirects import local_address
from bottega.web.sign_in_records import GivenCode, NewPassword, Who
from bottega.web.storefront.chat.conversation import bring_conversation
from bottega.web.visit import Visit
from bottega.web.wording import for_shoppers

CodePurpose = Literal["sign_in", "password_reset"]
SENT = "If there is an account with this address, a code is on its way to it."


async def show(visit: Visit) -> Response:
    """The form; whoever is signed in goes on."""
    if visit.is_signed_in:
        return visit.redirect(local_address(visit.request.query_params.get("next"), "/account"))
    return await _page(visit, "sign_in", NO_FORM)


async def sign_in(visit: Visit) -> Response:
    """By password."""
    form = await visit.form()
    who = form.record(Who, {"email": form.text("email")})
    password = form.exact("password")
    if not password:
        form.problems["password"] = "Please fill this in."  # noqa: S105 - words for a person
    if who is None or not password:
        return await _page(visit, "sign_in", form, status=422)
    try:
        claim = Claim("customer", who.email)
        customer_id = await sign_in_with_password(visit.context.performer, claim, password)
    except Refusal as refusal:
        return await _refused(visit, "sign_in", form, refusal)
    return await _enter(visit, form, customer_id)


async def send_code(visit: Visit) -> Response:
    """Mails a code to sign in with, and asks for it."""
    return await _ask_for_code(visit, "sign_in", "code")


async def sign_in_by_code(visit: Visit) -> Response:
    """By mailed code."""
    form = await visit.form()
    given = form.record(GivenCode, {"email": form.text("email"), "code": form.text("code").replace(" ", "")})
    if given is None:
        return await _page(visit, "code", form, status=422)
    try:
        customer_id = await sign_in_with_code(visit.context.performer, Claim("customer", given.email), given.code)
    except Refusal as refusal:
        return await _refused(visit, "code", form, refusal)
    return await _enter(visit, form, customer_id)


async def show_registration(visit: Visit) -> Response:
    """The form of a new account."""
    if visit.is_signed_in:
        return visit.redirect("/account")
    return await _page(visit, "register", NO_FORM)


async def register(visit: Visit) -> Response:
    """Opens an account; a guest keeps cart and orders."""
    form = await visit.form()
    by = visit.shopper()
    chosen = form.record(NewPassword, {"password": form.exact("password")})
    customer_id = by.id if by.role == "guest" else new_id("cus")
    values = {
        "customer_id": customer_id,
        "email": form.text("email"),
        "name": form.text("name"),
        "marketing_consent": form.is_ticked("marketing_consent"),
        "profiling_consent": form.is_ticked("profiling_consent"),
    }
    action = form.record(RegisterCustomer, values)
    if action is None or chosen is None:
        return await _page(visit, "register", form, status=422)
    password_hash = await hash_password(chosen.password)
    now = visit.context.clock.now()

    async def keep_password(connection: Connection) -> None:
        await store_password(connection, customer_id, password_hash, now)

    try:
        outcome = await visit.context.performer.perform(
            action, by=Actor("customer", customer_id, "guest"), because=visit.cause, alongside=keep_password
        )
        outcome.unwrap()
    except Refusal as refusal:
        return await _refused(visit, "register", form, refusal)
    visit.context.known_guests.remove(customer_id)
    visit.flash("done", f"Welcome, {action.name}. Your account is open.")
    return await _begin(visit, form, customer_id)


async def show_reset(visit: Visit) -> Response:
    """Whose password was forgotten."""
    return await _page(visit, "reset", NO_FORM)


async def send_reset(visit: Visit) -> Response:
    """Mails a code to choose a new password with, and asks for both."""
    return await _ask_for_code(visit, "password_reset", "new_password")


async def choose(visit: Visit) -> Response:
    """A new password by mailed code; every session of the account ends."""
    form = await visit.form()
    given = form.record(GivenCode, {"email": form.text("email"), "code": form.text("code").replace(" ", "")})
    chosen = form.record(NewPassword, {"password": form.exact("password")})
    if given is None or chosen is None:
        return await _page(visit, "new_password", form, status=422)
    try:
        claim = Claim("customer", given.email)
        customer_id = await choose_password(visit.context.performer, claim, given.code, chosen.password)
    except Refusal as refusal:
        return await _refused(visit, "new_password", form, refusal)
    visit.flash("done", "Your new password is set.")
    return await _enter(visit, form, customer_id)


async def sign_out(visit: Visit) -> Response:
    """Ends this session."""
    if visit.token is not None and visit.token.startswith(tokens.SESSION):
        async with visit.context.database.connection() as connection:
            await close_session(connection, tokens.token_digest(visit.token), visit.context.clock.now())
        visit.carry("", 0)
    visit.flash("done", "You are signed out.")
    return visit.redirect("/")


async def _enter(visit: Visit, form: Form, customer_id: str) -> Response:
    """The guest's cart and conversation come along."""
    await sessions.bring_cart(visit.context, visit.token, customer_id, visit.cause)
    guest_id = None if visit.actor is None or visit.actor.role != "guest" else visit.actor.id
    visit.actor = Actor("customer", customer_id, "customer")
    if guest_id is not None:
        await bring_conversation(visit, guest_id)
    return await _begin(visit, form, customer_id)


async def _begin(visit: Visit, form: Form, customer_id: str) -> Response:
    """A session under a token that nobody has seen before."""
    token, expires_at = await sessions.renew_session(visit.context, visit.token, "customer", customer_id)
    visit.carry(token, int((expires_at - visit.context.clock.now()).total_seconds()))
    return visit.redirect(local_address(form.text("next"), "/account"))


async def _ask_for_code(visit: Visit, purpose: CodePurpose, then: str) -> Response:
    """Says the same whether anybody has the address, and mails after the answer, so that its time tells nothing."""
    form = await visit.form()
    who = form.record(Who, {"email": form.text("email")})
    if who is None:
        return await _page(visit, "reset" if purpose == "password_reset" else "sign_in", form, status=422)
    claim = Claim("customer", who.email)
    performer = visit.context.performer
    visit.context.rate_limits.count_code(purpose, digest_of(performer, claim))
    visit.flash("note", SENT)
    response = await _page(visit, then, form)
    response.background = BackgroundTask(request_code, performer, claim, purpose, visit.cause.id)
    return response


async def _refused(visit: Visit, template: str, form: Form, refusal: Refusal) -> Response:
    visit.flash("error", for_shoppers(refusal))
    return await _page(visit, template, form, status=401 if refusal.category == "forbidden" else 409)


async def _page(visit: Visit, template: str, form: Form, *, status: int = 200) -> Response:
    shown = {name: form.text(name) for name in ("email", "name")}
    onward = local_address(form.text("next") or visit.request.query_params.get("next"), "")
    return await visit.page(
        f"storefront/sign_in/{template}.html",
        status=status,
        private=True,
        values=shown,
        problems=form.problems,
        onward=onward,
        digits=DIGITS,
        shortest=SHORTEST_PASSWORD_CHARACTERS,
    )


PAGES = (
    get("/sign-in", show),
    post("/sign-in", sign_in),
    post("/sign-in/code", sign_in_by_code),
    post("/sign-in/codes", send_code),
    get("/register", show_registration),
    post("/register", register),
    get("/password-reset", show_reset),
    post("/password-reset", send_reset),
    post("/password-reset/choice", choose),
    post("/sign-out", sign_out),
)
