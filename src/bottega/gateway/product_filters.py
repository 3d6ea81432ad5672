"""The filters that lists and searches of products share, out of the query string."""

from typing import Annotated

from fastapi import Query

from bottega.gateway.caller import Context
from bottega.shop import shop_settings
from bottega.shop.catalogue.listing import Filters

Amount = Annotated[int | None, Query(ge=0, le=10**12, description="Minor units of the currency.")]


async def chosen_filters(
    context: Context,
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
    """What the caller narrowed the list to; without a currency in the shop's own."""
    if currency is None:
        async with context.database.read() as connection:
            currency = (await shop_settings.current(connection)).currency
    return Filters(currency, category, collection, brand, tag, in_stock, on_sale, minimum_minor, maximum_minor)
