"""Promotions over HTTP."""

from typing import Any

from bottega.kernel.identifiers import new_id
from bottega.shop.promotions.actions import use
from tests.shop.entries import entry
from tests.shop_fixtures import Shop

TERMS: dict[str, Any] = {"name": "Ten percent", "percent": "10"}


async def test_a_coupon_is_made_changed_ended_and_its_uses_are_listed(shop: Shop) -> None:
    headers = await shop.staff_headers("manager")
    made = await shop.client.post("/api/promotions", json={**TERMS, "kind": "percent", "code": "ten"}, headers=headers)
    assert made.status_code == 201, made.text
    path = f"/api/promotions/{made.json()['promotion_id']}"
    async with entry(shop) as work:
        await use(work, made.json()["promotion_id"], new_id("ord"), new_id("cus"), 250)
    changed = await shop.client.put(path, json={**TERMS, "limit_total": 1}, headers=headers)
    assert changed.status_code == 200, changed.text
    ended = await shop.client.put(f"{path}/deactivation", headers=headers)
    assert ended.status_code == 200, ended.text
    shown = (await shop.client.get(path, headers=headers)).json()
    seen = (shown["code"], shown["percent"], shown["limit_total"], shown["used_total"], shown["active"])
    assert seen == ("TEN", "10.00", 1, 1, False)
    uses = (await shop.client.get(f"{path}/uses", headers=headers)).json()
    assert [use["discount_minor"] for use in uses["items"]] == [250]
    assert (await shop.client.get("/api/promotions?active=true", headers=headers)).json()["items"] == []
    assert len((await shop.client.get("/api/promotions", headers=headers)).json()["items"]) == 1


async def test_a_deep_discount_is_held(shop: Shop) -> None:
    body = {"name": "Most", "kind": "percent", "percent": "60", "code": "most"}
    held = await shop.client.post("/api/promotions", json=body, headers=await shop.staff_headers("manager"))
    assert (held.status_code, held.json()["rule_ids"]) == (202, ["promotions.deep_discount_waits"])
    assert await shop.fetchval("SELECT count(*) FROM shop.promotions") == 0


async def test_bad_terms_unknown_promotions_and_others_are_refused(shop: Shop) -> None:
    headers = await shop.staff_headers("manager")
    bad: list[dict[str, Any]] = [
        {"name": "X", "kind": "percent", "percent": "101"},
        {"name": "X", "kind": "percent", "percent": "10", "starts_at": "9999-12-31T23:59:59-12:00"},
        {"name": "X", "kind": "percent", "percent": "10", "starts_at": "2026-01-01T00:00:00"},
        {"name": "X", "kind": "amount", "amount_minor": -5, "currency": "EUR"},
        {"name": "X", "kind": "amount", "amount_minor": 5, "currency": "XXX"},
        {"name": "X", "kind": "percent", "percent": "10", "code": "a'; DROP TABLE"},
    ]
    for body in bad:
        refused = await shop.client.post("/api/promotions", json=body, headers=headers)
        assert refused.status_code == 422, body
    missing = await shop.client.get(f"/api/promotions/{new_id('prm')}", headers=headers)
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_promotion")
    support = await shop.client.post(
        "/api/promotions", json={**TERMS, "kind": "percent"}, headers=await shop.staff_headers("support")
    )
    assert (support.status_code, support.json()["code"]) == (403, "denied_by_policy")
    assert (await shop.client.get("/api/promotions", headers=await shop.guest_headers())).status_code == 403
    assert await shop.fetchval("SELECT count(*) FROM shop.promotions") == 0
