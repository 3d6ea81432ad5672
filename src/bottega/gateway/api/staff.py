"""Staff: who works in the shop and in which role."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, decode_cursor, page
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Staff
from bottega.gateway.problems import responses
from bottega.kernel.address import Email
from bottega.kernel.identifiers import StaffId
from bottega.shop.staff.actions import ChangeStaffRole, DeactivateStaff, InviteStaff, ReactivateStaff
from bottega.shop.staff.actions.members import PersonName
from bottega.shop.staff.model import StaffMember, StaffRole
from bottega.shop.staff.queries import get_staff, list_staff

router = APIRouter(prefix="/staff", tags=["staff"])

StaffPath = Annotated[StaffId, Path()]


class InvitationBody(RequestBody):
    """Who is mailed a code to choose a password with."""

    email: Annotated[Email, Field(examples=["bruno@example.com"])]
    name: Annotated[PersonName, Field(examples=["Bruno"])]
    role: StaffRole


class RoleBody(RequestBody):
    """The role from now on."""

    role: StaffRole


class StaffChanged(BaseModel):
    """What was changed."""

    staff_id: str
    role: StaffRole | None = None
    active: bool | None = None


CHANGED: dict[int | str, dict[str, Any]] = {200: {"model": StaffChanged}, **responses(404, 409)}


@router.get("", responses={200: {"model": Page[StaffMember]}, **responses()})
async def list_all(
    caller: Staff,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Everybody who works or worked here, in the order in which they came."""
    async with caller.context.database.read() as connection:
        rows = await list_staff(connection, after=decode_cursor(cursor), limit=limit + 1)
    return answer(page(rows, limit, lambda member: member.id))


@router.post("", status_code=201, responses={201: {"model": StaffChanged}, **responses(409)})
async def invite(caller: Staff, body: InvitationBody) -> Response:
    """Takes somebody in and mails them a code to choose a password with."""
    return await caller.answer(InviteStaff(email=body.email, name=body.name, role=body.role), status=201)


@router.get("/{staff_id}", responses={200: {"model": StaffMember}, **responses(404)})
async def show(caller: Staff, staff_id: StaffPath) -> Response:
    """One member of staff."""
    async with caller.context.database.read() as connection:
        return answer(await get_staff(connection, staff_id))


@router.put("/{staff_id}/role", responses=CHANGED)
async def change_role(caller: Staff, staff_id: StaffPath, body: RoleBody) -> Response:
    """Changes a role; the last owner stays one."""
    return await caller.answer(ChangeStaffRole(staff_id=staff_id, role=body.role))


@router.delete("/{staff_id}", responses=CHANGED)
async def deactivate(caller: Staff, staff_id: StaffPath) -> Response:
    """Ends somebody's access at once; the last owner stays."""
    return await caller.answer(DeactivateStaff(staff_id=staff_id))


@router.post("/{staff_id}/reactivation", responses=CHANGED)
async def reactivate(caller: Staff, staff_id: StaffPath, body: RoleBody) -> Response:
    """Lets somebody in again who left."""
    return await caller.answer(ReactivateStaff(staff_id=staff_id, role=body.role))
