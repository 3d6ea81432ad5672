"""The first page: what the shop is about, its collections, what is new, and what colleagues would buy."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import orjson
from starlette.responses import Response

from bottega.platform.database.pool import Connection
from bottega.shop import shop_settings
from bottega.shop.catalogue.listing import Filters, list_products
from bottega.shop.catalogue.queries import Collection, list_collections
from bottega.web.faces import get
from bottega.web.storefront.goods.colours import with_colours
from bottega.web.storefront.goods.promise import shipping_promise
from bottega.web.storefront.viewed.visits import last_viewed
from bottega.web.visit import Visit

NEW_SHOWN = 8
# So many are looked through for a mixture; an import brings a whole shelf at once.
NEW_CONSIDERED = 60
OF_ONE_SHELF = 2
COLLECTIONS_SHOWN = 6
# A collection of this handle, where there is one, is what colleagues would buy.
FEATURED = "staff-picks"
FEATURED_SHOWN = 4
COVERS_CONSIDERED = 12


async def home(visit: Visit) -> Response:
    """Everything on it is read at once; there is nothing to wait for."""
    now = visit.context.clock.now()
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        currency = settings.currency
        shelf = await _cards(connection, Filters(currency, in_stock=True), now, NEW_CONSIDERED)
        picks = await _cards(connection, Filters(currency, collection=FEATURED, in_stock=True), now, FEATURED_SHOWN)
        newest = mixed(shelf, NEW_SHOWN)
        collections = of_this_week([one for one in await list_collections(connection) if one.products], now)
        covers = await _covers(connection, collections, currency, now)
        await with_colours(connection, [*newest, *picks, *covers.values()])
        promise = await shipping_promise(connection, settings, now)
        viewed = await last_viewed(connection, visit, currency)
    return await visit.page(
        "storefront/home/home.html",
        newest=newest,
        picks=picks,
        collections=collections,
        covers=covers,
        promise=promise,
        viewed=viewed,
    )


def mixed(cards: Iterable[dict[str, Any]], number: int) -> list[dict[str, Any]]:
    """The first so many, but only a few of one department, filled up with the others when there are no more."""
    chosen: list[dict[str, Any]] = []
    passed: list[dict[str, Any]] = []
    of_shelf: dict[str, int] = {}
    for card in cards:
        shelf = (card["category"] or "").partition("/")[0]
        if of_shelf.get(shelf, 0) < OF_ONE_SHELF:
            of_shelf[shelf] = of_shelf.get(shelf, 0) + 1
            chosen.append(card)
        else:
            passed.append(card)
    return (chosen + passed)[:number]


def of_this_week(collections: Sequence[Collection], now: datetime) -> list[Collection]:
    """Some of the collections, others every week, so that the page does not look the same all year."""
    if len(collections) <= COLLECTIONS_SHOWN:
        return list(collections)
    first = now.isocalendar().week * COLLECTIONS_SHOWN % len(collections)
    return [*collections[first:], *collections[:first]][:COLLECTIONS_SHOWN]


async def _covers(
    connection: Connection, collections: Iterable[Collection], currency: str, now: datetime
) -> dict[str, dict[str, Any]]:
    """A product of each collection whose picture stands for it, each from another shelf where that is possible."""
    covers: dict[str, dict[str, Any]] = {}
    used: set[str | None] = set()
    for collection in collections:
        cards = await _cards(connection, Filters(currency, collection=collection.handle), now, COVERS_CONSIDERED)
        chosen = next((card for card in cards if card["category"] not in used), next(iter(cards), None))
        if chosen is not None:
            used.add(chosen["category"])
            covers[collection.handle] = chosen
    return covers


async def _cards(connection: Connection, filters: Filters, now: datetime, number: int) -> list[dict[str, Any]]:
    page = await list_products(connection, filters, now, limit=number)
    return [orjson.loads(card) for card in page.cards]


PAGES = (get("/", home),)
