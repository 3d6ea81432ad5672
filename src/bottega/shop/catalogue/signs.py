"""Signs: numbers for what a product can be narrowed to, kept beside its card and held against conditions."""

import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Literal

# What a sign is of: a facet of the card, a trait of the product, or a trait that one of its variants has.
Kind = Literal["facet", "trait", "variant"]
REMEMBERED_SIGNS = 20_000


def signs(kind: Kind, texts: Iterable[str]) -> list[int]:
    """The signs of these texts, as `search.signs_of` in the database makes them."""
    return [_sign(f"{kind} {text}") for text in texts]


@lru_cache(REMEMBERED_SIGNS)
def _sign(text: str) -> int:
    """The first half of an MD5 as a signed number of 64 bits; it hides nothing and only has to spread well."""
    return int.from_bytes(hashlib.md5(text.encode(), usedforsecurity=False).digest()[:8], "big", signed=True)


# A product has it once its traits are known: what lacks it cannot be said to be without anything.
TOLD = _sign("told")
# A product with it has but one variant, and what constraints ask of a variant its own signs and price tell.
ONE_VARIANT = _sign("one variant")
IN_STOCK = signs("facet", ["in_stock"])[0]
