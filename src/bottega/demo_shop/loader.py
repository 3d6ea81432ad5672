"""Performs the demo load's actions, each under a key of its own and at the time it is told to have happened."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.actions.outcome import Done
from bottega.bootstrap import Application
from bottega.kernel.identifiers import new_id
from bottega.platform.clock import SetClock

OWNER = Actor("staff", "stf_0000000000000000000000demo", "owner")
# The shop's books begin this long ago, before its first order.
AGE = timedelta(days=200)

Progress = Callable[[str, int, int], None]


@dataclass
class Loader:
    """Performs the load's actions at the times they are told to have happened."""

    application: Application
    clock: SetClock
    today: datetime = field(default_factory=lambda: datetime.now(UTC))
    ids: dict[str, str] = field(default_factory=dict[str, str])

    async def perform(self, key: str, action: Action, by: Actor = OWNER) -> dict[str, Any]:
        """The result of an action under a key of the load; effects that it claimed are sent at once."""
        outcome = await self.application.performer.perform(action, by=by, key=f"demo:{key}")
        result = outcome.unwrap()
        if isinstance(outcome, Done):
            for effect in outcome.effects:
                if effect.claimed:
                    await self.application.effects.drive_claimed(effect)
        return result

    def at(self, days_ago: float, hour: float = 10.0) -> None:
        """Moves the clock to a day in the past."""
        day = (self.today - timedelta(days=days_ago)).replace(hour=0, minute=0, second=0, microsecond=0)
        self.clock.set_to(min(day + timedelta(hours=hour), self.today))

    def customer_id(self, email: str) -> str:
        """The id that a customer has, the same in every run of the load."""
        digest = hashlib.sha256(email.encode()).digest()[:10]
        began = int((datetime(2024, 1, 1, tzinfo=UTC)).timestamp() * 1000)
        return new_id("cus", milliseconds=began, randomness=digest)

    async def variant_id(self, sku: str) -> str:
        """The id of a variant of the demo catalogue."""
        if f"sku:{sku}" not in self.ids:
            async with self.application.database.read() as connection:
                rows = await connection.fetch("SELECT id, sku FROM shop.variants")
            self.ids.update({f"sku:{row['sku']}": row["id"] for row in rows})
        return self.ids[f"sku:{sku}"]

    async def product_ids(self) -> dict[str, str]:
        """Product ids by handle."""
        async with self.application.database.read() as connection:
            rows = await connection.fetch("SELECT handle, id FROM shop.products")
        return {row["handle"]: row["id"] for row in rows}
