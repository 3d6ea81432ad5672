"""Tools that show products: search, detail, comparison, stock, reviews."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field

from bottega.agents.tools.labels import PRODUCT
from bottega.agents.tools.product_search import ProductSearch, Wanted
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import ProductId, VariantId
from bottega.platform.database.pool import Connection
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Json
from bottega.runtime.tool import Tool
from bottega.runtime.tools import query_tool
from bottega.shop import shop_settings
from bottega.shop.catalogue.detail import product_detail
from bottega.shop.catalogue.errors import NoSuchProduct
from bottega.shop.reviews.queries import reviews_of_product

MOST_COMPARED = 4
REVIEWS_SHOWN = 5
LONGEST_DESCRIPTION_CHARACTERS = 2_500
LONGEST_ATTRIBUTE_CHARACTERS = 120

Query = Annotated[str, Field(min_length=1, max_length=300, description="What the customer looks for, in their words.")]
PriceMinor = Annotated[int, Field(ge=0, le=1_000_000_000, description="In minor units: 15000 is 150.00.")]
Products = Annotated[tuple[ProductId, ...], Field(min_length=2, max_length=MOST_COMPARED)]

_SHOWN_OF_PRODUCT = (
    "id",
    "title",
    "brand",
    "description",
    "category",
    "attributes",
    "option_names",
    "currency",
    "variants",
    "rating",
)
_SHOWN_OF_VARIANT = ("id", "sku", "option_values", "price_minor", "regular_minor", "available", "weight_grams")
_SHOWN_OF_CARD = (
    "id",
    "title",
    "brand",
    "category",
    "currency",
    "price_minor",
    "highest_minor",
    "regular_minor",
    "on_sale",
    "in_stock",
    "rating",
    "reviews",
)


class CatalogueTools:
    """What a customer may ask about goods; none of it needs to know who asks."""

    def __init__(self, search: ProductSearch) -> None:
        self._search = search

    def all(self, nouns: Mapping[str, str]) -> tuple[Tool, ...]:
        """The tools, in the order in which they are offered."""
        return (
            query_tool(self.search_products, nouns=nouns, labels=PRODUCT),
            query_tool(self.get_product, nouns=nouns, labels=PRODUCT),
            query_tool(self.compare_products, nouns=nouns, labels=PRODUCT),
            query_tool(self.check_inventory, nouns=nouns, labels=PRODUCT),
            query_tool(self.read_reviews, nouns=nouns, labels=PRODUCT),
        )

    async def search_products(
        self,
        context: RunContext,
        *,
        query: Query,
        minimum_minor: PriceMinor | None = None,
        maximum_minor: PriceMinor | None = None,
        in_stock: bool | None = None,
        sort: Literal["best", "price", "-price"] = "best",
        limit: Annotated[int, Field(ge=1, le=12)] = 6,
        offset: Annotated[int, Field(ge=0, le=200)] = 0,
    ) -> dict[str, Json]:
        """Finds products by what somebody wants, the best first; price limits and colours may stand in the query."""
        async with context.search() as connection:
            currency = (await shop_settings.current(connection)).currency
            wanted = Wanted(query, currency, minimum_minor, maximum_minor, in_stock, sort, limit, offset)
            found = await self._search.find(connection, wanted, context.now)
        return {
            "products": [{name: card[name] for name in _SHOWN_OF_CARD} for card in found.cards],
            "more": found.more,
            "understood": list(found.understood),
            "relaxed": list(found.relaxed),
        }

    async def get_product(self, context: RunContext, *, product_id: ProductId) -> dict[str, Json]:
        """Everything about one product: description, attributes, variants with their prices and what is in stock."""
        async with context.read() as connection:
            return _product(await _detail(connection, product_id, context))

    async def compare_products(self, context: RunContext, *, product_ids: Products) -> dict[str, Json]:
        """Sets products beside each other, attribute by attribute; the values stand in the order of the products."""
        async with context.read() as connection:
            details = [await _detail(connection, product_id, context) for product_id in product_ids]
        products: list[dict[str, Any]] = [{**_product(detail), "description": None} for detail in details]
        names = list(dict.fromkeys(name for product in products for name in product["attributes"]))
        rows = [{"name": name, "values": [product["attributes"].get(name) for product in products]} for name in names]
        rows.insert(0, {"name": "price_minor", "values": [_lowest_price(product) for product in products]})
        return {"products": products, "rows": rows}

    async def check_inventory(
        self, context: RunContext, *, product_id: ProductId | None = None, variant_id: VariantId | None = None
    ) -> dict[str, Json]:
        """How many units of each variant of a product, or of one variant, can be ordered now."""
        if (product_id is None) == (variant_id is None):
            raise Invalid("one_of_two", "Give either product_id or variant_id.", next_step="Leave out the other.")
        async with context.read() as connection:
            if product_id is None:
                product_id = await connection.fetchval(
                    "SELECT product_id FROM shop.variants WHERE id = $1 AND active", variant_id
                )
                if product_id is None:
                    raise NoSuchProduct(str(variant_id))
            shown = _product(await _detail(connection, product_id, context))
        variants = [v for v in shown["variants"] if variant_id in (None, v["id"])]
        return {"id": shown["id"], "title": shown["title"], "currency": shown["currency"], "variants": variants}

    async def read_reviews(self, context: RunContext, *, product_id: ProductId) -> dict[str, Json]:
        """What customers wrote about a product, newest first."""
        async with context.read() as connection:
            reviews = await reviews_of_product(connection, product_id, limit=REVIEWS_SHOWN)
        shown = {"id", "rating", "title", "text", "verified_purchase", "created_at"}
        return {
            "product_id": product_id,
            "reviews": [review.model_dump(mode="json", include=set(shown)) for review in reviews],
        }


async def _detail(connection: Connection, product_id: str, context: RunContext) -> dict[str, Any]:
    currency = (await shop_settings.current(connection)).currency
    return orjson.loads(await product_detail(connection, product_id, currency, context.now))


def _product(detail: Mapping[str, Any]) -> dict[str, Any]:
    shown = {name: detail[name] for name in _SHOWN_OF_PRODUCT}
    shown["description"] = str(shown["description"])[:LONGEST_DESCRIPTION_CHARACTERS]
    shown["category"] = None if shown["category"] is None else shown["category"]["path"]
    shown["attributes"] = {name: value for name, value in shown["attributes"].items() if _is_plain(value)}
    shown["variants"] = [{name: variant[name] for name in _SHOWN_OF_VARIANT} for variant in shown["variants"]]
    return shown


def _is_plain(value: Any) -> bool:
    """Whether an attribute is one and no message: suppliers' files hold sentences and addresses in them too."""
    values: list[Any] = [*value] if isinstance(value, list) else [value]
    return all(
        not isinstance(one, str) or (len(one) <= LONGEST_ATTRIBUTE_CHARACTERS and "@" not in one and "://" not in one)
        for one in values
    )


def _lowest_price(product: Mapping[str, Any]) -> int | None:
    prices = [variant["price_minor"] for variant in product["variants"] if variant["price_minor"] is not None]
    return min(prices) if prices else None
