"""Light or dark: what the device says, unless the visitor chose otherwise, which a cookie remembers."""

from typing import Literal

from starlette.responses import Response

from bottega.web.faces import post
from bottega.web.visit import Visit, came_from

COOKIE = "bottega_theme"
KEPT_SECONDS = 365 * 86_400
Theme = Literal["light", "dark"]


def chosen_theme(visit: Visit) -> Theme | None:
    """The visitor's choice, None for the device's."""
    match visit.request.cookies.get(COOKIE):
        case "light":
            return "light"
        case "dark":
            return "dark"
        case _:
            return None


async def choose(visit: Visit) -> Response:
    """Remembers the choice and shows the same page in it."""
    theme = (await visit.form()).text("theme")
    response = visit.redirect(came_from(visit))
    if theme in ("light", "dark"):
        response.set_cookie(COOKIE, theme, KEPT_SECONDS, httponly=True, samesite="lax", secure=visit.context.production)
    else:
        response.delete_cookie(COOKIE)
    return response


PAGES = (post("/appearance", choose),)
