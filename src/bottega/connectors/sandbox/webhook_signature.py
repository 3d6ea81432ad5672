"""The sandbox's webhook signature: HMAC-SHA256 over time and body, in the manner of Stripe's."""

import hashlib
import hmac
from collections.abc import Mapping

from bottega.ports.payment_gateway import EventRefused

HEADER = "sandbox-signature"
OLDEST_SECONDS = 300


def sign(secret: str, body: bytes, timestamp: int) -> dict[str, str]:
    """The header that goes with a body sent at that Unix time."""
    return {
        HEADER: f"t={timestamp},v1={_digest(secret, body, timestamp)}",
        "content-type": "application/json",
    }


def verify(secret: str, headers: Mapping[str, str], body: bytes, now: int) -> None:
    """Raise `EventRefused` unless the body was signed with the secret in the last five minutes."""
    text = next((value for name, value in headers.items() if name.lower() == HEADER), "")
    fields = dict(part.split("=", 1) for part in text.split(",") if "=" in part)
    stamp = fields.get("t", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise EventRefused("webhook_signature_missing", "The webhook carries no signature of this shop's sandbox.")
    timestamp = int(stamp)
    if not hmac.compare_digest(_digest(secret, body, timestamp).encode(), fields.get("v1", "").encode()):
        raise EventRefused("webhook_signature_wrong", "The webhook's signature does not fit its body.")
    if abs(now - timestamp) > OLDEST_SECONDS:
        raise EventRefused("webhook_too_old", f"The webhook was signed more than {OLDEST_SECONDS} seconds away.")


def _digest(secret: str, body: bytes, timestamp: int) -> str:
    return hmac.new(secret.encode(), b"%d." % timestamp + body, hashlib.sha256).hexdigest()
