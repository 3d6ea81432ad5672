"""Signing in to the console, choosing a password after an invitation or when it was forgotten, and signing out."""

from typing import Literal

from starlette.background import BackgroundTask
from starlette.responses import Response

from bottega.entrance import sessions, tokens
from bottega.kernel.errors import Refusal
from bottega.platform.sign_in.codes import DIGITS
from bottega.platform.sign_in.passwords import SHORTEST_PASSWORD_CHARACTERS
from bottega.platform.sign_in.sessions import close_session
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
from bottega.web.visit import Visit
from bottega.web.wording import for_shoppers

CodePurpose = Literal["sign_in", "password_reset"]
HOME = "/console"
SENT = "If a colleague has this address, a code is on its way to it."


async def show(visit: Visit) -> Response:
    """The form; whoever is signed in goes on."""
    if visit.actor is not None:
        return visit.redirect(_onward(visit.request.query_params.get("next")))
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
        staff_id = await sign_in_with_password(visit.context.performer, Claim("staff", who.email), password)
    except Refusal as refusal:
        return await _refused(visit, "sign_in", form, refusal)
    return await _begin(visit, form, staff_id)


async def send_code(visit: Visit) -> Response:
    """Mails a code to sign in with, and asks for it."""
    return await _ask_for_code(visit, "sign_in", "code")


async def sign_in_by_code(visit: Visit) -> Response:
    """By mailed code."""
    form = await visit.form()
    given = _given_code(form)
    if given is None:
        return await _page(visit, "code", form, status=422)
    try:
        staff_id = await sign_in_with_code(visit.context.performer, Claim("staff", given.email), given.code)
    except Refusal as refusal:
        return await _refused(visit, "code", form, refusal)
    return await _begin(visit, form, staff_id)


async def show_reset(visit: Visit) -> Response:
    """Whose password was forgotten."""
    return await _page(visit, "reset", NO_FORM)


async def show_choice(visit: Visit) -> Response:
    """The form for whoever has a code already, by an invitation or because they asked for one."""
    return await _page(visit, "new_password", NO_FORM)


async def send_reset(visit: Visit) -> Response:
    """Mails a code to choose a new password with, and asks for both."""
    return await _ask_for_code(visit, "password_reset", "new_password")


async def choose(visit: Visit) -> Response:
    """A new password by mailed code; every session of the account ends."""
    form = await visit.form()
    given = _given_code(form)
    chosen = form.record(NewPassword, {"password": form.exact("password")})
    if given is None or chosen is None:
        return await _page(visit, "new_password", form, status=422)
    try:
        claim = Claim("staff", given.email)
        staff_id = await choose_password(visit.context.performer, claim, given.code, chosen.password)
    except Refusal as refusal:
        return await _refused(visit, "new_password", form, refusal)
    visit.flash("done", "Your new password is set.")
    return await _begin(visit, form, staff_id)


async def sign_out(visit: Visit) -> Response:
    """Ends this session."""
    if visit.token is not None and visit.token.startswith(tokens.SESSION):
        async with visit.context.database.connection() as connection:
            await close_session(connection, tokens.token_digest(visit.token), visit.context.clock.now())
        visit.carry("", 0)
    visit.flash("done", "You are signed out.")
    return visit.redirect(f"{HOME}/sign-in")


async def _begin(visit: Visit, form: Form, staff_id: str) -> Response:
    """A session under a token that nobody has seen before."""
    token, expires_at = await sessions.renew_session(visit.context, visit.token, "staff", staff_id)
    visit.carry(token, int((expires_at - visit.context.clock.now()).total_seconds()))
    return visit.redirect(_onward(form.text("next")))


async def _ask_for_code(visit: Visit, purpose: CodePurpose, then: str) -> Response:
    """Says the same whether anybody has the address, and mails after the answer, so that its time tells nothing."""
    form = await visit.form()
    who = form.record(Who, {"email": form.text("email")})
    if who is None:
        return await _page(visit, "reset" if purpose == "password_reset" else "sign_in", form, status=422)
    claim = Claim("staff", who.email)
    performer = visit.context.performer
    visit.context.rate_limits.count_code(purpose, digest_of(performer, claim))
    visit.flash("note", SENT)
    response = await _page(visit, then, form)
    response.background = BackgroundTask(request_code, performer, claim, purpose, visit.cause.id)
    return response


def _given_code(form: Form) -> GivenCode | None:
    return form.record(GivenCode, {"email": form.text("email"), "code": form.text("code").replace(" ", "")})


async def _refused(visit: Visit, template: str, form: Form, refusal: Refusal) -> Response:
    visit.flash("error", for_shoppers(refusal))
    return await _page(visit, template, form, status=401 if refusal.category == "forbidden" else 409)


def _onward(address: str | None) -> str:
    """Where to go after signing in: a page of the console and nowhere else."""
    onward = local_address(address, HOME)
    return onward if onward == HOME or onward.startswith((f"{HOME}/", f"{HOME}?")) else HOME


async def _page(visit: Visit, template: str, form: Form, *, status: int = 200) -> Response:
    return await visit.page(
        f"console/sign_in/{template}.html",
        status=status,
        private=True,
        email=form.text("email"),
        problems=form.problems,
        onward=_onward(form.text("next") or visit.request.query_params.get("next")),
        digits=DIGITS,
        shortest=SHORTEST_PASSWORD_CHARACTERS,
    )


# The only pages that strangers see.
PAGES = (
    get("/sign-in", show),
    post("/sign-in", sign_in),
    post("/sign-in/code", sign_in_by_code),
    post("/sign-in/codes", send_code),
    get("/password-reset", show_reset),
    post("/password-reset", send_reset),
    get("/password-reset/choice", show_choice),
    post("/password-reset/choice", choose),
    post("/sign-out", sign_out),
)
