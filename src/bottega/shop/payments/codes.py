"""Gift card codes: made at the edge, shown to who issues the card, and known to the shop by a keyed digest alone."""

import hmac

from bottega.actions.work import lookup_digest

# Without letters and digits that are easily mistaken for each other; five bits each.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_GROUPS, _GROUP_LENGTH = 5, 4
LOOKUP_KIND = "gift_card_code"


def code_for(secret: bytes, request: str) -> str:
    """The code that one request stands for, such as `7KQM-…`; 100 bits that nobody without the secret can guess.

    It is computed, not drawn, so that a repeated request stands for the same card and nothing has to be stored.
    """
    number = int.from_bytes(hmac.digest(secret, f"gift card code\0{request}".encode(), "sha256"))
    letters = [_ALPHABET[number >> 5 * position & 31] for position in range(_GROUPS * _GROUP_LENGTH)]
    groups = ("".join(letters[start : start + _GROUP_LENGTH]) for start in range(0, len(letters), _GROUP_LENGTH))
    return "-".join(groups)


def digest_of_code(lookup_key: bytes, code: str) -> str:
    """The keyed digest in hexadecimal under which a card is found; case, spaces and hyphens do not matter."""
    return lookup_digest(lookup_key, LOOKUP_KIND, "".join(code.split()).replace("-", "")).hex()
