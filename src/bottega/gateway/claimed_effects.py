"""Answering an action whose calls to a payment gateway are made right after its commit."""

from starlette.responses import Response

from bottega.actions.action import Action
from bottega.actions.outcome import Done
from bottega.gateway.caller import Caller, outcome_answer


async def answer_driven(caller: Caller, action: Action, *, status: int = 200) -> Response:
    """Performs the action and sends what it claimed, so that the caller reads the outcome with the next request."""
    outcome = await caller.perform(action, key_required=True)
    if isinstance(outcome, Done):
        for intended in outcome.effects:
            if intended.claimed:
                await caller.context.effects.drive_claimed(intended)
    return outcome_answer(outcome, status)
