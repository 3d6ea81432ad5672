"""Loads the demo shop: every record by an action with a key of its own, so that a broken load is simply run again."""

from datetime import timedelta
from typing import Any

from bottega.bootstrap import Application
from bottega.demo_shop import content
from bottega.demo_shop.loader import AGE, OWNER, Loader, Progress
from bottega.demo_shop.logins import load_logins
from bottega.demo_shop.people import load_people
from bottega.platform.clock import SetClock
from bottega.shop.catalogue.actions import CreateCategory, CreateCollection
from bottega.shop.flows.import_products import MAXIMUM_PRODUCTS, UpsertProducts
from bottega.shop.flows.product_files.product_lines import record_of_line
from bottega.shop.promotions.actions import CreatePromotion
from bottega.shop.shipping.actions import CreateMethod, CreateZone
from bottega.shop.shop_settings import ChangeShopSettings
from bottega.shop.stock.actions import CreateLocation
from bottega.shop.taxes.actions import LoadTaxRates


async def is_loaded(application: Application) -> bool:
    """Whether the whole demo shop is there: the load's last action was done."""
    async with application.database.read() as connection:
        return bool(
            await connection.fetchval(
                "SELECT EXISTS (SELECT FROM log.entries WHERE key_scope = $1 AND idempotency_key = 'demo:finished')",
                OWNER.key_scope,
            )
        )


async def load(application: Application, clock: SetClock, progress: Progress) -> None:
    """Everything but the story, as of the time that the clock shows; takes some seconds."""
    loader = Loader(application, clock, clock.now())
    clock.set_to(loader.today - AGE)
    progress("settings, taxes and shipping", 0, 3)
    await load_frame(loader)
    await load_catalogue(loader, progress)
    await load_promotions(loader)
    await load_people(loader, progress)
    await load_logins(loader)
    clock.set_to(loader.today)
    await load_documents(application)
    name = content.read("settings.json")["settings"]["shop_name"]
    await loader.perform("finished", ChangeShopSettings(values={"shop_name": name}))


async def load_documents(application: Application) -> None:
    """The shop's policies, put where its owner would edit them; what lies there already is left as it is."""
    own = application.knowledge.folders[0]
    own.root.mkdir(parents=True, exist_ok=True)
    for file in (content.folder() / "documents").iterdir():
        target = own.root / file.name
        if not target.exists():
            target.write_bytes(file.read_bytes())
    await application.knowledge.ingest_all()


async def load_frame(loader: Loader) -> None:
    """Settings, locations, tax rates, zones and methods."""
    settings = content.read("settings.json")
    await loader.perform("settings", ChangeShopSettings(values=settings["settings"]))
    for location in settings["locations"]:
        made = await loader.perform(f"location:{location['handle']}", CreateLocation(**location))
        loader.ids[f"location:{location['handle']}"] = made["location_id"]
    taxes = content.read("taxes.json")
    rates = [{name: value for name, value in rate.items() if name != "source"} for rate in taxes["rates"]]
    await loader.perform("taxes", LoadTaxRates.model_validate({"rates": rates}))
    shipping = content.read("shipping.json")
    for zone in shipping["zones"]:
        made = await loader.perform(f"zone:{zone['code']}", CreateZone(name=zone["name"], countries=zone["countries"]))
        loader.ids[f"zone:{zone['code']}"] = made["zone_id"]
    for method in shipping["methods"]:
        location = method["location"]
        action = CreateMethod.model_validate(
            {
                "zone_id": loader.ids[f"zone:{method['zone']}"],
                "location_id": None if location is None else loader.ids[f"location:{location}"],
                "currency": shipping["currency"],
                **{
                    name: method[name]
                    for name in ("name", "kind", "rates", "minimum_days", "maximum_days", "tax_class")
                },
            }
        )
        made = await loader.perform(f"method:{method['code']}", action)
        loader.ids[f"method:{method['code']}"] = made["method_id"]


async def load_catalogue(loader: Loader, progress: Progress) -> None:
    """Categories, collections and products with their prices and first stock."""
    for category in content.read("categories.json"):
        await loader.perform(
            f"category:{category['path']}", CreateCategory(path=category["path"], title=category["title"])
        )
    for collection in content.read("collections.json"):
        await loader.perform(f"collection:{collection['handle']}", CreateCollection.model_validate(collection))
    extra = _units_sold()
    lines = [line for file in content.product_files() for line in content.read_lines(f"products/{file.name}")]
    for start in range(0, len(lines), MAXIMUM_PRODUCTS):
        batch = [record_of_line(_with_sold_units(line, extra)) for line in lines[start : start + MAXIMUM_PRODUCTS]]
        await loader.perform(f"products:{start}", UpsertProducts(products=tuple(batch), reference="opening stock"))
        progress("products", min(start + MAXIMUM_PRODUCTS, len(lines)), len(lines))


def _units_sold() -> dict[str, int]:
    """Units per SKU that past orders take: received on top, so that what is left is what the files say."""
    sold: dict[str, int] = {}
    for order in content.read("orders.json")["orders"]:
        for line in order["lines"]:
            sold[line["sku"]] = sold.get(line["sku"], 0) + line["quantity"]
    return sold


def _with_sold_units(line: dict[str, Any], sold: dict[str, int]) -> dict[str, Any]:
    for variant in line["variants"]:
        units = sold.get(variant["sku"], 0)
        if units:
            variant["stock"] = {**variant["stock"], "main": variant["stock"].get("main", 0) + units}
    return line


async def load_promotions(loader: Loader) -> None:
    """Coupons and automatic discounts."""
    promotions = content.read("promotions.json")
    for promotion in promotions["promotions"]:
        ends = promotion["ends_in_days"]
        terms = {name: promotion[name] for name in ("name", "kind", "code", "percent", "amount_minor")}
        limits = {name: promotion[name] for name in ("minimum_subtotal_minor", "limit_total", "limit_per_customer")}
        action = CreatePromotion.model_validate(
            {
                **terms,
                **limits,
                "combinable": promotion["combinable"],
                "currency": promotions["currency"],
                "starts_at": loader.today - timedelta(days=promotion["starts_days_ago"]),
                "ends_at": None if ends is None else loader.today + timedelta(days=ends),
            }
        )
        await loader.perform(f"promotion:{promotion['name']}", action)
