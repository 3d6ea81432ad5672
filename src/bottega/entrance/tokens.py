"""Tokens that callers carry: sealed guest tokens, and random session tokens and API keys known by digest."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from starlette.requests import HTTPConnection

from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import check_id, made_at, new_id

GUEST, SESSION, API_KEY = "btg_", "bts_", "btk_"
LONGEST_TOKEN_CHARACTERS = 200
GUEST_LIFETIME = timedelta(days=180)
COOKIE = "bottega_session"


def token_of(request: HTTPConnection, cookie: str = COOKIE) -> str | None:
    """The caller's token: the Authorization header first, then the session cookie."""
    return bearer_token_of(request) or _sound(request.cookies.get(cookie))


def bearer_token_of(request: HTTPConnection) -> str | None:
    """The token in the Authorization header, which no browser sends by itself."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return _sound(token.strip()) if scheme.lower() == "bearer" else None


def guest_token(token_key: bytes) -> tuple[str, str]:
    """A new guest's customer id and the token that proves it; nothing is stored."""
    customer_id = new_id("cus")
    return customer_id, f"{GUEST}{customer_id}.{_seal(token_key, customer_id)}"


def guest_of(token_key: bytes, token: str, now: datetime) -> str | None:
    """The customer id that a guest token proves, or None; an id tells its age, and old tokens prove nothing."""
    customer_id, _, seal = token.removeprefix(GUEST).partition(".")
    if not hmac.compare_digest(seal.encode(), _seal(token_key, customer_id).encode()):
        return None
    try:
        check_id(customer_id, "cus")
    except Invalid:
        return None
    return customer_id if now - made_at(customer_id) <= GUEST_LIFETIME else None


def random_token(prefix: str) -> tuple[str, bytes]:
    """A new token and the digest that is stored of it."""
    token = prefix + secrets.token_urlsafe(32)
    return token, token_digest(token)


def token_digest(token: str) -> bytes:
    """SHA-256: the token has 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(token.encode()).digest()


def _sound(token: str | None) -> str | None:
    return token if token and len(token) <= LONGEST_TOKEN_CHARACTERS else None


def _seal(token_key: bytes, customer_id: str) -> str:
    return hmac.new(token_key, customer_id.encode(), hashlib.sha256).hexdigest()[:40]
