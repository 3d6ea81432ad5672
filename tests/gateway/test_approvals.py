"""An action that is held: shown with what it would change and what is at stake, decided by somebody else, used once."""

import asyncio
from datetime import timedelta
from typing import Any

from tests.gateway.checkout import TOTAL_MINOR, bought, open_counter
from tests.gateway.test_payments import staff_call
from tests.shop_fixtures import MovableClock, Shop


async def held_refund(shop: Shop, amount_minor: int = 15_001, key: str = "refund") -> tuple[str, str]:
    """(order, approval) of a refund by support that is above their limit."""
    _, order_id = await bought(shop, await open_counter(shop))
    body = {"reason": "scratched", "amount_minor": amount_minor}
    held = await staff_call(shop, "support", "POST", f"/api/orders/{order_id}/refunds", body, key)
    assert (held.status_code, held.json()["held"]) == (202, True)
    return order_id, held.json()["approval_id"]


async def shown(shop: Shop, approval_id: str) -> Any:
    answered = await staff_call(shop, "manager", "GET", f"/api/approvals/{approval_id}")
    assert answered.status_code == 200, answered.text
    return answered.json()


async def grant(shop: Shop, approval_id: str, role: str = "manager", digest: str = "", key: str = "grant") -> Any:
    body = {"arguments_digest": digest or (await shown(shop, approval_id))["arguments_digest"]}
    return await staff_call(shop, role, "POST", f"/api/approvals/{approval_id}/grant", body, key)


async def refunds(shop: Shop) -> int:
    return await shop.fetchval("SELECT count(*) FROM shop.refunds")


async def test_an_approval_shows_the_change_and_the_stake_is_granted_once_and_refused_then(shop: Shop) -> None:
    order_id, approval_id = await held_refund(shop)
    approval = await shown(shop, approval_id)
    assert (approval["action"], approval["state"]) == ("RefundOrder", "waiting")
    assert (approval["arguments"]["order_id"], approval["arguments"]["amount_minor"]) == (order_id, 15_001)
    assert (approval["amount_minor"], approval["currency"]) == (15_001, "EUR")
    assert (approval["actor_role"], approval["rule_ids"]) == ("support", ["money.refund_above_limit"])
    by_table = {change["table_name"]: change for change in approval["diff"]}
    assert by_table["shop.refunds"]["before"] is None
    assert by_table["shop.refunds"]["after"]["amount_minor"] == 15_001
    assert await refunds(shop) == 0
    listed = await staff_call(shop, "manager", "GET", "/api/approvals?state=waiting")
    assert [item["id"] for item in listed.json()["items"]] == [approval_id]

    granted = await grant(shop, approval_id)
    assert (granted.status_code, granted.json()["state"]) == (200, "granted")
    assert await refunds(shop) == 1
    (entry,) = await shop.fetch("SELECT id, approval_id, actor_role FROM log.entries WHERE action = 'RefundOrder'")
    assert entry == {"id": granted.json()["entry_id"], "approval_id": approval_id, "actor_role": "support"}

    # The same request again is told what became of it; another one finds the approval used.
    repeated = await grant(shop, approval_id)
    assert (repeated.json(), repeated.headers["Idempotency-Replayed"]) == (granted.json(), "true")
    for role in ("manager", "owner"):
        twice = await grant(shop, approval_id, role, key="another")
        assert (twice.status_code, twice.json()["code"]) == (409, "approval_already_decided")
    assert await refunds(shop) == 1
    assert await shop.fetchval("SELECT sum(amount_minor) FROM shop.refunds") == 15_001 < TOTAL_MINOR


async def test_many_who_grant_at_once_grant_once(shop: Shop) -> None:
    _, approval_id = await held_refund(shop)
    digest = (await shown(shop, approval_id))["arguments_digest"]
    roles = ("manager", "owner") * 4
    answered = await asyncio.gather(
        *(grant(shop, approval_id, role, digest, f"grant-{number}") for number, role in enumerate(roles))
    )
    assert sorted(answer.status_code for answer in answered) == [200] + [409] * 7
    assert await refunds(shop) == 1


async def test_whoever_asked_and_whoever_may_not_grants_nothing(shop: Shop) -> None:
    _, approval_id = await held_refund(shop)
    for role in ("support", "warehouse"):
        assert (await grant(shop, approval_id, role)).status_code == 403
    other = await grant(shop, approval_id, digest="0" * 64)
    assert (other.status_code, other.json()["code"]) == (409, "approval_shows_other_arguments")
    analyst = await staff_call(shop, "analyst", "GET", f"/api/approvals/{approval_id}")
    assert analyst.status_code == 403
    guest = await shop.client.get(f"/api/approvals/{approval_id}", headers=await shop.guest_headers())
    assert guest.status_code == 403
    assert await refunds(shop) == 0
    assert (await shown(shop, approval_id))["state"] == "waiting"


async def test_what_is_denied_is_not_done(shop: Shop) -> None:
    _, approval_id = await held_refund(shop)
    path = f"/api/approvals/{approval_id}/denial"
    denied = await staff_call(shop, "manager", "POST", path, {"reason": "Not scratched."}, "denial")
    assert denied.json() == {"approval_id": approval_id, "state": "denied"}
    assert (await grant(shop, approval_id)).json()["code"] == "approval_already_decided"
    approval = await shown(shop, approval_id)
    assert (approval["state"], approval["reason"], approval["entry_id"]) == ("denied", "Not scratched.", None)
    assert await refunds(shop) == 0


async def test_an_approval_ends_with_its_time(shop: Shop) -> None:
    _, approval_id = await held_refund(shop)
    clock = shop.application.clock
    assert isinstance(clock, MovableClock)
    clock.advance(timedelta(hours=72))
    assert (await shown(shop, approval_id))["state"] == "expired"
    late = await grant(shop, approval_id)
    assert (late.status_code, late.json()["code"]) == (409, "approval_expired")
    assert await refunds(shop) == 0


async def test_policy_is_asked_again_when_it_is_granted(shop: Shop) -> None:
    """Meanwhile the owner has refunded everything: there is nothing left that could be refunded."""
    order_id, approval_id = await held_refund(shop)
    body = {"reason": "all of it"}
    assert (await staff_call(shop, "owner", "POST", f"/api/orders/{order_id}/refunds", body, "all")).status_code == 201
    refused = await grant(shop, approval_id)
    assert refused.status_code in (403, 409)
    assert await refunds(shop) == 1
    assert await shop.fetchval("SELECT sum(amount_minor) FROM shop.refunds") == TOTAL_MINOR
