"""What is done about stock: adjusted, counted, moved, received, and when it counts as low."""

from starlette.responses import Response

from bottega.kernel.errors import Conflict, Invalid
from bottega.shop.stock.actions import AdjustStock, ReceiveStock, SetBackorder, SetLowThreshold, TransferStock
from bottega.web.console.asking import asked
from bottega.web.console.doing import chosen_of, do, do_each
from bottega.web.console.registry import WAREHOUSE, deed
from bottega.web.console.stock import queries
from bottega.web.console.stock.receipt import MOST_LINES, lines_of, receipt_page
from bottega.web.visit import Visit

COUNTED = "counted"


def _variant_id(visit: Visit) -> str:
    return visit.request.path_params["variant_id"]


async def adjust(visit: Visit) -> Response:
    """More or fewer than the books say."""
    form = await visit.form()
    action = asked(
        AdjustStock,
        variant_id=_variant_id(visit),
        location_id=form.text("location_id"),
        change=form.number("change"),
        reason=form.text("reason"),
    )
    return await do(visit, action, "The books say what is there now.")


async def transfer(visit: Visit) -> Response:
    form = await visit.form()
    action = asked(
        TransferStock,
        variant_id=_variant_id(visit),
        from_location_id=form.text("from_location_id"),
        to_location_id=form.text("to_location_id"),
        quantity=form.number("quantity"),
        reference=form.text("reference"),
    )
    return await do(visit, action, "The goods are at the other location.")


async def set_threshold(visit: Visit) -> Response:
    """When a level counts as low; empty = as the shop says."""
    form = await visit.form()
    action = asked(
        SetLowThreshold,
        variant_id=_variant_id(visit),
        location_id=form.text("location_id"),
        threshold_units=form.number("units") if form.text("units") else None,
    )
    return await do(visit, action, "The threshold is changed.")


async def set_backorder(visit: Visit) -> Response:
    form = await visit.form()
    action = asked(
        SetBackorder,
        variant_id=_variant_id(visit),
        location_id=form.text("location_id"),
        limit_units=form.number("units"),
    )
    return await do(visit, action, "The backorder limit is changed.")


async def count_each(visit: Visit) -> Response:
    """The numbers that were counted of the chosen rows; each adjusts its level by the difference.

    The form says what the books said when it was drawn up: when they have moved since, the count is stale.
    """
    form = await visit.form()
    chosen = [key for key in chosen_of(form) if form.text(f"{COUNTED}.{key}")]
    async with visit.read() as connection:
        found = await queries.levels_named(connection, chosen)
    changes: dict[str, int] = {}
    for key in chosen:
        level = found.get(key)
        if level is None:
            raise Invalid("no_such_level", "A chosen row is not there any more.", next_step="Load the page again.")
        if form.number(f"was.{key}") != level["on_hand"]:
            raise Conflict(
                "count_stale",
                f"{level['name']}: the books have moved since this page was loaded, from "
                f"{form.text(f'was.{key}')} to {level['on_hand']}.",
                next_step="Load it again and compare.",
            )
        if form.number(f"{COUNTED}.{key}") != level["on_hand"]:
            changes[key] = form.number(f"{COUNTED}.{key}") - level["on_hand"]
    if not changes:
        visit.flash("note", "The books say what was counted; nothing to change.")
        return visit.redirect("/console/stock")
    return await do_each(
        visit,
        lambda key: asked(
            AdjustStock,
            variant_id=found[key]["variant_id"],
            location_id=found[key]["location_id"],
            change=changes[key],
            reason=COUNTED,
        ),
        "The books say what was counted.",
        names={key: level["name"] for key, level in found.items()},
        rows=list(changes),
    )


async def receive(visit: Visit) -> Response:
    """A delivery, as one action."""
    form = await visit.form()
    units, wrong = lines_of(form.text("lines"))
    async with visit.read() as connection:
        variants = await queries.variants_of_skus(connection, list(units))
    unknown = [code for code in units if code not in variants]
    if wrong:
        form.problems["lines"] = f"These lines are no SKU and number: {', '.join(wrong[:5])}."
    elif unknown:
        form.problems["lines"] = f"Nothing here is called {', '.join(unknown[:8])}."
    elif not units or len(units) > MOST_LINES:
        form.problems["lines"] = f"A receipt has 1 to {MOST_LINES} different SKUs."
    if form.problems:
        return await receipt_page(visit, form, status=422)
    lines = [{"variant_id": variants[code], "quantity": number} for code, number in units.items()]
    action = asked(ReceiveStock, location_id=form.text("location_id"), lines=lines, reference=form.text("reference"))
    return await do(visit, action, f"{sum(units.values())} units are in stock.", then="/console/stock")


DEEDS = (
    deed("/stock/counts", count_each, WAREHOUSE),
    deed("/stock/receipt", receive, WAREHOUSE),
    deed("/stock/{variant_id}/adjustments", adjust, WAREHOUSE),
    deed("/stock/{variant_id}/transfers", transfer, WAREHOUSE),
    deed("/stock/{variant_id}/threshold", set_threshold, WAREHOUSE),
    deed("/stock/{variant_id}/backorder", set_backorder, WAREHOUSE),
)
