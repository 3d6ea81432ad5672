"""Effects: calls to the outside world, which of them did not go through, and what staff decide about those."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.actions.effect_decisions import CancelEffect, RequeueEffect
from bottega.actions.effects import get_effect, list_effects
from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, decode_cursor, page
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Staff
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import EffectId

router = APIRouter(prefix="/effects", tags=["effects"])

EffectPath = Annotated[EffectId, Path()]
State = Literal["intended", "sent", "confirmed", "refused", "unknown", "dead", "cancelled"]


class EffectShown(BaseModel):
    """An intended call and its outcome; the payload names records and holds nothing personal."""

    id: str
    entry_id: str
    kind: str
    key: str
    payload: dict[str, Any]
    state: State
    reconciled: bool = Field(description="Its outcome was found by looking it up, not by the call's own answer.")
    attempts: int
    maximum_attempts: int
    next_attempt_at: datetime
    sent_at: datetime | None
    settled_at: datetime | None
    outcome: dict[str, Any] | None
    last_error: str | None
    created_at: datetime


class EffectDecided(BaseModel):
    """The effect after the decision."""

    effect_id: str
    kind: str
    state: State


class CancellationBody(RequestBody):
    """Why it is given up."""

    reason: Annotated[str, Field(min_length=1, max_length=500, examples=["Paid out by hand"])]


@router.get("", responses={200: {"model": Page[EffectShown]}, **responses()})
async def list_all(
    caller: Staff,
    state: Annotated[State | None, Query()] = None,
    kind: Annotated[str | None, Query(max_length=60)] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Effects, oldest first; `state=dead` are those that a person has to decide about."""
    async with caller.context.database.read() as connection:
        rows = await list_effects(connection, state=state, kind=kind, after=decode_cursor(cursor), limit=limit + 1)
    return answer(page(rows, limit, lambda row: row["id"]))


@router.get("/{effect_id}", responses={200: {"model": EffectShown}, **responses(404)})
async def show(caller: Staff, effect_id: EffectPath) -> Response:
    """One effect."""
    async with caller.context.database.read() as connection:
        return answer(await get_effect(connection, effect_id))


@router.post("/{effect_id}/requeue", responses={200: {"model": EffectDecided}, **responses(404, 409)})
async def requeue(caller: Staff, effect_id: EffectPath) -> Response:
    """Tries it again; it is looked up before it is sent."""
    return await caller.answer(RequeueEffect(effect_id=effect_id), key_required=True)


@router.post("/{effect_id}/cancellation", responses={200: {"model": EffectDecided}, **responses(404, 409)})
async def cancel(caller: Staff, effect_id: EffectPath, body: CancellationBody) -> Response:
    """Gives it up, together with what waits for it."""
    return await caller.answer(CancelEffect(effect_id=effect_id, reason=body.reason), key_required=True)
