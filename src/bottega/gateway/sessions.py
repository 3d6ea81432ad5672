"""Starting and ending sessions over HTTP: a fresh token each time, as a bearer token or as a cookie."""

from datetime import datetime
from typing import Any, Literal

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.gateway import tokens
from bottega.gateway.answers import answer
from bottega.gateway.context import GatewayContext
from bottega.platform.sign_in.sessions import Audience, close_session, open_session

SessionForm = Literal["bearer", "cookie"]


class SignedIn(BaseModel):
    """A new session; `token` is null when it went into a cookie."""

    audience: Audience
    subject_id: str = Field(examples=["cus_01jd3gqz5t8m2n4p6r8s0v2x4z"])
    token: str | None
    expires_at: datetime
    cart_id: str | None = Field(default=None, description="The customer's cart, after a guest's went into it.")


async def start_session(
    request: Request,
    context: GatewayContext,
    audience: Audience,
    subject_id: str,
    form: SessionForm,
    *,
    cart_id: str | None = None,
    status: int = 201,
) -> Response:
    """Opens a session under a new token, whatever token the request came with; that one's session ends."""
    token, digest = tokens.random_token(tokens.SESSION)
    now = context.clock.now()
    previous = tokens.token_of(request)
    async with context.database.write() as connection:
        if previous is not None and previous.startswith(tokens.SESSION):
            await close_session(connection, tokens.token_digest(previous), now)
        expires_at = await open_session(connection, digest, audience, subject_id, now)
    shown: dict[str, Any] = {
        "audience": audience,
        "subject_id": subject_id,
        "token": token if form == "bearer" else None,
        "expires_at": expires_at,
        "cart_id": cart_id,
    }
    response = answer(shown, status, {"Cache-Control": "no-store"})
    if form == "cookie":
        lifetime_seconds = int((expires_at - now).total_seconds())
        _set_cookie(response, context, token, lifetime_seconds)
    return response


def without_cookie(response: Response, context: GatewayContext) -> Response:
    """The response, which also takes the cookie away from the browser."""
    _set_cookie(response, context, "", 0)
    return response


def _set_cookie(response: Response, context: GatewayContext, token: str, lifetime_seconds: int) -> None:
    response.set_cookie(
        tokens.COOKIE,
        token,
        max_age=lifetime_seconds,
        path="/",
        httponly=True,
        samesite="lax",
        secure=context.production,
    )
