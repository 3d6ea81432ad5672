"""Stock over HTTP: staff keep it, refusals are problems, nobody else sees it."""

from typing import Any

from bottega.kernel.identifiers import new_id
from tests.shop.entries import add_variant
from tests.shop_fixtures import Shop


async def post(shop: Shop, path: str, body: dict[str, Any], role: str = "warehouse") -> Any:
    return await shop.client.post(f"/api/stock{path}", json=body, headers=await shop.staff_headers(role))


async def get(shop: Shop, path: str, **parameters: Any) -> Any:
    headers = await shop.staff_headers("warehouse")
    answered = await shop.client.get(f"/api/stock{path}", params=parameters, headers=headers)
    assert answered.status_code == 200, answered.text
    return answered.json()


async def stocked(shop: Shop, quantity: int) -> tuple[str, str]:
    """(variant, location) with so many units on hand."""
    variant_id = await add_variant(shop, "JACKET-M")
    made = await post(shop, "/locations", {"handle": "main", "name": "Main"}, role="manager")
    assert made.status_code == 201, made.text
    location_id = made.json()["location_id"]
    lines = [{"variant_id": variant_id, "quantity": quantity}]
    received = await post(shop, "/receipts", {"location_id": location_id, "lines": lines})
    assert (received.status_code, received.json()) == (201, {"location_id": location_id, "units": quantity})
    return variant_id, location_id


async def test_stock_is_received_adjusted_moved_and_read_back(shop: Shop) -> None:
    variant_id, main = await stocked(shop, 10)
    made = await post(shop, "/locations", {"handle": "store", "name": "Store", "kind": "store"}, role="manager")
    store = made.json()["location_id"]
    adjusted = await post(
        shop,
        "/adjustments",
        {"variant_id": variant_id, "location_id": main, "change": -1, "reason": "damaged"},
    )
    assert (adjusted.status_code, adjusted.json()["on_hand"]) == (201, 9)
    moved = await post(
        shop,
        "/transfers",
        {"variant_id": variant_id, "from_location_id": main, "to_location_id": store, "quantity": 4},
    )
    assert (moved.status_code, moved.json()) == (201, {"variant_id": variant_id, "quantity": 4})
    levels = (await get(shop, "/levels", variant_id=variant_id))["items"]
    assert {level["location_id"]: level["on_hand"] for level in levels} == {main: 5, store: 4}
    first = await get(shop, "/movements", variant_id=variant_id, limit=3)
    rest = await get(shop, "/movements", variant_id=variant_id, limit=3, cursor=first["next_cursor"])
    assert sorted(movement["quantity"] for movement in first["items"]) == [-4, -1, 4]
    assert [(movement["kind"], movement["quantity"]) for movement in rest["items"]] == [("receive", 10)]
    assert rest["next_cursor"] is None
    assert [location["handle"] for location in await get(shop, "/locations")] == ["main", "store"]


async def test_thresholds_and_backorders_are_set_per_level(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 10)
    headers = await shop.staff_headers("warehouse")
    level = f"/api/stock/levels/{variant_id}/{location_id}"
    assert (await get(shop, "/low"))["items"] == []
    set_low = await shop.client.put(f"{level}/threshold", json={"threshold_units": 10}, headers=headers)
    assert set_low.status_code == 200, set_low.text
    set_backorder = await shop.client.put(f"{level}/backorder", json={"limit_units": 5}, headers=headers)
    assert set_backorder.status_code == 200, set_backorder.text
    (low,) = (await get(shop, "/low"))["items"]
    assert (low["sku"], low["low_threshold"], low["backorder_limit"]) == ("JACKET-M", 10, 5)


async def test_a_large_adjustment_is_held(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 500)
    body = {"variant_id": variant_id, "location_id": location_id, "change": -200, "reason": "counted"}
    held = await post(shop, "/adjustments", body)
    assert (held.status_code, held.json()["held"]) == (202, True)
    assert (await get(shop, "/levels", location_id=location_id))["items"][0]["on_hand"] == 500


async def test_the_same_key_receives_once(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 1)
    headers = {**await shop.staff_headers("warehouse"), "Idempotency-Key": "delivery-7"}
    body = {"location_id": location_id, "lines": [{"variant_id": variant_id, "quantity": 2}]}
    for repeated in (None, "true"):
        answered = await shop.client.post("/api/stock/receipts", json=body, headers=headers)
        assert (answered.status_code, answered.headers.get("Idempotency-Replayed")) == (201, repeated)
    assert (await get(shop, "/levels", variant_id=variant_id))["items"][0]["on_hand"] == 3


async def test_bad_requests_are_refused_and_change_nothing(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5)
    lines = [{"variant_id": variant_id, "quantity": 1}]
    refused: list[tuple[str, dict[str, Any], int, str]] = [
        ("/receipts", {"location_id": new_id("loc"), "lines": lines}, 404, "no_such_location"),
        ("/receipts", {"location_id": location_id, "lines": []}, 422, "invalid_request"),
        ("/receipts", {"location_id": variant_id, "lines": lines}, 422, "invalid_request"),
        (
            "/receipts",
            {"location_id": location_id, "lines": [{"variant_id": variant_id, "quantity": 2**40}]},
            422,
            "invalid_request",
        ),
        (
            "/adjustments",
            {"variant_id": variant_id, "location_id": location_id, "change": -6, "reason": "counted"},
            403,
            "denied_by_policy",
        ),
        (
            "/transfers",
            {"variant_id": variant_id, "from_location_id": location_id, "to_location_id": location_id, "quantity": 1},
            422,
            "same_location",
        ),
    ]
    for path, body, status, code in refused:
        answered = await post(shop, path, body)
        assert (answered.status_code, answered.json()["code"]) == (status, code), (path, body)
    neither = await shop.client.get("/api/stock/levels", headers=await shop.staff_headers("warehouse"))
    assert (neither.status_code, neither.json()["code"]) == (422, "which_levels")
    (level,) = (await get(shop, "/levels", variant_id=variant_id))["items"]
    assert (level["on_hand"], level["reserved"]) == (5, 0)


async def test_a_level_cannot_overflow(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 1)
    lines = [{"variant_id": variant_id, "quantity": 1_000_000}] * 1000
    codes = [(await post(shop, "/receipts", {"location_id": location_id, "lines": lines})).status_code for _ in "abc"]
    assert codes == [201, 201, 422]
    assert (await get(shop, "/levels", variant_id=variant_id))["items"][0]["on_hand"] == 2_000_000_001


async def test_shoppers_and_analysts_keep_no_stock(shop: Shop) -> None:
    variant_id, location_id = await stocked(shop, 5)
    guest = await shop.client.get("/api/stock/low", headers=await shop.guest_headers())
    assert (guest.status_code, guest.json()["code"]) == (403, "staff_only")
    assert (await shop.client.get("/api/stock/low")).status_code == 401
    body = {"variant_id": variant_id, "location_id": location_id, "change": 1, "reason": "counted"}
    analyst = await post(shop, "/adjustments", body, role="analyst")
    assert (analyst.status_code, analyst.json()["code"]) == (403, "denied_by_policy")
