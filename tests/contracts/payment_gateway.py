"""What every payment gateway owes the shop; its tests inherit these and provide the fixture `workshop`."""

import asyncio

import pytest

from bottega.kernel.errors import OutcomeUnknown, Unavailable
from bottega.ports.payment_gateway import (
    CaptureRequest,
    InstrumentReference,
    PaymentState,
    RefundRequest,
    RefundState,
    Refused,
    VoidRequest,
)
from tests.contracts.payment_workshop import (
    When,
    Workshop,
    amounts,
    authorised,
    captured,
    euros,
    long_ago,
    payment,
    read,
)


class MoneyContract:
    """Authorising, capturing, voiding, refunding."""

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
        now_there = await read(workshop, state.reference)
        assert (now_there.status, amounts(now_there)) == ("captured", (12_345, 12_345, 0))

    async def test_captures_at_once_when_asked_to(self, workshop: Workshop) -> None:
        state = await captured(workshop)
        assert (state.status, amounts(state)) == ("captured", (12_345, 12_345, 0))

    async def test_capturing_less_releases_the_rest(self, workshop: Workshop) -> None:
        state = await authorised(workshop)
        taken = await workshop.gateway.capture(
            CaptureRequest(state.reference, euros(10_000)), idempotency_key=f"less-{state.reference}"
        )
        assert isinstance(taken, PaymentState)
        assert (taken.status, amounts(taken)) == ("captured", (12_345, 10_000, 0))

    async def test_capturing_more_than_authorised_is_refused(self, workshop: Workshop) -> None:
        state = await authorised(workshop)
        answer = await workshop.gateway.capture(
            CaptureRequest(state.reference, euros(12_346)), idempotency_key=f"more-{state.reference}"
        )
        assert isinstance(answer, Refused)
        assert amounts(await read(workshop, state.reference)) == (12_345, 0, 0)

    async def test_capturing_twice_is_refused(self, workshop: Workshop) -> None:
        state = await captured(workshop)
        answer = await workshop.gateway.capture(
            CaptureRequest(state.reference, euros(1)), idempotency_key=f"twice-{state.reference}"
        )
        assert isinstance(answer, Refused)
        assert amounts(await read(workshop, state.reference)) == (12_345, 12_345, 0)

    async def test_voids_what_was_not_captured(self, workshop: Workshop) -> None:
        state = await authorised(workshop)
        voided = await workshop.gateway.void(VoidRequest(state.reference), idempotency_key=state.reference)
        assert isinstance(voided, PaymentState)
        assert (voided.status, amounts(voided)) == ("voided", (12_345, 0, 0))
        answer = await workshop.gateway.capture(
            CaptureRequest(state.reference, euros(12_345)), idempotency_key=f"late-{state.reference}"
        )
        assert isinstance(answer, Refused)
        assert (await read(workshop, state.reference)).status == "voided"

    async def test_voiding_what_was_captured_is_refused(self, workshop: Workshop) -> None:
        state = await captured(workshop)
        answer = await workshop.gateway.void(VoidRequest(state.reference), idempotency_key=state.reference)
        assert isinstance(answer, Refused)
        assert (await read(workshop, state.reference)).status == "captured"

    async def test_refunds_in_parts_and_never_more_than_captured(self, workshop: Workshop) -> None:
        state = await captured(workshop)
        first = RefundRequest(state.reference, f"rfd_1_{state.reference}", euros(5_000), "damaged")
        answer = await workshop.gateway.refund(first, idempotency_key=first.refund_id)
        assert isinstance(answer, RefundState)
        assert (answer.status, answer.amount_minor, answer.currency) == ("succeeded", 5_000, "EUR")
        assert (answer.refund_id, answer.payment_reference) == (first.refund_id, state.reference)
        too_much = RefundRequest(state.reference, f"rfd_2_{state.reference}", euros(7_346))
        refused = await workshop.gateway.refund(too_much, idempotency_key=too_much.refund_id)
        assert isinstance(refused, Refused)
        assert amounts(await read(workshop, state.reference)) == (12_345, 12_345, 5_000)
        rest = RefundRequest(state.reference, f"rfd_3_{state.reference}", euros(7_345))
        assert isinstance(await workshop.gateway.refund(rest, idempotency_key=rest.refund_id), RefundState)
        assert amounts(await read(workshop, state.reference)) == (12_345, 12_345, 12_345)

    async def test_refunding_what_was_not_captured_is_refused(self, workshop: Workshop) -> None:
        state = await authorised(workshop)
        request = RefundRequest(state.reference, f"rfd_{state.reference}", euros(1))
        assert isinstance(await workshop.gateway.refund(request, idempotency_key=request.refund_id), Refused)
        assert amounts(await read(workshop, state.reference)) == (12_345, 0, 0)


class InstrumentContract:
    """What cards answer."""

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
        state = await authorised(workshop, await workshop.instrument("challenge"))
        assert (state.status, amounts(state)) == ("requires_action", (0, 0, 0))
        assert state.next_action is not None
        assert state.next_action.kind in ("redirect", "authenticate_in_browser")
        await workshop.complete_challenge(state, approve=True)
        after = await read(workshop, state.reference)
        assert (after.status, amounts(after)) == ("authorised", (12_345, 0, 0))

    async def test_a_challenge_failed(self, workshop: Workshop) -> None:
        state = await authorised(workshop, await workshop.instrument("challenge"))
        await workshop.complete_challenge(state, approve=False)
        after = await read(workshop, state.reference)
        assert (after.status, amounts(after)) == ("declined", (0, 0, 0))

    async def test_without_an_instrument_the_payer_is_asked_for_one(self, workshop: Workshop) -> None:
        request = payment(None)
        state = await workshop.gateway.authorise(request, idempotency_key=request.payment_id)
        assert state.status == "requires_action"
        assert state.next_action is not None
        assert state.next_action.kind == "collect_instrument"
        assert state.next_action.client_secret
        assert state.next_action.client_secret not in repr(state)


class OnceContract:
    """One effect per key, and what is known when the answer is lost."""

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
        assert amounts(await read(workshop, states[0].reference)) == (12_345, 12_345, 4_000)

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
        state = await authorised(workshop, await workshop.lose_answer("capture", when))
        capture = CaptureRequest(state.reference, euros(12_345))
        with pytest.raises(OutcomeUnknown):
            await workshop.gateway.capture(capture, idempotency_key=f"c-{state.reference}", timeout_seconds=0.5)
        expected = {"before_effect": "authorised", "after_effect": "captured"}[when]
        assert (await read(workshop, state.reference)).status == expected
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
        assert amounts(await read(workshop, state.reference)) == (12_345, 12_345, 2_000)

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
        state = await captured(workshop)
        assert await gateway.find_refund("rfd_never_made", payment_reference=state.reference) is None
        answer = await gateway.capture(CaptureRequest("pi_nosuchpayment", euros(1)), idempotency_key="none")
        assert isinstance(answer, Refused)
