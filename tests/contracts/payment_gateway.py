"""What every payment gateway owes the shop; a connector's tests subclass this and provide `workshop`."""

import asyncio
import itertools
import json
import os
import random
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import pytest

from bottega.kernel.errors import Invalid, OutcomeUnknown, Unavailable
from bottega.kernel.money import Money
from bottega.ports.payment_gateway import (
    AuthoriseRequest,
    CaptureRequest,
    EventRefused,
    GatewayEvent,
    InstrumentReference,
    PaymentGateway,
    PaymentState,
    RefundRequest,
    RefundState,
    Refused,
    VoidRequest,
)

Operation = Literal["authorise", "capture", "refund"]
When = Literal["before_effect", "after_effect"]
Instrument = Literal["success", "declined", "challenge"]

_run = os.urandom(4).hex()
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Webhook:
    """One webhook as a gateway sent it."""

    headers: Mapping[str, str]
    body: bytes


class Workshop(ABC):
    """A gateway under test and the levers that make it misbehave."""

    def __init__(self, gateway: PaymentGateway) -> None:
        self.gateway = gateway

    @abstractmethod
    async def instrument(self, kind: Instrument) -> InstrumentReference: ...

    @abstractmethod
    async def lose_answer(self, operation: Operation, when: When) -> InstrumentReference:
        """Arrange that the next such operation on this instrument has no answer."""

    @abstractmethod
    async def turn_away(self, times: int) -> InstrumentReference:
        """Arrange that the next authorisations on this instrument are turned away before they do anything."""

    @abstractmethod
    async def answer_slowly(self) -> InstrumentReference:
        """Arrange that the next authorisation on this instrument takes two seconds."""

    @abstractmethod
    async def complete_challenge(self, state: PaymentState, *, approve: bool) -> None: ...

    @abstractmethod
    async def webhooks_about(self, reference: str, count: int) -> list[Webhook]: ...

    @abstractmethod
    def sign(self, body: bytes, at: datetime, *, secret: str | None = None) -> Mapping[str, str]: ...


def payment(instrument: InstrumentReference | None, amount_minor: int = 12_345, **changes: Any) -> AuthoriseRequest:
    number = next(_numbers)
    fields: dict[str, Any] = {
        "payment_id": f"pay_{_run}_{number}",
        "order_id": f"ord_{_run}_{number}",
        "amount": Money(amount_minor, "EUR"),
        "instrument": instrument,
        **changes,
    }
    return AuthoriseRequest(**fields)


def euros(amount_minor: int) -> Money:
    return Money(amount_minor, "EUR")


def long_ago() -> datetime:
    return datetime.now(UTC) - timedelta(minutes=1)


def amounts(state: PaymentState) -> tuple[int, int, int]:
    return state.amount_authorised_minor, state.amount_captured_minor, state.amount_refunded_minor


class PaymentGatewayContract:
    """Subclass, and provide the fixture `workshop`."""

    async def read(self, workshop: Workshop, reference: str) -> PaymentState:
        state = await workshop.gateway.read_payment(reference)
        assert state is not None
        return state

    async def captured(self, workshop: Workshop, amount_minor: int = 12_345) -> PaymentState:
        request = payment(await workshop.instrument("success"), amount_minor, capture="automatic")
        return await workshop.gateway.authorise(request, idempotency_key=request.payment_id)

    async def authorised(self, workshop: Workshop, instrument: InstrumentReference | None = None) -> PaymentState:
        request = payment(instrument or await workshop.instrument("success"))
        return await workshop.gateway.authorise(request, idempotency_key=request.payment_id)

    async def test_authorises_then_captures(self, workshop: Workshop) -> None:
        request = payment(await workshop.instrument("success"))
        state = await workshop.gateway.authorise(request, idempotency_key="authorise-" + request.payment_id)
        assert (state.status, amounts(state), state.currency) == ("authorised", (12_345, 0, 0), "EUR")
        assert state.payment_id == request.payment_id
        taken = await workshop.gateway.capture(
            CaptureRequest(state.reference, euros(12_345)), idempotency_key="capture-" + request.payment_id
        )
        assert isinstance(taken, PaymentState)
        assert (taken.status, amounts(taken)) == ("captured", (12_345, 12_345, 0))
        assert taken.reference == state.reference
        assert taken.progress > state.progress
        now_there = await self.read(workshop, state.reference)
        assert (now_there.status, amounts(now_there)) == ("captured", (12_345, 12_345, 0))

    async def test_captures_at_once_when_asked_to(self, workshop: Workshop) -> None:
        state = await self.captured(workshop)
        assert (state.status, amounts(state)) == ("captured", (12_345, 12_345, 0))

    async def test_capturing_less_releases_the_rest(self, workshop: Workshop) -> None:
        state = await self.authorised(workshop)
        taken = await workshop.gateway.capture(
            CaptureRequest(state.reference, euros(10_000)), idempotency_key=f"less-{state.reference}"
        )
        assert isinstance(taken, PaymentState)
        assert (taken.status, amounts(taken)) == ("captured", (12_345, 10_000, 0))

    async def test_capturing_more_than_authorised_is_refused(self, workshop: Workshop) -> None:
        state = await self.authorised(workshop)
        answer = await workshop.gateway.capture(
            CaptureRequest(state.reference, euros(12_346)), idempotency_key=f"more-{state.reference}"
        )
        assert isinstance(answer, Refused)
        assert amounts(await self.read(workshop, state.reference)) == (12_345, 0, 0)

    async def test_capturing_twice_is_refused(self, workshop: Workshop) -> None:
        state = await self.captured(workshop)
        answer = await workshop.gateway.capture(
            CaptureRequest(state.reference, euros(1)), idempotency_key=f"twice-{state.reference}"
        )
        assert isinstance(answer, Refused)
        assert amounts(await self.read(workshop, state.reference)) == (12_345, 12_345, 0)

    async def test_a_decline_is_an_answer(self, workshop: Workshop) -> None:
        request = payment(await workshop.instrument("declined"))
        state = await workshop.gateway.authorise(request, idempotency_key=request.payment_id)
        assert (state.status, amounts(state)) == ("declined", (0, 0, 0))
        assert state.decline_code
        found = await workshop.gateway.find_payment(request.payment_id, created_after=long_ago())
        assert found is not None
        assert (found.status, found.reference) == ("declined", state.reference)

    async def test_an_unknown_instrument_is_declined(self, workshop: Workshop) -> None:
        request = payment(InstrumentReference("pm_no_such_instrument"))
        state = await workshop.gateway.authorise(request, idempotency_key=request.payment_id)
        assert (state.status, amounts(state)) == ("declined", (0, 0, 0))

    async def test_a_challenge_passed(self, workshop: Workshop) -> None:
        state = await self.authorised(workshop, await workshop.instrument("challenge"))
        assert (state.status, amounts(state)) == ("requires_action", (0, 0, 0))
        assert state.next_action is not None
        assert state.next_action.kind in ("redirect", "authenticate_in_browser")
        await workshop.complete_challenge(state, approve=True)
        after = await self.read(workshop, state.reference)
        assert (after.status, amounts(after)) == ("authorised", (12_345, 0, 0))

    async def test_a_challenge_failed(self, workshop: Workshop) -> None:
        state = await self.authorised(workshop, await workshop.instrument("challenge"))
        await workshop.complete_challenge(state, approve=False)
        after = await self.read(workshop, state.reference)
        assert (after.status, amounts(after)) == ("declined", (0, 0, 0))

    async def test_without_an_instrument_the_payer_is_asked_for_one(self, workshop: Workshop) -> None:
        request = payment(None)
        state = await workshop.gateway.authorise(request, idempotency_key=request.payment_id)
        assert state.status == "requires_action"
        assert state.next_action is not None
        assert state.next_action.kind == "collect_instrument"
        assert state.next_action.client_secret
        assert state.next_action.client_secret not in repr(state)

    async def test_voids_what_was_not_captured(self, workshop: Workshop) -> None:
        state = await self.authorised(workshop)
        voided = await workshop.gateway.void(VoidRequest(state.reference), idempotency_key=state.reference)
        assert isinstance(voided, PaymentState)
        assert (voided.status, amounts(voided)) == ("voided", (12_345, 0, 0))
        answer = await workshop.gateway.capture(
            CaptureRequest(state.reference, euros(12_345)), idempotency_key=f"late-{state.reference}"
        )
        assert isinstance(answer, Refused)
        assert (await self.read(workshop, state.reference)).status == "voided"

    async def test_voiding_what_was_captured_is_refused(self, workshop: Workshop) -> None:
        state = await self.captured(workshop)
        answer = await workshop.gateway.void(VoidRequest(state.reference), idempotency_key=state.reference)
        assert isinstance(answer, Refused)
        assert (await self.read(workshop, state.reference)).status == "captured"

    async def test_refunds_in_parts_and_never_more_than_captured(self, workshop: Workshop) -> None:
        state = await self.captured(workshop)
        first = RefundRequest(state.reference, f"rfd_1_{state.reference}", euros(5_000), "damaged")
        answer = await workshop.gateway.refund(first, idempotency_key=first.refund_id)
        assert isinstance(answer, RefundState)
        assert (answer.status, answer.amount_minor, answer.currency) == ("succeeded", 5_000, "EUR")
        assert (answer.refund_id, answer.payment_reference) == (first.refund_id, state.reference)
        too_much = RefundRequest(state.reference, f"rfd_2_{state.reference}", euros(7_346))
        refused = await workshop.gateway.refund(too_much, idempotency_key=too_much.refund_id)
        assert isinstance(refused, Refused)
        assert amounts(await self.read(workshop, state.reference)) == (12_345, 12_345, 5_000)
        rest = RefundRequest(state.reference, f"rfd_3_{state.reference}", euros(7_345))
        assert isinstance(await workshop.gateway.refund(rest, idempotency_key=rest.refund_id), RefundState)
        assert amounts(await self.read(workshop, state.reference)) == (12_345, 12_345, 12_345)

    async def test_refunding_what_was_not_captured_is_refused(self, workshop: Workshop) -> None:
        state = await self.authorised(workshop)
        request = RefundRequest(state.reference, f"rfd_{state.reference}", euros(1))
        assert isinstance(await workshop.gateway.refund(request, idempotency_key=request.refund_id), Refused)
        assert amounts(await self.read(workshop, state.reference)) == (12_345, 0, 0)

    async def test_the_same_key_again_is_one_effect(self, workshop: Workshop) -> None:
        gateway = workshop.gateway
        request = payment(await workshop.instrument("success"))
        states = [await gateway.authorise(request, idempotency_key=request.payment_id) for _ in range(3)]
        assert states == [states[0]] * 3
        capture = CaptureRequest(states[0].reference, euros(12_345))
        taken = [await gateway.capture(capture, idempotency_key=f"c-{request.payment_id}") for _ in range(2)]
        assert taken[0] == taken[1]
        assert isinstance(taken[0], PaymentState)
        refund = RefundRequest(states[0].reference, f"rfd_{request.payment_id}", euros(4_000))
        given = [await gateway.refund(refund, idempotency_key=refund.refund_id) for _ in range(2)]
        assert given[0] == given[1]
        assert amounts(await self.read(workshop, states[0].reference)) == (12_345, 12_345, 4_000)

    async def test_a_key_is_good_for_one_request_only(self, workshop: Workshop) -> None:
        gateway = workshop.gateway
        first = payment(await workshop.instrument("success"))
        await gateway.authorise(first, idempotency_key=first.payment_id)
        other = payment(first.instrument, 1_000)
        state = await gateway.authorise(other, idempotency_key=first.payment_id)
        assert (state.status, state.decline_code) == ("declined", "idempotency_key_reused")
        assert await gateway.find_payment(other.payment_id, created_after=long_ago()) is None

    async def test_racing_equal_keys_are_one_effect(self, workshop: Workshop) -> None:
        gateway = workshop.gateway
        request = payment(await workshop.instrument("success"), capture="automatic")
        calls = (gateway.authorise(request, idempotency_key=request.payment_id) for _ in range(5))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        unclear = [answer for answer in answers if isinstance(answer, OutcomeUnknown)]
        references = {answer.reference for answer in answers if isinstance(answer, PaymentState)}
        assert len(references) == 1
        assert len(unclear) < 5
        assert all(isinstance(answer, OutcomeUnknown | PaymentState) for answer in answers)
        found = await gateway.find_payment(request.payment_id, created_after=long_ago())
        assert found is not None
        assert found.reference in references
        assert amounts(found) == (12_345, 12_345, 0)

    async def test_a_lost_answer_after_the_effect_is_found_again(self, workshop: Workshop) -> None:
        request = payment(await workshop.lose_answer("authorise", "after_effect"))
        with pytest.raises(OutcomeUnknown):
            await workshop.gateway.authorise(request, idempotency_key=request.payment_id, timeout_seconds=0.5)
        found = await workshop.gateway.find_payment(request.payment_id, created_after=long_ago())
        assert found is not None
        assert (found.status, amounts(found)) == ("authorised", (12_345, 0, 0))
        again = await workshop.gateway.authorise(request, idempotency_key=request.payment_id)
        assert again.reference == found.reference

    async def test_a_lost_answer_before_the_effect_finds_nothing(self, workshop: Workshop) -> None:
        request = payment(await workshop.lose_answer("authorise", "before_effect"))
        with pytest.raises(OutcomeUnknown):
            await workshop.gateway.authorise(request, idempotency_key=request.payment_id, timeout_seconds=0.5)
        assert await workshop.gateway.find_payment(request.payment_id, created_after=long_ago()) is None
        again = await workshop.gateway.authorise(request, idempotency_key=request.payment_id)
        assert again.status == "authorised"

    @pytest.mark.parametrize("when", ["before_effect", "after_effect"])
    async def test_a_lost_capture_is_read_from_the_payment(self, workshop: Workshop, when: When) -> None:
        state = await self.authorised(workshop, await workshop.lose_answer("capture", when))
        capture = CaptureRequest(state.reference, euros(12_345))
        with pytest.raises(OutcomeUnknown):
            await workshop.gateway.capture(capture, idempotency_key=f"c-{state.reference}", timeout_seconds=0.5)
        expected = {"before_effect": "authorised", "after_effect": "captured"}[when]
        assert (await self.read(workshop, state.reference)).status == expected
        again = await workshop.gateway.capture(capture, idempotency_key=f"c-{state.reference}")
        assert isinstance(again, PaymentState)
        assert amounts(again) == (12_345, 12_345, 0)

    @pytest.mark.parametrize("when", ["before_effect", "after_effect"])
    async def test_a_lost_refund_is_found_by_our_id(self, workshop: Workshop, when: When) -> None:
        instrument = await workshop.lose_answer("refund", when)
        request = payment(instrument, capture="automatic")
        state = await workshop.gateway.authorise(request, idempotency_key=request.payment_id)
        refund = RefundRequest(state.reference, f"rfd_{state.reference}", euros(2_000))
        with pytest.raises(OutcomeUnknown):
            await workshop.gateway.refund(refund, idempotency_key=refund.refund_id, timeout_seconds=0.5)
        found = await workshop.gateway.find_refund(refund.refund_id, payment_reference=state.reference)
        assert (found and found.amount_minor) == {"before_effect": None, "after_effect": 2_000}[when]
        again = await workshop.gateway.refund(refund, idempotency_key=refund.refund_id)
        assert isinstance(again, RefundState)
        assert amounts(await self.read(workshop, state.reference)) == (12_345, 12_345, 2_000)

    async def test_turned_away_is_not_an_unknown_outcome(self, workshop: Workshop) -> None:
        request = payment(await workshop.turn_away(2))
        for _ in range(2):
            with pytest.raises(Unavailable) as caught:
                await workshop.gateway.authorise(request, idempotency_key=request.payment_id)
            assert not isinstance(caught.value, OutcomeUnknown)
            assert caught.value.retry_after_seconds is not None
        assert await workshop.gateway.find_payment(request.payment_id, created_after=long_ago()) is None
        state = await workshop.gateway.authorise(request, idempotency_key=request.payment_id)
        assert state.status == "authorised"

    async def test_waits_no_longer_than_told(self, workshop: Workshop) -> None:
        request = payment(await workshop.answer_slowly())
        started = asyncio.get_running_loop().time()
        with pytest.raises(OutcomeUnknown):
            await workshop.gateway.authorise(request, idempotency_key=request.payment_id, timeout_seconds=0.2)
        assert asyncio.get_running_loop().time() - started < 1.5

    async def test_unknown_references_are_none(self, workshop: Workshop) -> None:
        gateway = workshop.gateway
        assert await gateway.read_payment("pi_nosuchpayment") is None
        assert await gateway.find_payment("pay_never_made", created_after=long_ago()) is None
        state = await self.captured(workshop)
        assert await gateway.find_refund("rfd_never_made", payment_reference=state.reference) is None
        answer = await gateway.capture(CaptureRequest("pi_nosuchpayment", euros(1)), idempotency_key="none")
        assert isinstance(answer, Refused)

    async def test_webhooks_are_read_alike_however_they_arrive(self, workshop: Workshop) -> None:
        state = await self.captured(workshop)
        sent = await workshop.webhooks_about(state.reference, 1)
        shuffled = sent * 3
        random.Random(7).shuffle(shuffled)
        events = [workshop.gateway.parse_event(webhook.headers, webhook.body) for webhook in shuffled]
        by_id: dict[str, GatewayEvent] = {}
        for event in events:
            assert by_id.setdefault(event.event_id, event) == event
        assert len(by_id) == len(sent)
        assert {event.payment_reference for event in events} == {state.reference}
        latest = max((event.payment for event in events if event.payment), key=lambda each: each.progress)
        assert (latest.status, latest.payment_id) == ("captured", state.payment_id)
        assert latest.amount_captured_minor == 12_345

    async def test_forged_old_and_altered_webhooks_are_refused(self, workshop: Workshop) -> None:
        state = await self.captured(workshop)
        genuine = (await workshop.webhooks_about(state.reference, 1))[0]
        now = datetime.now(UTC)
        assert workshop.gateway.parse_event(workshop.sign(genuine.body, now), genuine.body).kind == "payment"
        forgeries = [
            (workshop.sign(genuine.body, now, secret="whsec_of_somebody_else"), genuine.body),
            (workshop.sign(genuine.body, now - timedelta(minutes=6)), genuine.body),
            (workshop.sign(genuine.body, now), genuine.body.replace(b"12345", b"99999")),
            ({}, genuine.body),
            (dict.fromkeys(workshop.sign(genuine.body, now), "t=,v1="), genuine.body),
            (dict.fromkeys(workshop.sign(genuine.body, now), "t=é,v1=ü"), genuine.body),
            (workshop.sign(b"{}", now), b"\xff\xfe"),
        ]
        for headers, body in forgeries:
            with pytest.raises(EventRefused):
                workshop.gateway.parse_event(headers, body)

    async def test_a_signed_body_that_is_no_event_is_invalid(self, workshop: Workshop) -> None:
        for body in (b"not json", b"{}", b"[]", json.dumps({"id": "evt_1", "type": "payment"}).encode()):
            with pytest.raises(Invalid):
                workshop.gateway.parse_event(workshop.sign(body, datetime.now(UTC)), body)

    async def test_missed_events_can_be_listed(self, workshop: Workshop) -> None:
        gateway = workshop.gateway
        since = long_ago()
        references = [(await self.captured(workshop)).reference for _ in range(3)]
        listed: list[GatewayEvent] = []
        cursor = None
        for _ in range(200):
            page = await gateway.list_events(since=since, limit=2, cursor=cursor)
            assert len(page.events) <= 2
            listed += page.events
            cursor = page.next_cursor
            if cursor is None:
                break
        assert cursor is None
        assert len({event.event_id for event in listed}) == len(listed)
        ours = [event.payment_reference for event in listed if event.payment_reference in references]
        assert ours == references[::-1]
        webhook = (await workshop.webhooks_about(references[0], 1))[0]
        assert gateway.parse_event(webhook.headers, webhook.body) in listed
        later = await gateway.list_events(since=datetime.now(UTC) + timedelta(hours=1))
        assert later.events == ()

    @pytest.mark.parametrize("limit", [0, 101])
    async def test_pages_of_events_have_a_limit(self, workshop: Workshop, limit: int) -> None:
        with pytest.raises(Invalid):
            await workshop.gateway.list_events(since=long_ago(), limit=limit)
