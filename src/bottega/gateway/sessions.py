"""Starting and ending sessions over HTTP: a fresh token each time, as a bearer token or as a cookie."""

from datetime import datetime
from typing import Any, Literal

from fastapi import Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.entrance import tokens
from bottega.entrance.context import ServingContext
from bottega.entrance.sessions import remove_cookie, renew_session, set_cookie
from bottega.gateway.answers import answer
from bottega.platform.sign_in.sessions import Audience

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
    context: ServingContext,
    audience: Audience,
    subject_id: str,
    form: SessionForm,
    *,
    cart_id: str | None = None,
    status: int = 201,
) -> Response:
    """Opens a session under a new token, whatever token the request came with; that one's session ends."""
    token, expires_at = await renew_session(context, tokens.token_of(request), audience, subject_id)
    shown: dict[str, Any] = {
        "audience": audience,
        "subject_id": subject_id,
        "token": token if form == "bearer" else None,
        "expires_at": expires_at,
        "cart_id": cart_id,
    }
    response = answer(shown, status, {"Cache-Control": "no-store"})
    if form == "cookie":
        set_cookie(response, context, token, int((expires_at - context.clock.now()).total_seconds()))
    return response


def without_cookie(response: Response, context: ServingContext) -> Response:
    """The response, which also takes the cookie away from the browser."""
    remove_cookie(response, context)
    return response
