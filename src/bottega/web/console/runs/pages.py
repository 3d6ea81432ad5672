"""The list of runs with the stop switch, one run's timeline, its prompts, and cancelling and retrying."""

from typing import Any

from starlette.responses import Response

from bottega.entrance.context import back_office_of
from bottega.kernel.errors import Invalid
from bottega.runtime.directing import cancel_run, find_run, retry_run
from bottega.runtime.switches import EVERY_ROLE, StartAgents, StopAgents, stopped_roles
from bottega.runtime.timeline import list_runs, prompts, timeline
from bottega.shop import shop_settings
from bottega.web.console.doing import do
from bottega.web.console.registry import MANAGERS, SUPPORT, deed, page
from bottega.web.console.runs.shown import shown_step
from bottega.web.console.who import names_of
from bottega.web.console.work_list import Column, Filter, WorkList, asked_of
from bottega.web.visit import Visit, staff_of

LIST = "/console/runs"
STATES = ("queued", "ready", "running", "waiting", "done", "failed", "cancelled")
COLUMNS = (
    Column("Run"),
    Column("State"),
    Column("For"),
    Column("Calls", is_number=True),
    Column("Tokens", is_number=True),
    Column("Cost", is_number=True),
    Column("Took", is_number=True),
    Column("Began"),
)


async def show_all(visit: Visit) -> Response:
    """Runs, the newest first, and what is stopped."""
    roles = back_office_of(visit.context).roles
    filters = (
        Filter("state", "State", (("", "All"), *((state, state.capitalize()) for state in STATES))),
        Filter("role", "Role", (("", "All"), *((role, role) for role in roles))),
    )
    asked = asked_of(visit, sorts=("began",), default="-began", filters=filters)
    if asked.text.startswith("run_"):
        return visit.redirect(f"{LIST}/{asked.text}")
    async with visit.read() as connection:
        rows = await list_runs(
            connection,
            state=asked.chosen["state"] or None,
            role=asked.chosen["role"] or None,
            session_id=asked.text if asked.text and not asked.text.startswith("cus_") else None,
            customer_id=asked.text if asked.text.startswith("cus_") else None,
            limit=asked.limit,
            offset=asked.offset,
        )
        stopped = await stopped_roles(connection)
        settings = await shop_settings.current(connection)
        names = await names_of(
            connection, [*(row["customer_id"] for row in rows), *(switch["changed_by"] for switch in stopped.values())]
        )
    listed = WorkList(
        "Runs",
        asked,
        COLUMNS,
        rows,
        filters=filters,
        searches="A run, a conversation or a customer by id",
        nothing="No agent has run yet",
    )
    return await visit.page(
        "console/runs/runs.html",
        private=True,
        list=listed,
        names=names,
        stopped=stopped,
        all_stopped=EVERY_ROLE in stopped or settings.agents_stopped,
        stopped_by_settings=settings.agents_stopped,
        roles=roles,
        currency=back_office_of(visit.context).models().currency,
    )


async def show_one(visit: Visit) -> Response:
    """Everything that is known of a run."""
    run_id = visit.request.path_params["run_id"]
    async with visit.read() as connection:
        found = await timeline(connection, run_id)
        names = await names_of(connection, [found["run"]["customer_id"], found["run"]["cancelled_by"]])
    run: dict[str, Any] = found["run"]
    return await visit.page(
        "console/runs/run.html",
        private=True,
        found=found,
        run=run,
        steps=[shown_step(step) for step in found["steps"]],
        names=names,
        currency=back_office_of(visit.context).models().currency,
        can_cancel=run["state"] in ("queued", "ready", "running", "waiting") and run["cancelled_by"] is None,
        can_retry=run["state"] == "failed" and run["session_id"] is None,
    )


async def show_prompts(visit: Visit) -> Response:
    """What the model was asked each time, made again from the journal."""
    run_id = visit.request.path_params["run_id"]
    runtime = await back_office_of(visit.context).runtime()
    async with visit.read() as connection:
        run = await find_run(connection, run_id)
    asked = await prompts(runtime.parts, run)
    return await visit.page("console/runs/prompts.html", private=True, run=run, asked=asked)


async def cancel(visit: Visit) -> Response:
    """Ends a run before its next step."""
    run_id = visit.request.path_params["run_id"]
    jobs = back_office_of(visit.context).jobs
    await cancel_run(visit.context.database, jobs, run_id, staff_of(visit).id)
    visit.flash("done", "It ends before its next step. What it has done stays done.")
    return visit.redirect(f"{LIST}/{run_id}")


async def retry(visit: Visit) -> Response:
    """Lets failed work go on, or begin anew."""
    run_id = visit.request.path_params["run_id"]
    context = visit.context
    run = await retry_run(context.database, back_office_of(context).jobs, context.clock, run_id)
    visit.flash("done", "A worker goes on with it." if run.id == run_id else "It begins anew, as this run.")
    return visit.redirect(f"{LIST}/{run.id}")


async def stop(visit: Visit) -> Response:
    """Stops the agents of one role, or all of them."""
    form = await visit.form()
    action = form.record(StopAgents, {"role": form.text("role", EVERY_ROLE), "reason": form.text("reason")})
    if action is None:
        raise Invalid("reason_missing", "Say why they are stopped: colleagues read it.")
    said = "All agents are stopped" if action.role == EVERY_ROLE else f"Agents of the role {action.role} are stopped"
    return await do(visit, action, f"{said}: they may read and answer, and change nothing.", then=LIST)


async def start(visit: Visit) -> Response:
    """Lets them change things again."""
    form = await visit.form()
    action = form.record(StartAgents, {"role": form.text("role", EVERY_ROLE)})
    if action is None:
        raise Invalid("no_such_role", "This is no role of an agent.")
    return await do(visit, action, "They may act again.", then=LIST)


PAGES = (
    page("/runs", show_all, SUPPORT),
    deed("/runs/stop", stop, MANAGERS),
    deed("/runs/start", start, MANAGERS),
    page("/runs/{run_id}", show_one, SUPPORT),
    page("/runs/{run_id}/prompts", show_prompts, SUPPORT),
    deed("/runs/{run_id}/cancellation", cancel, MANAGERS),
    deed("/runs/{run_id}/retry", retry, MANAGERS),
)
