"""Approvals: what waits for a person, and the person's decision."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.actions.approvals import DenyApproval, Digest, GrantApproval, get_approval, list_approvals
from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, decode_cursor, page
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Staff, outcome_answer
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import ApprovalId

router = APIRouter(prefix="/approvals", tags=["approvals"])


class GrantBody(RequestBody):
    """The digest of the arguments as they were shown."""

    arguments_digest: Digest


class DenyBody(RequestBody):
    """Why not."""

    reason: Annotated[str, Field(min_length=1, max_length=1000, examples=["The customer was refunded already."])]


class ChangeShown(BaseModel):
    """One row that the action would change."""

    table_name: str
    row_key: str
    operation: Literal["insert", "update", "delete"]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class Approver(BaseModel):
    """A person who has granted it; others may still have to."""

    id: str
    role: str
    at: datetime


class Approval(BaseModel):
    """A held action: who asked, what it would change, what is at stake, and how it was decided."""

    id: str
    action: str
    arguments: dict[str, Any] = Field(description="Personal ones have a `ref`, and a `value` when one is shown alone.")
    arguments_digest: str = Field(description="Send it with the grant: it says what was shown.")
    actor_kind: str
    actor_id: str
    actor_role: str
    on_behalf_of: str | None
    because: str | None
    rule_ids: list[str]
    policy_version: str
    facts: dict[str, Any]
    diff: list[ChangeShown]
    amount_minor: int | None
    currency: str | None
    evidence: list[dict[str, Any]]
    approvers: list[Approver]
    state: Literal["waiting", "granted", "denied", "expired"]
    requested_at: datetime
    expires_at: datetime
    decided_at: datetime | None
    reason: str | None
    entry_id: str | None


class Granted(BaseModel):
    """What became of it: `waiting` for one more approver, or `granted` with the entry that was performed."""

    approval_id: str
    state: Literal["waiting", "granted"]
    approvers: int | None = None
    entry_id: str | None = None
    result: dict[str, Any] | None = None


class Refused(BaseModel):
    """It will not be performed."""

    approval_id: str
    state: Literal["denied"]


@router.get("", responses={200: {"model": Page[Approval]}, **responses()})
async def list_all(
    caller: Staff,
    state: Annotated[Literal["waiting", "granted", "denied", "expired"] | None, Query()] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Approvals, oldest first, each with arguments, diff, money at stake and the rules that held it."""
    context = caller.context
    async with context.database.read() as connection:
        rows = await list_approvals(
            connection, context.clock.now(), state=state, after=decode_cursor(cursor), limit=limit + 1
        )
    return answer(page(rows, limit, lambda row: row["id"]))


@router.get("/{approval_id}", responses={200: {"model": Approval}, **responses(404)})
async def show(caller: Staff, approval_id: Annotated[ApprovalId, Path()]) -> Response:
    """One approval as a person decides on it."""
    async with caller.context.database.read() as connection:
        return answer(await get_approval(connection, approval_id, caller.context.clock.now()))


@router.post("/{approval_id}/grant", responses={200: {"model": Granted}, **responses(404, 409)})
async def grant(caller: Staff, approval_id: Annotated[ApprovalId, Path()], body: GrantBody) -> Response:
    """Perform exactly what was shown, once."""
    outcome = await caller.perform(GrantApproval(approval_id=approval_id, arguments_digest=body.arguments_digest))
    await caller.context.effects.drive_all_claimed(outcome)
    return outcome_answer(outcome)


@router.post("/{approval_id}/denial", responses={200: {"model": Refused}, **responses(404, 409)})
async def deny(caller: Staff, approval_id: Annotated[ApprovalId, Path()], body: DenyBody) -> Response:
    """Refuse it for good."""
    return await caller.answer(DenyApproval(approval_id=approval_id, reason=body.reason))
