"""How deliveries are signed: HMAC-SHA256 over the time and the body, checked by the receiver."""

import hashlib
import hmac
import re
import secrets

HEADER = "Bottega-Signature"
SECRET_PREFIX = "whsec_"  # noqa: S105 - what every secret begins with, no secret itself
TOLERANCE_SECONDS = 300
_FORM = re.compile(r"t=(\d{1,12}),v1=([0-9a-f]{64})")


def new_secret() -> str:
    """A signing secret with 256 random bits."""
    return SECRET_PREFIX + secrets.token_urlsafe(32)


def signature(secret: str, body: bytes, timestamp: int) -> str:
    """The header's value: `t=<Unix seconds>,v1=<hex of HMAC-SHA256(secret, "<t>." + body)>`."""
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def is_genuine(secret: str, body: bytes, header: str, now: int, tolerance_seconds: int = TOLERANCE_SECONDS) -> bool:
    """What a receiver checks: the signature fits the body as received, and is not older than the tolerance."""
    match = _FORM.fullmatch(header)
    if match is None or abs(now - int(match[1])) > tolerance_seconds:
        return False
    return hmac.compare_digest(header, signature(secret, body, int(match[1])))
