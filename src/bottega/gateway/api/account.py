"""The caller's own account: who they are, their password, and their sessions."""

from datetime import datetime

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import Response

from bottega.entrance import tokens
from bottega.gateway.answers import answer
from bottega.gateway.api.sign_in import GivenPassword, NewPassword
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import AnyCaller, Caller
from bottega.gateway.problems import responses
from bottega.gateway.sessions import SessionForm, SignedIn, start_session, without_cookie
from bottega.kernel.errors import Forbidden, NotFound
from bottega.platform.sign_in.passwords import hash_password
from bottega.platform.sign_in.sessions import Audience, close_session, close_sessions, list_sessions
from bottega.shop.customers.model import Customer
from bottega.shop.customers.queries import get_customer
from bottega.shop.flows.sign_in import check_password, replace_password
from bottega.shop.staff.model import StaffMember
from bottega.shop.staff.queries import get_staff

router = APIRouter(prefix="/account", tags=["account"])


class Account(BaseModel):
    """Whom the token stands for."""

    kind: str
    id: str
    role: str
    scopes: list[str]
    customer: Customer | None = None
    staff: StaffMember | None = None


class Session(BaseModel):
    """An open session."""

    id: str
    created_at: datetime
    expires_at: datetime


class ChangePasswordBody(RequestBody):
    """The password until now, which whoever never chose one leaves out, and the one from now on."""

    current_password: GivenPassword | None = None
    new_password: NewPassword
    session: SessionForm = "bearer"


class SessionsEnded(BaseModel):
    """How many sessions were ended."""

    ended: int


@router.get("", responses={200: {"model": Account}, **responses()})
async def show(caller: AnyCaller) -> Response:
    """Whom the token stands for, with what is stored about them."""
    actor = caller.actor
    account = Account(kind=actor.kind, id=actor.id, role=actor.role, scopes=sorted(actor.scopes))
    async with caller.context.database.read() as connection:
        if actor.id.startswith("stf_"):
            account.staff = await get_staff(connection, actor.id)
        elif actor.kind == "customer":
            try:
                account.customer = await get_customer(connection, actor, actor.id)
            except NotFound:
                account.customer = None
    return answer(account)


@router.put("/password", responses={200: {"model": SignedIn}, **responses()})
async def change_password(request: Request, caller: AnyCaller, body: ChangePasswordBody) -> Response:
    """Sets the password; every session ends, and a new one begins for the caller."""
    audience = _audience(caller)
    performer = caller.context.performer
    given = None if body.current_password is None else body.current_password.get_secret_value()
    await check_password(performer, caller.actor.id, given)
    await replace_password(performer, caller.actor.id, await hash_password(body.new_password.get_secret_value()))
    return await start_session(request, caller.context, audience, caller.actor.id, body.session, status=200)


@router.get("/sessions", responses={200: {"model": list[Session]}, **responses()})
async def sessions(caller: AnyCaller) -> Response:
    """The caller's open sessions, newest first."""
    async with caller.context.database.read() as connection:
        rows = await list_sessions(connection, caller.actor.id, caller.context.clock.now())
    return answer([Session.model_validate(dict(row)) for row in rows])


@router.delete("/session", responses={200: {"model": SessionsEnded}, **responses()})
async def sign_out(request: Request, caller: AnyCaller) -> Response:
    """Ends this session."""
    _audience(caller)
    token = tokens.token_of(request)
    assert token is not None, "the caller was identified by it"
    async with caller.context.database.connection() as connection:
        await close_session(connection, tokens.token_digest(token), caller.context.clock.now())
    return without_cookie(answer(SessionsEnded(ended=1)), caller.context)


@router.delete("/sessions", responses={200: {"model": SessionsEnded}, **responses()})
async def sign_out_everywhere(caller: AnyCaller) -> Response:
    """Ends every session of the caller, this one included."""
    _audience(caller)
    async with caller.context.database.connection() as connection:
        ended = await close_sessions(connection, caller.actor.id, caller.context.clock.now())
    return without_cookie(answer(SessionsEnded(ended=ended)), caller.context)


def _audience(caller: Caller) -> Audience:
    """Whom the caller's sessions are for; guests and keys have none."""
    if caller.actor.kind == "customer" and caller.actor.role != "guest":
        return "customer"
    if caller.actor.id.startswith("stf_"):
        return "staff"
    raise Forbidden(
        "no_session", "Guests and API keys have no sessions and no password.", next_step="Sign in at POST /api/sign-in."
    )
