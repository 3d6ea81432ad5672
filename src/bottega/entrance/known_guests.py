"""Guests who were seen to be guests still, so that a checkout does not ask the database with each of its calls."""

import time

# Registering, blocking and forgetting through this process end a guest at once; through another one after this.
SECONDS = 2.0
MOST_KEPT = 20_000


class KnownGuests:
    """Customer ids of guests, each believed for two seconds."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def add(self, customer_id: str) -> None:
        """Believe that this is a guest."""
        if len(self._until) >= MOST_KEPT:
            self._until.clear()
        self._until[customer_id] = time.monotonic() + SECONDS

    def remove(self, customer_id: str) -> None:
        """Ask the database about this one from now on."""
        self._until.pop(customer_id, None)

    def __contains__(self, customer_id: str) -> bool:
        return self._until.get(customer_id, 0.0) > time.monotonic()
