"""Routes, budgets, breakers, spend and targets of the agents, with the plot of what each day cost."""

from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.responses import JSONResponse, Response

from bottega.entrance.context import back_office_of
from bottega.platform.database.pool import Connection
from bottega.runtime.metrics import measure, open_alerts, set_target, take_note
from bottega.runtime.models.breakers import breaker_rows
from bottega.runtime.models.budgets import account_rows
from bottega.runtime.models.spend import spend_rows
from bottega.web.console.registry import EVERYBODY, MANAGERS, deed, page
from bottega.web.console.shown import micros
from bottega.web.console.who import names_of
from bottega.web.visit import Visit, staff_of
from bottega.web.wording import short_day

PLACE = "/console/models"
PERIODS = {"1": 1, "7": 7, "30": 30}
PLOTTED_DAYS = 30


async def show(visit: Visit) -> Response:
    """Everything about the models on one page."""
    now = visit.context.clock.now()
    days = PERIODS.get(visit.request.query_params.get("days", ""), 7)
    models = back_office_of(visit.context).models()
    async with visit.read() as connection:
        metrics = await measure(connection, now)
        alerts = await open_alerts(connection)
        daily = await _daily(connection, now, models.currency)
        values: dict[str, Any] = {
            "accounts": await account_rows(connection, now=now),
            "breakers": await breaker_rows(connection),
            "spend": await spend_rows(connection, since=now - timedelta(days=days)),
            "names": await names_of(connection, [alert.seen_by for alert in alerts]),
        }
    return await visit.page(
        "console/models/models.html",
        private=True,
        models=models,
        days=days,
        metrics=metrics,
        alerts=alerts,
        plot_rows=[
            (short_day(day), micros(cost, models.currency), f"{calls:,}") for day, cost, calls in reversed(daily)
        ],
        plotted=models.currency if any(cost for _, cost, _ in daily) else "calls, as none cost anything",
        **values,
    )


async def cost_plot(visit: Visit) -> Response:
    """What each of the last days cost, as the plot draws it."""
    models = back_office_of(visit.context).models()
    async with visit.read() as connection:
        daily = await _daily(connection, visit.context.clock.now(), models.currency)
    series = {
        "label": "Cost",
        "unit": "number",
        "currency": models.currency,
        "values": [round(cost / 1_000_000, 6) for _, cost, _ in daily],
    }
    calls = {"label": "Calls", "unit": "number", "currency": "", "values": [number for _, _, number in daily]}
    chosen = [series] if any(series["values"]) else [calls]
    data = {"x": [int(day.timestamp()) for day, _, _ in daily], "series": chosen}
    return JSONResponse(data, headers={"Cache-Control": "no-store"})


async def close_breaker(visit: Visit) -> Response:
    """Somebody says that the route is well again."""
    route = (await visit.form()).text("route")
    await back_office_of(visit.context).breakers.close(route)
    visit.flash("done", f"{route} is asked again.")
    return visit.redirect(PLACE)


async def note_alert(visit: Visit) -> Response:
    """A colleague has seen that a target is missed."""
    await take_note(visit.context.database, visit.request.path_params["alert_id"], staff_of(visit).id)
    visit.flash("done", "Noted.")
    return visit.redirect(PLACE)


async def change_target(visit: Visit) -> Response:
    """Another target for a metric; an empty one only measures it."""
    form = await visit.form()
    text = form.text("target")
    try:
        target = float(text) if text else None
    except ValueError:
        visit.flash("error", "A target is a number, such as 95 or 0.5.")
        return visit.redirect(PLACE)
    await set_target(visit.context.database, form.text("metric"), target)
    visit.flash("done", "The target is changed; it holds from the next measuring on.")
    return visit.redirect(PLACE)


async def _daily(connection: Connection, now: datetime, currency: str) -> list[tuple[datetime, int, int]]:
    """The last days with what models cost on them (millionths) and how many calls there were."""
    first = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=PLOTTED_DAYS - 1)
    rows = await connection.fetch(_DAILY, first, currency)
    found = {row["day"]: (row["cost_micros"], row["calls"]) for row in rows}
    days = [first + timedelta(days=number) for number in range(PLOTTED_DAYS)]
    return [(day.astimezone(UTC), *found.get(day.date(), (0, 0))) for day in days]


_DAILY = """
SELECT (began_at AT TIME ZONE 'UTC')::date AS day, sum(cost_micros)::bigint AS cost_micros, count(*) AS calls
FROM runtime.model_calls WHERE began_at >= $1 AND currency = $2 GROUP BY 1 ORDER BY 1"""

PAGES = (
    page("/models", show, EVERYBODY),
    page("/models/cost.json", cost_plot, EVERYBODY),
    deed("/models/breakers/closing", close_breaker, MANAGERS),
    deed("/models/alerts/{alert_id}/note", note_alert, MANAGERS),
    deed("/models/targets", change_target, MANAGERS),
)
