"""Finding card numbers, secrets, e-mail addresses, telephone numbers and bank accounts in text."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["card", "secret", "email", "phone", "iban"]

CARD_REMOVED = "[card number removed]"
SECRET_REMOVED = "[secret removed]"  # noqa: S105 - what stands in a secret's place

_MAY_HOLD_SOME = re.compile(r"@|\d[\d ()/.-]{5}|[A-Za-z]{2}\d\d|[A-Za-z0-9_-]{20}|-----BEGIN")
# Our own tokens, keys of the well-known forms, signed tokens, private keys.
_SECRET = re.compile(
    r"\bbt[gsk]_[\w.-]{20,}|\b(?:sk|rk|pk|whsec|ghp|gho|xox[abp])[-_][A-Za-z0-9_-]{16,}|\bAKIA[0-9A-Z]{16}\b"
    r"|\beyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]{8,}|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]+-----|\Z)"
)
_CARD = re.compile(r"(?<![\d.,])\d(?:[ -]?\d){12,18}(?![\d]|[.,]\d)")
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+%-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]{0,62}\.)+[A-Za-z]{2,24}(?![\w-])")
_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Za-z]{2}\d{2}(?: ?[A-Za-z0-9]{4}){2,7}(?: ?[A-Za-z0-9]{1,4})?(?![A-Za-z0-9])")
# International form, or a national one that begins with a zero; digits alone may as well be an order's number.
_PHONE = re.compile(r"(?<![\w+])(?:\+\d|\(?0\d)[\d ()/.-]{6,20}\d(?!\w)")


@dataclass(frozen=True, slots=True)
class Found:
    """One personal value in a text."""

    kind: Kind
    start: int
    end: int
    value: str


def found_in(text: str) -> list[Found]:
    """What there is in a text, in its order and without overlaps; the first kind that matches wins."""
    if _MAY_HOLD_SOME.search(text) is None:
        return []
    taken: list[Found] = []
    for found in (*_secrets(text), *_cards(text), *_emails(text), *_ibans(text), *_phones(text)):
        if all(found.end <= other.start or found.start >= other.end for other in taken):
            taken.append(found)
    return sorted(taken, key=lambda found: found.start)


def without_secrets(text: str) -> str:
    """The text with every card number and secret replaced; nothing that was typed into a chat keeps one."""
    found = [one for one in found_in(text) if one.kind in ("card", "secret")]
    return _replaced(text, found, lambda one: CARD_REMOVED if one.kind == "card" else SECRET_REMOVED)


def replaced(text: str, with_what: Callable[[Found], str]) -> str:
    """The text with every personal value replaced."""
    return _replaced(text, found_in(text), with_what)


def _replaced(text: str, found: list[Found], with_what: Callable[[Found], str]) -> str:
    parts: list[str] = []
    position = 0
    for one in found:
        parts += [text[position : one.start], with_what(one)]
        position = one.end
    return "".join([*parts, text[position:]])


def _cards(text: str) -> Iterator[Found]:
    for match in _CARD.finditer(text):
        digits = re.sub(r"\D", "", match[0])
        if _passes_luhn(digits) and len(set(digits)) > 1:
            yield Found("card", match.start(), match.end(), match[0])


def _secrets(text: str) -> Iterator[Found]:
    for match in _SECRET.finditer(text):
        yield Found("secret", match.start(), match.end(), match[0])


def _emails(text: str) -> Iterator[Found]:
    if "@" in text:
        for match in _EMAIL.finditer(text):
            yield Found("email", match.start(), match.end(), match[0])


def _ibans(text: str) -> Iterator[Found]:
    for match in _IBAN.finditer(text):
        # The pattern may run on into the next word: the longest beginning whose check digits are right is the account.
        value = match[0]
        while len(re.sub(r"\s", "", value)) >= 15:
            if _passes_mod_97(re.sub(r"\s", "", value).upper()):
                yield Found("iban", match.start(), match.start() + len(value), value)
                break
            value = value[:-1].rstrip()


def _phones(text: str) -> Iterator[Found]:
    for match in _PHONE.finditer(text):
        if 9 <= sum(character.isdigit() for character in match[0]) <= 15:
            yield Found("phone", match.start(), match.end(), match[0])


def _passes_luhn(digits: str) -> bool:
    """ISO/IEC 7812-1, annex B."""
    total = 0
    for position, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (2 if position % 2 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


def _passes_mod_97(account: str) -> bool:
    """ISO 13616-1, clause 6."""
    moved = account[4:] + account[:4]
    return int("".join(str(int(character, 36)) for character in moved)) % 97 == 1
