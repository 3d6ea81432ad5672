"""Addresses and e-mail addresses as they are accepted."""

import pytest
from pydantic import TypeAdapter, ValidationError

from bottega.kernel.address import Address, Email

EMAIL: TypeAdapter[str] = TypeAdapter(Email)
GOOD = {"name": "Ada Prova", "line1": "Via Roma 1", "city": "Trento", "country": "IT"}


@pytest.mark.parametrize("text", ["ada@example.org", "a.b+c@sub.example.co.uk", " ada@example.org "])
def test_an_email_address(text: str) -> None:
    assert EMAIL.validate_python(text) == text.strip()


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ada",
        "@example.org",
        "ada@",
        "ada@example",
        "a b@example.org",
        "ada@example.org\nBcc: x@example.org",
        "ada@-example.org",
        "ada@example.org,bob@example.org",
        "<ada@example.org>",
        "a" * 65 + "@example.org",
        "ada@" + "e" * 260 + ".org",
        "ada\0@example.org",
    ],
)
def test_no_email_address(text: str) -> None:
    with pytest.raises(ValidationError):
        EMAIL.validate_python(text)


def test_an_address_is_trimmed_and_frozen() -> None:
    address = Address(**{**GOOD, "city": "  Trento "})
    assert (address.city, address.line2, address.phone) == ("Trento", "", "")
    with pytest.raises(ValidationError):
        address.city = "Rome"  # pyright: ignore[reportAttributeAccessIssue] - that it is frozen is the point


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"line1": " "},
        {"city": "x" * 201},
        {"country": "it"},
        {"country": "ITA"},
        {"planet": "Earth"},
        {"postal_code": "1" * 21},
        {"phone": "1" * 41},
    ],
)
def test_what_is_no_address(change: dict[str, str]) -> None:
    with pytest.raises(ValidationError):
        Address(**{**GOOD, **change})
