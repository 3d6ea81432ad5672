"""A mail cannot carry more headers, more recipients or more text than it says."""

import pytest

from bottega.kernel.errors import Invalid
from bottega.ports.mailer import LARGEST_BODY_CHARACTERS, Mail


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("to", "a@example.com\r\nBcc: everybody@example.com"),
        ("to", "a@example.com, b@example.com"),
        ("to", "A <a@example.com>"),
        ("to", "nobody"),
        ("to", "@example.com"),
        ("to", "nobody@"),
        ("subject", "Hello\nX-Evil: yes"),
        ("subject", "x" * 401),
        ("message_id", "no-domain"),
        ("message_id", "<1@example.com>"),
        ("text", "x" * (LARGEST_BODY_CHARACTERS + 1)),
    ],
)
def test_refuses(field: str, value: str) -> None:
    fields = {"to": "a@example.com", "subject": "Hello", "text": "Hi", "message_id": "1@example.com"}
    assert Mail(**fields, idempotency_key="k").to == "a@example.com"
    with pytest.raises(Invalid):
        Mail(**{**fields, field: value}, idempotency_key="k")
