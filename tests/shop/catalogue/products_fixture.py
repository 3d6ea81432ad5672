"""Products that tests start from, made by the shop's own actions."""

from typing import Any

from bottega.shop.catalogue.product_record import ProductRecord
from bottega.shop.flows.import_products import UpsertProducts
from tests.shop_fixtures import Shop


def jacket(handle: str = "down-jacket", **changes: Any) -> dict[str, Any]:
    """The record of a product with two variants, as a file would hold it."""
    prefix = "".join(part[0] for part in handle.split("-")).upper() + handle[-1].upper()
    return {
        "handle": handle,
        "title": handle.replace("-", " ").title(),
        "description": "Warm feathers in a light shell.",
        "brand": "Corvado",
        "category": "clothing/jackets",
        "attributes": {"material": "nylon", "fill_weight_grams": 145, "hood": True},
        "option_names": ["size"],
        "tags": ["winter"],
        "variants": [
            {
                "sku": f"{prefix}-{size}",
                "option_values": {"size": size},
                "weight_grams": 400,
                "prices": {"EUR": 18900},
                "stock": {"main": 5},
            }
            for size in ("S", "M")
        ],
        "media": [{"url": f"https://example.com/{handle}.jpg", "alt": handle}],
        "collections": ["winter-essentials"],
        **changes,
    }


async def upsert(shop: Shop, *records: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The result of importing these records in one action."""
    products = tuple(ProductRecord.model_validate(record) for record in records)
    return await shop.done(UpsertProducts(products=products, **options))
