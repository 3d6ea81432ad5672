"""Passwords: argon2id hashes, computed beside the event loop and a few at a time."""

import asyncio
import secrets
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import ParamSpec, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from bottega.kernel.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

SHORTEST_PASSWORD_CHARACTERS = 10
LONGEST_PASSWORD_CHARACTERS = 200
# Each hash takes 19 MiB while it is computed, so that a flood of sign-ins cannot take the memory of the shop.
HASHES_AT_ONCE = 2
MOST_WAITING = 50

# The second set of parameters of the OWASP password storage cheat sheet: 19 MiB, two passes, one lane.
_HASHER = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
_THREADS = ThreadPoolExecutor(HASHES_AT_ONCE, thread_name_prefix="password")
_waiting: set[object] = set()


async def hash_password(password: str) -> str:
    """The argon2id hash that is stored."""
    return await _beside_the_loop(_HASHER.hash, _normal(password))


async def verify_password(password: str, password_hash: str | None) -> bool:
    """Whether the password belongs to the hash; without a hash it takes as long and is false."""
    return await _beside_the_loop(_verify, _normal(password), password_hash)


def is_outdated(password_hash: str) -> bool:
    """Whether the hash was made with other parameters than today's."""
    return _HASHER.check_needs_rehash(password_hash)


def _verify(password: str, password_hash: str | None) -> bool:
    try:
        matches = _HASHER.verify(password_hash or _hash_of_nobody(), password)
    except (VerificationError, InvalidHashError):
        return False
    return matches and password_hash is not None


@cache
def _hash_of_nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe(32))


def _normal(password: str) -> str:
    # The same letters typed on another keyboard may arrive composed differently.
    return unicodedata.normalize("NFC", password)


async def _beside_the_loop(compute: Callable[P, T], *arguments: P.args, **named: P.kwargs) -> T:
    if len(_waiting) >= MOST_WAITING:
        raise Unavailable(
            "sign_in_busy", "Too many people sign in at once.", next_step="Try again.", retry_after_seconds=2
        )
    place = object()
    _waiting.add(place)
    try:
        return await asyncio.get_running_loop().run_in_executor(_THREADS, partial(compute, *arguments, **named))
    finally:
        _waiting.discard(place)
