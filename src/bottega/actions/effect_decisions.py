"""What people decide about effects that did not go through: try again, or give up."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.effects import Effect, no_such_effect, sender_of
from bottega.actions.registry import handler_of, handles
from bottega.actions.work import Work
from bottega.kernel.errors import Conflict
from bottega.kernel.identifiers import EffectId
from bottega.platform.database.pool import Row

REQUEUEABLE = ("dead", "cancelled")
CANCELLABLE = ("intended", "dead")


class RequeueEffect(Action):
    """Tries a dead or cancelled effect again, with all its attempts; it is looked up before it is sent."""

    groups: ClassVar[tuple[str, ...]] = ("orders", "payments", "money")
    effect_id: EffectId


class CancelEffect(Action):
    """Gives up an effect that waits or is dead, and records in the shop that it was given up."""

    groups: ClassVar[tuple[str, ...]] = ("orders", "payments", "money")
    effect_id: EffectId
    reason: Annotated[str, Field(min_length=1, max_length=500)]


@handles(RequeueEffect)
async def requeue_effect(action: RequeueEffect, work: Work) -> dict[str, Any]:
    """`unknown`, because a call without an answer may have taken effect all the same."""
    row = await _locked(work, action.effect_id)
    if row["state"] not in REQUEUEABLE:
        raise _not_now(row, "Only dead and cancelled effects are tried again.")
    await work.connection.execute(
        "UPDATE log.effects SET state = 'unknown', attempts = 0, next_attempt_at = $2 WHERE id = $1",
        action.effect_id,
        work.now,
    )
    return {"effect_id": action.effect_id, "kind": row["kind"], "state": "unknown"}


@handles(CancelEffect)
async def cancel_effect(action: CancelEffect, work: Work) -> dict[str, Any]:
    """What hangs on the effect (a payment that waits for it) is settled in the same transaction."""
    row = await _locked(work, action.effect_id)
    if row["state"] not in CANCELLABLE:
        raise _not_now(row, "Only effects that wait for being sent, or are dead, can be given up.")
    await work.connection.execute(
        "UPDATE log.effects SET state = 'cancelled', settled_at = $2, last_error = $3 WHERE id = $1",
        action.effect_id,
        work.now,
        action.reason,
    )
    effect = Effect(row["id"], row["entry_id"], row["kind"], row["key"], row["payload"], row["attempts"])
    consequence = sender_of(row["kind"]).abandon(effect)
    if consequence is not None:
        await handler_of(consequence.action_name()).run(consequence, work)
    return {"effect_id": action.effect_id, "kind": row["kind"], "state": "cancelled"}


async def _locked(work: Work, effect_id: str) -> Row:
    row = await work.connection.fetchrow("SELECT * FROM log.effects WHERE id = $1 FOR UPDATE", effect_id)
    if row is None:
        raise no_such_effect(effect_id)
    return row


def _not_now(row: Row, rule: str) -> Conflict:
    return Conflict(
        "effect_state",
        f"Effect {row['id']} is {row['state']}. {rule}",
        next_step="See `bottega effects show`.",
        state=row["state"],
    )
