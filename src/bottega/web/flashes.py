"""Messages that outlive one redirect: sealed into a cookie of ten minutes, shown once."""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import orjson

COOKIE = "bottega_flash"
LIFETIME_SECONDS = 600
MOST_FLASHES = 4
LONGEST_TEXT = 400

FlashKind = Literal["done", "note", "error"]


@dataclass(frozen=True, slots=True)
class Flash:
    """One message: something was done, something is worth knowing, or something did not work."""

    kind: FlashKind
    text: str
    address: str = ""


def sealed(flashes: Sequence[Flash], key: bytes) -> str:
    """The cookie's value; sealed, so that nobody but us puts words onto our pages."""
    record = orjson.dumps([[flash.kind, flash.text[:LONGEST_TEXT], flash.address] for flash in flashes[-MOST_FLASHES:]])
    body = base64.urlsafe_b64encode(record).decode().rstrip("=")
    return f"{body}.{_seal(body, key)}"


def unsealed(value: str | None, key: bytes) -> list[Flash]:
    """The messages of a cookie; none when we did not write it."""
    body, _, seal = (value or "").partition(".")
    if not body or not hmac.compare_digest(seal.encode(), _seal(body, key).encode()):
        return []
    return [Flash(*parts) for parts in orjson.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))]


def _seal(body: str, key: bytes) -> str:
    return hmac.new(key, f"flash {body}".encode(), hashlib.sha256).hexdigest()[:32]
