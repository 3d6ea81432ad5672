"""What a caller asks of the router, and what it gets back."""

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Literal, Protocol

from bottega.kernel.errors import Unavailable
from bottega.ports.chat_model import ChatReply, ChatRequest, Delta

Level = Literal["offline", "local", "small", "large"]
LEVELS: tuple[Level, ...] = ("offline", "local", "small", "large")
Need = Literal["tools", "structured_output", "streaming"]
CacheUse = Literal["none", "exact", "semantic"]
CacheHit = Literal["exact", "semantic"]
AttemptOutcome = Literal["answered", "failed", "passed_over"]


@dataclass(frozen=True, slots=True)
class EvidenceVersion:
    """One thing that an answer rests on: a product, a passage, a policy, and the version that was read."""

    source: str
    version: str


@dataclass(frozen=True, slots=True)
class ModelCall:
    """One call, told to the router.

    `intent` is a short name of the settings' choosing (`chat`, `plan`, `critic`, `faq`, `summary`); it says at which
    level the ladder begins. `latency_target_seconds` bounds everything, retries and lower levels included, except the
    offline engine, which answers even when the time is up. `cost_limit_micros` is what this one call may cost at most.
    `needs` are capabilities beyond text; tools, a response schema and streaming are seen from the request anyway.

    `personal_data` says that a message holds personal data: only routes that may see it are asked.
    `private_to` (a customer's or session's id) is set when the answer holds for nobody else; a call with personal data
    and no `private_to` is never cached. `evidence` is what the answer rests on: a cached answer is
    used only while every version is still current.

    `run_id` and `parent_run_ids` (nearest first) are whose budgets pay, besides the role's and the shop's;
    `run_limit_micros` is what this run may spend in all (a parent's own limit is known from its own calls).
    """

    intent: str
    role: str
    run_id: str | None = None
    run_limit_micros: int | None = None
    parent_run_ids: tuple[str, ...] = ()
    latency_target_seconds: float = 30.0
    cost_limit_micros: int | None = None
    needs: frozenset[Need] = frozenset()
    highest_level: Level = "large"
    personal_data: bool = False
    cache: CacheUse = "none"
    private_to: str | None = None
    evidence: tuple[EvidenceVersion, ...] = ()


@dataclass(frozen=True, slots=True)
class Attempt:
    """One rung of the ladder: a route that was asked, or passed over, and why."""

    route: str
    level: Level
    outcome: AttemptOutcome
    reason: str
    """`ok`, an error code of the port, or why it was not asked: `breaker_open`, `over_budget`, `personal_data`, …"""
    seconds: float = 0.0
    cost_micros: int = 0


@dataclass(frozen=True, slots=True)
class RoutedReply:
    """A reply, who gave it, and what it took. `cost_micros` counts failed attempts too, in millionths of `currency`."""

    reply: ChatReply
    call_id: str
    route: str
    level: Level
    reason: str
    attempts: tuple[Attempt, ...]
    cost_micros: int
    currency: str
    seconds: float
    first_token_seconds: float | None = None
    cache_hit: CacheHit | None = None


@dataclass(frozen=True, slots=True)
class StartedOver:
    """A stream broke after it had begun: what it said so far is void, and another route begins from the start."""

    route: str
    reason: str


class NoModelAnswered(Unavailable):
    """Every rung failed, the offline engine too; `attempts` says how."""

    def __init__(
        self, message: str, attempts: tuple[Attempt, ...], *, retry_after_seconds: float | None = None
    ) -> None:
        super().__init__(
            "no_model_answered",
            message,
            next_step="See `bottega models test`.",
            retry_after_seconds=retry_after_seconds,
        )
        self.attempts = attempts


class ModelRouter(Protocol):
    """What the runtime needs of the router."""

    async def complete(self, call: ModelCall, request: ChatRequest) -> RoutedReply:
        """The reply of the best route that answers; raises `RequestRefused` (nobody takes it) or `NoModelAnswered`."""
        ...

    def stream(self, call: ModelCall, request: ChatRequest) -> AsyncGenerator[Delta | StartedOver | RoutedReply]:
        """Deltas, `StartedOver` where another route takes over, and the routed reply as the last item."""
        ...
