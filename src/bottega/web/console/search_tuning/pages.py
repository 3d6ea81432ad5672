"""The page of search tuning, and what is done on it."""

from typing import Any

from starlette.responses import Response

from bottega.shop.catalogue.actions import PinResults, RemoveSynonyms, SetSynonyms, UnpinResults
from bottega.shop.catalogue.tuning import LONGEST_PAGE, list_pins, list_synonyms
from bottega.shop.reporting.searches import searches, searches_without_results
from bottega.web.console.asking import asked
from bottega.web.console.doing import do
from bottega.web.console.registry import EVERYBODY, MANAGERS, deed, page
from bottega.web.console.reports.period import PRESETS, days_of
from bottega.web.console.search_tuning import queries
from bottega.web.visit import Visit

SHOWN = 30
# Words that were opened less often than this share of their searches are worth a look, once they were searched enough.
FEW_CLICKS_PERCENT = 10.0
ENOUGH_SEARCHES = 5


async def show(visit: Visit) -> Response:
    """What was searched, beside what the search is told."""
    days = days_of(visit.request.query_params, visit.context.clock.now().date())
    async with visit.read() as connection:
        searched = await searches(connection, days.period)
        missing = await searches_without_results(connection, days.period)
        synonyms = await list_synonyms(connection, limit=LONGEST_PAGE)
        pins = await list_pins(connection, limit=LONGEST_PAGE)
        goods = await queries.products_to_pin(connection)
    return await visit.page(
        "console/search_tuning/tuning.html",
        private=True,
        days=days,
        presets=[(name, title) for name, (title, _) in PRESETS.items()],
        searches=sum(row["searches"] for row in searched),
        without_results=sum(row["without_results"] for row in searched),
        clicks=sum(row["clicks"] for row in searched),
        searched=searched[:SHOWN],
        missing=missing[:SHOWN],
        neglected=[row for row in searched if _is_neglected(row)][:SHOWN],
        synonyms=synonyms,
        pins=pins,
        goods=goods,
        asked_words=visit.request.query_params.get("words", "")[:80],
    )


async def set_synonyms(visit: Visit) -> Response:
    """Words with commas between that mean the same as a phrase."""
    form = await visit.form()
    means = [part.strip() for part in form.text("means").split(",") if part.strip()]
    action = asked(SetSynonyms, phrase=form.text("phrase"), means=means, both_ways=form.is_ticked("both_ways"))
    return await do(visit, action, "The next search knows it.", then="/console/search-tuning")


async def remove_synonyms(visit: Visit) -> Response:
    action = asked(RemoveSynonyms, synonyms_id=visit.request.path_params["synonyms_id"])
    return await do(visit, action, "They are taken away.")


async def pin(visit: Visit) -> Response:
    """Products by handle or SKU, the first comes first."""
    form = await visit.form()
    names = [part.strip() for part in form.text("products").replace("\n", ",").split(",") if part.strip()]
    async with visit.read() as connection:
        found = await queries.products_named(connection, names)
    unknown = [name for name in names if name not in found]
    if unknown:
        visit.flash("error", f"No product is called {', '.join(unknown[:5])}. Give handles or SKUs.")
        return visit.redirect("/console/search-tuning")
    action = asked(PinResults, query=form.text("query"), product_ids=[found[name] for name in names])
    return await do(visit, action, "They come first from the next search on.", then="/console/search-tuning")


async def unpin(visit: Visit) -> Response:
    return await do(visit, asked(UnpinResults, pin_id=visit.request.path_params["pin_id"]), "The pins are taken away.")


def _is_neglected(row: dict[str, Any]) -> bool:
    """Found something, and hardly anybody opened it."""
    found = row["searches"] - row["without_results"]
    return found >= ENOUGH_SEARCHES and row["click_through_percent"] < FEW_CLICKS_PERCENT


PAGES = (
    page("/search-tuning", show, EVERYBODY),
    deed("/search-tuning/synonyms", set_synonyms, MANAGERS),
    deed("/search-tuning/synonyms/{synonyms_id}/removal", remove_synonyms, MANAGERS),
    deed("/search-tuning/pins", pin, MANAGERS),
    deed("/search-tuning/pins/{pin_id}/removal", unpin, MANAGERS),
)
