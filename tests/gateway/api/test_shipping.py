"""Shipping over HTTP: anybody sees what a country is offered, staff set it."""

from typing import Any

from bottega.kernel.identifiers import new_id
from bottega.shop.shipping.actions import record_shipment
from tests.shop.entries import entry
from tests.shop_fixtures import Shop


async def italy(shop: Shop) -> tuple[str, str]:
    """(zone, method) of a country with one method."""
    headers = await shop.staff_headers("manager")
    zone = await shop.client.post("/api/shipping/zones", json={"name": "Italy", "countries": ["IT"]}, headers=headers)
    assert zone.status_code == 201, zone.text
    zone_id = zone.json()["zone_id"]
    rates = [{"up_to_grams": 2000, "amount_minor": 590}, {"from_subtotal_minor": 8000, "amount_minor": 0}]
    body = {"zone_id": zone_id, "name": "Standard", "currency": "EUR", "rates": rates}
    method = await shop.client.post("/api/shipping/methods", json=body, headers=headers)
    assert method.status_code == 201, method.text
    return zone_id, method.json()["method_id"]


async def quoted(shop: Shop, **changes: Any) -> list[int]:
    parameters = {"country": "IT", "currency": "EUR", "weight_grams": 500, "subtotal_minor": 1000} | changes
    answered = await shop.client.get("/api/shipping/quotes", params=parameters)
    assert answered.status_code == 200, answered.text
    return [offer["amount_minor"] for offer in answered.json()]


async def test_anybody_sees_methods_and_quotes(shop: Shop) -> None:
    _, method_id = await italy(shop)
    offered = await shop.client.get("/api/shipping/methods", params={"country": "IT"})
    assert [(method["id"], len(method["rates"])) for method in offered.json()] == [(method_id, 2)]
    unchanged = await shop.client.get(
        "/api/shipping/methods", params={"country": "IT"}, headers={"If-None-Match": offered.headers["etag"]}
    )
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert (await shop.client.get("/api/shipping/methods", params={"country": "FR"})).json() == []
    assert await quoted(shop) == [590]
    assert await quoted(shop, weight_grams=9000, subtotal_minor=8000) == [0]
    assert await quoted(shop, weight_grams=9000) == []
    bad = await shop.client.get("/api/shipping/methods", params={"country": "Italy"})
    assert (bad.status_code, bad.json()["code"]) == (422, "invalid_request")


async def test_staff_change_zone_method_and_rates(shop: Shop) -> None:
    zone_id, method_id = await italy(shop)
    headers = await shop.staff_headers("manager")

    async def put(path: str, body: dict[str, Any]) -> int:
        return (await shop.client.put(f"/api/shipping{path}", json=body, headers=headers)).status_code

    assert await put(f"/zones/{zone_id}", {"name": "Italy", "countries": ["IT", "SM"]}) == 200
    assert await put(f"/methods/{method_id}/rates", {"rates": [{"amount_minor": 700}]}) == 200
    assert await quoted(shop, country="SM") == [700]
    days = {"minimum_days": 1, "maximum_days": 2, "tax_class": "standard"}
    assert await put(f"/methods/{method_id}", {"name": "Slow", "active": False, **days}) == 200
    assert await quoted(shop) == []
    assert await put(f"/methods/{new_id('shm')}/rates", {"rates": [{"amount_minor": 700}]}) == 404
    kept = await shop.client.get(f"/api/shipping/zones/{zone_id}/methods", headers=headers)
    assert [(method["name"], method["active"]) for method in kept.json()] == [("Slow", False)]
    zones = await shop.client.get("/api/shipping/zones", headers=headers)
    assert zones.json() == [{"id": zone_id, "name": "Italy", "countries": ["IT", "SM"]}]


async def test_shipments_are_listed_and_their_tracking_corrected(shop: Shop) -> None:
    order_id = new_id("ord")
    async with entry(shop) as work:
        shipment_id = await record_shipment(work, order_id, [(new_id("oln"), 2)], "DHL", "1")
    headers = await shop.staff_headers("warehouse")
    changed = await shop.client.put(
        f"/api/shipping/shipments/{shipment_id}/tracking",
        json={"carrier": "GLS", "tracking_number": "2"},
        headers=headers,
    )
    assert (changed.status_code, changed.json()) == (200, {"shipment_id": shipment_id, "order_id": order_id})
    listed = (await shop.client.get("/api/shipping/shipments?state=shipped", headers=headers)).json()
    assert [(found["id"], found["carrier"]) for found in listed["items"]] == [(shipment_id, "GLS")]
    shown = (await shop.client.get(f"/api/shipping/shipments/{shipment_id}", headers=headers)).json()
    assert (shown["tracking_number"], [line["quantity"] for line in shown["lines"]]) == ("2", [2])
    missing = await shop.client.get(f"/api/shipping/shipments/{new_id('shp')}", headers=headers)
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_shipment")


async def test_the_warehouse_and_shoppers_set_no_rates(shop: Shop) -> None:
    _, method_id = await italy(shop)
    body = {"rates": [{"amount_minor": 0}]}
    path = f"/api/shipping/methods/{method_id}/rates"
    warehouse = await shop.client.put(path, json=body, headers=await shop.staff_headers("warehouse"))
    assert (warehouse.status_code, warehouse.json()["code"]) == (403, "denied_by_policy")
    guest = await shop.client.put(path, json=body, headers=await shop.guest_headers())
    assert (guest.status_code, guest.json()["code"]) == (403, "staff_only")
    assert await quoted(shop) == [590]
