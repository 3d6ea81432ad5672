"""Approvals: what waits for a person, and the person's decision."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field
from starlette.responses import Response

from bottega.actions.approvals import DenyApproval, Digest, GrantApproval, get_approval, list_approvals
from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, decode_cursor, page
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Staff
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import ApprovalId

router = APIRouter(prefix="/approvals", tags=["approvals"])


class GrantBody(RequestBody):
    """The digest of the arguments as they were shown."""

    arguments_digest: Digest


class DenyBody(RequestBody):
    """Why not."""

    reason: Annotated[str, Field(min_length=1, max_length=1000, examples=["The customer was refunded already."])]


@router.get("", responses={200: {"model": Page[dict[str, Any]]}, **responses()})
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


@router.get("/{approval_id}", responses=responses(404))
async def show(caller: Staff, approval_id: Annotated[ApprovalId, Path()]) -> Response:
    """One approval as a person decides on it."""
    async with caller.context.database.read() as connection:
        return answer(await get_approval(connection, approval_id, caller.context.clock.now()))


@router.post("/{approval_id}/grant", responses=responses(404, 409))
async def grant(caller: Staff, approval_id: Annotated[ApprovalId, Path()], body: GrantBody) -> Response:
    """Perform exactly what was shown, once."""
    return await caller.answer(GrantApproval(approval_id=approval_id, arguments_digest=body.arguments_digest))


@router.post("/{approval_id}/denial", responses=responses(404, 409))
async def deny(caller: Staff, approval_id: Annotated[ApprovalId, Path()], body: DenyBody) -> Response:
    """Refuse it for good."""
    return await caller.answer(DenyApproval(approval_id=approval_id, reason=body.reason))
