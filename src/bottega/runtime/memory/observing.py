"""Memory as a run sees it: what is remembered of its customer becomes evidence, with where it came from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bottega.platform.database.pool import Connection
from bottega.runtime.evidence import Evidence, FieldLabels
from bottega.runtime.memory import store
from bottega.runtime.memory.model import Memory, Purpose

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bottega.runtime.context import RunContext


@dataclass(frozen=True, slots=True)
class MemoryObserver:
    """Recalls the customer's facts before a run decides.

    `consents` asks the shop whether this customer lets it personalise; without that only `service` facts are recalled.
    """

    consents: "Callable[[Connection, str], Awaitable[bool]]"
    limit: int = 20
    name: str = "memory"

    async def observe(self, context: "RunContext") -> Sequence[Evidence]:
        """One piece of evidence per fact; none for somebody who is not identified."""
        if context.customer_id is None:
            return ()
        async with context.performer.database.write() as connection:
            purposes: list[Purpose] = ["service"]
            if await self.consents(connection, context.customer_id):
                purposes.append("personalisation")
            found = await store.recall(connection, context.customer_id, purposes, context.now, limit=self.limit)
        return [evidence_of_memory(memory) for memory in found]


def evidence_of_memory(memory: Memory) -> Evidence:
    """A remembered fact with its source and age; all of it is about a person."""
    value = {
        "name": memory.name,
        "value": memory.value,
        "said": memory.said,
        "from": memory.source.partition(":")[0],
        "learnt_on": memory.learnt_at.date().isoformat(),
        "may_be_outdated": memory.is_stale,
    }
    labels = FieldLabels(whole=memory.trust, personal=frozenset({"value", "said"}))
    return Evidence(
        id=memory.id,
        source=f"memory:{memory.source}",
        value=value,
        labels=labels,
        observed_at=memory.confirmed_at,
        fresh_until=memory.expires_at,
    )
