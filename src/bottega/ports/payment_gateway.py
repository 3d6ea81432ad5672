"""The port to a payment provider: authorise, capture, void, refund, find again, and read its events.

Three kinds of answer, and the caller must tell them apart:

* an answer in words is a value: a `PaymentState` (which may be `declined`), a `RefundState`, or `Refused`;
* `Unavailable` was raised: the provider surely did nothing, so the same call may be sent again;
* `OutcomeUnknown` was raised: the effect may have happened, so look for it (`read_payment`, `find_payment`,
  `find_refund`) before anything else. Sending the same call again with the same key is safe as well.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal, Protocol

from bottega.kernel.errors import Forbidden
from bottega.kernel.money import Money

DEFAULT_TIMEOUT_SECONDS = 20.0
LARGEST_EVENT_PAGE = 100
CLOCK_SKEW = timedelta(minutes=5)

CaptureMode = Literal["automatic", "manual"]
PaymentStatus = Literal["requires_action", "processing", "authorised", "captured", "declined", "voided"]
RefundStatus = Literal["pending", "succeeded", "failed"]
NextActionKind = Literal["collect_instrument", "redirect", "authenticate_in_browser"]

# How far a payment has come; a later step never goes back to an earlier one, except that a declined payment
# may be tried again with another instrument (which is a step forward in this order).
_PROGRESS: dict[PaymentStatus, int] = {
    "requires_action": 0,
    "declined": 1,
    "processing": 2,
    "authorised": 3,
    "captured": 4,
    "voided": 5,
}


class EventRefused(Forbidden):
    """A webhook whose signature is missing, wrong or too old."""


@dataclass(frozen=True, slots=True)
class InstrumentReference:
    """What is charged: the provider's token of a card or account, and its customer if kept under one."""

    token: str
    customer_reference: str | None = None


@dataclass(frozen=True, slots=True)
class AuthoriseRequest:
    """One payment of one order; without an instrument the answer says how the payer gives one."""

    payment_id: str
    order_id: str
    amount: Money
    instrument: InstrumentReference | None = None
    capture: CaptureMode = "manual"
    return_url: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class CaptureRequest:
    """Take all or part of what was authorised; the rest is released. A payment is captured once."""

    reference: str
    amount: Money


@dataclass(frozen=True, slots=True)
class VoidRequest:
    """Give up a payment that has not been captured."""

    reference: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class RefundRequest:
    """Give captured money back to the instrument it came from."""

    reference: str
    refund_id: str
    amount: Money
    reason: str = ""


@dataclass(frozen=True, slots=True)
class NextAction:
    """What the payer has to do; `client_secret` is for the payer's browser only and never written down."""

    kind: NextActionKind
    url: str | None = None
    client_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class PaymentState:
    """Where a payment stands at the provider; `reference` is the provider's name of it, `payment_id` is ours.

    `amount_authorised_minor` is what was ever authorised, also after a capture or void. `reference` is empty
    only when the provider declined without keeping anything.
    """

    reference: str
    status: PaymentStatus
    amount_authorised_minor: int
    amount_captured_minor: int
    amount_refunded_minor: int
    currency: str
    occurred_at: datetime
    payment_id: str | None = None
    decline_code: str | None = None
    next_action: NextAction | None = None

    @property
    def progress(self) -> tuple[int, int, int]:
        """Grows as the payment goes on, so that of two states of one payment the greater is the later one."""
        return _PROGRESS[self.status], self.amount_captured_minor, self.amount_refunded_minor


@dataclass(frozen=True, slots=True)
class RefundState:
    """Where one refund stands at the provider."""

    reference: str
    payment_reference: str
    status: RefundStatus
    amount_minor: int
    currency: str
    occurred_at: datetime
    refund_id: str | None = None
    failure_code: str | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """A clear no: nothing happened, and the same request would be refused again."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class GatewayEvent:
    """Something the provider reports; unique by (gateway, event_id), repeated and reordered at will.

    `payment` and `refund` are the states at the time of the event, so a reader either compares `progress` or,
    better, takes the event as a hint and reads the payment. An event that concerns neither has kind `other`.
    """

    gateway: str
    event_id: str
    kind: Literal["payment", "refund", "other"]
    vendor_type: str
    occurred_at: datetime
    payment_reference: str | None = None
    payment: PaymentState | None = None
    refund: RefundState | None = None


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events, newest first; `next_cursor` is None on the last page."""

    events: tuple[GatewayEvent, ...]
    next_cursor: str | None


class PaymentGateway(Protocol):
    """A payment provider. Every call raises `Unavailable` or `OutcomeUnknown` as the module says.

    An `idempotency_key` with the same request gives the same answer and one effect; with another request it
    is `Refused` (or, from `authorise`, declined) with the code `idempotency_key_reused`.
    """

    @property
    def name(self) -> str:
        """The connector's name, as stored beside every reference: `sandbox`, `stripe`."""
        ...

    async def authorise(
        self,
        request: AuthoriseRequest,
        *,
        idempotency_key: str,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> PaymentState:
        """Authorise, and if asked to capture at once; a refusal of any kind is the status `declined`."""
        ...

    async def capture(
        self,
        request: CaptureRequest,
        *,
        idempotency_key: str,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> PaymentState | Refused: ...

    async def void(
        self, request: VoidRequest, *, idempotency_key: str, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> PaymentState | Refused: ...

    async def refund(
        self,
        request: RefundRequest,
        *,
        idempotency_key: str,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> RefundState | Refused: ...

    async def read_payment(
        self, reference: str, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> PaymentState | None:
        """The payment as it stands now, or None when the provider does not know the reference."""
        ...

    async def find_payment(
        self, payment_id: str, *, created_after: datetime, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> PaymentState | None:
        """The payment that carries our id, when the answer to `authorise` was lost, or None.

        `created_after` is when we began to try; it bounds the search (less `CLOCK_SKEW`). A request may still
        be on its way, so whoever tries again after None keeps the idempotency key. Of several payments with our
        id the one that came furthest is answered.
        """
        ...

    async def find_refund(
        self, refund_id: str, *, payment_reference: str, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS
    ) -> RefundState | None:
        """The refund that carries our id, when the answer to `refund` was lost; None when there is none."""
        ...

    def parse_event(self, headers: Mapping[str, str], body: bytes) -> GatewayEvent:
        """Check a webhook's signature and age and read it; raises `EventRefused` or `Invalid`."""
        ...

    async def list_events(
        self,
        *,
        since: datetime,
        limit: int = LARGEST_EVENT_PAGE,
        cursor: str | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> EventPage:
        """A page of what happened since then, for webhooks that never arrived; `limit` is 1 to 100."""
        ...

    async def close(self) -> None:
        """Give back connections and finish deliveries under way."""
        ...
