"""The Stripe connector keeps the payment gateway contract, against localstripe behind the fault proxy."""

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime

import httpx
import pytest
import stripe

from bottega.connectors.stripe.gateway import StripeAccount, StripePaymentGateway
from bottega.ports.payment_gateway import InstrumentReference, PaymentState
from tests.contracts.payment_events import EventContract
from tests.contracts.payment_gateway import InstrumentContract, MoneyContract, OnceContract
from tests.contracts.payment_workshop import Instrument, Operation, Webhook, When, Workshop
from tests.fakes.fault_proxy import Delivery, FaultKind, FaultProxy

WEBHOOK_SECRET = "whsec_of_the_tests"
API_KEY = "sk_test_12345"
# localstripe refuses the textbook declining card already when it is attached; this one declines the charge.
CARDS: dict[Instrument, str] = {
    "success": "4242424242424242",
    "declined": "4000000000000341",
    "challenge": "4000002760003184",
}
PATHS: dict[Operation, str] = {
    "authorise": "/v1/payment_intents",
    "capture": "/v1/payment_intents/[^/]+/capture",
    "refund": "/v1/refunds",
}


class StripeWorkshop(Workshop):
    def __init__(self, proxy: FaultProxy, localstripe_url: str) -> None:
        self.proxy = proxy
        account = StripeAccount(API_KEY, (WEBHOOK_SECRET,), base_url=proxy.url)
        super().__init__(StripePaymentGateway(account))
        self.browser = httpx.AsyncClient(base_url=localstripe_url, auth=(API_KEY, ""))

    async def instrument(self, kind: Instrument) -> InstrumentReference:
        card = {"number": CARDS[kind], "exp_month": "12", "exp_year": "2040", "cvc": "123"}
        answer = await self.browser.post(
            "/v1/payment_methods", data={"type": "card"} | {f"card[{name}]": card[name] for name in card}
        )
        return InstrumentReference(answer.raise_for_status().json()["id"])

    async def lose_answer(self, operation: Operation, when: When) -> InstrumentReference:
        kind: FaultKind = "silence_before_effect" if when == "before_effect" else "silence_after_effect"
        self.proxy.fail_next(kind, PATHS[operation])
        return await self.instrument("success")

    async def turn_away(self, times: int) -> InstrumentReference:
        self.proxy.fail_next("rate_limited", times=times)
        return await self.instrument("success")

    async def answer_slowly(self) -> InstrumentReference:
        self.proxy.fail_next("delayed", seconds=2.0)
        return await self.instrument("success")

    async def complete_challenge(self, state: PaymentState, *, approve: bool) -> None:
        assert state.next_action is not None
        assert state.next_action.client_secret is not None
        answer = await self.browser.post(
            f"/v1/payment_intents/{state.reference}/_authenticate",
            data={"client_secret": state.next_action.client_secret, "success": str(approve).lower()},
        )
        answer.raise_for_status()

    async def webhooks_about(self, reference: str, count: int) -> list[Webhook]:
        def concerns(delivery: Delivery) -> bool:
            return reference.encode() in delivery.body

        deliveries = await self.proxy.wait_for_webhooks(concerns, count)
        return [Webhook(delivery.headers, delivery.body) for delivery in deliveries]

    def sign(self, body: bytes, at: datetime, *, secret: str | None = None) -> Mapping[str, str]:
        header = stripe.WebhookSignature.generate_signature_header(
            body.decode(), secret or WEBHOOK_SECRET, int(at.timestamp())
        )
        return {"Stripe-Signature": header}


@pytest.fixture
async def stripe_workshop(fault_proxy: FaultProxy, localstripe_url: str) -> AsyncGenerator[StripeWorkshop]:
    workshop = StripeWorkshop(fault_proxy, localstripe_url)
    registration = {"url": fault_proxy.webhook_url, "secret": WEBHOOK_SECRET}
    (await workshop.browser.post("/_config/webhooks/tests", data=registration)).raise_for_status()
    yield workshop
    await workshop.gateway.close()
    await workshop.browser.aclose()


class TestStripe(MoneyContract, InstrumentContract, OnceContract, EventContract):
    @pytest.fixture
    def workshop(self, stripe_workshop: StripeWorkshop) -> Workshop:
        return stripe_workshop
