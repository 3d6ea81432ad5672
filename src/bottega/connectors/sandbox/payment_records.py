"""What the sandbox remembers of one payment, and the pure transitions between such records."""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Self

from pydantic import BaseModel, ConfigDict

from bottega.connectors.sandbox.instruments import Behaviour, Fault, Operation, behaviour_of
from bottega.kernel import canonical_json
from bottega.ports.payment_gateway import (
    AuthoriseRequest,
    CaptureMode,
    CaptureRequest,
    GatewayEvent,
    NextAction,
    PaymentState,
    PaymentStatus,
    RefundRequest,
    RefundState,
    Refused,
    VoidRequest,
)

GATEWAY_NAME = "sandbox"


class RecordedAnswer(BaseModel):
    """The answer first given under an idempotency key, with the digest of the request it answered."""

    model_config = ConfigDict(frozen=True)

    request_digest: str
    answer: PaymentState | RefundState | Refused


class PaymentRecord(BaseModel):
    """One payment as the sandbox keeps it; `status` is None while it was only attempted, without effect."""

    model_config = ConfigDict(frozen=True)

    reference: str
    payment_id: str
    order_id: str
    token: str | None
    capture: CaptureMode
    currency: str
    amount_minor: int
    created_at: datetime
    updated_at: datetime
    return_url: str | None = None
    status: PaymentStatus | None = None
    authorised_minor: int = 0
    captured_minor: int = 0
    decline_code: str | None = None
    refunds: tuple[RefundState, ...] = ()
    answers: dict[str, RecordedAnswer] = {}
    attempts: dict[str, int] = {}
    version: int = 1

    @property
    def behaviour(self) -> Behaviour:
        return behaviour_of(self.token)

    @property
    def refunded_minor(self) -> int:
        return sum(refund.amount_minor for refund in self.refunds if refund.status != "failed")

    def changed(self, now: datetime, **values: object) -> Self:
        """The next version of this record."""
        return self.model_copy(update={**values, "updated_at": now, "version": self.version + 1})

    def attempted(self, key: str, now: datetime) -> Self:
        """The record after one more attempt under this key that had no effect."""
        return self.changed(now, attempts={**self.attempts, key: self.attempts.get(key, 0) + 1})


@dataclass(frozen=True, slots=True)
class Step:
    """A transition: the record afterwards, the answer to the caller, and what is announced."""

    record: PaymentRecord
    answer: PaymentState | RefundState | Refused
    events: tuple[GatewayEvent, ...] = ()


def reference_for(prefix: str, key: str) -> str:
    """The sandbox's name of what a key creates: the same key always creates the same thing."""
    return f"{prefix}_{hashlib.sha256(key.encode()).hexdigest()[:24]}"


def digest_of(request: AuthoriseRequest | CaptureRequest | VoidRequest | RefundRequest) -> str:
    """What has to be equal for two requests under one idempotency key to be the same request."""
    amount = None if isinstance(request, VoidRequest) else [request.amount.amount_minor, request.amount.currency]
    match request:
        case AuthoriseRequest():
            instrument = request.instrument and [
                request.instrument.token,
                request.instrument.customer_reference,
            ]
            names = [request.payment_id, request.order_id, request.capture, request.return_url]
            return canonical_json.digest(["authorise", amount, instrument, names, dict(request.metadata)])
        case CaptureRequest():
            return canonical_json.digest(["capture", amount, request.reference])
        case VoidRequest():
            return canonical_json.digest(["void", request.reference, request.reason])
        case RefundRequest():
            return canonical_json.digest(["refund", amount, request.reference, request.refund_id, request.reason])


def blank_record(request: AuthoriseRequest, key: str, now: datetime) -> PaymentRecord:
    """A payment that has only been asked for."""
    return PaymentRecord(
        reference=reference_for("sbp", key),
        payment_id=request.payment_id,
        order_id=request.order_id,
        token=request.instrument.token if request.instrument else None,
        capture=request.capture,
        currency=request.amount.currency,
        amount_minor=request.amount.amount_minor,
        created_at=now,
        updated_at=now,
        return_url=request.return_url,
    )


def state_of(record: PaymentRecord) -> PaymentState:
    """The record in the port's words."""
    assert record.status is not None, "a payment without effect has no state to show"
    return PaymentState(
        reference=record.reference,
        status=record.status,
        amount_authorised_minor=record.authorised_minor,
        amount_captured_minor=record.captured_minor,
        amount_refunded_minor=record.refunded_minor,
        currency=record.currency,
        occurred_at=record.updated_at,
        payment_id=record.payment_id,
        decline_code=record.decline_code,
        next_action=_next_action(record),
    )


def _next_action(record: PaymentRecord) -> NextAction | None:
    if record.status != "requires_action":
        return None
    secret = f"{record.reference}_secret"
    if record.token is None:
        return NextAction("collect_instrument", client_secret=secret)
    return NextAction("redirect", url=f"/sandbox/challenges/{record.reference}", client_secret=secret)


def authorise(record: PaymentRecord, key: str, request_digest: str, now: datetime) -> Step:
    """Approve, decline or challenge a payment that has only been asked for."""
    match record.behaviour.answer:
        case "approve":
            settled = _approved(record, now)
        case "decline":
            settled = record.changed(now, status="declined", decline_code=record.behaviour.decline_code)
        case "challenge":
            settled = record.changed(now, status="requires_action")
    return _payment_step(settled, key, request_digest)


def complete_challenge(record: PaymentRecord, *, approve: bool, now: datetime) -> Step:
    """What the payer's bank says after a challenge."""
    if record.status != "requires_action":
        return Step(record, Refused("no_action_pending", f"Payment {record.reference} waits for no action."))
    if approve:
        settled = _approved(record, now)
    else:
        settled = record.changed(now, status="declined", decline_code="authentication_failed")
    return _payment_step(settled, None, "")


def _approved(record: PaymentRecord, now: datetime) -> PaymentRecord:
    amount = record.amount_minor
    if record.capture == "automatic":
        return record.changed(now, status="captured", authorised_minor=amount, captured_minor=amount)
    return record.changed(now, status="authorised", authorised_minor=amount)


def capture(record: PaymentRecord, request: CaptureRequest, key: str, request_digest: str, now: datetime) -> Step:
    """Take all or part of an authorised payment, once."""
    amount = request.amount
    if record.status != "authorised":
        return _refusal(record, "not_capturable", f"A payment that is {record.status} cannot be captured.")
    if amount.currency != record.currency:
        return _refusal(record, "currency_mismatch", f"The payment is in {record.currency}, not {amount.currency}.")
    if not 0 < amount.amount_minor <= record.amount_minor:
        return _refusal(record, "amount_too_large", f"{amount} is not within what was authorised.")
    if code := record.behaviour.refusals.get("capture"):
        return _refusal(record, code, f"The bank refused the capture: {code}.")
    settled = record.changed(now, status="captured", captured_minor=amount.amount_minor)
    return _payment_step(settled, key, request_digest)


def void(record: PaymentRecord, key: str, request_digest: str, now: datetime) -> Step:
    """Give up a payment that was not captured."""
    if record.status not in ("authorised", "requires_action", "processing", "declined"):
        return _refusal(record, "not_voidable", f"A payment that is {record.status} cannot be voided.")
    return _payment_step(record.changed(now, status="voided"), key, request_digest)


def refund(record: PaymentRecord, request: RefundRequest, key: str, request_digest: str, now: datetime) -> Step:
    """Give back all or part of what was captured and not yet refunded."""
    amount = request.amount
    left = record.captured_minor - record.refunded_minor
    if record.status != "captured":
        return _refusal(record, "not_refundable", f"A payment that is {record.status} has nothing to refund.")
    if amount.currency != record.currency:
        return _refusal(record, "currency_mismatch", f"The payment is in {record.currency}, not {amount.currency}.")
    if not 0 < amount.amount_minor <= left:
        return _refusal(record, "amount_too_large", f"{amount} is more than the {left} minor units left to refund.")
    if code := record.behaviour.refusals.get("refund"):
        return _refusal(record, code, f"The bank refused the refund: {code}.")
    made = RefundState(
        reference=reference_for("sbr", key),
        payment_reference=record.reference,
        status="pending" if record.behaviour.refund_pends else "succeeded",
        amount_minor=amount.amount_minor,
        currency=record.currency,
        occurred_at=now,
        refund_id=request.refund_id,
    )
    changed = record.changed(now, refunds=(*record.refunds, made))
    return _refund_step(changed, made, key, request_digest, "refund.created")


def settle_refund(record: PaymentRecord, refund_id: str, *, succeed: bool, now: datetime) -> Step:
    """The bank's late answer to a pending refund."""
    pending = next((made for made in record.refunds if made.refund_id == refund_id), None)
    if pending is None or pending.status != "pending":
        return _refusal(record, "no_pending_refund", f"Refund {refund_id} is not pending.")
    settled = replace(
        pending,
        status="succeeded" if succeed else "failed",
        failure_code=None if succeed else "declined_by_bank",
        occurred_at=now,
    )
    refunds = tuple(settled if made is pending else made for made in record.refunds)
    changed = record.changed(now, refunds=refunds)
    return _refund_step(changed, settled, None, "", f"refund.{settled.status}")


def _refusal(record: PaymentRecord, code: str, message: str) -> Step:
    return Step(record, Refused(code, message))


def _payment_step(settled: PaymentRecord, key: str | None, request_digest: str) -> Step:
    state = state_of(settled)
    settled = _remember(settled, key, request_digest, state)
    event = GatewayEvent(
        gateway=GATEWAY_NAME,
        event_id=f"sbe_{settled.reference}_{settled.version}",
        kind="payment",
        vendor_type=f"payment.{state.status}",
        occurred_at=settled.updated_at,
        payment_reference=settled.reference,
        payment=replace(state, next_action=None),  # a browser's secret is never written down
    )
    return Step(settled, state, (event,))


def _refund_step(
    changed: PaymentRecord, made: RefundState, key: str | None, request_digest: str, vendor_type: str
) -> Step:
    changed = _remember(changed, key, request_digest, made)
    event = GatewayEvent(
        gateway=GATEWAY_NAME,
        event_id=f"sbe_{changed.reference}_{changed.version}",
        kind="refund",
        vendor_type=vendor_type,
        occurred_at=changed.updated_at,
        payment_reference=changed.reference,
        payment=state_of(changed),
        refund=made,
    )
    return Step(changed, made, (event,))


def _remember(
    record: PaymentRecord, key: str | None, request_digest: str, answer: PaymentState | RefundState
) -> PaymentRecord:
    if key is None:
        return record
    kept = RecordedAnswer(request_digest=request_digest, answer=answer)
    return record.model_copy(update={"answers": {**record.answers, key: kept}})


def fault_for(record: PaymentRecord, operation: Operation, key: str) -> Fault | None:
    """The fault that this attempt under this key meets."""
    fault = record.behaviour.faults.get(operation)
    attempts_with_fault = 2 if fault == "unavailable_twice" else 1
    return fault if record.attempts.get(key, 0) < attempts_with_fault else None
