"""Products that tests start from, made by the shop's own actions, and the index brought up to date."""

from typing import Any

from bottega.actions.log.readers import ReaderRunner
from bottega.actions.log.sealer import Sealer
from bottega.bootstrap.background import signing_key
from bottega.shop.catalogue.index import ProductIndex
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


def simple(handle: str, amount_minor: int = 1000, *, units: int = 5, **changes: Any) -> dict[str, Any]:
    """The record of a product with one variant and no options."""
    return {
        "handle": handle,
        "title": handle.replace("-", " ").capitalize(),
        "variants": [{"sku": handle.upper(), "prices": {"EUR": amount_minor}, "stock": {"main": units}}],
        **changes,
    }


async def upsert(shop: Shop, *records: dict[str, Any], **options: Any) -> dict[str, Any]:
    """The result of importing these records in one action."""
    products = tuple(ProductRecord.model_validate(record) for record in records)
    return await shop.done(UpsertProducts(products=products, **options))


async def index(shop: Shop) -> None:
    """Seals the log and lets the index read it, as the worker does."""
    application = shop.application
    sealer = Sealer(application.database.dsn, signing_key(application), application.clock)
    await sealer.seal_all()
    await sealer.close()
    await ReaderRunner(application.database, [ProductIndex(application.clock)], application.clock).read_all()


async def stocked(shop: Shop, *records: dict[str, Any]) -> list[str]:
    """Imports records and brings the index up to date; returns the products' ids."""
    result = await upsert(shop, *records)
    assert result["rejections"] == []
    await index(shop)
    return result["product_ids"]


async def last_change(shop: Shop) -> int:
    """The newest change in the log: equal before and after when nothing was changed."""
    return await shop.fetchval("SELECT coalesce(max(id), 0) FROM log.changes")
