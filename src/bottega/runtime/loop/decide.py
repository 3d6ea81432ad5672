"""Decide: a model proposes calls or a reply; critics look at every call before it may go."""

from collections.abc import Mapping, Sequence
from typing import Any

from bottega.runtime.context import RunContext
from bottega.runtime.critic import NeedsYes, Objection, Planned
from bottega.runtime.evidence import Evidence, Json
from bottega.runtime.guard.guard import Guard
from bottega.runtime.models.call import EvidenceVersion, ModelCall, RoutedReply
from bottega.runtime.models.offline.model import MEMORY_SLOT
from bottega.runtime.stored_json import storable_text
from bottega.runtime.tool import ToolCall

LONGEST_REPLY_KEPT_CHARACTERS = 20_000


def model_call(context: RunContext, intent: str) -> ModelCall:
    """What the router is told about the question. Personal values were replaced on the way into the prompt."""
    role, run = context.role, context.run
    left = role.limits.cost_micros - context.usage.cost_micros
    return ModelCall(
        intent=intent or role.intent,
        role=role.name,
        run_id=run.id,
        run_limit_micros=role.limits.cost_micros,
        parent_run_ids=run.parent_ids,
        latency_target_seconds=role.latency_target_seconds,
        cost_limit_micros=max(left, 0),
        highest_level=role.highest_level,
        cache=role.cache,
        private_to=None if _is_for_anybody(context) else run.session_id or run.id,
        evidence=_rests_on(context),
    )


def _rests_on(context: RunContext) -> tuple[EvidenceVersion, ...]:
    """The versions of the documents that were read: an answer is given again only while all of them hold."""
    versions = {version for one in context.evidence if one.kind == "passage" for version in one.version.split(",")}
    return tuple(EvidenceVersion(version, version) for version in sorted(versions - {""}))


def _is_for_anybody(context: RunContext) -> bool:
    """Whether an answer would be the same for everybody: nothing was said before, nothing in sight is about a person or
    by a third party, and no record is named by a handle, which other conversations give to other records."""
    is_personal = bool(context.masks.by_placeholder) or any(one.is_private for one in context.evidence)
    return not (context.history or context.handles.by_handle or context.tainted or is_personal)


def of_routed(routed: RoutedReply) -> dict[str, Json]:
    """A model's answer as the journal keeps it."""
    reply = routed.reply
    # The offline engine carries its memory from turn to turn in its replies; the session keeps the newest.
    remembers = routed.level == "offline" and reply.continuation
    return {
        **({"slots": {MEMORY_SLOT: reply.continuation}} if remembers else {}),
        "reply": {
            "text": storable_text(reply.text[:LONGEST_REPLY_KEPT_CHARACTERS]),
            "calls": [
                {"id": call.id, "name": call.name, "arguments": dict(call.arguments)} for call in reply.tool_calls
            ],
            "continuation": reply.continuation,
            "structured": None if reply.structured is None else dict(reply.structured),
            "stop_reason": reply.stop_reason,
        },
        "routed": {
            "call_id": routed.call_id,
            "route": routed.route,
            "level": routed.level,
            "reason": routed.reason,
            "model": reply.model,
            "cost_micros": routed.cost_micros,
            "currency": routed.currency,
            "seconds": round(routed.seconds, 4),
            "input_tokens": reply.usage.input_tokens,
            "output_tokens": reply.usage.output_tokens,
            "cache_hit": routed.cache_hit,
            "attempts": [
                {"route": a.route, "outcome": a.outcome, "reason": a.reason, "seconds": round(a.seconds, 4)}
                for a in routed.attempts
            ],
        },
    }


def of_confirmed(context: RunContext, guard: Guard) -> dict[str, Json]:
    """The decision that a customer's yes stands for: the very call that was asked about, with no model in between."""
    pending = context.pending
    assert pending is not None, "a yes needs a question"
    shown = guard.screen.shown(Evidence(pending.id, "confirmation", dict(pending.arguments)), context)
    call = {"id": pending.id, "name": pending.tool, "arguments": shown}
    reply = {"text": "", "calls": [call], "continuation": ""}
    return {"reply": reply, "confirmation_id": pending.id, "summary": pending.summary}


async def verdicts_of(
    detail: Mapping[str, Json], context: RunContext, guard: Guard, *, number: int, tools: frozenset[str] | None
) -> list[dict[str, Json]]:
    """What the critics say of each call of a decision, in the order of the calls. `number` is the step's."""
    verdicts: list[dict[str, Json]] = []
    calls: Sequence[Mapping[str, Json]] = detail["reply"]["calls"]
    context.repeatable.clear()
    for position, asked in enumerate(calls):
        call = ToolCall(
            id=asked["id"],
            tool=asked["name"],
            arguments=asked["arguments"],
            key=f"{context.run.id}:{number}.{position}",
            resolved=asked["arguments"],
        )
        pending = context.pending
        if pending is not None and detail.get("confirmation_id") == pending.id:
            call = ToolCall(
                call.id,
                call.tool,
                call.arguments,
                f"confirmation:{pending.id}",
                pending.arguments,
                confirmation_id=pending.id,
            )
        context.planned = position + 1
        verdicts.append(await _verdict(call, context, guard, tools))
    return verdicts


async def _verdict(call: ToolCall, context: RunContext, guard: Guard, tools: frozenset[str] | None) -> dict[str, Json]:
    tool = context.role.tools_by_name.get(call.tool)
    if tool is None or (tools is not None and call.confirmation_id is None and tool.name not in tools):
        objection = Objection(
            "offer", "no_such_tool", f"There is no tool {call.tool[:64]} here.", "Use an offered one."
        )
        return _objected(call, objection)
    for critic in (*guard.critics, *context.role.critics):
        verdict = await critic.review(Planned(call, tool, context))
        match verdict:
            case Objection():
                return _objected(call, verdict)
            case NeedsYes():
                return {**_record(verdict.call), "verdict": "needs_yes", "summary": verdict.summary}
            case ToolCall():
                call = verdict
    return {**_record(call), "verdict": "go", "effect": tool.effect}


def _objected(call: ToolCall, objection: Objection) -> dict[str, Json]:
    return {
        **_record(call),
        "verdict": "objection",
        "critic": objection.critic,
        "code": objection.code,
        "message": objection.message,
        "next_step": objection.next_step,
    }


def _record(call: ToolCall) -> dict[str, Json]:
    return {
        "call_id": call.id,
        "tool": call.tool,
        "key": call.key,
        "resolved": dict(call.resolved),
        "trust": dict(call.trust),
        "needs_person": call.needs_person,
        "confirmation_id": call.confirmation_id,
    }


def call_of(verdict: Mapping[str, Any]) -> ToolCall:
    """The call that a recorded verdict let go."""
    return ToolCall(
        id=verdict["call_id"],
        tool=verdict["tool"],
        arguments={},
        key=verdict["key"],
        resolved=verdict["resolved"],
        trust=verdict["trust"],
        needs_person=verdict["needs_person"],
        confirmation_id=verdict["confirmation_id"],
    )
