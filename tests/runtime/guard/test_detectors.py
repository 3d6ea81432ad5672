"""Card numbers, secrets, e-mail addresses, telephone numbers and bank accounts in text."""

import pytest

from bottega.runtime.guard.detectors import CARD_REMOVED, SECRET_REMOVED, found_in, without_secrets
from bottega.runtime.guard.masking import MaskTable


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("my card 4111 1111 1111 1111 ok", [("card", "4111 1111 1111 1111")]),
        ("4111-1111-1111-1111", [("card", "4111-1111-1111-1111")]),
        ("378282246310005", [("card", "378282246310005")]),
        ("order 4111111111111112", []),
        ("0000 0000 0000 0000", []),
        ("write to Ada.Lovelace+shop@example.co.uk!", [("email", "Ada.Lovelace+shop@example.co.uk")]),
        ("not@an", []),
        ("IBAN IT60 X054 2811 1010 0000 0123 456 thanks", [("iban", "IT60 X054 2811 1010 0000 0123 456")]),
        ("DE89370400440532013000", [("iban", "DE89370400440532013000")]),
        ("DE89370400440532013001", []),
        ("call +39 0461 123 456", [("phone", "+39 0461 123 456")]),
        ("call (0461) 123-456", [("phone", "(0461) 123-456")]),
        ("order W1234567 of 2024-11-20 for 1.299,00 EUR", []),
        ("SKU 8806090425530", []),
        ("a@example.org and b@example.org", [("email", "a@example.org"), ("email", "b@example.org")]),
    ],
)
def test_what_is_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(found.kind, found.value) for found in found_in(text)] == expected


def test_card_numbers_and_secrets_are_taken_out_and_the_rest_stays() -> None:
    assert without_secrets("Pay 4111 1111 1111 1111, mail a@b.org") == f"Pay {CARD_REMOVED}, mail a@b.org"
    key = "btk_" + "a1B2" * 10
    assert without_secrets(f"My key {key}, thanks") == f"My key {SECRET_REMOVED}, thanks"


@pytest.mark.parametrize(
    "secret",
    [
        "sk-" + "a1B2c3D4" * 4,
        "AKIA" + "ABCD1234" * 2,
        "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + "c2lnbmF0dXJlLW9mLWl0",
        "-----BEGIN RSA PRIVATE " + "KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----",
        "whsec_" + "a1B2c3D4" * 4,
    ],
)
def test_secrets_of_known_forms_are_found(secret: str) -> None:
    assert [(found.kind, found.value) for found in found_in(f"it is {secret} ok")] == [("secret", secret)]
    assert MaskTable().masked(secret) == SECRET_REMOVED


def test_masks_are_stable_and_put_back() -> None:
    masks = MaskTable()
    assert masks.masked("a@example.org, b@example.org, a@example.org") == "[email_1], [email_2], [email_1]"
    assert masks.placeholder("Ada") == "[personal_1]"
    assert masks.put_back({"to": ["[email_2]", "[personal_1] x", "[email_9]"]}) == {
        "to": ["b@example.org", "Ada x", "[email_9]"]
    }


def test_a_card_number_is_never_put_back() -> None:
    masks = MaskTable()
    assert masks.masked("4111111111111111") == CARD_REMOVED
    assert masks.put_back("[card_1]") == "[card_1]"
    assert "4111111111111111" not in str(masks)
