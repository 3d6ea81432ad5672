"""A word to one route, to see whether it answers and to have it loaded."""

import time
from dataclasses import dataclass

from bottega.kernel.errors import Refusal
from bottega.ports.chat_model import CallLimits, ChatRequest, Usage, UserMessage
from bottega.runtime.models.prices import FREE
from bottega.runtime.models.route import Route

GREETING = ChatRequest((UserMessage("Say: ready"),), maximum_output_tokens=16)
# Loading a model from disk takes a local server longer than any answer.
PATIENCE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Pinged:
    """How a route answered: `outcome` is `ok` or the code of the failure."""

    route: str
    outcome: str
    seconds: float
    message: str = ""
    model: str = ""
    cost_micros: int = 0


async def ping(route: Route) -> Pinged:
    """Asks for one word, past breaker, budget and cache; a few tokens, told as cost."""
    begun = time.monotonic()
    limits = CallLimits(route.limits.connect_seconds, PATIENCE_SECONDS, PATIENCE_SECONDS)
    try:
        reply = await route.model.complete(GREETING, limits=limits)
    except Refusal as failure:
        # A model that only calls tools, or stopped in the middle of a thought, is there all the same.
        usage = getattr(failure, "usage", None) or Usage()
        cost = (route.price or FREE).cost_micros(usage)
        return Pinged(route.name, failure.code, time.monotonic() - begun, str(failure), cost_micros=cost)
    cost = (route.price or FREE).cost_micros(reply.usage)
    return Pinged(route.name, "ok", time.monotonic() - begun, model=reply.model, cost_micros=cost)
