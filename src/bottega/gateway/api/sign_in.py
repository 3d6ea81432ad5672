"""Signing in with a password or a one-time code, and asking for codes by mail."""

from typing import Annotated, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, SecretStr
from starlette.background import BackgroundTask
from starlette.responses import Response

from bottega.actions.actor import Cause
from bottega.entrance import tokens
from bottega.entrance.context import ServingContext
from bottega.entrance.identity import refuse_other_sites
from bottega.entrance.sessions import bring_cart
from bottega.gateway.answers import answer
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Context
from bottega.gateway.problems import responses
from bottega.gateway.sessions import SessionForm, SignedIn, start_session
from bottega.kernel.address import Email
from bottega.kernel.errors import Invalid
from bottega.platform.sign_in.codes import DIGITS
from bottega.platform.sign_in.passwords import LONGEST_PASSWORD_CHARACTERS, SHORTEST_PASSWORD_CHARACTERS
from bottega.platform.sign_in.sessions import Audience
from bottega.shop.flows.sign_in import (
    Claim,
    choose_password,
    digest_of,
    request_code,
    sign_in_with_code,
    sign_in_with_password,
)

router = APIRouter(prefix="/sign-in", tags=["sign-in"])

GivenPassword = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST_PASSWORD_CHARACTERS)]
NewPassword = Annotated[
    SecretStr,
    Field(
        min_length=SHORTEST_PASSWORD_CHARACTERS,
        max_length=LONGEST_PASSWORD_CHARACTERS,
        examples=["a long sentence of your own"],
    ),
]
Code = Annotated[str, Field(pattern=rf"^[0-9]{{{DIGITS}}}$", examples=["12345678"])]
CodePurpose = Literal["sign_in", "password_reset"]


class WhoBody(RequestBody):
    """Whose mailbox a code goes to; the answer is the same whether anybody has it or not."""

    email: Annotated[Email, Field(examples=["ada@example.com"])]
    audience: Audience = "customer"


class SignInBody(WhoBody):
    """An e-mail address with either a password or a one-time code."""

    password: Annotated[GivenPassword | None, Field(examples=["a long sentence of your own"])] = None
    code: Code | None = None
    session: Annotated[SessionForm, Field(description="Browsers ask for a cookie, programs for a token.")] = "bearer"


class PasswordBody(WhoBody):
    """A mailed code and the password to have from now on."""

    code: Code
    password: NewPassword


class CodeRequested(BaseModel):
    """Says nothing about whether the address is known."""

    requested: bool = True


class PasswordChosen(BaseModel):
    """Sign in with it now; every earlier session has ended."""

    changed: bool = True


@router.post("", status_code=201, responses={201: {"model": SignedIn}, **responses()})
async def sign_in(request: Request, context: Context, body: SignInBody) -> Response:
    """Starts a session under a new token; the cart of the guest whose token was sent comes along."""
    refuse_other_sites(request, context, certain=False)
    if (body.password is None) == (body.code is None):
        raise Invalid("one_proof", "Send either a password or a code.", next_step="Leave out the other.")
    claim = Claim(body.audience, body.email)
    if body.password is not None:
        subject_id = await sign_in_with_password(context.performer, claim, body.password.get_secret_value())
    else:
        subject_id = await sign_in_with_code(context.performer, claim, body.code or "")
    cart_id = None
    if body.audience == "customer":
        cart_id = await bring_cart(
            context, tokens.token_of(request), subject_id, Cause("request", request.state.request_id)
        )
    return await start_session(request, context, body.audience, subject_id, body.session, cart_id=cart_id)


@router.post("/codes", status_code=202, responses={202: {"model": CodeRequested}, **responses()})
async def ask_for_code(request: Request, context: Context, body: WhoBody) -> Response:
    """Mails a code to sign in with, valid for ten minutes, if the address belongs to an account."""
    return _requested(request, context, body, "sign_in")


@router.post("/password-resets", status_code=202, responses={202: {"model": CodeRequested}, **responses()})
async def ask_for_password(request: Request, context: Context, body: WhoBody) -> Response:
    """Mails a code to choose a new password with, valid for half an hour, if the address belongs to an account."""
    return _requested(request, context, body, "password_reset")


@router.put("/password", responses={200: {"model": PasswordChosen}, **responses()})
async def set_password(request: Request, context: Context, body: PasswordBody) -> Response:
    """Sets the password with a mailed code; every session of the account ends."""
    refuse_other_sites(request, context, certain=False)
    claim = Claim(body.audience, body.email)
    await choose_password(context.performer, claim, body.code, body.password.get_secret_value())
    return answer(PasswordChosen())


def _requested(request: Request, context: ServingContext, body: WhoBody, purpose: CodePurpose) -> Response:
    claim = Claim(body.audience, body.email)
    context.rate_limits.count_code(purpose, digest_of(context.performer, claim))
    response = answer(CodeRequested(), 202)
    # After the answer, so that its time does not tell whether somebody has the address.
    response.background = BackgroundTask(request_code, context.performer, claim, purpose, request.state.request_id)
    return response
