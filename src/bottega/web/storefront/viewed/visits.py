"""Noting a visit to a product and recalling the last ones: for whoever is known by us, for strangers by their browser.

A stranger's list stays in a cookie of their own browser; it moves to the customer or guest they become.
"""

import re
from collections.abc import Collection
from typing import Any

import orjson

from bottega.platform.database.pool import Connection
from bottega.shop.catalogue.viewed import cards_of_viewed, recently_viewed
from bottega.web.storefront.goods.colours import with_colours
from bottega.web.visit import Visit, keep

COOKIE = "bottega_viewed"
LIFETIME_SECONDS = 30 * 24 * 3600
MOST_IN_COOKIE = 8
SHOWN = 4
_PRODUCT = re.compile(r"prd_[0-7][0-9a-hjkmnp-tv-z]{25}\Z")


def note(visit: Visit, product_id: str) -> None:
    """Notes that the visitor looks at a product now."""
    own = _in_cookie(visit)
    if visit.actor is not None and visit.actor.kind == "customer":
        visit.context.search_notes.viewed(visit.actor.id, [*reversed(own), product_id])
        if own:
            forget_cookie(visit)
        return
    kept = list(dict.fromkeys([product_id, *own]))[:MOST_IN_COOKIE]
    keep(visit, COOKIE, ".".join(kept), LIFETIME_SECONDS)


async def last_viewed(
    connection: Connection, visit: Visit, currency: str, besides: Collection[str] = ()
) -> list[dict[str, Any]]:
    """Cards of what was looked at before this page, the last one first."""
    now = visit.context.clock.now()
    own = [product_id for product_id in _in_cookie(visit) if product_id not in besides]
    cards = await cards_of_viewed(connection, own, currency, now, SHOWN)
    if visit.actor is not None and visit.actor.kind == "customer":
        known = [*besides, *own]
        cards += await recently_viewed(connection, visit.actor.id, currency, now, besides=known, limit=SHOWN)
    shown: list[dict[str, Any]] = [orjson.loads(card) for card in cards[:SHOWN]]
    await with_colours(connection, shown)
    return shown


def forget_cookie(visit: Visit) -> None:
    """Takes the list out of the browser."""
    keep(visit, COOKIE, "", 0)


def _in_cookie(visit: Visit) -> list[str]:
    """Product ids, the one seen last first; what else a cookie may hold is nothing."""
    named = visit.request.cookies.get(COOKIE, "").split(".")[:MOST_IN_COOKIE]
    return [product_id for product_id in named if _PRODUCT.match(product_id)]
