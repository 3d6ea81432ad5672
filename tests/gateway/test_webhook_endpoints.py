"""Webhook endpoints through the API: secrets are shown once and logged nowhere, and who may see them."""

from typing import Any

from bottega.kernel.identifiers import new_id
from tests.shop_fixtures import Shop

BODY = {"url": "https://example.com/hooks", "topics": ["PlaceOrder"]}


async def call(shop: Shop, method: str, path: str, body: Any = None, *, role: str = "owner", key: str = "") -> Any:
    headers = {**await shop.staff_headers(role), "Idempotency-Key": key or new_id("req")}
    return await shop.client.request(method, f"/api/webhook-{path}", json=body, headers=headers)


async def test_a_secret_is_shown_once(shop: Shop) -> None:
    made = await call(shop, "POST", "endpoints", BODY, key="one")
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    endpoint, secret = made.json()["endpoint_id"], made.json()["secret"]
    again = await call(shop, "POST", "endpoints", BODY, key="one")
    assert (again.status_code, again.headers["idempotency-replayed"]) == (201, "true")
    assert again.json() == {"endpoint_id": endpoint, "secret": None}
    assert await shop.fetchval("SELECT secret FROM platform.webhook_endpoints") == secret
    replaced = await call(shop, "PUT", f"endpoints/{endpoint}/secret")
    assert replaced.json()["secret"] not in (None, secret)
    assert await shop.fetchval("SELECT secret FROM platform.webhook_endpoints") == replaced.json()["secret"]
    for table in ("log.entries", "log.changes", "log.approvals"):
        assert "whsec_" not in str(await shop.fetch(f"SELECT * FROM {table}"))
    shown = await call(shop, "GET", f"endpoints/{endpoint}")
    assert "secret" not in shown.json()
    assert (shown.json()["url"], shown.json()["topics"]) == (BODY["url"], BODY["topics"])


async def test_changing_and_removing(shop: Shop) -> None:
    endpoint = (await call(shop, "POST", "endpoints", BODY)).json()["endpoint_id"]
    changed = {"url": "https://example.com/other", "topics": ["*"], "active": False}
    assert (await call(shop, "PUT", f"endpoints/{endpoint}", changed)).status_code == 200
    (listed,) = (await call(shop, "GET", "endpoints")).json()
    assert (listed["url"], listed["topics"], listed["active"]) == ("https://example.com/other", ["*"], False)
    assert (await call(shop, "DELETE", f"endpoints/{endpoint}")).status_code == 200
    assert (await call(shop, "GET", f"endpoints/{endpoint}")).status_code == 404
    assert (await call(shop, "DELETE", f"endpoints/{endpoint}")).json()["code"] == "no_such_webhook_endpoint"


async def test_addresses_inside_and_unknown_topics_are_refused(shop: Shop) -> None:
    cases = {
        "http://169.254.169.254/latest/meta-data": "address_not_public",
        "http://localhost:5432/": "address_not_public",
        "https://u:p@example.com/": "bad_webhook_url",
        "ldap://example.com/": "bad_webhook_url",
    }
    for url, code in cases.items():
        refused = await call(shop, "POST", "endpoints", {**BODY, "url": url})
        assert (refused.status_code, refused.json()["code"]) == (422, code)
    refused = await call(shop, "POST", "endpoints", {**BODY, "topics": ["Nonsense"]})
    assert (refused.status_code, refused.json()["code"]) == (422, "unknown_topics")
    assert await shop.fetchval("SELECT count(*) FROM platform.webhook_endpoints") == 0


async def test_support_neither_sees_nor_makes_endpoints(shop: Shop) -> None:
    for role in ("support", "warehouse", "analyst"):
        assert (await call(shop, "GET", "endpoints", role=role)).status_code == 403
        assert (await call(shop, "POST", "endpoints", BODY, role=role)).status_code == 403
    assert (await call(shop, "GET", "deliveries", role="manager")).status_code == 200
