"""Calls of agents that policy, critics or the guard refused, for a colleague to say whether rightly."""

from starlette.responses import Response

from bottega.kernel.errors import Invalid
from bottega.runtime.metrics import judge, refusals
from bottega.web.console.registry import MANAGERS, SUPPORT, deed, page
from bottega.web.visit import Visit, staff_of

PLACE = "/console/runs/refusals"
SHOWN = 100


async def show(visit: Visit) -> Response:
    """The newest refusals, with what colleagues thought of them."""
    async with visit.read() as connection:
        found = await refusals(connection, limit=SHOWN)
    return await visit.page("console/runs/refusals.html", private=True, refusals=found)


async def decide(visit: Visit) -> Response:
    """Whether a refused call should have been allowed; a later word replaces an earlier one."""
    form = await visit.form()
    said = form.text("said")
    if said not in ("right", "wrong"):
        raise Invalid("unclear_judgement", "Say whether it was refused rightly or wrongly.")
    await judge(
        visit.context.database,
        form.text("run_id"),
        form.text("call_id"),
        was_wrong=said == "wrong",
        by=staff_of(visit).id,
        now=visit.context.clock.now(),
    )
    visit.flash("done", "Noted. The metric of wrong refusals counts it.")
    return visit.redirect(PLACE)


PAGES = (
    page("/runs/refusals", show, SUPPORT),
    deed("/runs/refusals/judgement", decide, MANAGERS),
)
