"""While a schedule runs, identifiers, jitter and pauses follow from its seed and its clock as well."""

import asyncio
import random
from collections.abc import Generator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import bottega.entrance.known_guests
import bottega.kernel.identifiers
import bottega.shop.shop_settings
from bottega.platform.clock import Clock
from bottega.proof.chance import seeded
from bottega.proof.simulation.turnstile import Turnstile, current_actor


@contextmanager
def chosen(seed: object, clock: Clock) -> Generator[None]:
    """Identifiers by seed and clock; what `random` gives, too. Not for two schedules at once in one process."""
    chance = seeded(seed, "identifiers")
    own_time = SimpleNamespace(
        time_ns=lambda: int(clock.now().timestamp() * 1e9), monotonic=lambda: clock.now().timestamp()
    )
    own_os = SimpleNamespace(urandom=chance.randbytes)
    replaced: list[tuple[Any, str, Any]] = [
        (bottega.kernel.identifiers, "os", own_os),
        (bottega.kernel.identifiers, "time", own_time),
        # Copies that a process keeps for some seconds grow old by the same clock.
        (bottega.entrance.known_guests, "time", own_time),
        (bottega.shop.shop_settings, "time", own_time),
    ]
    kept = [(module, name, getattr(module, name)) for module, name, _ in replaced]
    before = random.getstate()
    random.seed(f"{seed}:jitter")
    for module, name, value in replaced:
        setattr(module, name, value)
    try:
        yield
    finally:
        for module, name, value in kept:
            setattr(module, name, value)
        random.setstate(before)


@contextmanager
def pausing_at(turnstile: Turnstile) -> Generator[None]:
    """A pause of an actor is an await like any other, and takes no time."""
    sleep: Any = asyncio.sleep

    async def pause(delay: float, result: Any = None) -> Any:
        if current_actor.get() is None or delay == 0:
            return await sleep(delay, result)
        await turnstile.point("pause", life=turnstile.life)
        return result

    patched: Any = asyncio
    patched.sleep = pause
    try:
        yield
    finally:
        patched.sleep = sleep
