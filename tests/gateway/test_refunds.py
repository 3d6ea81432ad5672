"""Refunds through the public API: exact sums, limits and approvals, lost answers, races, gift cards."""

import asyncio
from typing import Any

from bottega.actions.outcome import Done, Failed
from bottega.connectors.sandbox.payments import SandboxPaymentGateway
from bottega.ports.payment_gateway import PaymentGateway
from bottega.shop.flows.reconcile import read_missed_events
from bottega.shop.flows.refund_order import RefundOrder
from bottega.shop.shop_settings import ChangeShopSettings
from tests.gateway.checkout import TOTAL_MINOR, Buyer, bought, open_counter
from tests.gateway.test_payments import at_provider, drive, effect_of, staff_call
from tests.shop_fixtures import MANAGER, SUPPORT, Shop


async def refund(shop: Shop, order_id: str, role: str = "owner", key: str = "r1", **body: Any) -> Any:
    return await staff_call(shop, role, "POST", f"/api/orders/{order_id}/refunds", {"reason": "scratched", **body}, key)


async def balances(shop: Shop) -> dict[str, int]:
    rows = await shop.fetch("SELECT account, sum(amount_minor)::bigint AS balance FROM shop.ledger_postings GROUP BY 1")
    return {row["account"]: row["balance"] for row in rows if row["balance"]}


async def test_a_part_and_then_the_rest(shop: Shop) -> None:
    buyer, order_id = await bought(shop, await open_counter(shop))
    made = await refund(shop, order_id, amount_minor=1000)
    assert (made.status_code, made.json()["amount_minor"]) == (201, 1000)
    assert (await buyer.read(order_id))["payment_status"] == "partially_refunded"
    await drive(shop)
    assert await balances(shop) == {f"order:{order_id}": TOTAL_MINOR - 1000, "gateway:sandbox": 1000 - TOTAL_MINOR}
    assert (await refund(shop, order_id, key="r2")).json()["amount_minor"] == TOTAL_MINOR - 1000
    await drive(shop)
    order = await buyer.read(order_id)
    assert order["payment_status"] == "refunded"
    assert [(made["amount_minor"], made["status"]) for made in order["refunds"]] == [
        (1000, "succeeded"),
        (TOTAL_MINOR - 1000, "succeeded"),
    ]
    assert await balances(shop) == {}
    nothing = await refund(shop, order_id, key="r3")
    assert (nothing.status_code, nothing.json()["code"]) == (409, "nothing_to_refund")


async def test_more_than_was_paid_is_refused_by_policy_and_changes_nothing(shop: Shop) -> None:
    _, order_id = await bought(shop, await open_counter(shop))
    refused = await refund(shop, order_id, amount_minor=TOTAL_MINOR + 1)
    assert (refused.status_code, refused.json()["details"]) == (403, {"rule_ids": ["money.refund_beyond_captured"]})
    assert await shop.fetchval("SELECT count(*) FROM shop.refunds") == 0


async def test_customers_and_the_warehouse_refund_nothing(shop: Shop) -> None:
    buyer, order_id = await bought(shop, await open_counter(shop))
    path = f"/api/orders/{order_id}/refunds"
    assert (await buyer.call("POST", path, {"reason": "please"}, status=403))["code"] == "staff_only"
    assert (await refund(shop, order_id, "warehouse")).status_code == 403
    assert await shop.fetchval("SELECT count(*) FROM shop.refunds") == 0


async def test_above_the_limit_support_waits_for_a_manager(shop: Shop) -> None:
    buyer, order_id = await bought(shop, await open_counter(shop))
    held = await refund(shop, order_id, "support", amount_minor=15_001)
    assert (held.status_code, held.json()["rule_ids"]) == (202, ["money.refund_above_limit"])
    assert await shop.fetchval("SELECT count(*) FROM shop.refunds") == 0
    approval_id = held.json()["approval_id"]
    shown = (await staff_call(shop, "manager", "GET", f"/api/approvals/{approval_id}")).json()
    assert (shown["amount_minor"], shown["currency"]) == (15_001, "EUR")
    grant = {"arguments_digest": shown["arguments_digest"]}
    path = f"/api/approvals/{approval_id}/grant"
    granted = await staff_call(shop, "manager", "POST", path, grant, key="g1")
    assert granted.json()["state"] == "granted"
    twice = await staff_call(shop, "manager", "POST", path, grant, key="g2")
    assert twice.status_code == 409
    await drive(shop)
    assert [made["status"] for made in (await buyer.read(order_id))["refunds"]] == ["succeeded"]


async def test_above_the_second_limit_the_owner_decides_as_well(shop: Shop) -> None:
    await shop.done(ChangeShopSettings(values={"second_refund_limit_minor": 20_000}))
    buyer, order_id = await bought(shop, await open_counter(shop))
    held = await refund(shop, order_id, "support", amount_minor=25_000)
    assert held.json()["rule_ids"] == ["money.refund_above_limit", "money.refund_above_second_limit"]
    approval_id = held.json()["approval_id"]
    path = f"/api/approvals/{approval_id}"
    shown = (await staff_call(shop, "manager", "GET", path)).json()
    grant = {"arguments_digest": shown["arguments_digest"]}
    first = await staff_call(shop, "manager", "POST", f"{path}/grant", grant, key="g1")
    assert (first.json()["state"], first.json()["approvers"]) == ("waiting", 1)
    assert await shop.fetchval("SELECT count(*) FROM shop.refunds") == 0
    second = await staff_call(shop, "owner", "POST", f"{path}/grant", grant, key="g2")
    assert second.json()["state"] == "granted"
    await drive(shop)
    assert [made["amount_minor"] for made in (await buyer.read(order_id))["refunds"]] == [25_000]


async def test_what_one_person_refunds_in_a_day_is_limited(shop: Shop) -> None:
    await shop.done(ChangeShopSettings(values={"daily_refund_limit_minor": 2000}))
    _, order_id = await bought(shop, await open_counter(shop))
    action = RefundOrder(order_id=order_id, amount_minor=1500, reason="goodwill")
    assert isinstance(await shop.perform(action, by=SUPPORT), Done)
    held = await shop.perform(action, by=SUPPORT)
    assert getattr(held, "rule_ids", None) == ("money.refunds_today_above_limit",)
    assert isinstance(await shop.perform(action, by=MANAGER), Done)
    assert await shop.fetchval("SELECT sum(amount_minor)::bigint FROM shop.refunds") == 3000


async def test_racing_refunds_never_give_back_more_than_was_paid(shop: Shop) -> None:
    _, order_id = await bought(shop, await open_counter(shop))
    action = RefundOrder(order_id=order_id, amount_minor=TOTAL_MINOR // 3, reason="race")
    outcomes = await asyncio.gather(*(shop.perform(action) for _ in range(10)))
    assert sum(isinstance(outcome, Done) for outcome in outcomes) == 3
    assert not any(isinstance(outcome, Failed) and outcome.refusal.category == "unavailable" for outcome in outcomes)
    await drive(shop)
    assert await at_provider(shop) == [("captured", TOTAL_MINOR, 3)]
    assert await shop.fetchval("SELECT refunded_minor FROM shop.payments") == TOTAL_MINOR // 3 * 3


async def test_refunds_whose_answers_are_lost_happen_once(shop: Shop) -> None:
    counter = await open_counter(shop)
    for number, card in enumerate(
        ("refund_fails_after_effect", "refund_fails_before_effect", "refund_unavailable_twice")
    ):
        buyer = await Buyer.arrive(shop, counter)
        order_id = (await buyer.order())["order_id"]
        await buyer.pay(order_id, card)
        await refund(shop, order_id, key=f"lost-{number}")
        for _ in range(3):
            await drive(shop)
        assert [made["status"] for made in (await buyer.read(order_id))["refunds"]] == ["succeeded"], card
    assert await at_provider(shop) == [("captured", TOTAL_MINOR, 1)] * 3
    assert await balances(shop) == {}


async def test_a_refused_refund_is_owed_again(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    await buyer.pay(order_id, "refund_refused")
    await refund(shop, order_id)
    assert (await buyer.read(order_id))["payment_status"] == "refunded"
    await drive(shop)
    order = await buyer.read(order_id)
    assert (order["payment_status"], order["refunds"][0]["status"]) == ("paid", "failed")
    assert order["payments"][0]["refunded_minor"] == 0
    assert (await effect_of(shop, "payment.refund"))["state"] == "refused"


async def test_a_pending_refund_is_settled_by_the_bank(shop: Shop) -> None:
    counter = await open_counter(shop)
    for number, succeed in enumerate((True, False)):
        buyer = await Buyer.arrive(shop, counter)
        order_id = (await buyer.order())["order_id"]
        payment = await buyer.pay(order_id, "refund_pending")
        refund_id = (await refund(shop, order_id, key=f"pending-{number}")).json()["refund_ids"][0]
        await drive(shop)
        assert (await buyer.read(order_id))["refunds"][0]["status"] == "pending"
        reference = await shop.fetchval("SELECT gateway_reference FROM shop.payments WHERE id = $1", payment["id"])
        gateway = shop.application.services.get(PaymentGateway, "sandbox")
        assert isinstance(gateway, SandboxPaymentGateway)
        await gateway.settle_refund(reference, refund_id, succeed=succeed)
        await read_missed(shop)
        order = await buyer.read(order_id)
        assert order["refunds"][0]["status"] == ("succeeded" if succeed else "failed")
        assert order["payment_status"] == ("refunded" if succeed else "paid")
    assert (await balances(shop))["gateway:sandbox"] == -TOTAL_MINOR


async def read_missed(shop: Shop) -> None:
    application = shop.application
    await read_missed_events(application.performer, application.services, "sandbox")


async def test_a_refund_onto_a_gift_card_of_the_payer_alone(shop: Shop) -> None:
    buyer, order_id = await bought(shop, await open_counter(shop))
    customer_id = (await buyer.read(order_id))["customer_id"]
    theirs = (await issue(shop, "own", customer_id=customer_id))["gift_card_id"]
    strangers = (await issue(shop, "other"))["gift_card_id"]
    refused = await refund(shop, order_id, gift_card_id=strangers)
    assert refused.json()["details"] == {"rule_ids": ["money.refund_to_the_payer"]}
    made = await refund(shop, order_id, key="r2", gift_card_id=theirs)
    assert made.status_code == 201
    card = await buyer.call("GET", f"/api/gift-cards/{theirs}")
    assert card["balance_minor"] == 5000 + TOTAL_MINOR
    assert (await balances(shop))[f"gift_card:{theirs}"] == 5000 + TOTAL_MINOR
    assert (await buyer.read(order_id))["refunds"][0]["status"] == "succeeded"


async def issue(shop: Shop, key: str, **changes: Any) -> dict[str, Any]:
    body = {"amount_minor": 5000, "reason": "sold at the counter", **changes}
    made = await staff_call(shop, "manager", "POST", "/api/gift-cards", body, key)
    assert made.status_code == 201, made.text
    return made.json()


async def test_a_gift_card_pays_a_part_and_a_card_the_rest(shop: Shop) -> None:
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    order_id = (await buyer.order())["order_id"]
    card = await issue(shop, "gift")
    path = f"/api/orders/{order_id}/payments"
    first = await buyer.call("POST", path, {"method": "gift_card", "gift_card_code": card["code"].lower()}, status=201)
    assert (first["status"], first["captured_minor"]) == ("captured", 5000)
    assert (await buyer.read(order_id))["payment_status"] == "awaiting"
    second = await buyer.pay(order_id)
    assert second["captured_minor"] == TOTAL_MINOR - 5000
    assert (await buyer.read(order_id))["payment_status"] == "paid"
    made = await refund(shop, order_id)
    assert len(made.json()["refund_ids"]) == 2
    await drive(shop)
    assert await balances(shop) == {f"gift_card:{card['gift_card_id']}": 5000, "gift_cards_issued": -5000}
    balance = await buyer.call("POST", "/api/gift-cards/balance", {"code": card["code"]})
    assert balance["balance_minor"] == 5000


async def test_one_gift_card_is_spent_once_however_many_orders_want_it(shop: Shop) -> None:
    counter = await open_counter(shop)
    card = await issue(shop, "gift", amount_minor=TOTAL_MINOR)
    buyers = [await Buyer.arrive(shop, counter) for _ in range(6)]
    orders = [(await buyer.order())["order_id"] for buyer in buyers]
    body = {"method": "gift_card", "gift_card_code": card["code"], "amount_minor": TOTAL_MINOR}

    async def pay(buyer: Buyer, order_id: str) -> int:
        headers = {**buyer.headers, "Idempotency-Key": order_id}
        paid = await shop.client.post(f"/api/orders/{order_id}/payments", json=body, headers=headers)
        return paid.status_code

    codes = await asyncio.gather(*(pay(buyer, order) for buyer, order in zip(buyers, orders, strict=True)))
    assert sorted(codes) == [201, 409, 409, 409, 409, 409]
    assert await shop.fetchval("SELECT balance_minor FROM shop.gift_cards") == 0
    assert await shop.fetchval("SELECT count(*) FROM shop.orders WHERE payment_status = 'paid'") == 1


async def test_a_code_is_shown_and_never_written_down(shop: Shop) -> None:
    card = await issue(shop, "gift")
    assert await issue(shop, "gift") == card
    for table in ("log.entries", "log.changes", "shop.gift_cards", "vault.values", "platform.jobs"):
        found = await shop.fetchval(f"SELECT count(*) FROM {table} t WHERE t::text LIKE '%' || $1 || '%'", card["code"])
        assert found == 0, table
    arguments = await shop.fetch("SELECT convert_from(arguments, 'UTF8') AS text FROM log.entries")
    assert not [row for row in arguments if card["code"] in row["text"]]
    buyer = await Buyer.arrive(shop, await open_counter(shop))
    unknown = await buyer.call("POST", "/api/gift-cards/balance", {"code": "AAAA-BBBB"}, status=404)
    assert unknown["code"] == "no_such_gift_card"
    closed = await staff_call(shop, "manager", "POST", f"/api/gift-cards/{card['gift_card_id']}/closing", key="c1")
    assert closed.json() == {"gift_card_id": card["gift_card_id"], "active": False}
    order_id = (await buyer.order())["order_id"]
    body = {"method": "gift_card", "gift_card_code": card["code"]}
    refused = await buyer.call("POST", f"/api/orders/{order_id}/payments", body, status=404)
    assert refused["code"] == "no_such_gift_card"
