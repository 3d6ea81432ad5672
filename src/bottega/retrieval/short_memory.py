"""What a process remembers for a few seconds, so that each search need not ask the database for it again."""

import time
from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")


class ShortMemory(Generic[T]):
    """Values by key, the `most` that were kept or recalled last, each for `seconds`."""

    def __init__(self, seconds: float, most: int) -> None:
        self._seconds = seconds
        self._most = most
        self._kept: OrderedDict[Hashable, tuple[float, T]] = OrderedDict()

    def recall(self, key: Hashable) -> T | None:
        """The value, if it was kept and is not too old."""
        found = self._kept.get(key)
        if found is None or found[0] <= time.monotonic():
            return None
        self._kept.move_to_end(key)
        return found[1]

    def keep(self, key: Hashable, value: T) -> T:
        """Keeps a value and gives it back."""
        self._kept[key] = (time.monotonic() + self._seconds, value)
        self._kept.move_to_end(key)
        while len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return value

    def forget(self) -> None:
        """Forgets everything."""
        self._kept.clear()
