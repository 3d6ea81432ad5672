"""Deliveries to a real receiver: signed, complete, tried again, given up, replayed; no entry is lost or skipped."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from bottega.kernel.errors import Conflict
from bottega.platform.outgoing_http import OutgoingHttp
from bottega.shop.webhooks.actions import (
    ChangeWebhookEndpoint,
    RemoveWebhookEndpoint,
    ReplayWebhookDelivery,
)
from bottega.shop.webhooks.delivery import MAXIMUM_ATTEMPTS, deliver_due, retry_seconds, sweep
from bottega.shop.webhooks.signature import HEADER, is_genuine
from tests.shop.webhooks.following import SECRET, Following
from tests.shop.webhooks.receiver import Receiver


async def test_what_happened_arrives_once_signed_and_without_personal_data(
    following: Following, receiver: Receiver
) -> None:
    await following.happen("before")
    endpoint = await following.endpoint(receiver.url)
    (location_id,) = await following.happen("main")
    await following.seal_and_read()
    await following.seal_and_read()
    await following.deliver(endpoint)
    await following.deliver(endpoint)
    (received,) = receiver.received
    record = received.record
    entry = (await following.shop.fetch("SELECT * FROM log.entries ORDER BY sequence DESC LIMIT 1"))[0]
    assert record["entry_id"] == entry["id"]
    assert record["action"] == received.headers["Bottega-Topic"] == "CreateLocation"
    assert record["ids"] == {"location_id": location_id}
    assert record["changes"] == [{"table": "shop.locations", "key": location_id, "operation": "insert"}]
    assert (record["changes_total"], record["actor_kind"]) == (1, "staff")
    assert "arguments" not in record
    assert "result" not in record
    now = int(following.shop.application.clock.now().timestamp())
    header = received.headers[HEADER]
    assert is_genuine(SECRET, received.body, header, now)
    assert not is_genuine("whsec_other", received.body, header, now)
    assert not is_genuine(SECRET, received.body + b" ", header, now)
    assert not is_genuine(SECRET, received.body, header, now + 301)
    (delivery,) = await following.deliveries()
    assert (delivery["state"], delivery["attempts"], delivery["last_status"]) == ("delivered", 1, 200)


async def test_only_the_topics_that_were_asked_for_arrive(following: Following, receiver: Receiver) -> None:
    every = await following.endpoint(receiver.url, "*")
    orders = await following.endpoint(receiver.url, "PlaceOrder")
    await following.happen("main")
    await following.seal_and_read()
    rows = [(row["endpoint_id"], row["topic"]) for row in await following.deliveries()]
    # The endpoint for everything also hears of its own making and of its neighbour's.
    assert rows == [(every, "CreateWebhookEndpoint"), (every, "CreateWebhookEndpoint"), (every, "CreateLocation")]
    assert orders not in {row[0] for row in rows}


async def test_a_failure_is_tried_again_after_a_pause(following: Following, receiver: Receiver) -> None:
    endpoint = await following.endpoint(receiver.url)
    await following.happen("main")
    await following.seal_and_read()
    receiver.script.extend([500, 200])
    await following.deliver(endpoint)
    await following.deliver(endpoint)
    assert len(receiver.received) == 1
    (waiting,) = await following.deliveries()
    assert (waiting["state"], waiting["attempts"], waiting["last_error"]) == ("waiting", 1, "status 500")
    following.advance(8)
    await following.deliver(endpoint)
    assert len(receiver.received) == 2
    assert receiver.received[0].body == receiver.received[1].body
    (delivered,) = await following.deliveries()
    assert (delivered["state"], delivered["attempts"], delivered["last_error"]) == ("delivered", 2, None)


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_retry_after_is_respected(following: Following, receiver: Receiver, form: str) -> None:
    endpoint = await following.endpoint(receiver.url)
    await following.happen("main")
    await following.seal_and_read()
    asked = "600" if form == "seconds" else format_datetime(datetime.now(UTC) + timedelta(seconds=602))
    receiver.script.append((429, {"Retry-After": asked}))
    await following.deliver(endpoint)
    following.advance(590)
    await following.deliver(endpoint)
    assert len(receiver.received) == 1
    following.advance(20)
    await following.deliver(endpoint)
    assert len(receiver.received) == 2


async def test_a_receiver_that_hangs_is_left_after_the_time_limit(following: Following, receiver: Receiver) -> None:
    endpoint = await following.endpoint(receiver.url)
    await following.happen("main")
    await following.seal_and_read()
    receiver.script.append("hang")
    await following.deliver(endpoint, timeout_seconds=0.2)
    (waiting,) = await following.deliveries()
    assert waiting["state"] == "waiting"
    assert "No answer within 0.2 seconds" in waiting["last_error"]


async def test_a_redirect_is_not_followed(following: Following, receiver: Receiver) -> None:
    endpoint = await following.endpoint(receiver.url)
    await following.happen("main")
    await following.seal_and_read()
    receiver.script.append((307, {"Location": receiver.url + "/elsewhere"}))
    await following.deliver(endpoint)
    assert len(receiver.received) == 1
    (waiting,) = await following.deliveries()
    assert (waiting["state"], waiting["last_status"]) == ("waiting", 307)


async def test_it_is_given_up_in_the_end_and_replayed_by_a_person(following: Following, receiver: Receiver) -> None:
    endpoint = await following.endpoint(receiver.url)
    await following.happen("main")
    await following.seal_and_read()
    receiver.script.extend([503] * MAXIMUM_ATTEMPTS)
    for _ in range(MAXIMUM_ATTEMPTS):
        await following.deliver(endpoint)
        following.advance(8 * 3600)
    (dead,) = await following.deliveries()
    assert (dead["state"], dead["attempts"]) == ("dead", MAXIMUM_ATTEMPTS)
    await following.deliver(endpoint)
    assert len(receiver.received) == MAXIMUM_ATTEMPTS
    await following.shop.done(ReplayWebhookDelivery(delivery_id=dead["id"]))
    refused = await following.shop.perform(ReplayWebhookDelivery(delivery_id=dead["id"]))
    with pytest.raises(Conflict, match="on its way already"):
        refused.unwrap()
    await following.deliver(endpoint)
    (delivered,) = await following.deliveries()
    assert (delivered["state"], delivered["attempts"]) == ("delivered", 1)


async def test_gone_means_gone(following: Following, receiver: Receiver) -> None:
    endpoint = await following.endpoint(receiver.url)
    await following.happen("main")
    await following.seal_and_read()
    receiver.script.append(410)
    await following.deliver(endpoint)
    assert [row["state"] for row in await following.deliveries()] == ["dead"]


async def test_a_pause_and_a_removal(following: Following, receiver: Receiver) -> None:
    endpoint = await following.endpoint(receiver.url)
    await following.happen("heard")
    await following.seal_and_read()
    change = ChangeWebhookEndpoint(endpoint_id=endpoint, url=receiver.url, topics=("CreateLocation",), active=False)
    await following.shop.done(change)
    await following.happen("in-the-pause")
    await following.seal_and_read()
    await following.deliver(endpoint)
    assert receiver.received == []
    await following.shop.done(change.model_copy(update={"active": True}))
    await following.deliver(endpoint)
    assert len(receiver.received) == 1
    await following.shop.done(RemoveWebhookEndpoint(endpoint_id=endpoint))
    assert await following.deliveries() == []


async def test_a_worker_that_dies_while_sending_loses_nothing(following: Following, receiver: Receiver) -> None:
    endpoint = await following.endpoint(receiver.url)
    await following.happen("one", "two", "three")
    await following.seal_and_read()
    receiver.script.extend(["hang"] * 3)
    http = OutgoingHttp(allow_private=True)
    dying = asyncio.create_task(deliver_due(following.shop.application.performer, http, endpoint))
    await receiver.has(3)
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    first = receiver.positions
    await following.deliver(endpoint)
    assert receiver.positions == first, "what another worker claimed is not sent twice while it may be at work"
    following.advance(61)
    await following.deliver(endpoint)
    assert sorted(receiver.positions[3:]) == sorted(first)
    assert {row["state"] for row in await following.deliveries()} == {"delivered"}


async def test_two_workers_share_the_work(following: Following, receiver: Receiver) -> None:
    endpoint = await following.endpoint(receiver.url)
    await following.happen(*(f"place-{number}" for number in range(23)))
    await following.seal_and_read()
    await asyncio.gather(*(following.deliver(endpoint) for _ in range(3)))
    assert len(receiver.positions) == len(set(receiver.positions)) == 23


async def test_the_sweeper_wakes_what_was_forgotten_and_drops_what_is_old(
    following: Following, receiver: Receiver
) -> None:
    endpoint = await following.endpoint(receiver.url)
    await following.happen("main")
    await following.seal_and_read()
    await following.shop.execute("DELETE FROM platform.jobs")
    await sweep(following.shop.application, {})
    jobs = await following.shop.fetch("SELECT name, payload FROM platform.jobs")
    assert jobs == [{"name": "webhooks.deliver", "payload": {"endpoint_id": endpoint}}]
    await following.deliver(endpoint)
    following.advance(31 * 86_400)
    await sweep(following.shop.application, {})
    assert await following.deliveries() == []


def test_pauses_grow_and_respect_what_was_asked() -> None:
    pauses = [retry_seconds(attempt, None) for attempt in range(1, MAXIMUM_ATTEMPTS)]
    assert 4 <= pauses[0] <= 6
    assert 16 <= pauses[1] <= 24
    assert all(pause <= 6 * 3600 * 1.2 for pause in pauses)
    assert sum(pauses) > 86_400, "an outage of a day is survived"
    assert retry_seconds(1, 300) == 300
    assert retry_seconds(1, 10**9) == 86_400
