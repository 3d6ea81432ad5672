"""A shop on Stripe's side of the wire: cards, challenges, and the webhooks that Stripe sends."""

from dataclasses import dataclass
from typing import Any

import httpx

from tests.fakes.fault_proxy import Delivery, FaultProxy
from tests.shop_fixtures import Shop

WEBHOOK_SECRET = "whsec_of_the_tests"
API_KEY = "sk_test_12345"
SUCCESS, DECLINED, CHALLENGE = "4242424242424242", "4000000000000341", "4000002760003184"


@dataclass
class StripeShop:
    """The shop, the proxy between it and the vendor, and the payer's browser at the vendor."""

    shop: Shop
    proxy: FaultProxy
    browser: httpx.AsyncClient

    async def card(self, number: str) -> str:
        """The token of a card."""
        card = {"number": number, "exp_month": "12", "exp_year": "2040", "cvc": "123"}
        made = await self.browser.post(
            "/v1/payment_methods", data={"type": "card"} | {f"card[{name}]": card[name] for name in card}
        )
        return made.raise_for_status().json()["id"]

    async def authenticate(self, reference: str, secret: str) -> None:
        """The payer passes the challenge in the browser."""
        answer = await self.browser.post(
            f"/v1/payment_intents/{reference}/_authenticate", data={"client_secret": secret, "success": "true"}
        )
        answer.raise_for_status()

    async def webhooks(self, reference: str, count: int) -> list[Delivery]:
        """What Stripe has sent about a payment, once it is so many."""
        return await self.proxy.wait_for_webhooks(lambda delivery: reference.encode() in delivery.body, count)

    async def deliver(self, delivery: Delivery) -> Any:
        """Passes one on to the shop; returns the JSON answer."""
        answer = await self.shop.client.post(
            "/api/webhooks/stripe", content=delivery.body, headers=dict(delivery.headers)
        )
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def reference_of(self, payment_id: str) -> str:
        return await self.shop.fetchval("SELECT gateway_reference FROM shop.payments WHERE id = $1", payment_id)

    async def at_stripe(self, reference: str) -> dict[str, Any]:
        intent = await self.browser.get(f"/v1/payment_intents/{reference}")
        return intent.raise_for_status().json()
