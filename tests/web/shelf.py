"""A small outdoor shop for the pages: a few goods with options, two ways of shipping, a coupon, and hostile texts."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx

from bottega.actions.actor import Actor
from bottega.bootstrap import open_application
from bottega.bootstrap.addresses import Addresses, whole_site
from bottega.bootstrap.background import catch_up
from bottega.shop.catalogue.actions import CreateCollection
from bottega.shop.catalogue.product_record import ProductRecord
from bottega.shop.flows.import_products import UpsertProducts
from bottega.shop.promotions.actions import CreatePromotion
from bottega.shop.reviews.actions import PublishReview, WriteReview
from bottega.shop.shipping.actions import CreateMethod, CreateZone, RateRow
from bottega.shop.shop_settings import ChangeShopSettings
from bottega.shop.stock.actions import CreateLocation
from bottega.shop.taxes.actions import LoadTaxRates, RateVersion
from tests.gateway.people import register
from tests.shop_fixtures import OWNER, MovableClock, Shop, settings_for

HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>\"'{{7*7}}"
JACKET_MINOR, BOOT_MINOR, MAP_MINOR, SHIPPING_MINOR = 12_000, 9_000, 1_250, 490
POLICY = """---
title: Returns
version: "1.0"
---

# Returns

Thirty days, no questions.

## How to return

1. Ask for it.
2. Send it.

| Where | Who pays |
|---|---|
| Italy | you |
"""


@dataclass(frozen=True)
class Shelf:
    """The shop with its pages, and what a test names of it."""

    shop: Shop
    site: Addresses
    delivery: str
    collection: str

    async def product(self, handle: str) -> dict[str, Any]:
        """A product as the API shows it."""
        return (await self.shop.client.get(f"/api/products/{handle}")).json()

    async def variant(self, handle: str, **options: str) -> str:
        """The id of the first variant that has these option values."""
        found = await self.product(handle)
        return next(one["id"] for one in found["variants"] if options.items() <= one["option_values"].items())


def goods() -> list[dict[str, Any]]:
    """Products as a file would give them."""

    def variant(sku: str, amount: int, units: int, **options: str) -> dict[str, Any]:
        return {
            "sku": sku,
            "option_values": options,
            "weight_grams": 500,
            "prices": {"EUR": amount},
            "stock": {"main": units},
        }

    return [
        {
            "handle": "ridge-jacket",
            "title": "Ridge Jacket",
            "brand": "Corvado",
            "category": "clothing/jackets/down",
            "description": "Warm where it matters.\n\nLight in the pack.",
            "option_names": ["size", "colour"],
            "attributes": {"season": "winter", "hood": True, "activity": ["hiking", "skiing"]},
            "tags": ["warm"],
            "collections": ["staff-picks"],
            "variants": [
                variant("RJ-M-BLU", JACKET_MINOR, 500, size="M", colour="blue"),
                variant("RJ-L-BLU", JACKET_MINOR, 0, size="L", colour="blue"),
                variant("RJ-M-RED", JACKET_MINOR, 2, size="M", colour="red"),
            ],
        },
        {
            "handle": "scree-boot",
            "title": "Scree Boot",
            "brand": "Stoneferry",
            "category": "footwear/hiking-boots",
            "description": "Leather, three seasons.",
            "option_names": ["size"],
            "tags": ["leather"],
            "collections": ["staff-picks"],
            "variants": [variant(f"SB-{size}", BOOT_MINOR, 500, size=size) for size in ("41", "42")],
        },
        {
            "handle": "walking-map",
            "title": "Walking Map",
            "brand": "Stoneferry",
            "category": "navigation/maps",
            "description": "Every path of the valley.",
            "variants": [variant("WM-1", MAP_MINOR, 500)],
        },
        {
            "handle": "hostile",
            "title": f"Tent {HOSTILE}",
            "brand": HOSTILE[:60],
            "category": "camping/tents",
            "description": HOSTILE,
            "attributes": {"note": HOSTILE, HOSTILE[:60]: "x"},
            "tags": [HOSTILE[:60]],
            "media": [{"url": "https://pictures.example/tent.jpg", "alt": HOSTILE}],
            "variants": [variant("HT-1", 20_000, 10)],
        },
    ]


@asynccontextmanager
async def open_shelf(database_url: str, directory: Path, **changes: Any) -> AsyncGenerator[Shelf]:
    """An open shop with its goods on the shelf, indexed, and its documents read."""
    settings = settings_for(database_url, directory, embedder="none", **changes)
    async with open_application(settings, clock=MovableClock()) as application:
        site = whole_site(application)
        transport = httpx.ASGITransport(app=site, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://shop.test") as client:
            shop = Shop(application, site.api, client)  # pyright: ignore[reportArgumentType] - the API's own application
            delivery, collection = await _fill(shop)
            yield Shelf(shop, site, delivery, collection)


async def _fill(shop: Shop) -> tuple[str, str]:
    await shop.done(ChangeShopSettings(values={"shop_name": "Test & Trail", "tagline": "For people who walk"}))
    await shop.done(CreateLocation(handle="main", name="Main", priority=0))
    store = await shop.done(CreateLocation(handle="store", name="Store", priority=1, kind="store"))
    start = date.today() - timedelta(days=30)  # noqa: DTZ011 - any day in the past will do
    rate = RateVersion(country="IT", tax_class="standard", rate=Decimal("0.22"), valid_from=start)
    await shop.done(LoadTaxRates(rates=(rate,)))
    zone = (await shop.done(CreateZone(name="Italy", countries=("IT",))))["zone_id"]
    rates = (RateRow(amount_minor=SHIPPING_MINOR), RateRow(amount_minor=0, from_subtotal_minor=20_000))
    delivering = CreateMethod(zone_id=zone, name="Courier", currency="EUR", rates=rates, minimum_days=2, maximum_days=3)
    collecting = CreateMethod(
        zone_id=zone,
        name="Collect in the store",
        kind="collection",
        location_id=store["location_id"],
        currency="EUR",
        rates=(RateRow(amount_minor=0),),
        minimum_days=0,
        maximum_days=1,
    )
    delivery = (await shop.done(delivering))["method_id"]
    collection = (await shop.done(collecting))["method_id"]
    await shop.done(CreateCollection(handle="staff-picks", title="Staff picks", description="Ours.", published=True))
    await shop.done(UpsertProducts(products=tuple(ProductRecord.model_validate(one | PUBLISHED) for one in goods())))
    await shop.done(CreatePromotion(name="Ten off", code="TEN", kind="percent", percent=Decimal(10)))
    await _review(shop)
    await catch_up(shop.application)
    await _write_policy(shop)
    return delivery, collection


PUBLISHED = {"status": "published", "tax_class": "standard"}


async def _review(shop: Shop) -> None:
    """One by a stranger who means no good."""
    found = await shop.fetchval("SELECT id FROM shop.products WHERE handle = 'ridge-jacket'")
    stranger = Actor("customer", (await register(shop, "stranger@example.com")).customer_id, "customer")
    action = WriteReview(product_id=found, rating=4, title=HOSTILE[:100], text=HOSTILE, author=HOSTILE[:60])
    written = await shop.done(action, by=stranger)
    await shop.done(PublishReview(review_id=written["review_id"]), by=OWNER)


async def _write_policy(shop: Shop) -> None:
    library = shop.application.knowledge
    root = library.folders[0].root
    root.mkdir(parents=True, exist_ok=True)
    (root / "returns.md").write_text(POLICY)
    await library.ingest_all()
