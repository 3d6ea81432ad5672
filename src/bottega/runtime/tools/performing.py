"""Performing an action for a run: who acts, what is attested, and what has to hold until it commits."""

from typing import assert_never

from bottega.actions.action import Action
from bottega.actions.outcome import Denied, Done, Failed, Held
from bottega.actions.registry import Facts
from bottega.kernel.errors import Forbidden, Refusal
from bottega.platform.database.pool import Connection
from bottega.runtime import confirmation
from bottega.runtime.context import RunContext
from bottega.runtime.tool import Awaiting, Refused, ToolCall

KEY_USED = "key_used_with_other_arguments"


async def perform_for(
    action: Action, call: ToolCall, context: RunContext, confirmed_digest: str = ""
) -> Done | Refused | Awaiting:
    """Performs it as the run's agent. Raises `Unavailable` when it may or may not have happened."""

    async def still_allowed(connection: Connection) -> None:
        """In the action's own transaction: agents are not stopped, and the yes is used up by this."""
        if not await connection.fetchval("SELECT runtime.may_act($1)", context.role.name):
            raise Forbidden("agents_stopped", "Agents are stopped.", next_step="A colleague has to do this.")
        if call.confirmation_id is not None:
            await confirmation.use(connection, call.confirmation_id, confirmed_digest, context.run.id, context.now)

    outcome = await context.performer.perform(
        action,
        by=context.actor,
        key=call.key,
        because=context.cause,
        evidence=[{"tool": call.tool, "run_id": context.run.id, "labels": dict(call.trust)}],
        alongside=still_allowed,
        attested=attested(call, context),
    )
    match outcome:
        case Done():
            return outcome
        case Held():
            return Awaiting("approval", outcome.approval_id, outcome.expires_at, outcome.reasons)
        case Denied():
            return denied(outcome.rule_ids, outcome.reasons)
        case Failed():
            done = await recorded(context, call.key) if outcome.refusal.code == KEY_USED else None
            return done or refused(outcome.refusal)
        case _:
            assert_never(outcome)


async def recorded(context: RunContext, key: str) -> Done | None:
    """What was done under a key before. Built anew after its process died, an action may differ from what was done: a
    total that the runtime fills in is another one by then."""
    async with context.read() as connection:
        row = await connection.fetchrow(
            "SELECT id, result FROM log.entries WHERE key_scope = $1 AND idempotency_key = $2",
            context.actor.key_scope,
            key,
        )
    return None if row is None else Done(row["id"], row["result"], repeated=True)


def attested(call: ToolCall, context: RunContext) -> Facts:
    """What the runtime answers for: the yes, where arguments came from, whether a person has to look, the switch."""
    return {
        "confirmed": call.confirmation_id is not None,
        "third_party_argument": "third_party" in call.trust.values(),
        "needs_person": call.needs_person,
        "agents_stopped": context.stopped,
    }


def refused(refusal: Refusal) -> Refused:
    """A refusal as the outcome of a tool."""
    by = "stop_switch" if refusal.code == "agents_stopped" else "shop"
    return Refused(refusal.code, refusal.message, refusal.next_step, by)


def denied(rule_ids: tuple[str, ...], reasons: tuple[str, ...]) -> Refused:
    """What policy refused, with its rules."""
    stopped = "agents.stopped" in rule_ids
    said = " ".join(reasons) or "No rule permits this."
    next_step = "A colleague has to do this." if stopped else "Do not try it another way; offer what is possible."
    return Refused("denied_by_policy", said, next_step, "stop_switch" if stopped else "policy", rule_ids)
