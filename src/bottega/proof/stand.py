"""A small shop to run campaigns against: products, stock, prices, tax, shipping, a coupon, and staff with keys."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from bottega.actions.action import Action
from bottega.actions.actor import Actor
from bottega.bootstrap import Application
from bottega.entrance import tokens
from bottega.kernel.identifiers import new_id
from bottega.shop.catalogue.product_record import ProductRecord
from bottega.shop.flows.import_products import UpsertProducts
from bottega.shop.promotions.actions import CreatePromotion
from bottega.shop.shipping.actions import CreateMethod, CreateZone, RateRow
from bottega.shop.shop_settings import ChangeShopSettings
from bottega.shop.staff.actions import CreateApiKey, bind_token
from bottega.shop.taxes.actions import LoadTaxRates

OWNER = Actor("staff", new_id("stf", milliseconds=0, randomness=b"proofowner"), "owner")
COUPON = "PROOF10"
ADDRESS = {"name": "Ada Prova", "line1": "Via Roma 1", "city": "Trento", "postal_code": "38122", "country": "IT"}
CONTACT = {"email": "ada@example.com", "shipping_address": ADDRESS}
PRICES_MINOR = (12990, 4550, 1999, 24900)
ROLES = ("owner", "manager", "support", "warehouse")
# Support may give back so much alone, and so much in a day.
SUPPORT_LIMIT_MINOR = 10_000
DAY_LIMIT_MINOR = 40_000


@dataclass(frozen=True, slots=True)
class Stand:
    """What shoppers and staff need to know of the shop."""

    variant_ids: tuple[str, ...]
    location_id: str
    method_id: str
    promotion_id: str
    staff_tokens: dict[str, str]


async def set_up(application: Application, *, units: int, coupon_uses: int | None = None) -> Stand:
    """Makes it through actions alone; `units` of each product are on hand."""

    async def done(action: Action) -> dict[str, Any]:
        return (await application.performer.perform(action, by=OWNER)).unwrap()

    settings = {
        "shop_name": "Proof",
        "support_refund_limit_minor": SUPPORT_LIMIT_MINOR,
        "daily_refund_limit_minor": DAY_LIMIT_MINOR,
    }
    await done(ChangeShopSettings(values=settings))
    rate = {"country": "IT", "tax_class": "standard", "rate": "0.22", "valid_from": "2013-10-01"}
    await done(LoadTaxRates.model_validate({"rates": [rate]}))
    zone = await done(CreateZone(name="Italy", countries=("IT",)))
    rates = (RateRow(up_to_grams=None, amount_minor=490),)
    method = await done(CreateMethod(zone_id=zone["zone_id"], name="Courier", currency="EUR", rates=rates))
    coupon = CreatePromotion(name="A tenth", code=COUPON, kind="percent", percent=Decimal(10), limit_total=coupon_uses)
    promotion = await done(coupon)
    await done(UpsertProducts(products=tuple(_product(number, units) for number in range(len(PRICES_MINOR)))))
    async with application.database.read() as connection:
        variants = await connection.fetch("SELECT id FROM shop.variants ORDER BY sku")
        location_id = await connection.fetchval("SELECT id FROM shop.locations ORDER BY id LIMIT 1")
    staff = {role: await make_key(application, role) for role in ROLES}
    return Stand(
        tuple(row["id"] for row in variants), location_id, method["method_id"], promotion["promotion_id"], staff
    )


def _product(number: int, units: int) -> ProductRecord:
    variant = {"sku": f"PROOF-{number}", "prices": {"EUR": PRICES_MINOR[number]}, "stock": {"main": units}}
    return ProductRecord.model_validate(
        {"handle": f"proof-{number}", "title": f"Thing {number}", "variants": [{**variant, "weight_grams": 300}]}
    )


async def make_key(application: Application, role: str) -> str:
    """The token of an API key with that role and every scope."""
    token, digest = tokens.random_token(tokens.API_KEY)
    action = CreateApiKey.model_validate({"name": f"proof {role}", "role": role, "scopes": ["*"]})

    async def bind(connection: Any) -> None:
        await bind_token(connection, digest)

    (await application.performer.perform(action, by=OWNER, alongside=bind)).unwrap()
    return token
