"""Stripe's objects, as JSON, in the port's words; pure."""

from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, TypeAlias, cast

from bottega.connectors.stripe.amounts import minor_units
from bottega.ports.payment_gateway import (
    GatewayEvent,
    NextAction,
    PaymentState,
    PaymentStatus,
    RefundState,
    RefundStatus,
)

GATEWAY_NAME = "stripe"
# Under these names our ids stand in the metadata of Stripe's objects.
PAYMENT_ID = "bottega_payment_id"
ORDER_ID = "bottega_order_id"
REFUND_ID = "bottega_refund_id"

PAYMENT_EVENTS = (
    "payment_intent.amount_capturable_updated",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
)
REFUND_EVENTS = ("refund.created", "refund.updated", "refund.failed")
# A charge names its payment intent, but shows neither our id nor the intent's status: a hint to read the payment.
CHARGE_EVENTS = ("charge.refunded",)
EVENT_TYPES = (*PAYMENT_EVENTS, *REFUND_EVENTS, *CHARGE_EVENTS)

Object: TypeAlias = Mapping[str, Any]
_EMPTY: Object = MappingProxyType({})


def payment_state(intent: Object, occurred_at: datetime | None = None) -> PaymentState:
    """A payment intent; what was refunded is known only where `latest_charge` is expanded, so not in events."""
    currency = str(intent["currency"]).upper()
    status = _status(intent)
    failure = part(intent, "last_payment_error")
    charge = intent.get("latest_charge")
    captured = intent.get("amount_received")
    if captured is None:
        captured = intent["amount"] if status == "captured" else 0
    was_authorised = status in ("authorised", "captured") or (status == "voided" and charge and not failure)
    declined = status == "declined"
    return PaymentState(
        reference=intent["id"],
        status=status,
        amount_authorised_minor=minor_units(intent["amount"], currency) if was_authorised else 0,
        amount_captured_minor=minor_units(captured, currency),
        amount_refunded_minor=minor_units(part(intent, "latest_charge").get("amount_refunded", 0), currency),
        currency=currency,
        occurred_at=occurred_at or instant(intent["created"]),
        payment_id=part(intent, "metadata").get(PAYMENT_ID),
        decline_code=(failure.get("decline_code") or failure.get("code") or "declined") if declined else None,
        next_action=_next_action(intent) if status == "requires_action" else None,
    )


def _status(intent: Object) -> PaymentStatus:
    match intent["status"]:
        case "requires_payment_method":
            return "declined" if intent.get("last_payment_error") else "requires_action"
        case "requires_confirmation" | "requires_action":
            return "requires_action"
        case "processing":
            return "processing"
        case "requires_capture":
            return "authorised"
        case "succeeded":
            return "captured"
        case "canceled":
            return "voided"
        case unknown:
            raise ValueError(f"Stripe gave the payment intent {intent['id']} the unknown status {unknown!r}")


def _next_action(intent: Object) -> NextAction:
    secret = intent.get("client_secret")
    action = part(intent, "next_action")
    if not action:
        return NextAction("collect_instrument", client_secret=secret)
    redirect = part(action, "redirect_to_url")
    if redirect:
        return NextAction("redirect", url=redirect.get("url"), client_secret=secret)
    return NextAction("authenticate_in_browser", client_secret=secret)


def refund_state(refund: Object, occurred_at: datetime | None = None) -> RefundState:
    """A refund; one that waits for the payer's action counts as pending, a cancelled one as failed."""
    currency = str(refund["currency"]).upper()
    statuses: dict[str | None, RefundStatus] = {
        "succeeded": "succeeded",
        "failed": "failed",
        "canceled": "failed",
        "pending": "pending",
        "requires_action": "pending",
        None: "pending",
    }
    status = statuses[refund.get("status")]
    return RefundState(
        reference=refund["id"],
        payment_reference=refund.get("payment_intent") or "",
        status=status,
        amount_minor=minor_units(refund["amount"], currency),
        currency=currency,
        occurred_at=occurred_at or instant(refund["created"]),
        refund_id=part(refund, "metadata").get(REFUND_ID),
        failure_code=(refund.get("failure_reason") or refund["status"]) if status == "failed" else None,
    )


def gateway_event(event: Object) -> GatewayEvent:
    """An event of any type; those that concern no payment of ours have kind `other`."""
    vendor_type = str(event["type"])
    occurred_at = instant(event["created"])
    subject: Object = event["data"]["object"]
    if vendor_type in PAYMENT_EVENTS:
        state = payment_state(subject, occurred_at)
        return _event(event, "payment", state.reference, payment=state)
    if vendor_type in REFUND_EVENTS:
        refund = refund_state(subject, occurred_at)
        return _event(event, "refund", refund.payment_reference or None, refund=refund)
    if vendor_type in CHARGE_EVENTS:
        return _event(event, "refund", subject.get("payment_intent"))
    return _event(event, "other", None)


def _event(
    event: Object,
    kind: Any,
    payment_reference: str | None,
    payment: PaymentState | None = None,
    refund: RefundState | None = None,
) -> GatewayEvent:
    return GatewayEvent(
        gateway=GATEWAY_NAME,
        event_id=event["id"],
        kind=kind,
        vendor_type=event["type"],
        occurred_at=instant(event["created"]),
        payment_reference=payment_reference,
        payment=payment,
        refund=refund,
    )


def part(whole: Object, name: str) -> Object:
    """The object inside an object; empty when it is absent, null, or only an id."""
    inner = whole.get(name)
    return cast("Object", inner) if isinstance(inner, dict) else _EMPTY


def instant(unix_seconds: int) -> datetime:
    """Stripe's time, which has whole seconds."""
    return datetime.fromtimestamp(unix_seconds, UTC)
