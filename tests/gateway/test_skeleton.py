"""The gateway's frame: guests, refusals as problems, limits, approvals reachable by staff only."""

from tests.shop_fixtures import Shop


async def test_a_guest_gets_a_token_and_no_staff_rights(shop: Shop) -> None:
    made = await shop.client.post("/api/guests")
    assert made.status_code == 201
    refused = await shop.client.get("/api/approvals", headers=bearer(made.json()["token"]))
    assert refused.status_code == 403
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["code"] == "staff_only"


async def test_nobody_is_told_who_they_are_not(shop: Shop) -> None:
    refused = await shop.client.get("/api/approvals", headers=bearer("btg_cus_forged.0000"))
    assert refused.status_code == 401
    assert refused.json()["code"] == "not_signed_in"


async def test_a_body_over_the_limit_is_refused(shop: Shop) -> None:
    refused = await shop.client.post("/api/guests", content=b"x" * 1_000_001)
    assert refused.status_code == 413
    assert refused.json()["code"] == "body_too_large"


async def test_staff_see_the_inbox(shop: Shop) -> None:
    seen = await shop.client.get("/api/approvals", headers=await shop.staff_headers("manager"))
    assert seen.status_code == 200, seen.text
    assert seen.json() == {"items": [], "next_cursor": None}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
