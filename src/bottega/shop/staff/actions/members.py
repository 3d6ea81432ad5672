"""Members of staff: inviting them, what role they have, and letting them go."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bottega.actions.action import Action, Personal
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.kernel.address import Email
from bottega.kernel.identifiers import StaffId
from bottega.platform.database.pool import Row
from bottega.platform.sign_in.codes import void_codes
from bottega.platform.sign_in.sessions import close_sessions
from bottega.shop.staff.errors import command_line_only, last_owner, no_such_staff, owner_exists, staff_email_taken
from bottega.shop.staff.model import StaffRole

STAFF_EMAIL = "staff_email"
INVITATION_MAIL = "mail.staff_invitation"

PersonName = Annotated[str, Field(min_length=1, max_length=200)]


class InviteStaff(Action):
    """Makes somebody a member of staff and mails them a code with which they choose a password."""

    groups: ClassVar[tuple[str, ...]] = ("administration",)
    email: Annotated[Email, Personal("email")]
    name: Annotated[PersonName, Personal("name")]
    role: StaffRole


class CreateOwner(Action):
    """Makes the first owner, from the command line; refused as soon as there is one."""

    groups: ClassVar[tuple[str, ...]] = ("system",)
    email: Annotated[Email, Personal("email")]
    name: Annotated[PersonName, Personal("name")]


class ChangeStaffRole(Action):
    """Gives a member of staff another role, which holds from their next request on."""

    groups: ClassVar[tuple[str, ...]] = ("administration",)
    staff_id: StaffId
    role: StaffRole


class DeactivateStaff(Action):
    """Ends somebody's access at once: sessions, codes and password are gone."""

    groups: ClassVar[tuple[str, ...]] = ("administration",)
    staff_id: StaffId


class ReactivateStaff(Action):
    """Lets a former member of staff in again; they get a code by mail and choose a new password."""

    groups: ClassVar[tuple[str, ...]] = ("administration",)
    staff_id: StaffId
    role: StaffRole


@handles(InviteStaff)
async def invite_staff(action: InviteStaff, work: Work) -> dict[str, Any]:
    staff_id = await _insert(work, action.email, action.name, action.role)
    await _mail_invitation(work, staff_id)
    return {"staff_id": staff_id, "role": action.role}


@handles(CreateOwner)
async def create_owner(action: CreateOwner, work: Work) -> dict[str, Any]:
    if work.actor.kind != "system":
        raise command_line_only()
    # Two first owners at once would both find none.
    await work.connection.execute("LOCK TABLE shop.staff IN SHARE ROW EXCLUSIVE MODE")
    if await work.connection.fetchval("SELECT EXISTS (SELECT FROM shop.staff WHERE role = 'owner' AND active)"):
        raise owner_exists()
    return {"staff_id": await _insert(work, action.email, action.name, "owner"), "role": "owner"}


@handles(ChangeStaffRole)
async def change_staff_role(action: ChangeStaffRole, work: Work) -> dict[str, Any]:
    member = await _locked(work, action.staff_id)
    if action.role != "owner":
        await _keep_an_owner(work, member)
    await work.connection.execute("UPDATE shop.staff SET role = $2 WHERE id = $1", action.staff_id, action.role)
    return {"staff_id": action.staff_id, "role": action.role, "previous_role": member["role"]}


@handles(DeactivateStaff)
async def deactivate_staff(action: DeactivateStaff, work: Work) -> dict[str, Any]:
    member = await _locked(work, action.staff_id)
    await _keep_an_owner(work, member)
    await work.connection.execute("UPDATE shop.staff SET active = false WHERE id = $1", action.staff_id)
    await close_sessions(work.connection, action.staff_id, work.now)
    await void_codes(work.connection, action.staff_id)
    await work.connection.execute("DELETE FROM platform.credentials WHERE subject_id = $1", action.staff_id)
    return {"staff_id": action.staff_id, "active": False}


@handles(ReactivateStaff)
async def reactivate_staff(action: ReactivateStaff, work: Work) -> dict[str, Any]:
    member = await _locked(work, action.staff_id)
    if member["active"]:
        return {"staff_id": action.staff_id, "role": member["role"], "active": True}
    await work.connection.execute(
        "UPDATE shop.staff SET active = true, role = $2 WHERE id = $1", action.staff_id, action.role
    )
    await _mail_invitation(work, action.staff_id)
    return {"staff_id": action.staff_id, "role": action.role, "active": True}


async def _insert(work: Work, email: str, name: str, role: str) -> str:
    staff_id = work.new_id("stf")
    claimed = await work.connection.fetchval(
        "INSERT INTO vault.lookups (kind, digest, subject_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING 1",
        STAFF_EMAIL,
        work.lookup_digest(STAFF_EMAIL, email),
        staff_id,
    )
    if claimed is None:
        raise staff_email_taken()
    references = await work.keep_all(staff_id, {"email": email, "name": name})
    await work.connection.execute(
        "INSERT INTO shop.staff (id, email_ref, name_ref, role, created_at) VALUES ($1, $2, $3, $4, $5)",
        staff_id,
        references["email"],
        references["name"],
        role,
        work.now,
    )
    return staff_id


async def _mail_invitation(work: Work, staff_id: str) -> None:
    await work.intend(INVITATION_MAIL, {"subject_id": staff_id}, key=f"invitation:{work.entry_id}")


async def _locked(work: Work, staff_id: str) -> Row:
    row = await work.connection.fetchrow("SELECT id, role, active FROM shop.staff WHERE id = $1 FOR UPDATE", staff_id)
    if row is None:
        raise no_such_staff(staff_id)
    return row


async def _keep_an_owner(work: Work, member: Row) -> None:
    """Refuses when no other active owner would be left; locks the owners, so that two cannot remove each other."""
    if member["role"] != "owner" or not member["active"]:
        return
    owners = await work.connection.fetch(
        "SELECT id FROM shop.staff WHERE role = 'owner' AND active ORDER BY id FOR UPDATE"
    )
    if len(owners) == 1:
        raise last_owner()
