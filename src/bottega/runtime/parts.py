"""What the runtime is made of in one process, and its own limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from bottega.actions.perform import Performer
from bottega.actions.work import JobQueue
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Database
from bottega.runtime.confirmation import Confirmations
from bottega.runtime.evidence import Json
from bottega.runtime.guard.guard import Guard
from bottega.runtime.journal import Journal
from bottega.runtime.models.call import ModelRouter
from bottega.runtime.role import Role
from bottega.runtime.run import Run
from bottega.runtime.sessions import Sessions


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the runtime waits for what, and how often it tries again."""

    retry_seconds: float = 2.0
    """Before a run whose model or shop was away is tried again; doubles each time."""
    retries: int = 5
    put_off_seconds: float = 30.0
    """Before back-office work is tried again whose shop is too busy for it."""
    patience: timedelta = timedelta(hours=1)
    """So long such work is tried again before it is given up."""
    children_max: int = 100
    """Children that one run may have."""
    depth_max: int = 5
    """Generations of children below a run."""
    confirmation_minutes: float = 30.0
    look_again: timedelta = timedelta(minutes=5)
    """A run that waits is looked at after this at the latest, whatever it waits for."""


class Listener(Protocol):
    """Told of what happens in a run while it happens; what it is told is in the journal or about to be."""

    async def on_event(self, run: Run, kind: str, data: Mapping[str, Json]) -> None:
        """`kind` is `phase`, `tool_call`, `tool_result` or `reply`."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """The runtime's parts, put together by bootstrap."""

    database: Database
    performer: Performer
    router: ModelRouter
    guard: Guard
    journal: Journal
    sessions: Sessions
    confirmations: Confirmations
    jobs: JobQueue
    clock: Clock
    roles: Mapping[str, Role]
    nouns: Mapping[str, str] = field(default_factory=dict[str, str])
    pace: Pace = field(default_factory=Pace)
