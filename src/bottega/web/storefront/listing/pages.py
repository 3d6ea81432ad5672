"""Lists of products: a department, a collection, a search; narrowed, sorted, page by page."""

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import orjson
from starlette.datastructures import QueryParams
from starlette.responses import Response

from bottega.kernel.errors import Invalid, NotFound
from bottega.kernel.money import CURRENCY_DIGITS
from bottega.platform.database.pool import Connection
from bottega.shop import shop_settings
from bottega.shop.catalogue.facets import Facets, facets_of
from bottega.shop.catalogue.listing import Filters, Sort, list_products
from bottega.shop.catalogue.queries import get_collection
from bottega.shop.catalogue.search import search_products
from bottega.web.faces import get
from bottega.web.storefront.frame.frame import departments
from bottega.web.storefront.goods.colours import with_colours
from bottega.web.visit import Visit
from bottega.web.wording import money

PAGE_SIZE = 24
LONGEST_QUERY = 300
SORTS: dict[Sort, str] = {
    "newest": "Newest first",
    "price": "Price: low to high",
    "-price": "Price: high to low",
    "title": "Name",
}
_WIDTHS = {"category": 400, "collection": 120, "brand": 200, "tag": 100}


@dataclass(frozen=True, slots=True)
class Chip:
    """One thing that the list is narrowed by, and the address without it."""

    label: str
    without: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What the address of a list asks for; `base` is its path."""

    base: str
    filters: Filters
    text: str = ""
    sort: Sort = "newest"
    after: str = ""

    def address(self, **changes: Any) -> str:
        """The address of the same list with other filters, from its first page."""
        sort: Sort = changes.pop("sort", self.sort)
        return _address(replace(self, filters=replace(self.filters, **changes), sort=sort, after=""))

    def next_address(self, position: str) -> str:
        """The address of the page after a position."""
        return _address(replace(self, after=position))

    @property
    def fields(self) -> list[tuple[str, str]]:
        """What the address says after its path, and what forms that narrow further carry along."""
        filters = self.filters
        fixed = "category" if self.base.startswith("/c/") else "collection" if self.base.startswith("/col") else ""
        query: dict[str, object] = {
            "q": self.text or None,
            **{name: getattr(filters, name) for name in _WIDTHS if name != fixed},
            "in_stock": 1 if filters.in_stock else None,
            "on_sale": 1 if filters.on_sale else None,
            "from": self.whole(filters.minimum_minor) or None,
            "to": self.whole(filters.maximum_minor) or None,
            "sort": self.sort if self.sort != "newest" else None,
        }
        return [(name, str(value)) for name, value in query.items() if value is not None]

    def whole(self, amount_minor: int | None) -> str:
        """An amount in whole units of the currency, as the fields for prices hold it."""
        return "" if amount_minor is None else str(amount_minor // 10 ** CURRENCY_DIGITS[self.filters.currency])

    @property
    def chips(self) -> list[Chip]:
        """What can be taken back again, beside the department or collection itself."""
        filters, found = self.filters, list[Chip]()
        if filters.brand is not None:
            found.append(Chip(filters.brand, self.address(brand=None)))
        if filters.tag is not None:
            found.append(Chip(filters.tag, self.address(tag=None)))
        if filters.in_stock:
            found.append(Chip("In stock", self.address(in_stock=None)))
        if filters.on_sale:
            found.append(Chip("On sale", self.address(on_sale=None)))
        if filters.minimum_minor is not None:
            label = f"From {money(filters.minimum_minor, filters.currency)}"
            found.append(Chip(label, self.address(minimum_minor=None)))
        if filters.maximum_minor is not None:
            label = f"Up to {money(filters.maximum_minor, filters.currency)}"
            found.append(Chip(label, self.address(maximum_minor=None)))
        if self.base == "/search" and filters.category is not None:
            found.append(Chip(filters.category.replace("/", ", "), self.address(category=None)))
        return found


@dataclass(frozen=True, slots=True)
class Found:
    """A page of products, what they can be narrowed to, and where the next page is."""

    wish: Wish
    cards: list[dict[str, Any]]
    facets: Facets | None
    next_address: str | None


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
        wish = await _wish(connection, visit, f"/c/{path}", category=path)
        found = await find(connection, visit, wish)
    top = next((one for one in shown if one.category.path == path.partition("/")[0]), None)
    return await _answer(visit, found, title=trail[-1]["title"], trail=trail[:-1], department=top)


async def collection(visit: Visit) -> Response:
    """What somebody chose to show together."""
    handle = visit.request.path_params["handle"]
    async with visit.read() as connection:
        chosen = await get_collection(connection, handle)
        wish = await _wish(connection, visit, f"/collections/{handle}", collection=handle)
        found = await find(connection, visit, wish)
    return await _answer(visit, found, title=chosen.title, description=chosen.description)


async def everything(visit: Visit) -> Response:
    """All products."""
    async with visit.read() as connection:
        found = await find(connection, visit, await _wish(connection, visit, "/products"))
    return await _answer(visit, found, title="Everything")


async def search(visit: Visit) -> Response:
    """What fits the words of a shopper."""
    async with visit.read() as connection:
        wish = await _wish(connection, visit, "/search")
        if not wish.text:
            return visit.redirect("/products")
        found = await find(connection, visit, wish)
    return await _answer(visit, found, title=f"“{wish.text}”", is_search=True)


async def find(connection: Connection, visit: Visit, wish: Wish) -> Found:
    """One page of a list."""
    now = visit.context.clock.now()
    if wish.text:
        page = await search_products(connection, wish.text, wish.filters, now, after=wish.after, limit=PAGE_SIZE)
    else:
        page = await list_products(connection, wish.filters, now, sort=wish.sort, after=wish.after, limit=PAGE_SIZE)
    cards = [orjson.loads(card) for card in page.cards]
    await with_colours(connection, cards)
    facets = None if wish.after or wish.text else await facets_of(connection, wish.filters)
    following = None if page.next_position is None else wish.next_address(page.next_position)
    return Found(wish, cards, facets, following)


async def _answer(visit: Visit, found: Found, **values: Any) -> Response:
    if visit.is_partial and found.wish.after:
        return await visit.part("storefront/listing/more.html", found=found)
    shown: dict[str, Any] = {"description": "", "trail": (), "department": None, "is_search": False, **values}
    return await visit.page("storefront/listing/listing.html", found=found, sorts=SORTS, **shown)


async def _wish(connection: Connection, visit: Visit, base: str, **fixed: str) -> Wish:
    """Out of the query; what makes no sense there is left out, because people edit addresses."""
    given = visit.request.query_params
    currency = (await shop_settings.current(connection)).currency
    chosen = {name: fixed.get(name) or _short(given.get(name), width) for name, width in _WIDTHS.items()}
    filters = Filters(
        currency,
        in_stock=True if given.get("in_stock") else None,
        on_sale=True if given.get("on_sale") else None,
        minimum_minor=_amount(given, "from", currency),
        maximum_minor=_amount(given, "to", currency),
        **chosen,
    )
    after = given.get("after", "")
    if len(after) > 1_000 or "\0" in after:
        raise Invalid("bad_cursor", "This page of the list does not exist.")
    return Wish(
        base, filters, given.get("q", "").strip()[:LONGEST_QUERY].replace("\0", ""), _sort(given.get("sort")), after
    )


def _sort(name: str | None) -> Sort:
    match name:
        case "price" | "-price" | "title":
            return name
        case _:
            return "newest"


def _short(value: str | None, width: int) -> str | None:
    return value if value and len(value) <= width and "\0" not in value else None


def _amount(given: QueryParams, name: str, currency: str) -> int | None:
    """Whole units of the currency as people type them; None for anything else."""
    text = given.get(name, "").strip().removesuffix(".00")
    if not (text.isascii() and text.isdecimal() and len(text) < 8):
        return None
    return int(text) * 10 ** CURRENCY_DIGITS[currency]


def _address(wish: Wish) -> str:
    written = urlencode([*wish.fields, *([("after", wish.after)] if wish.after else [])])
    return f"{wish.base}?{written}" if written else wish.base


PAGES = (
    get("/c/{path:path}", department),
    get("/collections/{handle}", collection),
    get("/products", everything),
    get("/search", search),
)
