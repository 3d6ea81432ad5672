"""Tokens that callers carry: sealed guest tokens, and random session tokens and API keys known by digest."""

import hashlib
import hmac
import secrets

from bottega.kernel.identifiers import new_id

GUEST, SESSION, API_KEY = "btg_", "bts_", "btk_"
LONGEST_TOKEN_CHARACTERS = 200


def guest_token(token_key: bytes) -> tuple[str, str]:
    """A new guest's customer id and the token that proves it; nothing is stored."""
    customer_id = new_id("cus")
    return customer_id, f"{GUEST}{customer_id}.{_seal(token_key, customer_id)}"


def guest_of(token_key: bytes, token: str) -> str | None:
    """The customer id that a guest token proves, or None."""
    customer_id, _, seal = token.removeprefix(GUEST).partition(".")
    return customer_id if hmac.compare_digest(seal, _seal(token_key, customer_id)) else None


def random_token(prefix: str) -> tuple[str, bytes]:
    """A new token and the digest that is stored of it."""
    token = prefix + secrets.token_urlsafe(32)
    return token, token_digest(token)


def token_digest(token: str) -> bytes:
    """SHA-256: the token has 256 random bits, so nothing slower is needed."""
    return hashlib.sha256(token.encode()).digest()


def _seal(token_key: bytes, customer_id: str) -> str:
    return hmac.new(token_key, customer_id.encode(), hashlib.sha256).hexdigest()[:40]
