"""From a bearer token or cookie to an actor."""

from fastapi import Request

from bottega.actions.actor import Actor
from bottega.gateway import tokens
from bottega.gateway.context import GatewayContext

COOKIE = "bottega_session"


def token_of(request: Request) -> str | None:
    """The caller's token: the Authorization header first, then the session cookie."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    found = token.strip() if scheme.lower() == "bearer" else request.cookies.get(COOKIE)
    return found if found and len(found) <= tokens.LONGEST_TOKEN_CHARACTERS else None


async def identify(request: Request, context: GatewayContext) -> Actor | None:
    """The actor that the request's token stands for, or None."""
    token = token_of(request)
    if token is None:
        return None
    if token.startswith(tokens.GUEST):
        customer_id = tokens.guest_of(context.token_key, token)
        return None if customer_id is None else Actor("customer", customer_id, "guest")
    async with context.database.read() as connection:
        if token.startswith(tokens.SESSION):
            row = await connection.fetchrow(_SESSION, tokens.token_digest(token), context.clock.now())
            return None if row is None else _session_actor(row["subject_kind"], row["subject_id"], row["role"])
        if token.startswith(tokens.API_KEY):
            row = await connection.fetchrow(_API_KEY, tokens.token_digest(token), context.clock.now())
            return None if row is None else Actor("staff", row["id"], row["role"], frozenset(row["scopes"]))
    return None


def _session_actor(kind: str, subject_id: str, role: str | None) -> Actor | None:
    if kind == "staff":
        return None if role is None else Actor("staff", subject_id, role)
    return Actor("customer", subject_id, "customer")


_SESSION = """
SELECT s.subject_kind, s.subject_id, f.role
FROM platform.sessions s
LEFT JOIN shop.staff f ON f.id = s.subject_id AND f.active
LEFT JOIN shop.customers c ON c.id = s.subject_id
WHERE s.token_digest = $1 AND s.expires_at > $2 AND s.revoked_at IS NULL
  AND (c.id IS NULL OR (c.forgotten_at IS NULL AND NOT c.blocked))"""

_API_KEY = """
SELECT id, role, scopes FROM platform.api_keys
WHERE digest = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $2)"""
