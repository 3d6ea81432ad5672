"""A route: one configured model, its level, its price and its limits."""

from dataclasses import dataclass, field

from bottega.ports.chat_model import CallLimits, ChatModel
from bottega.runtime.models.call import Level
from bottega.runtime.models.prices import FREE, UNKNOWN, Price

OFFLINE_ROUTE = "offline"
OFFLINE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Route:
    """One way to an answer.

    `typical_seconds` is how long an answer usually takes, where that is known beforehand; a call in more haste passes
    over it. `tries` counts the first one too. The limits per minute hold for each process by itself.
    """

    name: str
    level: Level
    model: ChatModel
    price: Price = UNKNOWN
    limits: CallLimits = field(default_factory=CallLimits)
    tries: int = 2
    typical_seconds: float | None = None
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    concurrent_calls: int = 64
    warm_up: bool = False


def offline_route(engine: ChatModel) -> Route:
    """The engine that is always there: free, unlimited, tried once."""
    limits = CallLimits(OFFLINE_SECONDS, OFFLINE_SECONDS, OFFLINE_SECONDS)
    return Route(OFFLINE_ROUTE, "offline", engine, FREE, limits, tries=1, concurrent_calls=1_000)
