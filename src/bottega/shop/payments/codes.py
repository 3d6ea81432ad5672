"""Gift card codes: made at the edge, shown once, and known to the shop by a keyed digest alone."""

import secrets

from bottega.actions.work import lookup_digest

# Without letters and digits that are easily mistaken for each other; 20 of them are 99 random bits.
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
_GROUPS, _GROUP_LENGTH = 5, 4
LOOKUP_KIND = "gift_card_code"


def new_code() -> str:
    """A new code such as `7KQM-…`, for the one who receives the card."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP_LENGTH)) for _ in range(_GROUPS))
    return "-".join(groups)


def digest_of_code(lookup_key: bytes, code: str) -> str:
    """The keyed digest in hexadecimal under which a card is found; case, spaces and hyphens do not matter."""
    return lookup_digest(lookup_key, LOOKUP_KIND, "".join(code.split()).replace("-", "")).hex()
