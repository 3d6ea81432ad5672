"""The list of levels, one variant's stock, and the receipt of a delivery."""

from starlette.responses import Response

from bottega.shop import shop_settings
from bottega.shop.stock.queries import levels, locations
from bottega.web.console.history import history_of
from bottega.web.console.registry import EVERYBODY, PEOPLE, WAREHOUSE, offered, page
from bottega.web.console.stock import queries
from bottega.web.console.stock.deeds import DEEDS
from bottega.web.console.stock.receipt import receipt_page
from bottega.web.console.work_list import BulkDeed, Column, Filter, WorkList, asked_of
from bottega.web.forms import NO_FORM
from bottega.web.visit import Visit, staff_of

COLUMNS = (
    Column("Variant", "sku"),
    Column("Location"),
    Column("On hand", is_number=True),
    Column("Reserved", is_number=True),
    Column("Available", "available", is_number=True),
    Column("Low at", is_number=True),
    Column("Sold, 30 days", is_number=True),
    Column("Lasts", "lasts", is_number=True),
    Column("Counted", is_number=True),
)
LEVELS = (
    ("", "Everything"),
    ("low", "Running out"),
    ("out", "Sold out"),
    ("reserved", "Promised"),
    ("backorder", "On backorder"),
)
BULK = (BulkDeed("Save what was counted", "/console/stock/counts", tone="quiet"),)


async def show_all(visit: Visit) -> Response:
    """Levels, those that last shortest first."""
    may_count = staff_of(visit).role in WAREHOUSE
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        places = await locations(connection)
        filters = (
            Filter("level", "Show", LEVELS),
            Filter("location", "Location", (("", "All"), *((place.id, place.name) for place in places))),
        )
        asked = asked_of(visit, sorts=tuple(queries.SORTS), default="available", filters=filters)
        rows = await queries.listed(connection, asked, settings.low_stock_threshold, visit.context.clock.now())
    stock = WorkList(
        "Stock",
        asked,
        COLUMNS if may_count else COLUMNS[:-1],
        rows,
        filters=filters,
        searches="SKU, barcode or title",
        deeds=offered(visit, WAREHOUSE, BULK),
        key="key",
        nothing="Nothing is kept in stock yet.",
    )
    return await visit.page("console/stock/list.html", private=True, stock=stock, may_count=may_count)


async def show_one(visit: Visit) -> Response:
    """One variant at every location, what is promised of it, and what moved."""
    variant_id = visit.request.path_params["variant_id"]
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        variant = await queries.variant_of(connection, variant_id, visit.context.clock.now())
        found = await levels(connection, [variant_id])
        places = await locations(connection)
        movements = await queries.movements_of(connection, variant_id)
        reservations = await queries.reservations_of(connection, variant_id)
        history = await history_of(
            connection,
            {"shop.stock_levels": [f"{variant_id}/{level.location_id}" for level in found]},
            names=staff_of(visit).role in PEOPLE,
        )
    return await visit.page(
        "console/stock/variant.html",
        private=True,
        variant=variant,
        levels=found,
        locations=places,
        location_names={place.id: place.name for place in places},
        movements=movements,
        reservations=reservations,
        history=history,
        default_threshold=settings.low_stock_threshold,
        available=sum(level.on_hand - level.reserved for level in found),
    )


async def show_receipt(visit: Visit) -> Response:
    """An empty receipt."""
    return await receipt_page(visit, NO_FORM)


PAGES = (
    page("/stock", show_all, EVERYBODY),
    page("/stock/receipt", show_receipt, WAREHOUSE),
    page("/stock/{variant_id}", show_one, EVERYBODY),
    *DEEDS,
)
