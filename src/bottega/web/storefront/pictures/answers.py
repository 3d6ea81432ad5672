"""Drawings, made when first asked for, and uploads; browsers keep both for a year, for their addresses name them."""

import re
from functools import lru_cache

from starlette.responses import Response

from bottega.kernel.errors import NotFound
from bottega.platform.pictures.store import PREFIX, find
from bottega.web.assets import FOREVER
from bottega.web.envelope import POLICY_HEADER
from bottega.web.faces import get_public
from bottega.web.storefront.pictures.addresses import VARIATIONS
from bottega.web.storefront.pictures.drawing import drawn
from bottega.web.storefront.pictures.kinds import KINDS
from bottega.web.storefront.pictures.palette import NAME_BY_SLUG
from bottega.web.storefront.pictures.version import VERSION
from bottega.web.visit import Visit

MOST_KEPT = 2_000
_NAME = re.compile(r"([a-z-]{1,40})\.([a-z-]{1,20})\.([0-9])\.svg")


async def show(visit: Visit) -> Response:
    """One drawing; an address of another version gets today's, which is kept for an hour only. Or an uploaded one."""
    if visit.request.url.path.startswith(PREFIX):
        return await _uploaded(visit)
    found = _NAME.fullmatch(visit.request.path_params["name"])
    if found is None or found[1] not in KINDS or found[2] not in NAME_BY_SLUG or int(found[3]) >= VARIATIONS:
        raise NotFound("no_such_picture", "There is no such picture.")
    is_ours = visit.request.path_params["version"] == VERSION
    return Response(
        _kept(found[1], NAME_BY_SLUG[found[2]], int(found[3])),
        headers={"Cache-Control": FOREVER if is_ours else "public, max-age=3600"},
        media_type="image/svg+xml",
    )


async def _uploaded(visit: Visit) -> Response:
    """An uploaded one, as the type that its bytes are of; whatever else somebody would make of it runs nothing."""
    async with visit.read() as connection:
        found = await find(connection, visit.request.path_params["name"])
    if found is None:
        raise NotFound("no_such_picture", "There is no such picture.")
    media_type, content = found
    headers = {"Cache-Control": FOREVER, POLICY_HEADER: "default-src 'none'; sandbox"}
    return Response(content, headers=headers, media_type=media_type)


@lru_cache(MOST_KEPT)
def _kept(kind: str, colour: str, variation: int) -> bytes:
    return drawn(kind, colour, variation).encode()


PAGES = (get_public("/pictures/{version}/{name}", show),)
