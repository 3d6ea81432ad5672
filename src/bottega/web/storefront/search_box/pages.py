"""What the search box suggests, as a part of whatever page is open."""

from starlette.responses import Response

from bottega.shop import shop_settings
from bottega.shop.catalogue.suggestions import suggestions
from bottega.web.faces import get
from bottega.web.visit import Visit

SUGGESTED = 5
LONGEST_TYPED = 100


async def suggest(visit: Visit) -> Response:
    """Links below the box; nothing for what nobody could mean."""
    text = visit.request.query_params.get("q", "").replace("\0", "").strip()[:LONGEST_TYPED]
    async with visit.read() as connection:
        currency = (await shop_settings.current(connection)).currency
        found = await suggestions(connection, text, currency, visit.context.clock.now(), limit=SUGGESTED)
    return await visit.part("storefront/search_box/suggestions.html", found=found)


PAGES = (get("/search/suggestions", suggest),)
