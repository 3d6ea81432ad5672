"""Who is calling and with what key: the dependencies that every route takes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal

import orjson
from fastapi import Depends, Header, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.actions.action import Action
from bottega.actions.actor import Actor, Cause
from bottega.actions.outcome import Done, Held, Outcome
from bottega.actions.perform import Alongside
from bottega.entrance.context import ServingContext
from bottega.entrance.identity import identify
from bottega.entrance.refusals import BadRequest, Unauthenticated
from bottega.gateway.answers import answer
from bottega.gateway.reach import check_reach
from bottega.gateway.routes import needs_key
from bottega.kernel.errors import Forbidden

STAFF_ROLES = frozenset({"owner", "manager", "support", "warehouse", "analyst"})


def context_of(request: Request) -> ServingContext:
    """The context of this web process."""
    return request.app.state.context


async def current_context(request: Request) -> ServingContext:
    """The same as a dependency; a coroutine, because the framework runs plain functions in a thread."""
    return context_of(request)


Context = Annotated[ServingContext, Depends(current_context)]


class HeldAnswer(BaseModel):
    """An action that waits for a person: nothing has changed yet."""

    held: Literal[True]
    approval_id: str = Field(examples=["apr_01jd3gqz5t8m2n4p6r8s0v2x4z"])
    state: str = Field(description="waiting, granted, denied or expired.", examples=["waiting"])
    rule_ids: list[str] = Field(description="The policy rules that held it.")
    reasons: list[str] = Field(description="The same rules in words.")
    expires_at: datetime = Field(description="Until when it may be approved.")


@dataclass(frozen=True, slots=True)
class Caller:
    """An identified caller, with the idempotency key of this request if there is one."""

    actor: Actor
    context: ServingContext
    key: str | None
    request_id: str

    async def perform(
        self, action: Action, *, key_required: bool = False, alongside: Alongside | None = None
    ) -> Outcome:
        """Performs an action as the caller, under the request's idempotency key."""
        if self.key is None and (key_required or needs_key(type(action))):
            raise BadRequest(
                "idempotency_key_missing",
                "This request moves money or an order and needs an Idempotency-Key header.",
                next_step="Send a new random key, and the same one when you repeat the request.",
            )
        return await self.context.performer.perform(
            action, by=self.actor, key=self.key, because=Cause("request", self.request_id), alongside=alongside
        )

    async def done(self, action: Action, *, key_required: bool = False) -> dict[str, Any] | Held:
        """The result of an action; refusals are raised, a held one is returned."""
        outcome = await self.perform(action, key_required=key_required)
        return outcome if isinstance(outcome, Held) else outcome.unwrap()

    async def answer(self, action: Action, *, status: int = 200, key_required: bool = False) -> Response:
        """The action's result as a response: `status` when done, 202 with the approval when held."""
        outcome = await self.perform(action, key_required=key_required)
        return outcome_answer(outcome, status)


def outcome_answer(outcome: Outcome, status: int = 200) -> Response:
    """Done as `status`, held as 202; refusals are raised."""
    if isinstance(outcome, Held):
        return answer(
            {
                "held": True,
                "approval_id": outcome.approval_id,
                "state": outcome.state,
                "rule_ids": outcome.rule_ids,
                "reasons": outcome.reasons,
                "expires_at": outcome.expires_at,
            },
            202,
        )
    # The database does not keep the order of members, and a repeated answer has to be the same to the byte.
    result = orjson.dumps(outcome.unwrap(), default=str, option=orjson.OPT_SORT_KEYS)
    return Response(result, status, replayed(outcome), "application/json")


def replayed(outcome: Outcome) -> dict[str, str]:
    """The header that says that the key was used before."""
    return {"Idempotency-Replayed": "true"} if isinstance(outcome, Done) and outcome.repeated else {}


IdempotencyKey = Annotated[
    str | None,
    Header(min_length=1, max_length=200, pattern="^[!-~]+$", description="Makes the request happen once."),
]


async def current_caller(
    request: Request,
    idempotency_key: IdempotencyKey = None,
) -> Caller:
    """Anybody who is signed in, guests included; 401 otherwise."""
    context = context_of(request)
    actor = await identify(request, context)
    if actor is None:
        raise Unauthenticated(
            "not_signed_in", "Nobody is signed in.", next_step="Sign in, or get a guest token at POST /api/guests."
        )
    check_reach(request, actor)
    return Caller(actor, context, idempotency_key, request.state.request_id)


async def current_customer(caller: Annotated[Caller, Depends(current_caller)]) -> Caller:
    """A customer or guest, or an agent acting for one."""
    if caller.actor.customer_id is None:
        raise Forbidden("customers_only", "This is for customers.", next_step="Sign in as a customer.")
    return caller


async def current_staff(caller: Annotated[Caller, Depends(current_caller)]) -> Caller:
    """A person of the staff, or an API key with a staff role."""
    if caller.actor.kind != "staff" or caller.actor.role not in STAFF_ROLES:
        raise Forbidden("staff_only", "This is for the shop's staff.", next_step="Sign in as staff.")
    return caller


AnyCaller = Annotated[Caller, Depends(current_caller)]
Customer = Annotated[Caller, Depends(current_customer)]
Staff = Annotated[Caller, Depends(current_staff)]
