"""The Stripe connector when the network, Stripe or the settings are at fault."""

import logging
import socket
from collections.abc import AsyncGenerator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import stripe

from bottega.connectors.stripe import gateway as gateway_module
from bottega.connectors.stripe.failures import refusal_or_raise
from bottega.connectors.stripe.gateway import StripeAccount, StripePaymentGateway
from bottega.kernel.errors import Invalid, OutcomeUnknown, Unavailable
from bottega.kernel.money import Money
from bottega.ports.payment_gateway import (
    AuthoriseRequest,
    EventRefused,
    InstrumentReference,
    PaymentState,
    RefundRequest,
)
from tests.contracts.payment_workshop import long_ago, payment
from tests.fakes.fault_proxy import FaultKind, FaultProxy

API_KEY = "sk_test_very_secret"
SECRETS = ("whsec_the_new_one", "whsec_the_old_one")


@pytest.fixture
async def gateway(fault_proxy: FaultProxy) -> AsyncGenerator[StripePaymentGateway]:
    opened = StripePaymentGateway(StripeAccount(API_KEY, SECRETS, base_url=fault_proxy.url))
    yield opened
    await opened.close()


def a_payment(amount: Money | None = None) -> AuthoriseRequest:
    request = payment(InstrumentReference("pm_card_visa"), capture="automatic")
    return request if amount is None else payment(request.instrument, amount=amount)


def unused_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


async def authorise(gateway: StripePaymentGateway, request: AuthoriseRequest) -> PaymentState:
    return await gateway.authorise(request, idempotency_key=request.payment_id, timeout_seconds=5)


async def test_an_unreachable_stripe_did_nothing() -> None:
    account = StripeAccount(API_KEY, SECRETS, base_url=f"http://127.0.0.1:{unused_port()}")
    gateway = StripePaymentGateway(account)
    with pytest.raises(Unavailable, match="cannot be reached") as caught:
        await authorise(gateway, a_payment())
    assert not isinstance(caught.value, OutcomeUnknown)
    with pytest.raises(Unavailable):
        await gateway.read_payment("pi_1")
    await gateway.close()


@pytest.mark.parametrize("kind", ["server_error_after_effect", "hang_up_after_effect"])
async def test_an_error_after_the_effect_is_an_unknown_outcome_and_found(
    gateway: StripePaymentGateway, fault_proxy: FaultProxy, kind: FaultKind
) -> None:
    request = a_payment()
    fault_proxy.fail_next(kind)
    with pytest.raises(OutcomeUnknown):
        await authorise(gateway, request)
    found = await gateway.find_payment(request.payment_id, created_after=long_ago())
    assert found is not None
    assert (await authorise(gateway, request)).reference == found.reference


async def test_an_error_before_the_effect_is_unknown_too_and_finds_nothing(
    gateway: StripePaymentGateway, fault_proxy: FaultProxy
) -> None:
    request = a_payment()
    fault_proxy.fail_next("server_error_before_effect")
    with pytest.raises(OutcomeUnknown):
        await authorise(gateway, request)
    assert await gateway.find_payment(request.payment_id, created_after=long_ago()) is None


async def test_a_request_that_arrives_twice_has_one_effect(
    gateway: StripePaymentGateway, fault_proxy: FaultProxy
) -> None:
    request = a_payment()
    fault_proxy.fail_next("repeated", "/v1/payment_intents")
    state = await authorise(gateway, request)
    fault_proxy.fail_next("repeated", "/v1/refunds")
    refund = RefundRequest(state.reference, f"rfd_{request.payment_id}", Money(1_000, "EUR"))
    await gateway.refund(refund, idempotency_key=refund.refund_id)
    after = await gateway.read_payment(state.reference)
    assert after is not None
    assert (after.amount_captured_minor, after.amount_refunded_minor) == (12_345, 1_000)
    page = await gateway.list_events(since=long_ago())
    assert [event.payment_reference for event in page.events].count(state.reference) == 1


async def test_we_do_not_repeat_calls_behind_the_callers_back(
    gateway: StripePaymentGateway, fault_proxy: FaultProxy
) -> None:
    fault_proxy.fail_next("server_error_before_effect", times=5)
    with pytest.raises(OutcomeUnknown):
        await authorise(gateway, a_payment())
    assert fault_proxy.calls == [("POST", "/v1/payment_intents")]


async def test_waits_as_long_as_stripe_asks_for(gateway: StripePaymentGateway, fault_proxy: FaultProxy) -> None:
    fault_proxy.fail_next("rate_limited")
    with pytest.raises(Unavailable) as caught:
        await authorise(gateway, a_payment())
    assert caught.value.retry_after_seconds == 3


@pytest.mark.parametrize("kind", ["server_error_before_effect", "silence_before_effect", "rate_limited"])
async def test_a_question_that_fails_is_never_an_unknown_outcome(
    gateway: StripePaymentGateway, fault_proxy: FaultProxy, kind: FaultKind
) -> None:
    fault_proxy.fail_next(kind, method="GET")
    with pytest.raises(Unavailable) as caught:
        await gateway.find_payment("pay_1", created_after=long_ago(), timeout_seconds=0.3)
    assert not isinstance(caught.value, OutcomeUnknown)


async def test_looking_further_than_a_page_and_no_further_than_the_limit(
    gateway: StripePaymentGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    requests = [a_payment() for _ in range(4)]
    for request in requests:
        await authorise(gateway, request)
    monkeypatch.setattr(gateway_module, "PAGE_SIZE", 2)
    found = await gateway.find_payment(requests[0].payment_id, created_after=long_ago())
    assert found is not None
    assert found.payment_id == requests[0].payment_id
    monkeypatch.setattr(gateway_module, "LARGEST_SEARCH_PAGES", 1)
    with pytest.raises(Unavailable, match="not among the latest 2"):
        await gateway.find_payment(requests[0].payment_id, created_after=long_ago())


async def test_payments_made_before_we_began_are_not_looked_at(gateway: StripePaymentGateway) -> None:
    request = a_payment()
    await authorise(gateway, request)
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert await gateway.find_payment(request.payment_id, created_after=tomorrow) is None


async def test_an_amount_stripe_cannot_charge_is_never_sent(
    gateway: StripePaymentGateway, fault_proxy: FaultProxy
) -> None:
    with pytest.raises(Invalid):
        await authorise(gateway, a_payment(Money(5_124, "KWD")))
    assert fault_proxy.calls == []


async def test_either_webhook_secret_is_good_while_one_is_being_replaced(gateway: StripePaymentGateway) -> None:
    body = b'{"id": "evt_1", "type": "customer.created", "created": 1772366400, "data": {"object": {}}}'
    for secret in SECRETS:
        header = stripe.WebhookSignature.generate_signature_header(body.decode(), secret)
        assert gateway.parse_event({"stripe-signature": header}, body).kind == "other"
    header = stripe.WebhookSignature.generate_signature_header(body.decode(), "whsec_a_third_one")
    with pytest.raises(EventRefused):
        gateway.parse_event({"stripe-signature": header}, body)


async def test_secrets_stay_out_of_logs_and_representations(
    gateway: StripePaymentGateway, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        state = await gateway.authorise(payment(None), idempotency_key="secrets")
        await gateway.read_payment("pi_none")
    assert caplog.records
    assert state.next_action is not None
    assert state.next_action.client_secret is not None
    seen = caplog.text + repr(gateway) + repr(gateway._account) + repr(state)
    for secret in (API_KEY, *SECRETS, state.next_action.client_secret):
        assert secret not in seen


@pytest.mark.parametrize("error", [stripe.AuthenticationError("no"), stripe.PermissionError("no")])
def test_a_key_that_stripe_does_not_accept_is_our_configuration(error: stripe.StripeError) -> None:
    with pytest.raises(Unavailable) as caught:
        refusal_or_raise(error, "capture")
    assert caught.value.code == "payment_gateway_misconfigured"
    assert not isinstance(caught.value, OutcomeUnknown)


@pytest.mark.parametrize(("status", "text"), [(502, "<html>Bad gateway</html>"), (200, "not json")])
async def test_an_answer_that_is_not_stripes_is_an_unknown_outcome(status: int, text: str) -> None:
    gateway = StripePaymentGateway(StripeAccount(API_KEY, SECRETS))
    gateway._http._http = httpx.AsyncClient(transport=httpx.MockTransport(lambda _: httpx.Response(status, text=text)))
    with pytest.raises(OutcomeUnknown):
        await authorise(gateway, a_payment())
    await gateway.close()
