"""Sessions that begin and end at the door: a fresh token each time, and the cookie that carries one."""

from datetime import datetime

from starlette.responses import Response

from bottega.actions.actor import Cause
from bottega.entrance import tokens
from bottega.entrance.context import ServingContext
from bottega.platform.sign_in.sessions import Audience, close_session, open_session
from bottega.shop.flows.sign_in import take_over_cart


async def renew_session(
    context: ServingContext, previous: str | None, audience: Audience, subject_id: str
) -> tuple[str, datetime]:
    """Opens a session under a new token, whatever token the caller came with; that one's session ends.

    Returns the token and when it ends.
    """
    token, digest = tokens.random_token(tokens.SESSION)
    now = context.clock.now()
    async with context.database.write() as connection:
        if previous is not None and previous.startswith(tokens.SESSION):
            await close_session(connection, tokens.token_digest(previous), now)
        expires_at = await open_session(connection, digest, audience, subject_id, now)
    return token, expires_at


async def bring_cart(context: ServingContext, token: str | None, customer_id: str, because: Cause) -> str | None:
    """Moves the cart of the guest whose token was shown to the customer who signed in; the id of the cart now."""
    if token is None or not token.startswith(tokens.GUEST):
        return None
    guest_id = tokens.guest_of(context.token_key, token, context.clock.now())
    if guest_id is None or guest_id == customer_id:
        return None
    return await take_over_cart(context.performer, guest_id, customer_id, because.id)


def set_cookie(
    response: Response,
    context: ServingContext,
    token: str,
    lifetime_seconds: int,
    *,
    name: str = tokens.COOKIE,
    path: str = "/",
) -> None:
    """Gives the browser the token: no script reads it, and no other site's form sends it."""
    secure = context.production
    response.set_cookie(name, token, lifetime_seconds, path=path, httponly=True, samesite="lax", secure=secure)


def remove_cookie(response: Response, context: ServingContext) -> None:
    """Takes the token away from the browser."""
    set_cookie(response, context, "", 0)
