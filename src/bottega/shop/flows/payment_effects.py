"""How intended calls to payment gateways are sent, looked up when their answer was lost, and recorded."""

from datetime import datetime
from typing import Any, Literal

from bottega.actions.action import Action
from bottega.actions.effects import Answer, Effect, Sending, register_sender
from bottega.kernel.money import Money
from bottega.ports.payment_gateway import (
    AuthoriseRequest,
    CaptureRequest,
    InstrumentReference,
    PaymentGateway,
    PaymentState,
    RefundRequest,
    RefundState,
    Refused,
    VoidRequest,
)
from bottega.shop.flows.capture_on_shipment import CAPTURE
from bottega.shop.flows.payment_reports import (
    SEARCH_MARGIN,
    gateway_named,
    refund_record,
    refund_state_action,
    state_action,
    state_record,
)
from bottega.shop.flows.refund_order import RecordRefundState
from bottega.shop.payments.actions import AUTHORISE
from bottega.shop.payments.refunds import ABANDONED, REFUND, VOID


def gateway_of(effect: Effect, sending: Sending) -> PaymentGateway:
    """The connector that the payment was opened with."""
    return gateway_named(sending.services, str(effect.payload["gateway"]))


async def _authorise(effect: Effect, sending: Sending) -> Answer:
    payload = effect.payload
    # Only a second try comes so late that the order may have ended meanwhile; nobody is charged for it then.
    if effect.attempts > 1 and await _has_ended(payload["order_id"], sending):
        return Answer("refused", _never_sent(effect, "order_cancelled"))
    token = payload["token"]
    state = await gateway_of(effect, sending).authorise(
        AuthoriseRequest(
            payment_id=payload["payment_id"],
            order_id=payload["order_id"],
            amount=Money(payload["amount_minor"], payload["currency"]),
            instrument=None if token is None else InstrumentReference(token, payload["customer_reference"]),
            capture=payload["capture"],
        ),
        idempotency_key=effect.key,
    )
    return _authorised(state)


async def _find_authorised(effect: Effect, sending: Sending) -> Answer | None:
    payload = effect.payload
    created = datetime.fromisoformat(payload["created_at"]) - SEARCH_MARGIN
    state = await gateway_of(effect, sending).find_payment(payload["payment_id"], created_after=created)
    return None if state is None else _authorised(state)


async def _has_ended(order_id: str, sending: Sending) -> bool:
    async with sending.performer.database.read() as connection:
        return await connection.fetchval("SELECT status = 'cancelled' FROM shop.orders WHERE id = $1", order_id)


def _never_sent(effect: Effect, code: str) -> dict[str, Any]:
    """Declined, not voided: should the gateway report later that it took the money after all, that is still heard."""
    return {
        "reference": "",
        "status": "declined",
        "authorised_minor": 0,
        "captured_minor": 0,
        "currency": effect.payload["currency"],
        "decline_code": code,
    }


def _authorised(state: PaymentState) -> Answer:
    outcome = "refused" if state.status == "declined" else "confirmed"
    return Answer(outcome, state_record(state), shown=state.next_action)


async def _capture(effect: Effect, sending: Sending) -> Answer:
    payload = effect.payload
    amount = Money(payload["amount_minor"], payload["currency"])
    answer = await gateway_of(effect, sending).capture(
        CaptureRequest(payload["reference"], amount), idempotency_key=effect.key
    )
    return await _changed(effect, sending, answer, wanted="captured")


async def _find_captured(effect: Effect, sending: Sending) -> Answer | None:
    return await _find_changed(effect, sending, wanted="captured")


async def _void(effect: Effect, sending: Sending) -> Answer:
    payload = effect.payload
    answer = await gateway_of(effect, sending).void(
        VoidRequest(payload["reference"], payload["reason"]), idempotency_key=effect.key
    )
    return await _changed(effect, sending, answer, wanted="voided")


async def _find_voided(effect: Effect, sending: Sending) -> Answer | None:
    return await _find_changed(effect, sending, wanted="voided")


async def _changed(
    effect: Effect, sending: Sending, answer: PaymentState | Refused, *, wanted: Literal["captured", "voided"]
) -> Answer:
    """A refusal carries where the payment really stands, so that the books follow the gateway."""
    if isinstance(answer, PaymentState):
        return Answer("confirmed", state_record(answer))
    state = await gateway_of(effect, sending).read_payment(effect.payload["reference"])
    if state is None:
        return Answer("refused", {"refusal": answer.code})
    if state.status == wanted:
        return Answer("confirmed", state_record(state))
    return Answer("refused", {**state_record(state), "refusal": answer.code})


async def _find_changed(effect: Effect, sending: Sending, *, wanted: Literal["captured", "voided"]) -> Answer | None:
    """None while the payment still waits for the change; a payment that ended otherwise can no longer be changed."""
    state = await gateway_of(effect, sending).read_payment(effect.payload["reference"])
    if state is None:
        return Answer("refused", {"refusal": "unknown_payment"})
    if state.status == wanted:
        return Answer("confirmed", state_record(state))
    if state.status in ("captured", "voided"):
        return Answer("refused", {**state_record(state), "refusal": f"payment_{state.status}"})
    return None


def _record_state(effect: Effect, answer: Answer) -> Action | None:
    record = {name: value for name, value in answer.record.items() if name != "refusal"}
    return state_action(str(effect.payload["payment_id"]), record) if record else None


async def _refund(effect: Effect, sending: Sending) -> Answer:
    payload = effect.payload
    answer = await gateway_of(effect, sending).refund(
        RefundRequest(
            reference=payload["reference"],
            refund_id=payload["refund_id"],
            amount=Money(payload["amount_minor"], payload["currency"]),
            reason=payload["reason"],
        ),
        idempotency_key=effect.key,
    )
    if isinstance(answer, Refused):
        return Answer("refused", {"status": "failed", "reference": "", "failure_code": answer.code})
    return _refunded(answer)


async def _find_refunded(effect: Effect, sending: Sending) -> Answer | None:
    payload = effect.payload
    state = await gateway_of(effect, sending).find_refund(payload["refund_id"], payment_reference=payload["reference"])
    return None if state is None else _refunded(state)


def _refunded(state: RefundState) -> Answer:
    return Answer("refused" if state.status == "failed" else "confirmed", refund_record(state))


def _record_refund(effect: Effect, answer: Answer) -> Action:
    record: dict[str, Any] = answer.record
    return refund_state_action(str(effect.payload["refund_id"]), record)


def _abandon_payment(effect: Effect) -> Action:
    return state_action(str(effect.payload["payment_id"]), _never_sent(effect, ABANDONED))


def _abandon_refund(effect: Effect) -> Action:
    return RecordRefundState(refund_id=effect.payload["refund_id"], status="failed", failure_code=ABANDONED)


register_sender(AUTHORISE, send=_authorise, look_up=_find_authorised, settle=_record_state, abandon=_abandon_payment)
register_sender(CAPTURE, send=_capture, look_up=_find_captured, settle=_record_state)
register_sender(VOID, send=_void, look_up=_find_voided, settle=_record_state)
register_sender(REFUND, send=_refund, look_up=_find_refunded, settle=_record_refund, abandon=_abandon_refund)
