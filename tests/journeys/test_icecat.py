"""The main job on a real catalogue: imported, searched, bought, paid, shipped, returned, refunded, proved."""

from pathlib import Path
from typing import Any

import pytest

from bottega.actions.actor import Actor
from bottega.actions.log.verify import verify_log
from bottega.actions.replay import verify_replay
from bottega.bootstrap.background import catch_up, signing_key
from bottega.bootstrap.invariants import check_invariants
from bottega.shop.flows.product_files.importing import ImportChoices, import_file, unseen
from bottega.shop.shipping.actions import CreateMethod, CreateZone, RateRow
from bottega.shop.taxes.actions import LoadTaxRates
from tests.gateway.checkout import ADDRESS, Buyer, Counter
from tests.shared_data import icecat_catalogue
from tests.shop_fixtures import Shop

OPERATOR = Actor("staff", "stf_00000000000000000000000000", "owner")


@pytest.mark.slow
async def test_a_whole_journey_through_a_real_catalogue(shop: Shop, tmp_path: Path) -> None:
    file, products = icecat_catalogue(tmp_path)
    first = await run_import(shop, file)
    assert (first["read"], first["created"], first["rejected"]) == (products, products, 0)
    method = await prepare_to_sell(shop)
    await catch_up(shop.application)

    found = (await shop.client.get("/api/search?q=TN-2110")).json()["items"]
    assert any("TN2110" in card["title"].replace("-", "").upper() for card in found), found
    buyer = await Buyer.arrive(shop, Counter("", "", "", method))
    order_id, total = await buy(buyer, found[0]["handle"], method)
    paid = await buyer.pay(order_id)
    assert (paid["status"], paid["captured_minor"]) == ("captured", total)

    staff = Buyer(shop, buyer.counter, await shop.staff_headers("owner"))
    sent = await staff.call("POST", f"/api/orders/{order_id}/shipments", {})
    await staff.call("POST", f"/api/shipments/{sent['shipment_id']}/delivery")
    line = (await buyer.read(order_id))["lines"][0]
    asked = await buyer.call(
        "POST",
        f"/api/orders/{order_id}/returns",
        {"lines": [{"line_id": line["id"], "quantity": 2, "reason": "faulty"}]},
    )
    path = f"/api/returns/{asked['return_id']}"
    await staff.call("POST", f"{path}/approval")
    lines = (await staff.call("GET", path))["lines"]
    inspected = [{"return_line_id": item["id"], "received": 2, "condition": "as_new"} for item in lines]
    await staff.call("POST", f"{path}/receipt", {"lines": inspected})
    completed = await staff.call("POST", f"{path}/completion", {})
    while await shop.application.effects.drive_due():
        pass
    order = await buyer.read(order_id)
    assert (order["payment_status"], order["refunds"][0]["status"]) == ("partially_refunded", "succeeded")
    assert order["refunds"][0]["amount_minor"] == completed["refund_minor"] == total - 590
    await prove(shop, products)


async def run_import(shop: Shop, file: Path) -> dict[str, Any]:
    choices = ImportChoices("icecat", "EUR", "main", 100, strict=False)
    application = shop.application
    return (await import_file(application.database, application.performer, OPERATOR, file, choices, unseen)).as_record()


async def prepare_to_sell(shop: Shop) -> str:
    """Italian tax and one shipping method."""
    rates = [{"country": "IT", "tax_class": "standard", "rate": "0.22", "valid_from": "2013-10-01"}]
    await shop.done(LoadTaxRates.model_validate({"rates": rates}))
    zone = await shop.done(CreateZone(name="Italy", countries=("IT",)))
    method = CreateMethod(zone_id=zone["zone_id"], name="Courier", currency="EUR", rates=(RateRow(amount_minor=590),))
    return (await shop.done(method))["method_id"]


async def buy(buyer: Buyer, handle: str, method: str) -> tuple[str, int]:
    """Two of a product; the order's id and total."""
    product = await buyer.call("GET", f"/api/products/{handle}")
    variant = product["variants"][0]
    cart = (await buyer.call("POST", "/api/carts", {}))["cart_id"]
    await buyer.call("POST", f"/api/carts/{cart}/lines", {"variant_id": variant["id"], "quantity": 2})
    await buyer.call("PUT", f"/api/carts/{cart}/contact", {"email": "ada@example.com", "shipping_address": ADDRESS})
    await buyer.call("PUT", f"/api/carts/{cart}/shipping", {"shipping_method_id": method})
    placed = await buyer.call("POST", f"/api/carts/{cart}/order", {})
    assert placed["total_minor"] == 2 * variant["price_minor"] + 590
    return placed["order_id"], placed["total_minor"]


async def prove(shop: Shop, products: int) -> None:
    """Invariants hold, the log verifies, and the replay is identical."""
    application = shop.application
    await catch_up(application)
    assert [found for found in await check_invariants(application.database) if found.violations] == []
    report = await verify_log(application.database, signing_key(application).public_keys)
    assert report.findings == ()
    replayed = await verify_replay(application.database.dsn)
    assert replayed.difference is None
    assert replayed.changes > 5 * products
