"""Tax rates over HTTP."""

from datetime import timedelta

from tests.shop_fixtures import Shop


async def test_rates_are_loaded_set_withdrawn_and_listed(shop: Shop) -> None:
    headers = await shop.staff_headers("manager")
    later = (shop.application.clock.now() + timedelta(days=40)).date().isoformat()
    first = {"country": "IT", "tax_class": "standard", "rate": "0.22", "valid_from": "2013-10-01"}
    loaded = await shop.client.post("/api/taxes/tables", json={"rates": [first]}, headers=headers)
    assert (loaded.status_code, loaded.json()) == (201, {"created": 1, "left_as_they_are": 0})
    change = {"country": "IT", "tax_class": "standard", "rate": "0.23", "valid_from": later}
    made = await shop.client.post("/api/taxes/rates", json=change, headers=headers)
    assert made.status_code == 201, made.text
    listed = (await shop.client.get("/api/taxes/rates?country=IT", headers=headers)).json()
    assert [(rate["rate"], rate["valid_from"]) for rate in listed] == [("0.22000", "2013-10-01"), ("0.23000", later)]
    in_force = (await shop.client.get("/api/taxes/rates/in-force", headers=headers)).json()
    assert [rate["rate"] for rate in in_force] == ["0.22000"]
    gone = await shop.client.delete(f"/api/taxes/rates/{made.json()['tax_rate_id']}", headers=headers)
    assert gone.status_code == 200
    past = await shop.client.delete(f"/api/taxes/rates/{listed[0]['id']}", headers=headers)
    assert (past.status_code, past.json()["code"]) == (409, "past_rate_stands")
    rewritten = await shop.client.post("/api/taxes/rates", json={**first, "rate": "0.1"}, headers=headers)
    assert (rewritten.status_code, rewritten.json()["code"]) == (409, "past_rate_stands")
    assert len((await shop.client.get("/api/taxes/rates", headers=headers)).json()) == 1


async def test_a_rate_is_a_share_below_one(shop: Shop) -> None:
    body = {"country": "IT", "tax_class": "standard", "rate": "22", "valid_from": "2013-10-01"}
    headers = await shop.staff_headers("owner")
    refused = await shop.client.post("/api/taxes/rates", json=body, headers=headers)
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_request")
    assert await shop.fetchval("SELECT count(*) FROM shop.tax_rates") == 0


async def test_support_sets_no_taxes(shop: Shop) -> None:
    body = {"country": "IT", "tax_class": "standard", "rate": "0.1", "valid_from": "2013-10-01"}
    refused = await shop.client.post("/api/taxes/rates", json=body, headers=await shop.staff_headers("support"))
    assert (refused.status_code, refused.json()["code"]) == (403, "denied_by_policy")
    assert (await shop.client.get("/api/taxes/rates", headers=await shop.guest_headers())).status_code == 403
    assert await shop.fetchval("SELECT count(*) FROM shop.tax_rates") == 0
