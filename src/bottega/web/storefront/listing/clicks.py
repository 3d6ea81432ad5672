"""Which results of a search are opened: told by the link's position and by the page it stood on, without any script."""

from urllib.parse import parse_qs, urlsplit

from bottega.web.storefront.listing.wish import LONGEST_QUERY, SEARCH
from bottega.web.visit import Visit

POSITION = "at"


def note_click(visit: Visit, product_id: str) -> None:
    """Counts the page of a product that was opened from a search of ours; nothing about who opened it is kept."""
    position = visit.request.query_params.get(POSITION, "")
    came_from = urlsplit(visit.request.headers.get("referer", ""))
    if came_from.netloc != visit.request.headers.get("host") or came_from.path != SEARCH:
        return
    text = (parse_qs(came_from.query).get("q") or [""])[0][:LONGEST_QUERY]
    if text and position.isdecimal() and len(position) < 5:
        visit.context.search_notes.clicked(text, product_id, int(position))
