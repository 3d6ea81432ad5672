"""Counts of fixed windows for the rate limiter, in this process's memory and without a thread or task of their own."""

import time

from limits.storage.base import Storage

# Windows that are over are swept out every so many counts, so that what is kept stays in proportion to the traffic.
SWEEP_EVERY = 10_000


class WindowCounts(Storage):
    """The library's own memory storage starts a timer thread for each expiry, which costs more than the request."""

    STORAGE_SCHEME = ["window-counts"]  # noqa: RUF012 - the library's registry reads a class attribute

    def __init__(self) -> None:
        super().__init__()
        self._counts: dict[str, tuple[int, float]] = {}
        self._until_sweep = SWEEP_EVERY

    @property
    def base_exceptions(self) -> type[Exception]:
        return KeyError

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """The count of a key in its window, which begins with the first count and lasts `expiry` seconds."""
        now = time.time()
        count, ends_at = self._counts.get(key, (0, 0.0))
        if ends_at <= now:
            count, ends_at = 0, now + expiry
        self._counts[key] = (count + amount, ends_at)
        self._until_sweep -= 1
        if self._until_sweep <= 0:
            self._sweep(now)
        return count + amount

    def get(self, key: str) -> int:
        count, ends_at = self._counts.get(key, (0, 0.0))
        return count if ends_at > time.time() else 0

    def get_expiry(self, key: str) -> float:
        return self._counts.get(key, (0, time.time()))[1]

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        held = len(self._counts)
        self._counts.clear()
        return held

    def clear(self, key: str) -> None:
        self._counts.pop(key, None)

    def _sweep(self, now: float) -> None:
        self._counts = {key: window for key, window in self._counts.items() if window[1] > now}
        self._until_sweep = SWEEP_EVERY
