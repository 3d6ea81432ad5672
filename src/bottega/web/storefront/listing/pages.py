"""Lists of products: a department, a collection, everything; narrowed, sorted, page by page."""

from dataclasses import dataclass
from typing import Any

import orjson
from starlette.responses import Response

from bottega.kernel.errors import NotFound
from bottega.platform.database.pool import Connection
from bottega.shop import shop_settings
from bottega.shop.catalogue.facets import Facets, facets_of
from bottega.shop.catalogue.listing import list_products
from bottega.shop.catalogue.queries import get_collection
from bottega.web.faces import get
from bottega.web.storefront.frame.frame import departments
from bottega.web.storefront.goods.colours import with_colours
from bottega.web.storefront.listing.wish import LIST_SORTS, PAGE_SIZE, Wish, wish_of
from bottega.web.visit import Visit


@dataclass(frozen=True, slots=True)
class Found:
    """A page of products, what they can be narrowed to, and where the next page is."""

    wish: Wish
    cards: list[dict[str, Any]]
    facets: Facets | None
    next_address: str | None

    @property
    def first_position(self) -> int:
        """Where the first of these stands among all results of a search, from 1."""
        return int(self.wish.after or 0) + 1


async def department(visit: Visit) -> Response:
    """A category with everything below it."""
    path = visit.request.path_params["path"]
    async with visit.read() as connection:
        shown = await departments(connection, visit.context.database.dsn)
        trail = await connection.fetch(
            "SELECT path, title FROM shop.categories WHERE path = $1 OR $1 LIKE path || '/%' ORDER BY path", path
        )
        if not trail or trail[-1]["path"] != path:
            raise NotFound("no_such_category", "We have no such department.")
        found = await _find(connection, visit, f"/c/{path}", category=path)
    top = next((one for one in shown if one.category.path == path.partition("/")[0]), None)
    title = trail[-1]["title"]
    questions = (f"Help me choose: {title.lower()}", f"What is on sale in {title.lower()}?")
    return await _answer(visit, found, title=title, trail=trail[:-1], department=top, questions=questions)


async def collection(visit: Visit) -> Response:
    """What somebody chose to show together."""
    handle = visit.request.path_params["handle"]
    async with visit.read() as connection:
        chosen = await get_collection(connection, handle)
        found = await _find(connection, visit, f"/collections/{handle}", collection=handle)
    return await _answer(visit, found, title=chosen.title, description=chosen.description)


async def everything(visit: Visit) -> Response:
    """All products."""
    async with visit.read() as connection:
        found = await _find(connection, visit, "/products")
    return await _answer(visit, found, title="On sale" if found.wish.filters.on_sale else "Everything")


async def _find(connection: Connection, visit: Visit, base: str, **fixed: str) -> Found:
    """One page of a list; what it can be narrowed to is counted for the first one."""
    currency = (await shop_settings.current(connection)).currency
    wish = wish_of(visit.request.query_params, base, currency, **fixed)
    page = await list_products(
        connection,
        wish.filters,
        visit.context.clock.now(),
        sort=wish.list_sort,
        after=wish.after,
        limit=PAGE_SIZE,
    )
    cards = [orjson.loads(card) for card in page.cards]
    await with_colours(connection, cards)
    facets = None if wish.after else await facets_of(connection, wish.filters)
    return Found(wish, cards, facets, None if page.next_position is None else wish.next_address(page.next_position))


async def _answer(visit: Visit, found: Found, **values: Any) -> Response:
    if visit.is_partial and found.wish.after:
        return await visit.part("storefront/listing/more.html", found=found)
    shown: dict[str, Any] = {"description": "", "trail": (), "department": None, **values}
    return await visit.page("storefront/listing/listing.html", found=found, sorts=LIST_SORTS, **shown)


PAGES = (
    get("/c/{path:path}", department),
    get("/collections/{handle}", collection),
    get("/products", everything),
)
