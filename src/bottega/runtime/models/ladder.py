"""Which routes a call may take, in which order, and why it passes over the others: decided from settings, no I/O."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bottega.ports.chat_model import ChatRequest, Usage
from bottega.runtime.models.call import LEVELS, Level, ModelCall
from bottega.runtime.models.route import Route
from bottega.runtime.models.sizes import likely_input_tokens

DEFAULT_LEVELS: tuple[Level, ...] = ("large", "small", "local", "offline")
DEFAULT_INTENT = "default"

# Why a route is passed over before it is asked.
TOO_HIGH = "above_highest_level"
PERSONAL_DATA = "personal_data"
NO_TOOLS = "no_tools"
NO_STRUCTURE = "no_structured_output"
NO_STREAMING = "no_streaming"
TOO_LONG = "context_too_small"
TOO_SLOW = "too_slow"
TOO_DEAR = "over_cost_limit"
UNKNOWN_PRICE = "price_unknown"


@dataclass(frozen=True, slots=True)
class Rung:
    """A route in its place; `passed_over` says why it will not be asked. `reason` is why it stands where it does.

    `may_pass`: the offline engine, asked first, and allowed to leave the answer to the routes after it.
    """

    route: Route
    reason: str
    passed_over: str | None = None
    may_pass: bool = False


def ladder(
    call: ModelCall,
    request: ChatRequest,
    routes: Sequence[Route],
    offline: Route,
    intents: Mapping[str, tuple[Level, ...]],
    *,
    observed_seconds: Mapping[str, float] | None = None,
    money_is_limited: bool = False,
) -> tuple[Rung, ...]:
    """The rungs from the first to be asked down to the offline engine, which always stands at the end.

    Within a level routes keep the order of the settings.
    """
    levels = intents.get(call.intent) or intents.get(DEFAULT_INTENT) or DEFAULT_LEVELS
    tokens = likely_input_tokens(request)
    rungs: list[Rung] = []
    if levels[0] == "offline" and len(levels) > 1:
        rungs.append(Rung(offline, f"{call.intent}: rules first", may_pass=True))
    for place, level in enumerate(levels):
        where = f"{call.intent}: begins at {level}" if place == 0 else f"{call.intent}: then {level}"
        for route in routes:
            if route.level == level and level != "offline":
                against = _against(route, call, request, tokens, observed_seconds or {}, money_is_limited)
                rungs.append(Rung(route, where, against))
    return (*rungs, Rung(offline, f"{call.intent}: the last rung"))


def _against(
    route: Route,
    call: ModelCall,
    request: ChatRequest,
    tokens: int,
    observed_seconds: Mapping[str, float],
    money_is_limited: bool,
) -> str | None:
    """The first thing that speaks against a route."""
    able = route.model.capabilities
    typical = observed_seconds.get(route.name, route.typical_seconds)
    checks = (
        (LEVELS.index(route.level) > LEVELS.index(call.highest_level), TOO_HIGH),
        (call.personal_data and not able.may_see_personal_data, PERSONAL_DATA),
        ((bool(request.tools) or "tools" in call.needs) and not able.tools, NO_TOOLS),
        (_wants_structure(call, request) and not able.structured_output, NO_STRUCTURE),
        ("streaming" in call.needs and not able.streaming, NO_STREAMING),
        (tokens + request.maximum_output_tokens > able.context_tokens, TOO_LONG),
        (typical is not None and typical > call.latency_target_seconds, TOO_SLOW),
        ((money_is_limited or call.cost_limit_micros is not None) and not route.price.is_known(), UNKNOWN_PRICE),
    )
    found = next((reason for is_so, reason in checks if is_so), None)
    if found is None and call.cost_limit_micros is not None:
        likely = route.price.cost_micros(Usage(tokens, request.maximum_output_tokens))
        return TOO_DEAR if likely > call.cost_limit_micros else None
    return found


def _wants_structure(call: ModelCall, request: ChatRequest) -> bool:
    return request.response_schema is not None or "structured_output" in call.needs
