"""The timeline of a run: its phases, prompts, tool calls, evidence, decisions and cost, read back from the journal."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from bottega.kernel.errors import NotFound
from bottega.platform.database.pool import Connection, Row
from bottega.ports.chat_model import AssistantMessage, Message, SystemMessage, ToolResult, UserMessage
from bottega.runtime import prompt
from bottega.runtime.contexts import context_of_run
from bottega.runtime.evidence import Json
from bottega.runtime.journal import Held, steps_of
from bottega.runtime.loop.observe import take_in
from bottega.runtime.parts import Parts
from bottega.runtime.run import Run

RUNS_LISTED = 200


async def list_runs(
    connection: Connection,
    *,
    state: str | None = None,
    role: str | None = None,
    session_id: str | None = None,
    customer_id: str | None = None,
    after: str = "",
    limit: int = 50,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Runs, the newest first, without anything that somebody said; `after` is the id of the last one seen."""
    rows = await connection.fetch(
        _LIST, state, role, session_id, customer_id, after or "run_z", min(limit, RUNS_LISTED), offset
    )
    return [dict(row) for row in rows]


async def timeline(connection: Connection, run_id: str) -> dict[str, Any]:
    """Everything that is known of one run; `NotFound`."""
    row = await connection.fetchrow("SELECT * FROM runtime.runs WHERE id = $1", run_id)
    if row is None:
        raise NotFound("no_such_run", f"There is no run {run_id[:64]}.", next_step="See `bottega runs list`.")
    steps = await steps_of(connection, run_id)
    rows = await connection.fetch("SELECT number, fault FROM runtime.steps WHERE run_id = $1", run_id)
    faults = {found["number"]: found["fault"] for found in rows}
    return {
        "run": dict(row),
        "turn": _one(
            await connection.fetchrow("SELECT * FROM runtime.turns WHERE run_id = $1 AND asked IS NOT NULL", run_id)
        ),
        "steps": [
            {
                "number": step.number,
                "phase": step.phase,
                "name": step.name,
                "state": step.state,
                "fault": faults.get(step.number),
                "began_at": step.began_at,
                "milliseconds": _milliseconds(step.began_at, step.ended_at),
                "detail": dict(step.detail),
            }
            for step in steps
        ],
        "model_calls": _all(await connection.fetch(_MODEL_CALLS, run_id)),
        "entries": _all(await connection.fetch(_ENTRIES, f"run:{run_id}")),
        "approvals": _all(await connection.fetch(_APPROVALS, f"run:{run_id}")),
        "confirmations": _all(await connection.fetch(_CONFIRMATIONS, run_id)),
        "children": _all(await connection.fetch(_CHILDREN, run_id)),
    }


async def prompts(parts: Parts, run: Run) -> list[list[dict[str, Json]]]:
    """What the model was asked each time, made again from the journal with the instructions of that time."""
    context = await context_of_run(parts, Held(run, 0, 0))
    steps = list(context.steps)
    asked = [step for step in steps if step.phase == "decide" and "role_version" in step.detail]
    if not asked:
        return []
    instructions = await _instructions(parts, run.role, str(asked[0].detail["role_version"]))
    if instructions is not None:
        context.role = replace(context.role, instructions=instructions)
    # Evidence of the run itself was taken in with its steps: it is taken in again, step by step.
    context.evidence = context.evidence[: len(context.evidence) - _shown_by(steps)]
    context.steps = []
    found: list[list[dict[str, Json]]] = []
    for step in steps:
        if step in asked:
            request = prompt.request_for(context, parts.guard.screen, frozenset())
            found.append([message_record(message) for message in request.messages])
        context.steps.append(step)
        take_in(step, context)
    return found


def message_record(message: Message) -> dict[str, Json]:
    """A message as JSON."""
    match message:
        case SystemMessage():
            return {"from": "shop", "text": message.text}
        case UserMessage():
            return {"from": "principal", "text": message.text}
        case AssistantMessage():
            calls = [{"tool": call.name, "arguments": dict(call.arguments)} for call in message.tool_calls]
            return {"from": "model", "text": message.text, "calls": calls}
        case ToolResult():
            return {"from": "tool", "tool": message.name, "content": message.content, "failed": message.failed}


def _shown_by(steps: Sequence[Any]) -> int:
    return sum(len(step.detail.get("evidence", ())) for step in steps)


async def _instructions(parts: Parts, role: str, version: str) -> str | None:
    async with parts.database.read() as connection:
        return await connection.fetchval(
            "SELECT text FROM runtime.instructions WHERE role = $1 AND version = $2", role, version
        )


def _milliseconds(began_at: datetime, ended_at: datetime | None) -> int | None:
    return None if ended_at is None else round((ended_at - began_at).total_seconds() * 1000)


def _one(row: Row | None) -> dict[str, Any] | None:
    return None if row is None else dict(row)


def _all(rows: Sequence[Row]) -> list[dict[str, Any]]:
    return [dict(row) for row in rows]


_LIST = """
SELECT r.id, r.role, r.state, r.waiting_for, r.failure, r.session_id, r.turn, r.customer_id, r.parent_ids,
       r.model_calls, r.tool_calls, r.input_tokens, r.output_tokens, r.cost_micros, r.active_milliseconds,
       r.created_at, r.answered_at, r.finished_at, (SELECT array_agg(DISTINCT s.fault) FROM runtime.steps s
                       WHERE s.run_id = r.id AND s.fault IS NOT NULL) AS faults
FROM runtime.runs r
WHERE ($1::text IS NULL OR r.state = $1) AND ($2::text IS NULL OR r.role = $2)
  AND ($3::text IS NULL OR r.session_id = $3) AND ($4::text IS NULL OR r.customer_id = $4) AND r.id < $5
ORDER BY r.id DESC LIMIT $6 OFFSET $7"""

_MODEL_CALLS = """
SELECT id, intent, outcome, route, level, model, reason, error_code, cache_hit, attempts, input_tokens, output_tokens,
       cost_micros, currency, milliseconds, began_at
FROM runtime.model_calls WHERE run_id = $1 ORDER BY began_at, id"""

_ENTRIES = """
SELECT id, action, rule_ids, facts, result, approval_id, recorded_at
FROM log.entries WHERE because = $1 AND because LIKE 'run:%' ORDER BY sequence LIMIT 500"""

_APPROVALS = """
SELECT id, action, state, rule_ids, amount_minor, currency, requested_at, decided_at, reason, entry_id
FROM log.approvals WHERE because = $1 AND because LIKE 'run:%' ORDER BY id LIMIT 500"""

_CONFIRMATIONS = """
SELECT id, tool, action, summary, state, created_at, expires_at, decided_at, used_by
FROM runtime.confirmations WHERE run_id = $1 OR used_by = $1 ORDER BY id"""

_CHILDREN = """
SELECT id, role, state, failure, cost_micros, created_at, finished_at
FROM runtime.runs WHERE parent_ids[1] = $1 AND parent_ids <> '{}' ORDER BY id"""
