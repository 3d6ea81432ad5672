"""The sandbox's signature proves who sent a webhook, and when."""

import pytest

from bottega.connectors.sandbox.webhook_signature import HEADER, OLDEST_SECONDS, sign, verify
from bottega.ports.payment_gateway import EventRefused

NOW = 1_760_000_000
BODY = b'{"event": 1}'


def test_what_was_signed_in_the_last_five_minutes_is_taken() -> None:
    for signed_at in (NOW, NOW - OLDEST_SECONDS, NOW + OLDEST_SECONDS):
        verify("secret", sign("secret", BODY, signed_at), BODY, NOW)


@pytest.mark.parametrize(
    ("headers", "body", "code"),
    [
        ({}, BODY, "webhook_signature_missing"),
        ({HEADER: "t=now,v1=00"}, BODY, "webhook_signature_missing"),
        (sign("other", BODY, NOW), BODY, "webhook_signature_wrong"),
        (sign("secret", BODY, NOW), b'{"event": 2}', "webhook_signature_wrong"),
        (sign("secret", BODY, NOW - OLDEST_SECONDS - 1), BODY, "webhook_too_old"),
        (sign("secret", BODY, NOW + OLDEST_SECONDS + 1), BODY, "webhook_too_old"),
    ],
)
def test_anything_else_is_refused(headers: dict[str, str], body: bytes, code: str) -> None:
    with pytest.raises(EventRefused) as refused:
        verify("secret", headers, body, NOW)
    assert refused.value.code == code
