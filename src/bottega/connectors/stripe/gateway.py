"""The Stripe payment gateway, through the official library's asynchronous client."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar, cast

import stripe

from bottega.connectors.stripe import mapping
from bottega.connectors.stripe.amounts import stripe_amount
from bottega.connectors.stripe.failures import error_body, outcome_unknown, refusal_or_raise
from bottega.connectors.stripe.mapping import GATEWAY_NAME, ORDER_ID, PAYMENT_ID, REFUND_ID
from bottega.connectors.stripe.transport import HttpTransport
from bottega.kernel.errors import Invalid, OutcomeUnknown, Unavailable
from bottega.platform.clock import Clock, SystemClock
from bottega.ports.payment_gateway import (
    CLOCK_SKEW,
    DEFAULT_TIMEOUT_SECONDS,
    LARGEST_EVENT_PAGE,
    AuthoriseRequest,
    CaptureRequest,
    EventPage,
    EventRefused,
    GatewayEvent,
    PaymentState,
    RefundRequest,
    RefundState,
    Refused,
    VoidRequest,
)

# The version our mapping is written against; the account's default may be any other.
API_VERSION = "2026-10-28.endive"
OLDEST_WEBHOOK_SECONDS = 300
# Looking for a payment reads the account's latest payments page by page; this many pages are 2,000 payments.
LARGEST_SEARCH_PAGES = 20
PAGE_SIZE = 100

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class StripeAccount:
    """How to reach one Stripe account; several webhook secrets while one is being replaced by another."""

    api_key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)
    base_url: str = "https://api.stripe.com"
    payment_method_types: tuple[str, ...] = ("card",)


class StripePaymentGateway:
    """Implements `PaymentGateway`. Stripe keeps idempotency keys for 24 hours and events for 30 days."""

    name = GATEWAY_NAME

    def __init__(self, account: StripeAccount, clock: Clock | None = None) -> None:
        self._account = account
        self._clock: Clock = clock or SystemClock()
        # At DEBUG the library writes whole bodies to the log, and with them secrets meant for the payer's browser.
        logging.getLogger("stripe").setLevel(logging.INFO)
        self._http = HttpTransport()
        # We repeat calls ourselves, under the effect's own key and where a repetition is written down.
        self._client = stripe.StripeClient(
            account.api_key,
            stripe_version=API_VERSION,
            base_addresses={"api": account.base_url},
            max_network_retries=0,
            http_client=self._http,
        )

    async def authorise(
        self,
        request: AuthoriseRequest,
        *,
        idempotency_key: str,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> PaymentState:
        params = cast("stripe.params.PaymentIntentCreateParams", self._intent_params(request))
        options: stripe.RequestOptions = {"idempotency_key": idempotency_key}
        call = self._client.v1.payment_intents.create_async(params, options)
        try:
            return mapping.payment_state(_plain(await _sent(call, "authorise", timeout_seconds)))
        except stripe.StripeError as error:
            refused = refusal_or_raise(error, "authorise")
            intent = error_body(error).get("payment_intent")
            if intent:
                return mapping.payment_state(intent)
            return self._declined(request, refused.code)

    def _intent_params(self, request: AuthoriseRequest) -> dict[str, Any]:
        params: dict[str, Any] = {
            "amount": stripe_amount(request.amount),
            "currency": request.amount.currency.lower(),
            "capture_method": request.capture,
            "payment_method_types": list(self._account.payment_method_types),
            "metadata": {
                **request.metadata,
                PAYMENT_ID: request.payment_id,
                ORDER_ID: request.order_id,
            },
            "expand": ["latest_charge"],
        }
        if request.instrument is not None:
            params["payment_method"] = request.instrument.token
            params["confirm"] = True
            if request.instrument.customer_reference is not None:
                params["customer"] = request.instrument.customer_reference
            if request.return_url is not None:
                params["return_url"] = request.return_url
        return params

    def _declined(self, request: AuthoriseRequest, code: str) -> PaymentState:
        return PaymentState(
            reference="",
            status="declined",
            amount_authorised_minor=0,
            amount_captured_minor=0,
            amount_refunded_minor=0,
            currency=request.amount.currency,
            occurred_at=self._clock.now(),
            payment_id=request.payment_id,
            decline_code=code,
        )

    async def capture(
        self, request: CaptureRequest, *, idempotency_key: str, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> PaymentState | Refused:
        call = self._client.v1.payment_intents.capture_async(
            request.reference,
            {"amount_to_capture": stripe_amount(request.amount), "expand": ["latest_charge"]},
            {"idempotency_key": idempotency_key},
        )
        try:
            return mapping.payment_state(_plain(await _sent(call, "capture", timeout_seconds)))
        except stripe.StripeError as error:
            return refusal_or_raise(error, "capture")

    async def void(
        self, request: VoidRequest, *, idempotency_key: str, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> PaymentState | Refused:
        call = self._client.v1.payment_intents.cancel_async(
            request.reference, {"expand": ["latest_charge"]}, {"idempotency_key": idempotency_key}
        )
        try:
            return mapping.payment_state(_plain(await _sent(call, "void", timeout_seconds)))
        except stripe.StripeError as error:
            return refusal_or_raise(error, "void")

    async def refund(
        self, request: RefundRequest, *, idempotency_key: str, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> RefundState | Refused:
        call = self._client.v1.refunds.create_async(
            {
                "payment_intent": request.reference,
                "amount": stripe_amount(request.amount),
                "metadata": {REFUND_ID: request.refund_id, "reason": request.reason[:500]},
            },
            {"idempotency_key": idempotency_key},
        )
        try:
            return mapping.refund_state(_plain(await _sent(call, "refund", timeout_seconds)))
        except stripe.StripeError as error:
            return refusal_or_raise(error, "refund")

    async def read_payment(
        self, reference: str, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> PaymentState | None:
        call = self._client.v1.payment_intents.retrieve_async(reference, {"expand": ["latest_charge"]})
        try:
            return mapping.payment_state(_plain(await _read(call, timeout_seconds)))
        except stripe.InvalidRequestError as error:
            if error.http_status == 404:
                return None
            raise

    async def find_payment(
        self, payment_id: str, *, created_after: datetime, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> PaymentState | None:
        # Listing is up to date at once; Stripe's search, which could ask for metadata, lags by up to a minute.
        params: dict[str, Any] = {
            "limit": PAGE_SIZE,
            "created": {"gte": int((created_after - CLOCK_SKEW).timestamp())},
            "expand": ["data.latest_charge"],
        }
        found: list[PaymentState] = []
        deadline = asyncio.get_running_loop().time() + timeout_seconds
        for _ in range(LARGEST_SEARCH_PAGES):
            call = self._client.v1.payment_intents.list_async(cast("stripe.params.PaymentIntentListParams", params))
            page = _plain(await _read(call, deadline - asyncio.get_running_loop().time()))
            intents: list[Any] = page["data"]
            ours = [intent for intent in intents if intent["metadata"].get(PAYMENT_ID) == payment_id]
            found += [mapping.payment_state(intent) for intent in ours]
            if not page["has_more"]:
                return max(found, key=lambda state: state.progress, default=None)
            params["starting_after"] = intents[-1]["id"]
        if found:
            return max(found, key=lambda state: state.progress)
        raise Unavailable(
            "payment_search_too_long",
            f"Payment {payment_id} is not among the latest {LARGEST_SEARCH_PAGES * PAGE_SIZE} at Stripe.",
            next_step="Look for it in Stripe's dashboard by its metadata.",
        )

    async def find_refund(
        self, refund_id: str, *, payment_reference: str, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> RefundState | None:
        call = self._client.v1.refunds.list_async({"payment_intent": payment_reference, "limit": PAGE_SIZE})
        try:
            refunds: list[Any] = _plain(await _read(call, timeout_seconds))["data"]
        except stripe.InvalidRequestError as error:
            if error.http_status == 404:
                return None
            raise
        ours = (refund for refund in refunds if refund["metadata"].get(REFUND_ID) == refund_id)
        return next((mapping.refund_state(refund) for refund in ours), None)

    def parse_event(self, headers: Mapping[str, str], body: bytes) -> GatewayEvent:
        header = next((value for name, value in headers.items() if name.lower() == "stripe-signature"), "")
        if not any(_is_signed(body, header, secret) for secret in self._account.webhook_secrets):
            raise EventRefused("webhook_signature_wrong", "The webhook's signature is missing, wrong or too old.")
        try:
            return mapping.gateway_event(json.loads(body))
        except (ValueError, KeyError, TypeError) as error:
            raise Invalid("webhook_body_unreadable", "The webhook's body is not an event of Stripe.") from error

    async def list_events(
        self,
        *,
        since: datetime,
        limit: int = LARGEST_EVENT_PAGE,
        cursor: str | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> EventPage:
        if not 1 <= limit <= LARGEST_EVENT_PAGE:
            raise Invalid("bad_limit", f"A page holds 1 to {LARGEST_EVENT_PAGE} events, not {limit}.")
        params: dict[str, Any] = {
            "limit": limit,
            "created": {"gte": int(since.timestamp())},
            "types": list(mapping.EVENT_TYPES),
        }
        if cursor is not None:
            params["starting_after"] = cursor
        call = self._client.v1.events.list_async(cast("stripe.params.EventListParams", params))
        page = _plain(await _read(call, timeout_seconds))
        events: list[Any] = page["data"]
        next_cursor = events[-1]["id"] if page["has_more"] and events else None
        return EventPage(tuple(mapping.gateway_event(event) for event in events), next_cursor)

    async def close(self) -> None:
        await self._http.close_async()


def _is_signed(body: bytes, header: str, secret: str) -> bool:
    try:
        # The library leaves the type of the tolerance open.
        stripe.WebhookSignature.verify_header(body, header, secret, OLDEST_WEBHOOK_SECONDS)  # pyright: ignore[reportUnknownMemberType]
    except (stripe.SignatureVerificationError, UnicodeDecodeError, TypeError):
        return False
    return True


async def _sent(call: Awaitable[T], operation: str, timeout_seconds: float) -> T:
    """The answer to a call that changes something."""
    try:
        async with asyncio.timeout(timeout_seconds):
            return await call
    except TimeoutError:
        raise outcome_unknown(operation) from None


async def _read(call: Awaitable[T], timeout_seconds: float) -> T:
    """The answer to a call that only reads: whatever goes wrong, nothing happened."""
    try:
        async with asyncio.timeout(timeout_seconds):
            return await call
    except TimeoutError:
        raise _cannot_read() from None
    except stripe.InvalidRequestError:
        raise
    except stripe.StripeError as error:
        try:
            refused = refusal_or_raise(error, "read")
        except OutcomeUnknown:
            raise _cannot_read() from error
        raise Unavailable("payment_gateway_unavailable", refused.message) from error


def _cannot_read() -> Unavailable:
    return Unavailable(
        "payment_gateway_unavailable", "Stripe gave no clear answer to a question.", next_step="Ask again later."
    )


def _plain(answer: stripe.StripeObject) -> dict[str, Any]:
    return answer.to_dict()
