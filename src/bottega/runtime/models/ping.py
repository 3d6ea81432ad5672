"""A word to one route, to see whether it answers and to have it loaded."""

import time
from dataclasses import dataclass

from bottega.kernel.errors import Refusal
from bottega.kernel.identifiers import new_id
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Database
from bottega.ports.chat_model import CallLimits, ChatRequest, Usage, UserMessage
from bottega.runtime.models.away import going_on_without
from bottega.runtime.models.call import Attempt, ModelCall
from bottega.runtime.models.records import CallRecord, write_record
from bottega.runtime.models.route import Route

GREETING = ChatRequest((UserMessage("Say: ready"),), maximum_output_tokens=16)
# Loading a model from disk takes a local server longer than any answer.
PATIENCE_SECONDS = 120.0
OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Pinged:
    """How a route answered: `outcome` is `ok` or the code of the failure."""

    route: str
    outcome: str
    seconds: float
    message: str = ""
    model: str = ""
    cost_micros: int = 0


async def ping(route: Route, database: Database, clock: Clock, *, currency: str, intent: str) -> Pinged:
    """Asks for one word, past breaker, budget and cache; what it costs is written down like any call."""
    began_at, begun = clock.now(), time.monotonic()
    limits = CallLimits(route.limits.connect_seconds, PATIENCE_SECONDS, PATIENCE_SECONDS)
    usage, failure, model = Usage(), None, ""
    try:
        reply = await route.model.complete(GREETING, limits=limits)
        usage, model = reply.usage, reply.model
    except Refusal as refusal:
        failure, usage = refusal, getattr(refusal, "usage", None) or Usage()
    cost, seconds = route.price.cost_micros(usage), time.monotonic() - begun
    outcome = "ok" if failure is None else failure.code
    pinged = Pinged(route.name, outcome, seconds, "" if failure is None else str(failure), model, cost)
    attempt = Attempt(route.name, route.level, "answered" if failure is None else "failed", outcome, seconds, cost)
    record = CallRecord(
        id=new_id("mcl"),
        call=ModelCall(intent, OPERATOR),
        outcome="answered" if failure is None else "failed",
        reason=f"{intent}: asked by name",
        attempts=(attempt,),
        began_at=began_at,
        seconds=seconds,
        currency=currency,
        cost_micros=cost,
        route=route.name if failure is None else None,
        level=route.level if failure is None else None,
        model=model or None,
        usage=usage,
        error_code=None if failure is None else failure.code,
    )
    with going_on_without("model_call_not_recorded", call=record.id):
        await write_record(database, record)
    return pinged
