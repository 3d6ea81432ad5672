"""The filters that lists and searches of products share, out of the query string."""

from dataclasses import replace
from typing import Annotated

from fastapi import Query

from bottega.platform.database.pool import Connection
from bottega.shop import shop_settings
from bottega.shop.catalogue.listing import Filters

Amount = Annotated[int | None, Query(ge=0, le=10**12, description="Minor units of the currency.")]


async def chosen_filters(
    category: Annotated[
        str | None, Query(max_length=400, description="A path; what stands below it counts.", examples=["clothing"])
    ] = None,
    collection: Annotated[str | None, Query(max_length=120, description="A handle.")] = None,
    brand: Annotated[str | None, Query(max_length=200)] = None,
    tag: Annotated[str | None, Query(max_length=100)] = None,
    in_stock: Annotated[bool | None, Query()] = None,
    on_sale: Annotated[bool | None, Query()] = None,
    minimum_minor: Amount = None,
    maximum_minor: Amount = None,
    currency: Annotated[str | None, Query(pattern="^[A-Z]{3}$", description="Default: the shop's.")] = None,
) -> Filters:
    """What the caller narrowed the list to; see `in_currency` for one without a currency."""
    return Filters(currency or "", category, collection, brand, tag, in_stock, on_sale, minimum_minor, maximum_minor)


async def in_currency(connection: Connection, filters: Filters) -> Filters:
    """The filters in the shop's own currency unless they name one; on the connection that reads the list anyway."""
    if filters.currency:
        return filters
    return replace(filters, currency=(await shop_settings.current(connection)).currency)
