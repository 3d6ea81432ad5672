"""What the sandbox gateway does beyond the contract: several processes, levers, few statements."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from bottega.connectors.sandbox.instruments import BEHAVIOURS, sandbox_instrument
from bottega.connectors.sandbox.payment_records import PaymentRecord
from bottega.connectors.sandbox.payment_store import MemoryPaymentStore, PostgresPaymentStore
from bottega.connectors.sandbox.payments import SandboxPaymentGateway
from bottega.kernel.errors import Invalid
from bottega.kernel.money import Money
from bottega.platform.clock import SetClock, SystemClock
from bottega.platform.database.pool import Database
from bottega.ports.payment_gateway import (
    AuthoriseRequest,
    CaptureMode,
    CaptureRequest,
    GatewayEvent,
    InstrumentReference,
    PaymentState,
    RefundRequest,
    RefundState,
    Refused,
    VoidRequest,
)

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
_numbers = count(1)


class CountingStore(MemoryPaymentStore):
    """Counts its calls; the PostgreSQL store sends one statement for each."""

    def __init__(self) -> None:
        super().__init__()
        self.calls = 0

    async def insert(self, record: PaymentRecord, events: Sequence[GatewayEvent]) -> bool:
        self.calls += 1
        return await super().insert(record, events)

    async def replace(self, record: PaymentRecord, events: Sequence[GatewayEvent], expected_version: int) -> bool:
        self.calls += 1
        return await super().replace(record, events, expected_version)

    async def read(self, reference: str) -> PaymentRecord | None:
        self.calls += 1
        return await super().read(reference)


def request_for(instrument: str, *, capture: CaptureMode = "manual", amount_minor: int = 2_500) -> AuthoriseRequest:
    number = next(_numbers)
    return AuthoriseRequest(
        f"pay_sandbox_{number}",
        f"ord_{number}",
        Money(amount_minor, "EUR"),
        sandbox_instrument(instrument),
        capture,
    )


async def test_each_call_is_one_or_two_statements() -> None:
    store = CountingStore()
    gateway = SandboxPaymentGateway(SystemClock(), store)
    state = await gateway.authorise(request_for("success"), idempotency_key="a")
    assert store.calls == 1
    await gateway.capture(CaptureRequest(state.reference, Money(2_500, "EUR")), idempotency_key="b")
    assert store.calls == 3
    refund = RefundRequest(state.reference, "rfd_1", Money(100, "EUR"))
    await gateway.refund(refund, idempotency_key="c")
    assert store.calls == 5
    await gateway.read_payment(state.reference)
    assert store.calls == 6


async def test_a_payment_lives_on_in_another_process(sandbox_database_url: str) -> None:
    request = request_for("success")
    first = await Database.open(sandbox_database_url, writers=1, readers=1)
    state = await SandboxPaymentGateway(SystemClock(), PostgresPaymentStore(first)).authorise(
        request, idempotency_key=request.payment_id
    )
    await first.close()
    second = await Database.open(sandbox_database_url, writers=1, readers=1)
    try:
        gateway = SandboxPaymentGateway(SystemClock(), PostgresPaymentStore(second))
        assert await gateway.read_payment(state.reference) == state
        assert await gateway.authorise(request, idempotency_key=request.payment_id) == state
        await gateway.capture(
            CaptureRequest(state.reference, Money(2_500, "EUR")), idempotency_key=f"c{state.reference}"
        )
        page = await gateway.list_events(since=state.occurred_at)
        about = [event.vendor_type for event in page.events if event.payment_reference == state.reference]
        assert about == ["payment.captured", "payment.authorised"]
    finally:
        await second.close()


async def test_racing_captures_under_different_keys_take_the_money_once(sandbox_database: Database) -> None:
    store = PostgresPaymentStore(sandbox_database)
    gateways = [SandboxPaymentGateway(SystemClock(), store) for _ in range(8)]
    state = await gateways[0].authorise(request_for("success"), idempotency_key=f"race-{next(_numbers)}")
    capture = CaptureRequest(state.reference, Money(2_500, "EUR"))
    answers = await asyncio.gather(
        *(
            gateway.capture(capture, idempotency_key=f"{state.reference}-{number}")
            for number, gateway in enumerate(gateways)
        )
    )
    assert sum(isinstance(answer, PaymentState) for answer in answers) == 1
    assert {answer.code for answer in answers if isinstance(answer, Refused)} == {"not_capturable"}


async def test_racing_refunds_never_give_back_more_than_was_taken(sandbox_database: Database) -> None:
    gateway = SandboxPaymentGateway(SystemClock(), PostgresPaymentStore(sandbox_database))
    state = await gateway.authorise(
        request_for("success", capture="automatic"), idempotency_key=f"refunds-{next(_numbers)}"
    )
    requests = [RefundRequest(state.reference, f"rfd_{number}", Money(1_000, "EUR")) for number in range(6)]
    answers = await asyncio.gather(
        *(gateway.refund(request, idempotency_key=f"{state.reference}-{request.refund_id}") for request in requests)
    )
    assert sum(isinstance(answer, RefundState) for answer in answers) == 2
    after = await gateway.read_payment(state.reference)
    assert after is not None
    assert after.amount_refunded_minor == 2_000


async def test_a_pending_refund_that_fails_gives_nothing_back() -> None:
    gateway = SandboxPaymentGateway(SystemClock())
    state = await gateway.authorise(request_for("refund_pending", capture="automatic"), idempotency_key="pending")
    refund = RefundRequest(state.reference, "rfd_pending", Money(2_500, "EUR"))
    made = await gateway.refund(refund, idempotency_key="refund")
    assert isinstance(made, RefundState)
    assert made.status == "pending"
    settled = await gateway.settle_refund(state.reference, "rfd_pending", succeed=False)
    assert isinstance(settled, RefundState)
    assert (settled.status, settled.failure_code) == ("failed", "declined_by_bank")
    after = await gateway.read_payment(state.reference)
    assert after is not None
    assert after.amount_refunded_minor == 0
    again = await gateway.settle_refund(state.reference, "rfd_pending", succeed=True)
    assert again == Refused("no_pending_refund", "Refund rfd_pending is not pending.")


async def test_a_payer_without_a_card_yet_gives_one() -> None:
    gateway = SandboxPaymentGateway(SystemClock())
    request = AuthoriseRequest("pay_open", "ord_open", Money(2_500, "EUR"), None, capture="automatic")
    state = await gateway.authorise(request, idempotency_key="open")
    done = await gateway.complete_action(state.reference, approve=True)
    assert isinstance(done, PaymentState)
    assert (done.status, done.amount_captured_minor) == ("captured", 2_500)
    assert isinstance(await gateway.complete_action(state.reference, approve=False), Refused)


async def test_an_unfinished_challenge_can_be_voided() -> None:
    gateway = SandboxPaymentGateway(SystemClock())
    state = await gateway.authorise(request_for("3d_secure"), idempotency_key="challenge")
    voided = await gateway.void(VoidRequest(state.reference), idempotency_key="void")
    assert isinstance(voided, PaymentState)
    assert (voided.status, voided.amount_authorised_minor) == ("voided", 0)
    assert isinstance(await gateway.complete_action(state.reference, approve=True), Refused)


async def test_a_receiver_that_fails_costs_nothing_but_the_delivery() -> None:
    async def fail(headers: Mapping[str, str], body: bytes) -> None:
        raise ConnectionRefusedError

    gateway = SandboxPaymentGateway(SystemClock(), deliver=fail)
    state = await gateway.authorise(request_for("success"), idempotency_key="undelivered")
    await gateway.close()
    page = await gateway.list_events(since=state.occurred_at)
    assert [event.payment_reference for event in page.events] == [state.reference]


async def test_time_comes_from_the_clock() -> None:
    clock = SetClock(NOON)
    gateway = SandboxPaymentGateway(clock)
    state = await gateway.authorise(request_for("success"), idempotency_key="clock")
    assert state.occurred_at == NOON
    clock.advance(timedelta(hours=2))
    voided = await gateway.void(VoidRequest(state.reference), idempotency_key="clock-void")
    assert isinstance(voided, PaymentState)
    assert voided.occurred_at == NOON + timedelta(hours=2)
    page = await gateway.list_events(since=NOON + timedelta(hours=1))
    assert [event.vendor_type for event in page.events] == ["payment.voided"]


async def test_labels_tell_apart_cards_of_the_same_behaviour() -> None:
    gateway = SandboxPaymentGateway(SystemClock())
    assert sandbox_instrument("declined", "visa-4242") == InstrumentReference("sandbox_card_declined:visa-4242")
    request = AuthoriseRequest("pay_l", "ord_l", Money(1, "EUR"), sandbox_instrument("declined", "visa-4242"))
    assert (await gateway.authorise(request, idempotency_key="label")).decline_code == "card_declined"


def test_only_known_instruments_can_be_asked_for() -> None:
    for name in BEHAVIOURS:
        assert sandbox_instrument(name).token == f"sandbox_card_{name}"
    with pytest.raises(KeyError, match="no sandbox instrument is named 'sucess'"):
        sandbox_instrument("sucess")


@pytest.mark.parametrize("amount_minor", [0, -1])
async def test_nothing_is_no_payment(amount_minor: int) -> None:
    gateway = SandboxPaymentGateway(SystemClock())
    with pytest.raises(Invalid):
        await gateway.authorise(request_for("success", amount_minor=amount_minor), idempotency_key="nothing")


@pytest.mark.parametrize("cursor", ["", "x", "-1", "9" * 30, "\u0661"])
async def test_a_foreign_cursor_is_invalid(cursor: str) -> None:
    with pytest.raises(Invalid):
        await SandboxPaymentGateway(SystemClock()).list_events(since=NOON, cursor=cursor)
