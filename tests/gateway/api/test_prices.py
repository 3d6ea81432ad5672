"""Prices and reviews over HTTP."""

from typing import Any

from bottega.kernel.identifiers import new_id
from tests.gateway.people import register
from tests.shop.catalogue.products_fixture import last_change, simple, stocked
from tests.shop_fixtures import Shop


async def hat(shop: Shop) -> tuple[str, str]:
    """(product id, variant id) of a hat at 10.00 euro."""
    (product_id,) = await stocked(shop, simple("hat", 1000))
    return product_id, await shop.fetchval("SELECT id FROM shop.variants")


async def test_a_price_is_changed_put_on_sale_and_its_history_read(shop: Shop) -> None:
    _, variant_id = await hat(shop)
    headers = await shop.staff_headers("manager")
    path = f"/api/variants/{variant_id}/prices/EUR"
    changed = await shop.client.patch(path, json={"amount_minor": 1200, "expected_amount_minor": 1000}, headers=headers)
    assert changed.json()["before_minor"] == 1000
    stale = await shop.client.patch(path, json={"amount_minor": 900, "expected_amount_minor": 1000}, headers=headers)
    assert (stale.status_code, stale.json()["code"]) == (409, "price_changed")
    sale = {"sale_amount_minor": 1000, "ends_at": "2999-01-01T00:00:00Z"}
    assert (await shop.client.put(f"{path}/sale", json=sale, headers=headers)).status_code == 200
    detail = (await shop.client.get("/api/products/hat")).json()["variants"][0]
    assert (detail["price_minor"], detail["regular_minor"]) == (1000, 1200)
    assert detail["sale_ends_at"].startswith("2999-01-01")
    assert (await shop.client.delete(f"{path}/sale", headers=headers)).status_code == 200
    prices = (await shop.client.get(f"/api/variants/{variant_id}/prices", headers=headers)).json()
    assert [(price["currency"], price["effective_minor"]) for price in prices] == [("EUR", 1200)]
    first = (await shop.client.get(f"{path}/history?limit=3", headers=headers)).json()
    rest = (await shop.client.get(f"{path}/history?cursor={first['next_cursor']}", headers=headers)).json()
    actions = [change["action"] for change in first["items"] + rest["items"]]
    assert actions == ["EndSale", "SetSalePrice", "ChangePrice", "UpsertProducts"]
    bulk = {"prices": [{"variant_id": variant_id, "currency": "CHF", "amount_minor": 1300}]}
    assert (await shop.client.post("/api/prices", json=bulk, headers=headers)).json() == {"changed": 1, "unchanged": 0}


async def test_a_large_change_is_held_shown_and_granted_by_another(shop: Shop) -> None:
    _, variant_id = await hat(shop)
    held = await shop.client.patch(
        f"/api/variants/{variant_id}/prices/EUR",
        json={"amount_minor": 500},
        headers=await shop.staff_headers("manager"),
    )
    assert (held.status_code, held.json()["rule_ids"]) == (202, ["prices.large_change_waits"])
    owner = await shop.staff_headers("owner")
    path = f"/api/approvals/{held.json()['approval_id']}"
    shown = (await shop.client.get(path, headers=owner)).json()
    granted = await shop.client.post(
        f"{path}/grant", json={"arguments_digest": shown["arguments_digest"]}, headers=owner
    )
    assert granted.status_code == 200, granted.text
    assert await shop.fetchval("SELECT amount_minor FROM shop.prices") == 500


async def test_bad_prices_are_refused_and_change_nothing(shop: Shop) -> None:
    _, variant_id = await hat(shop)
    headers = await shop.staff_headers("manager")
    before = await last_change(shop)
    bodies: list[Any] = [
        {},
        {"amount_minor": -1},
        {"amount_minor": 10**13},
        {"amount_minor": "x"},
        {"amount_minor": 1.5},
    ]
    for body in bodies:
        refused = await shop.client.put(f"/api/variants/{variant_id}/prices/EUR", json=body, headers=headers)
        assert refused.status_code == 422, body
    for path in (f"{variant_id}/prices/XXX", f"{variant_id}/prices/euro", f"{new_id('var')}/prices/EUR"):
        refused = await shop.client.put(f"/api/variants/{path}", json={"amount_minor": 5}, headers=headers)
        assert refused.status_code in (404, 422), path
    guest = await shop.guest_headers()
    assert (await shop.client.get(f"/api/variants/{variant_id}/prices", headers=guest)).status_code == 403
    support = await shop.client.put(
        f"/api/variants/{variant_id}/prices/EUR", json={"amount_minor": 5}, headers=await shop.staff_headers("support")
    )
    assert support.status_code == 403
    assert await last_change(shop) == before


async def test_a_customer_reviews_and_staff_decide(shop: Shop) -> None:
    product_id, _ = await hat(shop)
    ada = await register(shop)
    path = f"/api/products/{product_id}/reviews"
    body = {"rating": 4, "title": "Fine", "text": "It warms.", "author": "Ada"}
    written = await shop.client.post(path, json=body, headers=ada.headers)
    assert (written.status_code, written.json()["state"]) == (201, "pending"), written.text
    assert (await shop.client.post(path, json=body, headers=ada.headers)).status_code == 409
    assert (await shop.client.post(path, json=body, headers=await shop.guest_headers())).status_code == 403
    assert (await shop.client.post(path, json={**body, "rating": 6}, headers=ada.headers)).status_code == 422
    assert (await shop.client.get("/api/products/hat/reviews")).json()["items"] == []
    missing = await shop.client.get("/api/products/no-such-hat/reviews")
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_product")
    support = await shop.staff_headers("support")
    (waiting,) = (await shop.client.get("/api/reviews?state=pending", headers=support)).json()["items"]
    assert (waiting["text"], waiting["customer_id"]) == ("It warms.", ada.customer_id)
    assert (await shop.client.get("/api/reviews", headers=ada.headers)).status_code == 403
    decided = await shop.client.put(f"/api/reviews/{waiting['id']}/publication", headers=support)
    assert decided.json()["state"] == "published"
    (shown,) = (await shop.client.get("/api/products/hat/reviews")).json()["items"]
    assert (shown["rating"], shown["author"], shown["verified_purchase"], "customer_id" in shown) == (
        4,
        "Ada",
        False,
        False,
    )
    assert (await shop.client.get("/api/products/hat")).json()["rating"] == {"average": 4.0, "count": 1}
    rejected = await shop.client.put(f"/api/reviews/{waiting['id']}/rejection", json={"reason": "x"}, headers=support)
    assert rejected.json()["state"] == "rejected"
    assert (await shop.client.get("/api/products/hat/reviews")).json()["items"] == []
