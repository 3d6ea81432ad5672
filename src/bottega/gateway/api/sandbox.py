"""The sandbox's side of a payment: being the payer who passes or fails a challenge, absent in production."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel
from starlette.responses import Response

from bottega.gateway.answers import answer
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Context
from bottega.gateway.problems import responses
from bottega.kernel.errors import Conflict, NotFound
from bottega.ports.payment_gateway import Refused
from bottega.ports.simulated_payer import SimulatedPayer

router = APIRouter(prefix="/sandbox", tags=["sandbox"])


class ChallengeBody(RequestBody):
    """Whether the payer passes."""

    approve: bool = True


class ChallengeEnded(BaseModel):
    """Where the payment stands at the sandbox; confirm it at the order next, as a browser does."""

    reference: str
    status: Literal["requires_action", "processing", "authorised", "captured", "declined", "voided"]


@router.post("/challenges/{reference}", responses={200: {"model": ChallengeEnded}, **responses(404, 409)})
async def complete_challenge(
    context: Context, reference: Annotated[str, Path(pattern="^sbp_[0-9a-f]{1,64}$")], body: ChallengeBody
) -> Response:
    """The payer's bank is satisfied, or is not."""
    if "sandbox" not in context.services.names(SimulatedPayer):
        raise NotFound("no_sandbox", "This shop has no sandbox.", next_step="Pay with the shop's payment gateway.")
    payer = context.services.get(SimulatedPayer, "sandbox")  # pyright: ignore[reportAbstractUsage] - the port is the key
    ended = await payer.complete_action(reference, approve=body.approve)
    if isinstance(ended, Refused):
        if ended.code == "unknown_payment":
            raise NotFound("no_such_challenge", ended.message, next_step="Take the reference from next_action.url.")
        raise Conflict(ended.code, ended.message, next_step="Confirm the payment at its order.")
    return answer({"reference": ended.reference, "status": ended.status})
