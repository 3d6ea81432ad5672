"""Memory ends by the clock: a job deletes what has expired."""

from collections.abc import Mapping
from typing import Any, Protocol

from bottega.actions.perform import Performer
from bottega.platform.jobs import periodic
from bottega.runtime.memory import store


class MemoryJobs(Protocol):
    """What the job is given; the application has it."""

    @property
    def performer(self) -> Performer: ...


@periodic("memory.sweep", every_seconds=3600)
async def sweep(context: MemoryJobs, _: Mapping[str, Any]) -> None:
    """Facts whose time is over, and those that others have superseded."""
    performer = context.performer
    async with performer.database.write() as connection:
        await store.sweep(connection, performer.clock.now())
