"""From a bearer token or cookie to an actor; what ended or was revoked proves nothing from the next request on."""

from fastapi import Request
from starlette.requests import HTTPConnection

from bottega.actions.actor import Actor
from bottega.entrance import tokens
from bottega.entrance.context import ServingContext
from bottega.kernel.errors import Forbidden
from bottega.platform.database.pool import Row

# Set in the ASGI scope by a command that calls the application inside its own process; no network request can set it.
OPERATOR_SCOPE = "bottega.operator"
READING = frozenset({"GET", "HEAD", "OPTIONS"})


async def identify(request: Request, context: ServingContext) -> Actor | None:
    """The actor that the request's token stands for, or None; a write by cookie has to come from our own pages."""
    operator: Actor | None = request.scope.get(OPERATOR_SCOPE)
    if operator is not None:
        return operator
    bearer = tokens.bearer_token_of(request)
    token = bearer or tokens.token_of(request)
    if token is None:
        return None
    if bearer is None and request.method not in READING:
        refuse_other_sites(request, context, certain=True)
    return await actor_of_token(context, token)


async def actor_of_token(context: ServingContext, token: str) -> Actor | None:
    """The actor that a token stands for, or None."""
    if token.startswith(tokens.GUEST):
        return await _guest(context, token)
    if token.startswith(tokens.SESSION):
        return await _session(context, token)
    if token.startswith(tokens.API_KEY):
        return await _api_key(context, token)
    return None


def refuse_other_sites(request: Request, context: ServingContext, *, certain: bool) -> None:
    """Refuses what a browser sends on behalf of another site; `certain` also refuses what does not say its origin."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    if site is not None:
        ours = site == "same-origin"
    elif origin is not None:
        ours = origin in (context.public_url.rstrip("/"), f"{request.url.scheme}://{request.headers.get('host', '')}")
    else:
        ours = not certain
    if not ours:
        raise Forbidden(
            "cross_site_request",
            "This request did not come from the shop's own pages.",
            next_step="Programs send the token in the Authorization header instead of the cookie.",
        )


def is_from_our_pages(connection: HTTPConnection, context: ServingContext) -> bool:
    """Whether a WebSocket was opened by our own pages, or by a program. A browser always says where a page is from;
    a cookie alone, which it would send from any page, proves nothing."""
    origin = connection.headers.get("origin")
    if origin is not None:
        scheme = "https" if connection.url.scheme in ("wss", "https") else "http"
        return origin in (context.public_url.rstrip("/"), f"{scheme}://{connection.headers.get('host', '')}")
    return connection.cookies.get(tokens.COOKIE) is None


async def _guest(context: ServingContext, token: str) -> Actor | None:
    """A guest who has registered since, or was blocked or forgotten, is no guest any more."""
    customer_id = tokens.guest_of(context.token_key, token, context.clock.now())
    if customer_id is None:
        return None
    if customer_id not in context.known_guests:
        async with context.database.read() as connection:
            if await connection.fetchval(_NO_GUEST_ANY_MORE, customer_id):
                return None
        context.known_guests.add(customer_id)
    return Actor("customer", customer_id, "guest")


async def _session(context: ServingContext, token: str) -> Actor | None:
    async with context.database.read() as connection:
        row = await connection.fetchrow(_SESSION, tokens.token_digest(token), context.clock.now())
    if row is None:
        return None
    if row["subject_kind"] == "staff":
        return Actor("staff", row["subject_id"], row["role"])
    return Actor("customer", row["subject_id"], "customer")


async def _api_key(context: ServingContext, token: str) -> Actor | None:
    now = context.clock.now()
    async with context.database.read() as connection:
        row: Row | None = await connection.fetchrow(_API_KEY, tokens.token_digest(token), now)
    if row is None:
        return None
    if row["last_used_on"] != now.date():
        async with context.database.connection() as connection:
            await connection.execute(
                "UPDATE platform.api_keys SET last_used_on = $2 WHERE id = $1", row["id"], now.date()
            )
    return Actor("staff", row["id"], row["role"], frozenset(row["scopes"]))


_NO_GUEST_ANY_MORE = """
SELECT kind <> 'guest' OR blocked OR forgotten_at IS NOT NULL FROM shop.customers WHERE id = $1"""

_SESSION = """
SELECT s.subject_kind, s.subject_id, f.role
FROM platform.sessions s
LEFT JOIN shop.staff f ON f.id = s.subject_id AND f.active
LEFT JOIN shop.customers c ON c.id = s.subject_id AND c.forgotten_at IS NULL AND NOT c.blocked
WHERE s.token_digest = $1 AND s.expires_at > $2 AND s.revoked_at IS NULL
  AND CASE s.subject_kind WHEN 'staff' THEN f.id IS NOT NULL ELSE c.id IS NOT NULL END"""

_API_KEY = """
SELECT id, role, scopes, last_used_on FROM platform.api_keys
WHERE digest = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)"""
