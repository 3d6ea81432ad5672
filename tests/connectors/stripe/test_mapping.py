"""Stripe's objects in the port's words."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bottega.connectors.stripe.mapping import EVENT_TYPES, gateway_event, payment_state, refund_state
from bottega.ports.payment_gateway import NextAction, PaymentStatus, RefundStatus

CREATED = 1_772_366_400
CREATED_AT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def intent(**changes: Any) -> dict[str, Any]:
    return {
        "id": "pi_1",
        "object": "payment_intent",
        "amount": 2_000,
        "amount_received": 0,
        "currency": "eur",
        "created": CREATED,
        "status": "requires_capture",
        "latest_charge": None,
        "last_payment_error": None,
        "next_action": None,
        "client_secret": "pi_1_secret_x",
        "metadata": {"bottega_payment_id": "pay_1"},
        **changes,
    }


def refund(**changes: Any) -> dict[str, Any]:
    return {
        "id": "re_1",
        "object": "refund",
        "amount": 700,
        "currency": "eur",
        "created": CREATED,
        "status": "succeeded",
        "payment_intent": "pi_1",
        "metadata": {"bottega_refund_id": "rfd_1"},
        **changes,
    }


def event(vendor_type: str, subject: dict[str, Any]) -> dict[str, Any]:
    return {"id": "evt_1", "type": vendor_type, "created": CREATED + 60, "data": {"object": subject}}


DECLINE = {"code": "card_declined", "decline_code": "insufficient_funds"}


@pytest.mark.parametrize(
    ("changes", "status", "authorised", "captured"),
    [
        ({"status": "requires_payment_method"}, "requires_action", 0, 0),
        ({"status": "requires_payment_method", "last_payment_error": DECLINE}, "declined", 0, 0),
        ({"status": "requires_confirmation"}, "requires_action", 0, 0),
        ({"status": "requires_action"}, "requires_action", 0, 0),
        ({"status": "processing"}, "processing", 0, 0),
        ({"status": "requires_capture"}, "authorised", 2_000, 0),
        ({"status": "succeeded", "amount_received": 1_500}, "captured", 2_000, 1_500),
        ({"status": "succeeded", "amount_received": None}, "captured", 2_000, 2_000),
        ({"status": "canceled", "latest_charge": "ch_1"}, "voided", 2_000, 0),
        ({"status": "canceled"}, "voided", 0, 0),
        ({"status": "canceled", "latest_charge": "ch_1", "last_payment_error": DECLINE}, "voided", 0, 0),
    ],
)
def test_every_status_of_a_payment_intent(
    changes: dict[str, Any], status: PaymentStatus, authorised: int, captured: int
) -> None:
    state = payment_state(intent(**changes))
    assert state.status == status
    assert (state.amount_authorised_minor, state.amount_captured_minor) == (authorised, captured)
    assert (state.reference, state.payment_id, state.currency) == ("pi_1", "pay_1", "EUR")
    assert state.occurred_at == CREATED_AT


def test_a_status_nobody_knows_is_not_guessed() -> None:
    with pytest.raises(ValueError, match="pi_1 the unknown status 'requires_magic'"):
        payment_state(intent(status="requires_magic"))


def test_the_banks_reason_goes_before_stripes() -> None:
    state = payment_state(intent(status="requires_payment_method", last_payment_error=DECLINE))
    assert state.decline_code == "insufficient_funds"
    code_only = {"code": "payment_intent_authentication_failure"}
    state = payment_state(intent(status="requires_payment_method", last_payment_error=code_only))
    assert state.decline_code == "payment_intent_authentication_failure"


@pytest.mark.parametrize(
    ("action", "expected"),
    [
        (None, NextAction("collect_instrument", client_secret="pi_1_secret_x")),
        (
            {"type": "redirect_to_url", "redirect_to_url": {"url": "https://bank.example/3ds"}},
            NextAction("redirect", "https://bank.example/3ds", "pi_1_secret_x"),
        ),
        (
            {"type": "use_stripe_sdk", "use_stripe_sdk": {}},
            NextAction("authenticate_in_browser", client_secret="pi_1_secret_x"),
        ),
    ],
)
def test_what_the_payer_has_to_do(action: Any, expected: NextAction) -> None:
    assert payment_state(intent(status="requires_action", next_action=action)).next_action == expected


def test_what_was_refunded_is_read_from_the_expanded_charge() -> None:
    charge = {"id": "ch_1", "amount_refunded": 700}
    paid = intent(status="succeeded", amount_received=2_000, latest_charge=charge)
    assert payment_state(paid).amount_refunded_minor == 700
    assert payment_state({**paid, "latest_charge": "ch_1"}).amount_refunded_minor == 0


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ("succeeded", "succeeded"),
        ("pending", "pending"),
        ("requires_action", "pending"),
        (None, "pending"),
        ("failed", "failed"),
        ("canceled", "failed"),
    ],
)
def test_every_status_of_a_refund(status: str | None, expected: RefundStatus) -> None:
    state = refund_state(refund(status=status))
    assert (state.status, state.amount_minor, state.refund_id) == (expected, 700, "rfd_1")
    assert state.payment_reference == "pi_1"
    assert (state.failure_code is not None) == (expected == "failed")


def test_a_failed_refund_says_why() -> None:
    failed = refund_state(refund(status="failed", failure_reason="lost_or_stolen_card"))
    assert failed.failure_code == "lost_or_stolen_card"


def test_events_of_payments_refunds_charges_and_anything_else() -> None:
    paid = gateway_event(event("payment_intent.succeeded", intent(status="succeeded", amount_received=2_000)))
    assert (paid.kind, paid.payment_reference) == ("payment", "pi_1")
    assert paid.payment is not None
    assert paid.payment.occurred_at == datetime(2026, 3, 1, 12, 1, tzinfo=UTC)
    refunded = gateway_event(event("refund.updated", refund()))
    assert (refunded.kind, refunded.payment_reference) == ("refund", "pi_1")
    assert refunded.refund is not None
    assert refunded.refund.refund_id == "rfd_1"
    charge = gateway_event(event("charge.refunded", {"id": "ch_1", "payment_intent": "pi_1"}))
    assert (charge.kind, charge.payment_reference, charge.refund) == ("refund", "pi_1", None)
    other = gateway_event(event("customer.created", {"id": "cus_1"}))
    assert (other.kind, other.payment_reference, other.vendor_type) == ("other", None, "customer.created")


def test_stripe_lists_at_most_twenty_types_of_events_at_once() -> None:
    assert len(EVENT_TYPES) == len(set(EVENT_TYPES)) <= 20
