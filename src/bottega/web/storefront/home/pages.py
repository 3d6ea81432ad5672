"""The first page: what the shop is about, its collections, what is new, and what colleagues would buy."""

from datetime import datetime
from typing import Any

import orjson
from starlette.responses import Response

from bottega.platform.database.pool import Connection
from bottega.shop import shop_settings
from bottega.shop.catalogue.listing import Filters, list_products
from bottega.shop.catalogue.queries import list_collections
from bottega.web.faces import get
from bottega.web.storefront.goods.colours import with_colours
from bottega.web.storefront.goods.promise import shipping_promise
from bottega.web.visit import Visit

NEW_SHOWN = 8
COLLECTIONS_SHOWN = 6
FEATURED = "staff-picks"


async def home(visit: Visit) -> Response:
    """Everything on it is read at once; there is nothing to wait for."""
    now = visit.context.clock.now()
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        shelf = Filters(settings.currency, in_stock=True)
        newest = await list_products(connection, shelf, now, limit=NEW_SHOWN)
        featured = await list_products(
            connection, Filters(settings.currency, collection=FEATURED, in_stock=True), now, limit=4
        )
        collections = [found for found in await list_collections(connection) if found.products]
        cards = [orjson.loads(card) for card in newest.cards]
        picks = [orjson.loads(card) for card in featured.cards]
        await with_colours(connection, [*cards, *picks])
        shown = sorted(collections, key=lambda found: (found.handle == FEATURED, -found.products))[:COLLECTIONS_SHOWN]
        covers = await _covers(connection, [found.handle for found in shown], settings.currency, now)
        promise = await shipping_promise(connection, settings, now)
    return await visit.page(
        "storefront/home/home.html",
        newest=cards,
        picks=picks,
        collections=shown,
        covers=covers,
        promise=promise,
    )


async def _covers(
    connection: Connection, handles: list[str], currency: str, now: datetime
) -> dict[str, dict[str, Any]]:
    """A product of each collection whose picture stands for it; no product stands for two."""
    covers: dict[str, dict[str, Any]] = {}
    used: set[str] = set()
    for handle in handles:
        page = await list_products(connection, Filters(currency, collection=handle), now, limit=8)
        cards = [orjson.loads(card) for card in page.cards]
        chosen = next((card for card in cards if card["category"] not in used), cards[0] if cards else None)
        if chosen is not None:
            used.add(chosen["category"])
            covers[handle] = chosen
    await with_colours(connection, list(covers.values()))
    return covers


PAGES = (get("/", home),)
