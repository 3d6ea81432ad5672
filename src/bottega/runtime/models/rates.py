"""How many requests and tokens a route may be asked for per minute, and how many calls at once, by one process."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager

from bottega.runtime.models.route import Route

MINUTE_SECONDS = 60.0


class Bucket:
    """A token bucket: full at the start, filled evenly, never fuller than one minute's worth."""

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._left = float(per_minute)
        self._clock = clock
        self._at = clock()

    def take(self, amount: int) -> bool:
        """Takes so much, or nothing. More than a minute's worth is taken from a full bucket, once."""
        now = self._clock()
        self._left = min(self._per_minute, self._left + (now - self._at) * self._per_minute / MINUTE_SECONDS)
        self._at = now
        if self._left < min(amount, self._per_minute):
            return False
        self._left -= amount
        return True


class Rates:
    """The buckets and places of all routes."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: dict[tuple[str, str], Bucket] = {}
        self._places: dict[str, asyncio.Semaphore] = {}

    def allows(self, route: Route, tokens: int) -> bool:
        """Whether one more request of so many tokens fits; counts it if so."""
        wanted = (("requests", route.requests_per_minute, 1), ("tokens", route.tokens_per_minute, tokens))
        return all(self._bucket(route, kind, most).take(amount) for kind, most, amount in wanted if most is not None)

    @asynccontextmanager
    async def place(self, route: Route, seconds: float) -> AsyncGenerator[bool]:
        """One of the route's places, waited for at most so long; false when none became free."""
        places = self._places.setdefault(route.name, asyncio.Semaphore(route.concurrent_calls))
        try:
            async with asyncio.timeout(seconds):
                await places.acquire()
        except TimeoutError:
            yield False
            return
        try:
            yield True
        finally:
            places.release()

    def _bucket(self, route: Route, kind: str, per_minute: int) -> Bucket:
        key = (route.name, kind)
        if key not in self._buckets:
            self._buckets[key] = Bucket(per_minute, self._clock)
        return self._buckets[key]
