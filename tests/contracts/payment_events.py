"""What every payment gateway owes the shop about its events; inherited like the payment gateway contract."""

import json
import random
from datetime import UTC, datetime, timedelta

import pytest

from bottega.kernel.errors import Invalid
from bottega.ports.payment_gateway import (
    EventRefused,
    GatewayEvent,
)
from tests.contracts.payment_workshop import (
    Workshop,
    captured,
    long_ago,
)


class EventContract:
    """Webhooks that are forged, old, repeated, reordered or missed."""

    async def test_webhooks_are_read_alike_however_they_arrive(self, workshop: Workshop) -> None:
        state = await captured(workshop)
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
        state = await captured(workshop)
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
        references = [(await captured(workshop)).reference for _ in range(3)]
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
