"""The list of staff, and what the owner does about it."""

from typing import get_args

from starlette.responses import Response

from bottega.shop.staff.actions import ChangeStaffRole, DeactivateStaff, InviteStaff, ReactivateStaff
from bottega.shop.staff.model import StaffRole
from bottega.web.console.asking import asked
from bottega.web.console.doing import do
from bottega.web.console.registry import OWNERS, PEOPLE, deed, page
from bottega.web.console.staff import queries
from bottega.web.console.work_list import Column, Filter, WorkList, asked_of
from bottega.web.visit import Visit, staff_of

COLUMNS = (Column("Colleague"), Column("E-mail"), Column("Role"), Column("Since"), Column("Last here"), Column("State"))
FILTERS = (Filter("state", "Show", (("", "Who works here"), ("left", "Who left"), ("all", "Everybody"))),)
WHAT_ROLES_DO = {
    "owner": "everything, and the only one who administers staff and keys",
    "manager": "everything but staff and keys",
    "support": "customers, orders, returns, refunds within limits, tickets and reviews",
    "warehouse": "stock, shipments and receiving",
    "analyst": "reads figures, goods and prices; no people",
}


async def show_all(visit: Visit) -> Response:
    """Who works here."""
    asked_for = asked_of(visit, sorts=("since",), default="since", filters=FILTERS)
    async with visit.read() as connection:
        rows = await queries.listed(connection, asked_for)
    return await visit.page(
        "console/staff/list.html",
        private=True,
        staff=WorkList("Staff", asked_for, COLUMNS, rows, filters=FILTERS, nothing="Nobody."),
        roles=[(role, f"{role.capitalize()}: {WHAT_ROLES_DO[role]}") for role in get_args(StaffRole)],
        me=staff_of(visit).id,
    )


async def invite(visit: Visit) -> Response:
    """They get a code by mail, and choose a password with it."""
    form = await visit.form()
    action = asked(InviteStaff, email=form.text("email"), name=form.text("name"), role=form.text("role"))
    return await do(visit, action, "Invited: a code is on its way by mail.")


async def change_role(visit: Visit) -> Response:
    form = await visit.form()
    action = asked(ChangeStaffRole, staff_id=_staff_id(visit), role=form.text("role"))
    return await do(visit, action, "The new role holds from their next request on.")


async def deactivate(visit: Visit) -> Response:
    return await do(visit, asked(DeactivateStaff, staff_id=_staff_id(visit)), "They are out, and their sessions ended.")


async def reactivate(visit: Visit) -> Response:
    form = await visit.form()
    action = asked(ReactivateStaff, staff_id=_staff_id(visit), role=form.text("role"))
    return await do(visit, action, "They may come again: a code is on its way by mail.")


def _staff_id(visit: Visit) -> str:
    return visit.request.path_params["staff_id"]


PAGES = (
    page("/staff", show_all, PEOPLE),
    deed("/staff", invite, OWNERS),
    deed("/staff/{staff_id}/role", change_role, OWNERS),
    deed("/staff/{staff_id}/deactivation", deactivate, OWNERS),
    deed("/staff/{staff_id}/reactivation", reactivate, OWNERS),
)
