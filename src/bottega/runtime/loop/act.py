"""Act: calls that may go are made, each under its key; what comes back is evidence with labels."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, assert_never

import orjson
import structlog

from bottega.kernel.errors import Unavailable
from bottega.platform.database.connection_loss import is_connection_loss
from bottega.platform.telemetry import span_of
from bottega.runtime import semantic_names as names
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Evidence, Json
from bottega.runtime.loop.decide import call_of
from bottega.runtime.stored_json import storable
from bottega.runtime.tool import Answered, Awaiting, ChangingTool, Refused, Tool, ToolCall, ToolOutcome

_log = structlog.get_logger(__name__)


async def act(verdict: Mapping[str, Json], number: int, context: RunContext) -> dict[str, Json]:
    """Makes one call and returns what the journal keeps of it.

    A read that fails for a passing reason is an answer too (the model may do without it); a change that may have
    happened raises `Unavailable`, and is made again under the same key.
    """
    call = call_of(verdict)
    tool = context.role.tools_by_name[call.tool]
    started = asyncio.get_running_loop().time()
    attributes = {names.OPERATION: names.EXECUTE_TOOL, names.TOOL_NAME: tool.name, names.TOOL_CALL_ID: call.id}
    with span_of(f"{names.EXECUTE_TOOL} {tool.name}", attributes) as span:
        outcome = await (_read(tool, call, context) if tool.effect == "read" else tool.run(call, context))
        outcome = _within_limits(outcome, tool)
        span.set_attribute(names.OUTCOME, type(outcome).__name__)
    seconds = asyncio.get_running_loop().time() - started
    detail: dict[str, Json] = {
        "call": {"id": call.id, "tool": call.tool, "key": call.key, "resolved": dict(call.resolved)},
        "effect": tool.effect,
        "outcome": {**outcome_record(outcome), "seconds": round(seconds, 4)},
    }
    if isinstance(outcome, Answered):
        evidence = evidence_from(outcome, tool, f"{context.run.id}.{number}", context)
        detail["evidence"] = [evidence.as_record()]
        detail["slots"] = dict(outcome.slots)
        if outcome.read_back is not None:
            detail["accomplished"] = sorted(tool.accomplishes)
    if isinstance(outcome, Awaiting) and isinstance(tool, ChangingTool):
        detail["summary"] = await tool.summary(call, context)
    return detail


async def _read(tool: Tool, call: ToolCall, context: RunContext) -> ToolOutcome:
    try:
        async with asyncio.timeout(tool.limits.seconds):
            return await tool.run(call, context)
    except TimeoutError:
        return Refused("tool_timeout", f"{tool.name} took too long.", "Do without it, or ask for less.", "limits")
    except Unavailable as error:
        return Refused(error.code, error.message, error.next_step or "Do without it for now.")
    except Exception as error:
        if not is_connection_loss(error):
            raise
        return Refused("unavailable", f"{tool.name} is not available just now.", "Do without it for now.")


def _within_limits(outcome: ToolOutcome, tool: Tool) -> ToolOutcome:
    """A result that is too large is shortened list by list; one that stays too large is refused, unless it is of a
    change: that has happened, and the model is told so much."""
    if not isinstance(outcome, Answered):
        return outcome
    limit = tool.limits.result_bytes
    value = storable(outcome.value)
    while (size := len(orjson.dumps(value))) > limit:
        shorter = _shortened(value)
        if shorter is None:
            if tool.effect == "read":
                told = f"The result of {tool.name} has {size} bytes; at most {limit} can be shown."
                return Refused("result_too_large", told, "Ask for less at once.", "limits")
            value = {"done": True, "left_out": "The result is too large to be shown."}
            break
        value = shorter
    return replace(outcome, value=value)


def _shortened(value: Json) -> Json | None:
    """The value with its largest list cut to half, or None when no list has more than one member."""
    largest: list[Any] | None = None
    largest_bytes = 0
    waiting: list[Any] = [value]
    while waiting:
        members = waiting.pop()
        if isinstance(members, dict):
            waiting += members.values()  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType] - JSON
        elif isinstance(members, list):
            inner: list[Any] = [*members]  # pyright: ignore[reportUnknownVariableType] - JSON
            waiting += inner
            size = len(orjson.dumps(inner))
            if len(inner) > 1 and size > largest_bytes:
                largest, largest_bytes = members, size  # pyright: ignore[reportUnknownVariableType] - JSON
    if largest is None:
        return None
    return _replacing(value, largest, largest[: len(largest) // 2])


def _replacing(value: Any, old: list[Any], new: list[Any]) -> Any:
    if value is old:
        return new
    members: Any = value
    match value:
        case dict():
            return {name: _replacing(member, old, new) for name, member in members.items()}
        case list():
            return [_replacing(member, old, new) for member in members]
        case _:
            return value


def evidence_from(outcome: Answered, tool: Tool, evidence_id: str, context: RunContext) -> Evidence:
    """What a tool answered, as evidence of this run."""
    return Evidence(
        id=evidence_id,
        source=tool.name,
        value=outcome.value,
        labels=outcome.labels,
        kind=outcome.kind,
        version=outcome.version,
        observed_at=context.now,
        fresh_until=None if outcome.fresh_for is None else context.now + outcome.fresh_for,
    )


def outcome_record(outcome: ToolOutcome) -> dict[str, Json]:
    """An outcome as the journal keeps it; the value of an answer stands in the evidence."""
    match outcome:
        case Answered():
            return {"kind": "answered", "entry_id": outcome.entry_id, "repeated": outcome.repeated}
        case Refused():
            return {
                "kind": "refused",
                "code": outcome.code,
                "message": outcome.message,
                "next_step": outcome.next_step,
                "by": outcome.by,
                "rule_ids": list(outcome.rule_ids),
            }
        case Awaiting():
            return {
                "kind": "awaiting",
                "what": outcome.what,
                "id": outcome.id,
                "until": None if outcome.until is None else outcome.until.isoformat(),
                "reasons": list(outcome.reasons),
            }
        case _:
            assert_never(outcome)
