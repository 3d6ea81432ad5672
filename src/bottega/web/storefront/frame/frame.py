"""What stands around every page of the storefront: the shop's name, its departments, and the visitor's cart."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from bottega.platform.database.pool import Connection
from bottega.shop import shop_settings
from bottega.shop.catalogue.queries import Category, list_categories
from bottega.web.appearance import chosen_theme
from bottega.web.storefront.cart.open_carts import cart_count
from bottega.web.visit import Visit

# Departments change seldom, and counting their products reads the whole catalogue.
KEPT_SECONDS = 30.0
SHOWN_IN_HEADER = 7


@dataclass(frozen=True, slots=True)
class Department:
    """A category at the top, with those directly below it."""

    category: Category
    below: tuple[Category, ...]


_kept: dict[str, tuple[float, tuple[Department, ...]]] = {}


async def frame(visit: Visit) -> Mapping[str, Any]:
    """Names that every template of the storefront may use."""
    async with visit.read() as connection:
        settings = await shop_settings.current(connection)
        shown = await departments(connection, visit.context.database.dsn)
        in_cart = await cart_count(connection, visit)
    largest = sorted(shown, key=lambda department: -department.category.products)[:SHOWN_IN_HEADER]
    return {
        "shop": settings,
        "departments": shown,
        "header_departments": [department for department in shown if department in largest],
        "cart_count": in_cart,
        "is_signed_in": visit.is_signed_in,
        "theme": chosen_theme(visit),
        # What one may want to ask on this page; pages that know better say so.
        "questions": (),
        # The product that the page is about, which is what "this one" means when somebody asks.
        "on_screen": None,
        "year": visit.context.clock.now().year,
    }


async def departments(connection: Connection, database: str) -> tuple[Department, ...]:
    """Categories at the top that have products, by title, at most 30 seconds old."""
    kept = _kept.get(database)
    if kept is not None and kept[0] > time.monotonic():
        return kept[1]
    filled = [category for category in await list_categories(connection) if category.products]
    found = tuple(
        Department(
            top,
            tuple(
                category
                for category in filled
                if category.path.startswith(f"{top.path}/") and category.path.count("/") == 1
            ),
        )
        for top in filled
        if "/" not in top.path
    )
    _kept[database] = (time.monotonic() + KEPT_SECONDS, tuple(sorted(found, key=lambda one: one.category.title)))
    return _kept[database][1]
