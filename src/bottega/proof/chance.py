"""Chance that can be repeated: everything random in a campaign follows from its seed."""

import random
from typing import TypeAlias

Chance: TypeAlias = random.Random


def seeded(*seed: object) -> Chance:
    """The same numbers for the same seed, in every process and on every machine."""
    return random.Random(":".join(map(str, seed)))  # noqa: S311 - to be repeated, not to be secret
