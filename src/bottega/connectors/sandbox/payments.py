"""The sandbox payment gateway: a provider without a vendor, with test instruments that behave on purpose."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

import structlog
from pydantic import ValidationError

from bottega.connectors.sandbox import payment_records as records
from bottega.connectors.sandbox import webhook_signature
from bottega.connectors.sandbox.instruments import Fault, Operation
from bottega.connectors.sandbox.payment_records import GATEWAY_NAME, PaymentRecord, Step
from bottega.connectors.sandbox.payment_store import EVENT, MemoryPaymentStore, PaymentStore
from bottega.kernel.errors import Invalid, OutcomeUnknown, Unavailable
from bottega.platform.clock import Clock
from bottega.ports.payment_gateway import (
    CLOCK_SKEW,
    DEFAULT_TIMEOUT_SECONDS,
    LARGEST_EVENT_PAGE,
    AuthoriseRequest,
    CaptureRequest,
    EventPage,
    GatewayEvent,
    PaymentState,
    RefundRequest,
    RefundState,
    Refused,
    VoidRequest,
)

# Receives the headers and the body of one webhook; whatever it raises is logged and the event stays listed.
Deliver = Callable[[Mapping[str, str], bytes], Awaitable[None]]

# Known to everybody, like the sandbox itself: nothing real hangs on it.
DEFAULT_WEBHOOK_SECRET = "sandbox-webhook-secret"  # noqa: S105 (published on purpose)
LARGEST_DELIVERY_QUEUE = 1_000
# Two writers of one payment make each other start again; more rounds than this means something is wrong.
LARGEST_ROUNDS = 20

log = structlog.get_logger(__name__)


class SandboxPaymentGateway:
    """Implements `PaymentGateway`; several processes may share one store."""

    name = GATEWAY_NAME

    def __init__(
        self,
        clock: Clock,
        store: PaymentStore | None = None,
        *,
        webhook_secret: str = DEFAULT_WEBHOOK_SECRET,
        deliver: Deliver | None = None,
        slow_seconds: float = 2.0,
    ) -> None:
        self._clock = clock
        self._store: PaymentStore = MemoryPaymentStore() if store is None else store
        self._webhook_secret = webhook_secret
        self._deliver = deliver
        self._slow_seconds = slow_seconds
        self._deliveries: set[asyncio.Task[None]] = set()

    async def authorise(
        self,
        request: AuthoriseRequest,
        *,
        idempotency_key: str,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> PaymentState:
        if request.amount.amount_minor <= 0:
            raise Invalid("amount_not_positive", f"A payment of {request.amount} cannot be authorised.")
        digest = records.digest_of(request)
        blank = records.blank_record(request, idempotency_key, self._clock.now())

        def step(record: PaymentRecord) -> Step:
            return records.authorise(record, idempotency_key, digest, self._clock.now())

        async with _deadline("authorise", timeout_seconds):
            answer = await self._authorise_at_once(blank, step)
            if answer is None:
                answer = await self._change("authorise", blank.reference, idempotency_key, digest, step, blank)
            if blank.behaviour.slow:
                await asyncio.sleep(self._slow_seconds)
        if isinstance(answer, PaymentState):
            return answer
        assert isinstance(answer, Refused), "authorising never answers with a refund"
        return self._declined(request, answer.code)

    async def capture(
        self,
        request: CaptureRequest,
        *,
        idempotency_key: str,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> PaymentState | Refused:
        digest = records.digest_of(request)

        def step(record: PaymentRecord) -> Step:
            return records.capture(record, request, idempotency_key, digest, self._clock.now())

        async with _deadline("capture", timeout_seconds):
            answer = await self._change("capture", request.reference, idempotency_key, digest, step)
        assert not isinstance(answer, RefundState), "capturing never answers with a refund"
        return answer

    async def void(
        self, request: VoidRequest, *, idempotency_key: str, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> PaymentState | Refused:
        digest = records.digest_of(request)

        def step(record: PaymentRecord) -> Step:
            return records.void(record, idempotency_key, digest, self._clock.now())

        async with _deadline("void", timeout_seconds):
            answer = await self._change("void", request.reference, idempotency_key, digest, step)
        assert not isinstance(answer, RefundState), "voiding never answers with a refund"
        return answer

    async def refund(
        self,
        request: RefundRequest,
        *,
        idempotency_key: str,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> RefundState | Refused:
        digest = records.digest_of(request)

        def step(record: PaymentRecord) -> Step:
            return records.refund(record, request, idempotency_key, digest, self._clock.now())

        async with _deadline("refund", timeout_seconds):
            answer = await self._change("refund", request.reference, idempotency_key, digest, step)
        assert not isinstance(answer, PaymentState), "refunding never answers with a payment"
        return answer

    async def complete_action(self, reference: str, *, approve: bool) -> PaymentState | Refused:
        """Be the payer: finish a challenge, or give a card where none was given yet."""

        def step(record: PaymentRecord) -> Step:
            return records.complete_challenge(record, approve=approve, now=self._clock.now())

        answer = await self._change(None, reference, None, "", step)
        assert not isinstance(answer, RefundState), "a challenge never answers with a refund"
        return answer

    async def settle_refund(self, reference: str, refund_id: str, *, succeed: bool) -> RefundState | Refused:
        """Be the bank: answer a pending refund."""

        def step(record: PaymentRecord) -> Step:
            return records.settle_refund(record, refund_id, succeed=succeed, now=self._clock.now())

        answer = await self._change(None, reference, None, "", step)
        assert not isinstance(answer, PaymentState), "a refund never answers with a payment"
        return answer

    async def read_payment(
        self, reference: str, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> PaymentState | None:
        async with _reading_deadline(timeout_seconds):
            record = await self._store.read(reference)
        return records.state_of(record) if record is not None and record.status is not None else None

    async def find_payment(
        self, payment_id: str, *, created_after: datetime, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> PaymentState | None:
        async with _reading_deadline(timeout_seconds):
            found = await self._store.find(payment_id)
        earliest = created_after - CLOCK_SKEW
        made = [record for record in found if record.status is not None and record.created_at >= earliest]
        states = [records.state_of(record) for record in made]
        return max(states, key=lambda state: state.progress, default=None)

    async def find_refund(
        self, refund_id: str, *, payment_reference: str, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> RefundState | None:
        async with _reading_deadline(timeout_seconds):
            record = await self._store.read(payment_reference)
        made = record.refunds if record is not None else ()
        return next((refund for refund in made if refund.refund_id == refund_id), None)

    def parse_event(self, headers: Mapping[str, str], body: bytes) -> GatewayEvent:
        webhook_signature.verify(self._webhook_secret, headers, body, int(self._clock.now().timestamp()))
        try:
            return EVENT.validate_json(body)
        except ValidationError as error:
            raise Invalid("webhook_body_unreadable", "The webhook's body is not an event of the sandbox.") from error

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
        before = None if cursor is None else _position(cursor)
        async with _reading_deadline(timeout_seconds):
            numbered = await self._store.list_events(since, limit + 1, before)
        page = numbered[:limit]
        next_cursor = str(page[-1][0]) if len(numbered) > limit else None
        return EventPage(tuple(event for _, event in page), next_cursor)

    async def close(self) -> None:
        """Wait for the webhooks under way."""
        while self._deliveries:
            await asyncio.gather(*self._deliveries, return_exceptions=True)

    async def _authorise_at_once(
        self, blank: PaymentRecord, step: Callable[[PaymentRecord], Step]
    ) -> PaymentState | RefundState | Refused | None:
        """The common case in one statement; None when the key was used before or the instrument has faults."""
        if blank.behaviour.faults:
            return None
        first = step(blank)
        if not await self._store.insert(first.record, first.events):
            return None
        self._announce(first.events)
        return first.answer

    async def _change(
        self,
        operation: Operation | None,
        reference: str,
        key: str | None,
        digest: str,
        step: Callable[[PaymentRecord], Step],
        blank: PaymentRecord | None = None,
    ) -> PaymentState | RefundState | Refused:
        """Load, check, compute, save; again when another process changed the payment in between."""
        for _ in range(LARGEST_ROUNDS):
            stored = await self._store.read(reference)
            record = stored or blank
            if record is None or (record.status is None and operation != "authorise"):
                return Refused("unknown_payment", f"The sandbox has no payment {reference}.")
            if key is not None and (kept := record.answers.get(key)) is not None:
                return kept.answer if kept.request_digest == digest else _KEY_REUSED
            fault = None if key is None or operation is None else records.fault_for(record, operation, key)
            if fault in ("lost_before_effect", "unavailable_twice") and key is not None:
                after = Step(record.attempted(key, self._clock.now()), _KEY_REUSED)
            else:
                after = step(record)
                if isinstance(after.answer, Refused):
                    return after.answer
            if await self._save(stored, after):
                self._announce(after.events)
                _raise_fault(fault)
                return after.answer
        raise Unavailable("sandbox_contended", f"Payment {reference} is being changed by too many at once.")

    async def _save(self, stored: PaymentRecord | None, after: Step) -> bool:
        if stored is None:
            return await self._store.insert(after.record, after.events)
        return await self._store.replace(after.record, after.events, stored.version)

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

    def _announce(self, events: tuple[GatewayEvent, ...]) -> None:
        if self._deliver is None:
            return
        for event in events:
            if len(self._deliveries) >= LARGEST_DELIVERY_QUEUE:
                log.warning("sandbox_event_not_delivered", event_id=event.event_id, error="too many under way")
                continue
            task = asyncio.create_task(self._send(self._deliver, event), name=event.event_id)
            self._deliveries.add(task)
            task.add_done_callback(self._delivered)

    async def _send(self, deliver: Deliver, event: GatewayEvent) -> None:
        body = EVENT.dump_json(event)
        headers = webhook_signature.sign(self._webhook_secret, body, int(self._clock.now().timestamp()))
        await deliver(headers, body)

    def _delivered(self, task: asyncio.Task[None]) -> None:
        self._deliveries.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.warning("sandbox_event_not_delivered", event_id=task.get_name(), error=repr(error)[:200])


_KEY_REUSED = Refused("idempotency_key_reused", "This idempotency key was used for another request.")


def _raise_fault(fault: Fault | None) -> None:
    match fault:
        case "lost_before_effect" | "lost_after_effect":
            raise OutcomeUnknown(
                "payment_outcome_unknown", "The sandbox gave no answer.", next_step="Look for the payment."
            )
        case "unavailable_twice":
            raise Unavailable("payment_gateway_unavailable", "The sandbox is away.", retry_after_seconds=1.0)
        case None:
            return


def _position(cursor: str) -> int:
    if not (cursor.isascii() and cursor.isdigit() and len(cursor) <= 18):
        raise Invalid("bad_cursor", f"'{cursor[:40]}' is not a cursor of the sandbox's events.")
    return int(cursor)


@asynccontextmanager
async def _deadline(operation: str, timeout_seconds: float) -> AsyncGenerator[None]:
    """The time a call may take; when it is over, the effect may have happened."""
    try:
        async with asyncio.timeout(timeout_seconds):
            yield
    except TimeoutError:
        raise OutcomeUnknown(
            "payment_outcome_unknown",
            f"The sandbox did not answer {operation} within {timeout_seconds:g} seconds.",
            next_step="Look for the payment.",
        ) from None


@asynccontextmanager
async def _reading_deadline(timeout_seconds: float) -> AsyncGenerator[None]:
    """The time a read may take; a read has no effect, so it may simply be tried again."""
    try:
        async with asyncio.timeout(timeout_seconds):
            yield
    except TimeoutError:
        raise Unavailable(
            "payment_gateway_unavailable", f"The sandbox did not answer within {timeout_seconds:g} seconds."
        ) from None
