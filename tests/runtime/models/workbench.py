"""A router over scripted models and a real database, and questions about what it wrote down."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from bottega.connectors.sandbox.chat_model import ScriptedChatModel, Turn
from bottega.platform.clock import SetClock
from bottega.platform.database.pool import Database
from bottega.ports.chat_model import (
    CallLimits,
    ChatModel,
    ChatReply,
    ChatRequest,
    ModelCapabilities,
    SystemMessage,
    Usage,
    UserMessage,
)
from bottega.runtime.models.breakers import BreakerPolicy, Breakers
from bottega.runtime.models.budgets import BudgetLimits, Budgets
from bottega.runtime.models.cache import CachePolicy, CurrentVersions, ReplyCache
from bottega.runtime.models.call import Attempt, Level, ModelCall, RoutedReply
from bottega.runtime.models.jobs import tend
from bottega.runtime.models.prices import FREE, SetPrice
from bottega.runtime.models.route import Route
from bottega.runtime.models.router import Router, RouterParts

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
QUESTION = ChatRequest(
    (SystemMessage("You are a clerk."), UserMessage("What is the time for returns?")), maximum_output_tokens=100
)
CALL = ModelCall(intent="chat", role="assistant", run_id="run_1", latency_target_seconds=5.0)
# One unit of the currency per million tokens is one micro per token.
PRICE = SetPrice(Decimal(1), Decimal(4))
ABLE = ModelCapabilities(context_tokens=100_000, may_see_personal_data=True)


def says(text: str, usage: Usage | None = None) -> ChatReply:
    return ChatReply(text, usage=usage or Usage(50, 20))


def scripted(*turns: Turn, name: str = "scripted") -> ScriptedChatModel:
    return ScriptedChatModel(turns, name=name, capabilities=ABLE)


def route(name: str, level: Level, model: ChatModel, **changes: Any) -> Route:
    limits = CallLimits(connect_seconds=2, first_token_seconds=3, total_seconds=3)
    given = Route(name, level, model, PRICE if level in ("small", "large") else FREE, limits)
    return replace(given, **changes)


def offline(text: str = "The offline engine answers.") -> ScriptedChatModel:
    return ScriptedChatModel(lambda *_: ChatReply(text), name="offline")


@dataclass
class Workbench:
    """The parts of a router, each of which a test may change before it opens one."""

    database: Database
    clock: SetClock = field(default_factory=lambda: SetClock(NOW))
    limits: BudgetLimits = field(default_factory=BudgetLimits)
    breaker_policy: BreakerPolicy = field(default_factory=lambda: BreakerPolicy(read_again_seconds=0.0))
    cache_policy: CachePolicy = field(default_factory=CachePolicy)
    intents: Mapping[str, tuple[Level, ...]] = field(default_factory=dict[str, tuple[Level, ...]])
    embedder: Any = None
    current_versions: CurrentVersions | None = None
    _routers: list[Router] = field(default_factory=list[Router])

    def budgets(self) -> Budgets:
        return Budgets(self.database, self.clock, self.limits)

    def breakers(self, owner: str = "one") -> Breakers:
        return Breakers(self.database, self.clock, self.breaker_policy, owner=owner)

    def cache(self) -> ReplyCache:
        return ReplyCache(
            self.database,
            self.clock,
            secret=b"secret of the tests",
            policy=self.cache_policy,
            embedder=self.embedder,
            current_versions=self.current_versions,
        )

    def router(self, *routes: Route, engine: ChatModel | None = None, owner: str = "one") -> Router:
        parts = RouterParts(
            self.database, self.clock, self.budgets(), self.breakers(owner), self.cache(), intents=self.intents
        )
        self._routers.append(Router(parts, routes, engine or offline()))
        return self._routers[-1]

    async def tend(self, what: str) -> int:
        """Does what is due by the clock, and says how much of one kind that was."""
        return (await tend(self.database, self.clock.now()))[what]

    async def calls(self) -> list[dict[str, Any]]:
        """What was written down, in order."""
        for router in self._routers:
            await router.records.written()
        return await self._rows("SELECT * FROM runtime.model_calls ORDER BY id")

    async def accounts(self) -> dict[str, tuple[int, int]]:
        """What is spent and reserved, per account."""
        rows = await self._rows("SELECT * FROM runtime.model_budgets ORDER BY account")
        return {row["account"]: (row["spent_micros"], row["reserved_micros"]) for row in rows}

    async def reservations(self) -> list[dict[str, Any]]:
        return await self._rows("SELECT * FROM runtime.model_reservations ORDER BY id")

    async def breaker(self, name: str) -> dict[str, Any] | None:
        rows = await self._rows("SELECT * FROM runtime.model_breakers WHERE route = $1", name)
        return rows[0] if rows else None

    async def _rows(self, query: str, *values: Any) -> list[dict[str, Any]]:
        async with self.database.read() as connection:
            return [dict(row) for row in await connection.fetch(query, *values)]


def ladder_of(reply: RoutedReply) -> list[tuple[str, str, str]]:
    return steps(reply.attempts)


def steps(attempts: Sequence[Attempt]) -> list[tuple[str, str, str]]:
    """Route, outcome and reason of each line of a ladder."""
    return [(attempt.route, attempt.outcome, attempt.reason) for attempt in attempts]
