"""The router: walks the ladder until somebody answers, and writes down how it went."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field

import structlog

from bottega.kernel.errors import Refusal
from bottega.kernel.identifiers import new_id
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Database
from bottega.ports.chat_model import ChatModel, ChatReply, ChatRequest, Delta, RequestRefused, Usage
from bottega.runtime.models.attempt import Attempts
from bottega.runtime.models.away import going_on_without
from bottega.runtime.models.breakers import Breakers
from bottega.runtime.models.budgets import Budgets
from bottega.runtime.models.cache import CachedReply, ReplyCache
from bottega.runtime.models.call import Level, ModelCall, NoModelAnswered, RoutedReply, StartedOver
from bottega.runtime.models.ladder import Rung, ladder
from bottega.runtime.models.ping import ping
from bottega.runtime.models.rates import Rates
from bottega.runtime.models.records import CallRecord, Outcome, RecordsAside, write_record
from bottega.runtime.models.retries import pause_before_retry
from bottega.runtime.models.route import Route, offline_route
from bottega.runtime.models.work import LEAST_SECONDS, SHARE_WITH_FALLBACK, PassedOver, Work

log = structlog.get_logger(__name__)

# How long this process remembers how fast a route was, and how much the newest answer weighs.
OBSERVED_SECONDS = 60.0
NEWEST_WEIGHT = 0.3


@dataclass(frozen=True, slots=True)
class RouterParts:
    """What a router is made of."""

    database: Database
    clock: Clock
    budgets: Budgets
    breakers: Breakers
    cache: ReplyCache
    currency: str = "USD"
    intents: Mapping[str, tuple[Level, ...]] = field(default_factory=dict[str, tuple[Level, ...]])


class Router:
    """Implements `ModelRouter` over the routes of the settings, with the offline engine below them all."""

    def __init__(self, parts: RouterParts, routes: Sequence[Route], offline: ChatModel) -> None:
        self._parts = parts
        self._routes = tuple(routes)
        self._offline = offline_route(offline)
        self._attempts = Attempts(parts.breakers, Rates(), parts.budgets)
        self._pace = _Pace()
        self._records = RecordsAside(parts.database)
        self._knows_prices = False

    @property
    def records(self) -> RecordsAside:
        """Records that are written beside the work."""
        return self._records

    @property
    def parts(self) -> RouterParts:
        """Budgets, breakers and cache, for those who look after them."""
        return self._parts

    @property
    def routes(self) -> tuple[Route, ...]:
        """Every route, the offline engine last."""
        return (*self._routes, self._offline)

    async def complete(self, call: ModelCall, request: ChatRequest) -> RoutedReply:
        """The reply of the first route that answers."""
        async with aclosing(self._drive(self._work(call, request, streaming=False))) as items:
            async for item in items:
                if isinstance(item, RoutedReply):
                    return item
        raise AssertionError("a drive ends with a reply or a refusal")

    async def stream(self, call: ModelCall, request: ChatRequest) -> AsyncGenerator[Delta | StartedOver | RoutedReply]:
        """The same, while it is being written."""
        async with aclosing(self._drive(self._work(call, request, streaming=True))) as items:
            async for item in items:
                yield item

    async def warm_up(self) -> dict[str, str]:
        """Asks every route that wants it for one word, so that models are loaded and connections stand; how it went."""
        wanted = [route for route in self._routes if route.warm_up]
        parts = self._parts
        answers = await asyncio.gather(
            *(ping(route, parts.database, parts.clock, currency=parts.currency, intent="warm_up") for route in wanted)
        )
        return {answer.route: answer.outcome for answer in answers}

    async def close(self) -> None:
        """Writes what is not written yet, and gives back the connections of all routes."""
        await self._records.written()
        for route in self.routes:
            await route.model.close()

    def _look_prices_up(self) -> None:
        for route in self._routes:
            if not route.price.is_known():
                log.warning("model_price_unknown", route=route.name, next_step="set its price in the models' file")
        self._knows_prices = True

    def _work(self, call: ModelCall, request: ChatRequest, *, streaming: bool) -> Work:
        place = self._parts.cache.place(call, request)
        return Work(call, request, new_id("mcl"), streaming, self._parts.clock.now(), place)

    async def _drive(self, work: Work) -> AsyncGenerator[Delta | StartedOver | RoutedReply]:
        ended = False
        try:
            cached = None if work.place is None else await self._parts.cache.find(work.place, work.call)
            if cached is not None:
                ended = True
                yield await self._repeated(work, cached)
                return
            async with aclosing(self._walk(work)) as items:
                async for item in items:
                    ended = ended or isinstance(item, RoutedReply)
                    yield item
            if not ended:
                ended = True
                raise await self._nobody(work)
        finally:
            if not ended:
                await asyncio.shield(self._record(work, "abandoned", "the caller went away"))

    async def _walk(self, work: Work) -> AsyncGenerator[Delta | StartedOver | RoutedReply]:
        """Rung by rung, until one answers; ends without a reply when none does."""
        if not self._knows_prices:
            await asyncio.to_thread(self._look_prices_up)
        rungs = ladder(
            work.call,
            work.request,
            self._routes,
            self._offline,
            self._parts.intents,
            observed_seconds=self._pace.seconds(),
            money_is_limited=self._parts.budgets.limits_money(work.call),
        )
        for place, rung in enumerate(rungs):
            if rung.passed_over is not None:
                work.note(rung.route, "passed_over", rung.passed_over)
                continue
            others = any(below.passed_over is None and below.route.level != "offline" for below in rungs[place + 1 :])
            async with aclosing(self._climb(rung, work, others)) as items:
                async for item in items:
                    yield item
                    if isinstance(item, RoutedReply):
                        return

    async def _climb(self, rung: Rung, work: Work, others: bool) -> AsyncGenerator[Delta | StartedOver | RoutedReply]:
        """One route, tried as often as its settings and the time allow."""
        said = False
        for tries_done in range(1, rung.route.tries + 1):
            seconds = _seconds_for(rung, work, others)
            if seconds is None:
                work.note(rung.route, "passed_over", "out_of_time")
                return
            try:
                async with aclosing(self._attempts.run(rung, work, seconds)) as items:
                    async for item in items:
                        if isinstance(item, ChatReply):
                            yield await self._routed(rung, work, item)
                            return
                        said = True
                        yield item
            except PassedOver as passed:
                work.note(rung.route, "passed_over", passed.reason)
                return
            except Refusal as failure:
                work.last_failure = failure
                if said:
                    said = False
                    yield StartedOver(rung.route.name, failure.code)
                pause = pause_before_retry(failure, tries_done, work.seconds_left)
                if pause is None or tries_done == rung.route.tries:
                    return
                await asyncio.sleep(pause)

    async def _routed(self, rung: Rung, work: Work, reply: ChatReply) -> RoutedReply:
        route = rung.route
        self._pace.saw(route.name, work.attempts[-1].seconds)
        failed = [attempt for attempt in work.attempts[:-1] if attempt.outcome == "failed"]
        reason = f"{rung.reason}, after {failed[-1].route}: {failed[-1].reason}" if failed else rung.reason
        if work.place is not None and route.level != "offline":
            await self._parts.cache.keep(work.place, work.call, reply, route.name, route.level)
        return await self._answered(work, reply, route.name, route.level, reason)

    async def _repeated(self, work: Work, cached: CachedReply) -> RoutedReply:
        reason = f"{work.call.intent}: kept from before ({cached.hit})"
        if work.streaming:
            work.first_token_seconds = work.seconds
        return await self._answered(work, cached.reply, cached.route, cached.level, reason, cached)

    async def _answered(
        self, work: Work, reply: ChatReply, route: str, level: Level, reason: str, cached: CachedReply | None = None
    ) -> RoutedReply:
        routed = RoutedReply(
            reply=reply,
            call_id=work.call_id,
            route=route,
            level=level,
            reason=reason,
            attempts=tuple(work.attempts),
            cost_micros=work.cost_micros,
            currency=self._parts.currency,
            seconds=work.seconds,
            first_token_seconds=work.first_token_seconds,
            cache_hit=None if cached is None else cached.hit,
        )
        await self._record(work, "answered", reason, routed)
        return routed

    async def _nobody(self, work: Work) -> Refusal:
        """The refusal of a call that nobody answered, written down."""
        await self._record(work, "failed", "nobody answered")
        failures = [attempt for attempt in work.attempts if attempt.outcome == "failed"]
        if isinstance(work.last_failure, RequestRefused) and failures[-1].level == "offline":
            return work.last_failure
        tried = ", ".join(f"{attempt.route} ({attempt.reason})" for attempt in work.attempts)
        return NoModelAnswered(f"No model answered: {tried}.", tuple(work.attempts))

    async def _record(self, work: Work, outcome: Outcome, reason: str, routed: RoutedReply | None = None) -> None:
        """A record that cannot be written loses no turn; money put aside for it expires into spent."""
        reply = None if routed is None else routed.reply
        record = CallRecord(
            id=work.call_id,
            call=work.call,
            outcome=outcome,
            reason=reason,
            attempts=tuple(work.attempts),
            began_at=work.began_at,
            seconds=work.seconds,
            currency=self._parts.currency,
            cost_micros=work.cost_micros,
            cost_is_estimate=work.cost_is_estimate,
            route=None if routed is None else routed.route,
            level=None if routed is None else routed.level,
            model=None if reply is None else reply.model,
            usage=Usage() if reply is None else reply.usage,
            vendor_request_id="" if reply is None else reply.request_id,
            error_code=None if outcome == "answered" or work.last_failure is None else work.last_failure.code,
            cache_hit=None if routed is None else routed.cache_hit,
            first_token_seconds=work.first_token_seconds,
            streamed=work.streaming,
        )
        is_our_own = outcome == "answered" and record.level == "offline"
        if is_our_own and work.settling is None and not record.cost_micros:
            self._records.add(record)
            return
        with going_on_without("model_call_not_recorded", call=work.call_id):
            await write_record(self._parts.database, record, work.settling)


def _seconds_for(rung: Rung, work: Work, others: bool) -> float | None:
    """How long a try may take; the offline engine answers even when the time is up."""
    if rung.route.level == "offline":
        return rung.route.limits.total_seconds
    left = work.seconds_left * (SHARE_WITH_FALLBACK if others else 1.0)
    return None if left < LEAST_SECONDS else left


class _Pace:
    """How fast each route answers at present, as this process has seen."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, float]] = {}

    def saw(self, route: str, seconds: float) -> None:
        before = self._seen.get(route)
        mean = seconds if before is None else before[0] * (1 - NEWEST_WEIGHT) + seconds * NEWEST_WEIGHT
        self._seen[route] = (mean, time.monotonic())

    def seconds(self) -> Mapping[str, float]:
        now = time.monotonic()
        return {route: mean for route, (mean, at) in self._seen.items() if now - at < OBSERVED_SECONDS}
