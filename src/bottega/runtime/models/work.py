"""What the router knows of one call while it is being answered."""

import time
from dataclasses import dataclass, field
from datetime import datetime

from bottega.kernel.errors import Refusal
from bottega.ports.chat_model import ChatRequest
from bottega.runtime.models.budgets import Reservation
from bottega.runtime.models.cache import Place
from bottega.runtime.models.call import Attempt, AttemptOutcome, ModelCall
from bottega.runtime.models.route import Route

# A fallback that gets less than this cannot answer either.
LEAST_SECONDS = 0.25
# What the first of several routes may use of the time that is left, so that those below it have some.
SHARE_WITH_FALLBACK = 0.7


@dataclass(slots=True)
class Work:
    """One call: its time, its attempts and what they cost."""

    call: ModelCall
    request: ChatRequest
    call_id: str
    streaming: bool
    began_at: datetime
    place: Place | None = None
    begun: float = field(default_factory=time.monotonic)
    attempts: list[Attempt] = field(default_factory=list[Attempt])
    cost_micros: int = 0
    cost_is_estimate: bool = False
    first_token_seconds: float | None = None
    last_failure: Refusal | None = None
    settling: tuple[Reservation, int] | None = None
    """The reservation of the attempt that answered, to be settled together with the record."""

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.begun

    @property
    def seconds_left(self) -> float:
        return self.call.latency_target_seconds - self.seconds

    def note(
        self, route: Route, outcome: AttemptOutcome, reason: str, *, seconds: float = 0.0, cost_micros: int = 0
    ) -> None:
        """One more line of the ladder."""
        self.attempts.append(Attempt(route.name, route.level, outcome, reason, seconds, cost_micros))
        self.cost_micros += cost_micros


class PassedOver(Exception):
    """A route is not asked this time; says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
