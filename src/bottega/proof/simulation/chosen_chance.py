"""While a schedule runs, identifiers, jitter and pauses follow from its seed and its clock as well."""

import asyncio
import random
from collections.abc import Generator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import bottega.kernel.identifiers
from bottega.platform.clock import Clock
from bottega.proof.chance import seeded
from bottega.proof.simulation.turnstile import Turnstile, current_actor


@contextmanager
def chosen(seed: object, clock: Clock) -> Generator[None]:
    """Identifiers by seed and clock; what `random` gives, too. Not for two schedules at once in one process."""
    chance = seeded(seed, "identifiers")
    identifiers: Any = bottega.kernel.identifiers
    kept = {name: getattr(identifiers, name) for name in ("os", "time")}
    before = random.getstate()
    random.seed(f"{seed}:jitter")
    identifiers.os = SimpleNamespace(urandom=chance.randbytes)
    identifiers.time = SimpleNamespace(time_ns=lambda: int(clock.now().timestamp() * 1e9))
    try:
        yield
    finally:
        for name, module in kept.items():
            setattr(identifiers, name, module)
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
