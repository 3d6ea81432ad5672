"""The page of connectors and jobs, and trying again or giving up what is dead."""

from collections.abc import Awaitable, Callable
from typing import Any

from starlette.responses import Response

from bottega.actions.effect_decisions import CancelEffect, RequeueEffect
from bottega.actions.log.readers import reader_states
from bottega.entrance.context import back_office_of
from bottega.kernel.errors import Invalid, Refusal
from bottega.platform.database.pool import Connection
from bottega.platform.jobs.records import count_jobs, discard, list_jobs, requeue
from bottega.runtime.models.breakers import breaker_rows
from bottega.shop.flows.webhook_inbox import Inbox, list_inbox, requeue_event
from bottega.shop.webhooks.actions import ReplayWebhookDelivery
from bottega.shop.webhooks.queries import list_deliveries
from bottega.web.console.doing import CHOSEN_FIELD, MOST_AT_ONCE, do_each
from bottega.web.console.registry import MANAGERS, PEOPLE, SUPPORT, deed, page
from bottega.web.console.work import queries
from bottega.web.console.work_list import BulkDeed, Column, Filter, WorkList, asked_of
from bottega.web.visit import Visit, staff_of
from bottega.web.wording import count

PLACE = "/console/jobs"
REASON = "given up in the console"
STATES = Filter(
    "state",
    "State",
    (
        ("", "Dead"),
        ("waiting", "Waiting"),
        ("running", "Running"),
        ("done", "Done"),
        ("cancelled", "Cancelled"),
        ("any", "All"),
    ),
)


async def show(visit: Visit) -> Response:
    """Health at a glance: connectors, readers of the log, and how many of what is dead."""
    now = visit.context.clock.now()
    async with visit.read() as connection:
        jobs = await count_jobs(connection)
        calls = await queries.outside_calls(connection, now)
        readers = await reader_states(connection)
        breakers = await breaker_rows(connection)
        inbox = await list_inbox(connection, state="dead", limit=queries.SHOWN)
        deliveries = await list_deliveries(connection, state="dead", limit=queries.SHOWN)
    return await visit.page(
        "console/work/health.html",
        private=True,
        connectors=back_office_of(visit.context).connectors,
        jobs=jobs,
        calls=calls,
        readers=readers,
        breakers=breakers,
        dead={
            "jobs": jobs["dead"],
            "calls": sum(call["dead"] for call in calls),
            "inbox": len(inbox),
            "deliveries": len(deliveries),
        },
    )


async def show_jobs(visit: Visit) -> Response:
    """Jobs, the dead ones unless others are asked for."""
    asked = asked_of(visit, sorts=("newest",), default="-newest", filters=(STATES,))
    state = {"": "dead", "any": None}.get(asked.chosen["state"], asked.chosen["state"])
    async with visit.read() as connection:
        rows = await list_jobs(connection, state=state, name=asked.text or None, limit=asked.limit, offset=asked.offset)
    listed = WorkList(
        "Jobs",
        asked,
        (Column("Job"), Column("State"), Column("Attempts", is_number=True), Column("Last error"), Column("Made")),
        rows,
        filters=(STATES,),
        searches="Name of a job",
        deeds=_deeds(
            visit,
            BulkDeed("Try again", f"{PLACE}/list/requeue"),
            BulkDeed("Discard", f"{PLACE}/list/discard", "Discard these jobs for good?", "danger"),
        ),
        nothing="No job is dead",
    )
    return await visit.page("console/work/jobs.html", private=True, list=listed)


async def requeue_jobs(visit: Visit) -> Response:
    """Puts the chosen jobs back, with all their attempts before them again."""
    response = await _each_job(visit, requeue, "put back")
    back_office_of(visit.context).jobs.wake()
    return response


async def discard_jobs(visit: Visit) -> Response:
    """Cancels the chosen jobs for good."""
    return await _each_job(visit, discard, "discarded")


async def show_calls(visit: Visit) -> Response:
    """Dead calls to the outside."""
    asked = asked_of(visit, sorts=("newest",), default="-newest")
    async with visit.read() as connection:
        rows = await queries.dead_effects(connection, asked.limit, asked.offset)
    listed = WorkList(
        "Calls to the outside",
        asked,
        (Column("Call"), Column("Attempts", is_number=True), Column("Last error"), Column("Made"), Column("Entry")),
        rows,
        deeds=_deeds(
            visit,
            BulkDeed("Try again", f"{PLACE}/calls/requeue"),
            BulkDeed("Give up", f"{PLACE}/calls/cancellation", "Give these calls up for good?", "danger"),
        ),
        nothing="Every call to the outside went through, or is still being tried",
    )
    return await visit.page("console/work/calls.html", private=True, list=listed)


async def requeue_calls(visit: Visit) -> Response:
    """Tries the chosen calls again; each is looked up before it is sent."""
    return await do_each(visit, lambda row: RequeueEffect(effect_id=row), "It is tried again.")


async def cancel_calls(visit: Visit) -> Response:
    """Gives the chosen calls up, together with what waits for them."""
    return await do_each(visit, lambda row: CancelEffect(effect_id=row, reason=REASON), "It is given up.")


async def show_inbox(visit: Visit) -> Response:
    """Dead events of payment gateways."""
    asked = asked_of(visit, sorts=("newest",), default="-newest")
    async with visit.read() as connection:
        events = await list_inbox(connection, state="dead", limit=asked.limit, offset=asked.offset)
    rows = [{"id": f"{event.provider} {event.event_id}", "event": event} for event in events]
    listed = WorkList(
        "Events received",
        asked,
        (Column("Event"), Column("Kind"), Column("Attempts", is_number=True), Column("Last error")),
        rows,
        deeds=(BulkDeed("Work off again", f"{PLACE}/inbox/requeue"),) if staff_of(visit).role in SUPPORT else (),
        nothing="Every event of the payment gateways was worked off",
    )
    return await visit.page("console/work/inbox.html", private=True, list=listed)


async def requeue_events(visit: Visit) -> Response:
    """Works the chosen events off again, at once."""
    context = visit.context
    inbox = Inbox(context.performer, context.services)

    async def again(row: str) -> None:
        provider, _, event_id = row.partition(" ")
        async with context.database.write() as connection:
            await requeue_event(connection, provider, event_id, context.clock.now())
        await inbox.work_off(provider, event_id)

    return await _each(visit, again, "event", "worked off again")


async def show_deliveries(visit: Visit) -> Response:
    """Dead deliveries to other systems."""
    asked = asked_of(visit, sorts=("newest",), default="-newest")
    async with visit.read() as connection:
        rows = await list_deliveries(connection, state="dead", limit=asked.limit, offset=asked.offset)
    listed = WorkList(
        "Deliveries to other systems",
        asked,
        (Column("Topic"), Column("Endpoint"), Column("Attempts", is_number=True), Column("Last error"), Column("Made")),
        rows,
        deeds=(BulkDeed("Send again", f"{PLACE}/deliveries/replay"),),
        nothing="Everything was delivered, or is still being tried",
    )
    return await visit.page("console/work/deliveries.html", private=True, list=listed)


async def replay_deliveries(visit: Visit) -> Response:
    """Sends the chosen deliveries again."""
    return await do_each(visit, lambda row: ReplayWebhookDelivery(delivery_id=row), "It is sent again.")


def _deeds(visit: Visit, *deeds: BulkDeed) -> tuple[BulkDeed, ...]:
    """Buttons that others would press in vain are not shown to them."""
    return deeds if staff_of(visit).role in MANAGERS else ()


async def _each_job(visit: Visit, change: Callable[[Connection, str], Awaitable[Any]], done: str) -> Response:
    async def one(row: str) -> None:
        async with visit.context.database.write() as connection:
            await change(connection, row)

    return await _each(visit, one, "job", done)


async def _each(visit: Visit, change: Callable[[str], Awaitable[None]], noun: str, done: str) -> Response:
    """The change for every chosen row, each for itself; jobs and received events are no records of the shop."""
    chosen = list(dict.fromkeys((await visit.form()).texts(CHOSEN_FIELD)))
    if not 1 <= len(chosen) <= MOST_AT_ONCE:
        raise Invalid("choose_some", f"Choose 1 to {MOST_AT_ONCE} rows.")
    refused: list[Refusal] = []
    for row in chosen:
        try:
            await change(row)
        except Refusal as refusal:
            refused.append(refusal)
    if len(chosen) > len(refused):
        visit.flash("done", f"{count(len(chosen) - len(refused), noun)} {done}.")
    if refused:
        visit.flash("error", f"{count(len(refused), noun)} not: {visit.face.words(refused[0])}")
    return visit.redirect(visit.request.url.path.rpartition("/")[0])


PAGES = (
    page("/jobs", show, PEOPLE),
    page("/jobs/list", show_jobs, PEOPLE),
    deed("/jobs/list/requeue", requeue_jobs, MANAGERS),
    deed("/jobs/list/discard", discard_jobs, MANAGERS),
    page("/jobs/calls", show_calls, PEOPLE),
    deed("/jobs/calls/requeue", requeue_calls, MANAGERS),
    deed("/jobs/calls/cancellation", cancel_calls, MANAGERS),
    page("/jobs/inbox", show_inbox, PEOPLE),
    deed("/jobs/inbox/requeue", requeue_events, SUPPORT),
    page("/jobs/deliveries", show_deliveries, MANAGERS),
    deed("/jobs/deliveries/replay", replay_deliveries, MANAGERS),
)
