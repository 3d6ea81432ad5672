"""Forgetting what one looked at."""

from starlette.responses import Response

from bottega.shop.catalogue.viewed import forget_viewed
from bottega.web.faces import post
from bottega.web.storefront.viewed.visits import forget_cookie
from bottega.web.visit import Visit, came_from


async def forget(visit: Visit) -> Response:
    """Forgets it here and in the browser."""
    forget_cookie(visit)
    if visit.actor is not None and visit.actor.kind == "customer":
        await visit.context.search_notes.write()
        async with visit.context.database.write() as connection:
            await forget_viewed(connection, visit.actor.id)
    visit.flash("done", "Forgotten what you looked at.")
    return visit.redirect(came_from(visit))


PAGES = (post("/viewed/forgetting", forget),)
