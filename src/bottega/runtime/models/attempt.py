"""One try on one route: permitted by its breaker, within its rates, paid for beforehand, bounded in time."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TypeVar

import structlog

from bottega.kernel.errors import OutcomeUnknown, Refusal, Unavailable
from bottega.kernel.identifiers import new_id
from bottega.ports import chat_model as port
from bottega.ports.chat_model import (
    CallLimits,
    ChatReply,
    ChatRequest,
    Delta,
    ReplyLost,
    RequestRefused,
    TextDelta,
    Usage,
)
from bottega.runtime.models.away import going_on_without, is_away
from bottega.runtime.models.breakers import Breakers, Permit
from bottega.runtime.models.budgets import Budgets, OverBudget, Reservation
from bottega.runtime.models.ladder import Rung
from bottega.runtime.models.rates import Rates
from bottega.runtime.models.route import Route
from bottega.runtime.models.sizes import likely_input_tokens, most_input_tokens
from bottega.runtime.models.work import PassedOver, Work

log = structlog.get_logger(__name__)

# Given to a connector beyond its own limits before it is taken for stuck.
STUCK_AFTER_SECONDS = 1.0
# Of a try's time, waiting for one of the route's places may take so much.
WAITING_SHARE = 0.4
CONNECTOR_BROKE = "model_connector_broke"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Attempts:
    """What every try needs: breakers, rates and budgets of the shop."""

    breakers: Breakers
    rates: Rates
    budgets: Budgets

    async def run(self, rung: Rung, work: Work, seconds: float) -> AsyncGenerator[Delta | ChatReply]:
        """Deltas and the reply. Raises `PassedOver`, or the failure, which is noted and paid for by then."""
        route = rung.route
        permit = await self.breakers.permit(route.name)
        if permit == "open":
            raise PassedOver("breaker_open")
        try:
            begun = time.monotonic()
            async with self.rates.place(route, seconds * WAITING_SHARE) as there_is_room:
                if not there_is_room:
                    raise PassedOver("busy")
                seconds -= time.monotonic() - begun
                if not self.rates.allows(route, likely_input_tokens(work.request)):
                    raise PassedOver("rate_limit")
                reservation = await self._reserve(route, work, seconds)
                async with aclosing(self._ask(rung, work, seconds, permit, reservation)) as stream:
                    async for item in stream:
                        yield item
        except PassedOver:
            await self.breakers.gave_up(route.name, permit)
            raise

    async def _reserve(self, route: Route, work: Work, seconds: float) -> Reservation | None:
        most = route.price.cost_micros(Usage(most_input_tokens(work.request), work.request.maximum_output_tokens))
        try:
            return await self.budgets.reserve(
                new_id("mat"), work.call, call_id=work.call_id, route=route.name, amount_micros=most, seconds=seconds
            )
        except OverBudget as refusal:
            raise PassedOver(f"over_budget {refusal.account}") from None
        except Exception as error:
            if not is_away(error):
                raise
            log.warning("budget_not_reserved", error=type(error).__name__)
            raise PassedOver("budget_unreachable") from error

    async def _ask(
        self, rung: Rung, work: Work, seconds: float, permit: Permit, reservation: Reservation | None
    ) -> AsyncGenerator[Delta | ChatReply]:
        begun = time.monotonic()
        settled = False
        try:
            async with aclosing(_items(rung, work, rung.route.limits.within(seconds))) as items:
                async for item in items:
                    if isinstance(item, ChatReply):
                        settled = True
                        yield await self._answered(rung.route, work, permit, reservation, item, begun)
                    else:
                        yield item
        except Refusal as failure:
            settled = True
            await self._failed(rung.route, work, permit, reservation, failure, begun)
            raise
        finally:
            if not settled:
                # The caller went away. What the model did meanwhile is billed as if it had gone to the end.
                await asyncio.shield(self._abandoned(rung.route, work, permit, reservation, begun))

    async def _answered(
        self,
        route: Route,
        work: Work,
        permit: Permit,
        reservation: Reservation | None,
        reply: ChatReply,
        begun: float,
    ) -> ChatReply:
        if reply.usage == Usage() and route.level != "offline":
            # A server that reports nothing is counted as likely.
            written = len(reply.text) + sum(len(str(call.arguments)) for call in reply.tool_calls)
            reply = replace(reply, usage=Usage(likely_input_tokens(work.request), written // 3 + 1))
            work.cost_is_estimate = True
        cost = route.price.cost_micros(reply.usage)
        work.cost_is_estimate = work.cost_is_estimate or not route.price.is_known()
        work.note(route, "answered", "ok", seconds=time.monotonic() - begun, cost_micros=cost)
        if reservation is not None:
            work.settling = (reservation, cost)
        await self.breakers.answered(route.name, permit)
        return reply

    async def _failed(
        self,
        route: Route,
        work: Work,
        permit: Permit,
        reservation: Reservation | None,
        failure: Refusal,
        begun: float,
    ) -> None:
        cost, known = _cost_of_failure(route, failure, reservation)
        work.note(route, "failed", failure.code, seconds=time.monotonic() - begun, cost_micros=cost)
        work.cost_is_estimate = work.cost_is_estimate or not known
        if reservation is not None:
            await self._settle(reservation, cost)
        after = failure.retry_after_seconds if isinstance(failure, Unavailable) else None
        await self.breakers.failed(route.name, failure.code, permit, retry_after_seconds=after)

    async def _abandoned(
        self, route: Route, work: Work, permit: Permit, reservation: Reservation | None, begun: float
    ) -> None:
        cost = 0 if reservation is None else reservation.amount_micros
        work.note(route, "failed", "abandoned", seconds=time.monotonic() - begun, cost_micros=cost)
        work.cost_is_estimate = work.cost_is_estimate or cost > 0
        if reservation is not None:
            await self._settle(reservation, cost)
        await self.breakers.gave_up(route.name, permit)

    async def _settle(self, reservation: Reservation, cost: int) -> None:
        # One that stays open expires into spent.
        with going_on_without("reservation_not_settled", reservation=reservation.id):
            await self.budgets.settle(reservation, cost)


def _cost_of_failure(route: Route, failure: Refusal, reservation: Reservation | None) -> tuple[int, bool]:
    """What a failure cost, and whether that is known: a lost reply of unknown size costs what was put aside."""
    usage = failure.usage if isinstance(failure, ReplyLost | RequestRefused) else None
    if usage is not None and usage != Usage():
        return route.price.cost_micros(usage), True
    # A filter that says nothing about tokens has read the request at least, and may have let the model begin.
    if isinstance(failure, OutcomeUnknown) or failure.code == port.CONTENT_FILTERED:
        return (0, False) if reservation is None else (reservation.amount_micros, False)
    return 0, True


async def _items(rung: Rung, work: Work, limits: CallLimits) -> AsyncGenerator[Delta | ChatReply]:
    """The model's deltas and reply. A connector that hangs or breaks is a lost reply, not the end of the turn."""
    model, request = rung.route.model, _with_context(work.request, rung)
    last = time.monotonic() + limits.total_seconds + STUCK_AFTER_SECONDS
    if not (work.streaming and model.capabilities.streaming):
        reply = await _within(last, rung.route, model.complete(request, limits=limits))
        if work.streaming and reply.text:
            work.first_token_seconds = work.seconds
            yield TextDelta(reply.text)
        yield reply
        return
    async with aclosing(model.stream(request, limits=limits)) as stream:
        while (item := await _within(last, rung.route, anext(stream, None))) is not None:
            if not isinstance(item, ChatReply) and work.first_token_seconds is None:
                work.first_token_seconds = work.seconds
            yield item
            if isinstance(item, ChatReply):
                return
    raise ReplyLost(port.CUT_OFF, f"The stream of the model '{rung.route.name}' ended without a reply.")


async def _within(last: float, route: Route, step: Awaitable[T]) -> T:
    try:
        async with asyncio.timeout(last - time.monotonic()):
            return await step
    except Refusal:
        raise
    except TimeoutError:
        raise ReplyLost(port.TIMED_OUT, f"The model '{route.name}' is stuck.") from None
    # A bug of a connector costs this rung; the log says where it is.
    except Exception as error:
        log.exception("model_connector_broke", route=route.name)
        broke = f"The connector of the model '{route.name}' broke."
        raise ReplyLost(CONNECTOR_BROKE, broke, error=type(error).__name__) from error


def _with_context(request: ChatRequest, rung: Rung) -> ChatRequest:
    if rung.route.level != "offline":
        return request
    return replace(request, context={**request.context, port.OTHERS_FOLLOW: rung.may_pass})
