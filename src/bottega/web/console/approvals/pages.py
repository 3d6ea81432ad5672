"""The inbox of approvals, one approval with everything that bears on it, and the decision."""

from typing import Any

from starlette.responses import Response

from bottega.actions.approvals import DenyApproval, GrantApproval, get_approval, list_approvals
from bottega.actions.outcome import Done, Held
from bottega.kernel.errors import Conflict
from bottega.web.console.approvals import shown
from bottega.web.console.approvals.editing import edited_action, fields_of
from bottega.web.console.doing import approval_of, tell
from bottega.web.console.registry import MANAGERS, PEOPLE, deed, page
from bottega.web.console.shown import words
from bottega.web.console.who import names_of
from bottega.web.forms import Form
from bottega.web.visit import Visit

INBOX = "/console/approvals"
SHOWN = 100
VIEWS = {"": "waiting", "granted": "granted", "denied": "denied", "expired": "expired"}
EDITED = "Edited and asked for anew as {name} by the colleague who decided."


async def show_inbox(visit: Visit) -> Response:
    """What waits, the oldest first and chosen; or what was decided, the newest first."""
    view = visit.request.query_params.get("state", "")
    view = view if view in VIEWS else ""
    now = visit.context.clock.now()
    async with visit.read() as connection:
        listed = await list_approvals(
            connection, now, state=VIEWS[view], limit=SHOWN + 1, newest_first=VIEWS[view] != "waiting"
        )
        chosen = await get_approval(connection, listed[0]["id"], now) if listed and not view else None
    return await _page(visit, "inbox", listed, chosen, view=view, is_chosen_by_address=False)


async def show_one(visit: Visit) -> Response:
    """One approval beside the others of its state."""
    chosen, listed = await _with_neighbours(visit)
    view = next(view for view, state in VIEWS.items() if state == chosen["state"])
    return await _page(visit, "inbox", listed, chosen, view=view, is_chosen_by_address=True)


async def grant(visit: Visit) -> Response:
    """Performs exactly what was shown, once."""
    form = await visit.form()
    approval_id = visit.request.path_params["approval_id"]
    digest = form.text("arguments_digest")
    action = form.record(GrantApproval, {"approval_id": approval_id, "arguments_digest": digest})
    if action is None:
        raise Conflict(
            "approval_unclear", "This form does not say which approval it means.", next_step="Load it again."
        )
    outcome = await visit.perform(action, form.key)
    again = isinstance(outcome, Done) and outcome.result.get("state") == "waiting"
    tell(visit, outcome, "Approved. It still needs another colleague." if again else "Approved and done.")
    return visit.redirect(INBOX if isinstance(outcome, Done) else f"{INBOX}/{approval_id}")


async def deny(visit: Visit) -> Response:
    """Refuses it for good, with a reason."""
    form = await visit.form()
    approval_id = visit.request.path_params["approval_id"]
    action = form.record(DenyApproval, {"approval_id": approval_id, "reason": form.text("reason")})
    if action is None:
        visit.flash("error", "Say why it is denied: whoever asked reads it, in at most 1,000 characters.")
        return visit.redirect(f"{INBOX}/{approval_id}")
    outcome = await visit.perform(action, form.key)
    tell(visit, outcome, "Denied. Nothing was changed.")
    return visit.redirect(INBOX if isinstance(outcome, Done) else f"{INBOX}/{approval_id}")


async def show_edit(visit: Visit) -> Response:
    """The held arguments as a form."""
    return await _edit_page(visit, None)


async def edit(visit: Visit) -> Response:
    """Asks for the edited action anew, as the colleague who is here; what was held is denied once that is accepted.

    The new action goes by policy like any other: it may be done at once, or wait for somebody else.
    """
    form = await visit.form()
    approval, _ = await _with_neighbours(visit)
    if approval["state"] != "waiting":
        raise Conflict("approval_already_decided", f"This approval is {approval['state']} already.")
    action = edited_action(approval, form)
    if action is None:
        return await _edit_page(visit, form, status=422)
    outcome = await visit.perform(action, form.key)
    if not isinstance(outcome, Done | Held):
        tell(visit, outcome, "")
        return await _edit_page(visit, form, status=409)
    reason = EDITED.format(name=outcome.entry_id if isinstance(outcome, Done) else outcome.approval_id)
    denied = await visit.perform(DenyApproval(approval_id=approval["id"], reason=reason), form.key)
    tell(visit, outcome, f"{words(approval['action'])}: done as edited, and what was held is denied.")
    if not isinstance(denied, Done):
        tell(visit, denied, "")
    return visit.redirect(approval_of(outcome) if isinstance(outcome, Held) else INBOX)


async def _edit_page(visit: Visit, form: Form | None, *, status: int = 200) -> Response:
    approval, _ = await _with_neighbours(visit)
    async with visit.read() as connection:
        names = await names_of(connection, shown.ids_of(approval))
    return await visit.page(
        "console/approvals/edit.html",
        status=status,
        private=True,
        approval=approval,
        names=names,
        fields=fields_of(approval, form),
        problems={} if form is None else form.problems,
    )


async def _with_neighbours(visit: Visit) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The approval of the address, and those of the same state."""
    now = visit.context.clock.now()
    async with visit.read() as connection:
        chosen = await get_approval(connection, visit.request.path_params["approval_id"], now)
        listed = await list_approvals(
            connection, now, state=chosen["state"], limit=SHOWN + 1, newest_first=chosen["state"] != "waiting"
        )
    return chosen, listed


async def _page(
    visit: Visit,
    template: str,
    listed: list[dict[str, Any]],
    chosen: dict[str, Any] | None,
    *,
    view: str,
    is_chosen_by_address: bool,
) -> Response:
    policy = visit.context.policy
    people = [one["actor_id"] for one in listed] + [name for one in listed for name in shown.ids_of(one)]
    if chosen is not None:
        people += [*(one.text for one in shown.arguments_of(chosen)), *(row["row_key"] for row in chosen["diff"])]
        people += [chosen["actor_id"], chosen["on_behalf_of"], *(one["id"] for one in chosen["approvers"])]
    async with visit.read() as connection:
        names = await names_of(connection, people)
    ids = [one["id"] for one in listed[:SHOWN]]
    place = ids.index(chosen["id"]) if chosen is not None and chosen["id"] in ids else None
    return await visit.page(
        f"console/approvals/{template}.html",
        private=True,
        listed=listed[:SHOWN],
        has_more=len(listed) > SHOWN,
        approval=chosen,
        names=names,
        about={one["id"]: shown.about(one, names) for one in listed[:SHOWN]},
        view=view,
        is_chosen_by_address=is_chosen_by_address,
        following=None if place is None or place + 1 >= len(ids) else ids[place + 1],
        preceding=None if not place else ids[place - 1],
        arguments=[] if chosen is None else shown.arguments_of(chosen),
        reasons=[] if chosen is None else shown.reasons_of(chosen, policy),
        evidence=[] if chosen is None else shown.evidence_of(chosen),
        attested=[] if chosen is None else shown.attested_of(chosen),
        needs="" if chosen is None or chosen["state"] != "waiting" else shown.needs_of(chosen, policy),
        facts={} if chosen is None else shown.facts_of(chosen),
    )


PAGES = (
    page("/approvals", show_inbox, PEOPLE),
    page("/approvals/{approval_id}", show_one, PEOPLE),
    deed("/approvals/{approval_id}/grant", grant, MANAGERS),
    deed("/approvals/{approval_id}/denial", deny, MANAGERS),
    page("/approvals/{approval_id}/edit", show_edit, MANAGERS),
    deed("/approvals/{approval_id}/edit", edit, MANAGERS),
)
