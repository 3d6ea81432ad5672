"""Conversations over a real WebSocket: AG-UI events, several tabs, a dropped connection, and who is let in."""

import json
from typing import Any

import pytest
import websockets

from tests.agents.chat.conftest import Ways
from tests.runtime.workshop import calls, says

IDLE = {"heartbeat", "activity"}


async def events_until(connection: Any, last: str = "RUN_FINISHED") -> list[dict[str, Any]]:
    """Events up to and with the first of a type; what only says that work is under way left out."""
    found: list[dict[str, Any]] = []
    while not found or found[-1]["type"] != last:
        event = json.loads(await connection.recv())
        if event.get("name") not in IDLE and "event_id" in event.get("metadata", {}):
            found.append(event)
    return found


async def code_of_closing(connection: Any) -> int | None:
    """Reads until the server closes; nothing of the conversation comes before that."""
    try:
        while True:
            assert "Hello." not in str(await connection.recv())
    except websockets.ConnectionClosed as closed:
        return None if closed.rcvd is None else closed.rcvd.code


def hello(headers: dict[str, str], last_event_id: str | None = None) -> str:
    token = headers["Authorization"].removeprefix("Bearer ")
    return json.dumps({"type": "hello", "token": token, "last_event_id": last_event_id})


def message(text: str, number: str) -> str:
    return json.dumps({"type": "message", "text": text, "client_message_id": number})


async def test_a_turn_as_events_in_two_tabs_and_after_a_drop(ways: Ways, server: str) -> None:
    guest = await ways.guest()
    address = f"{server}/api/chat/s1/socket"
    async with websockets.connect(address) as first, websockets.connect(address) as second:
        await first.send(hello(guest))
        await second.send(hello(guest))
        ways.model_says(calls(("search_products", {"query": "jacket"})), says("One fits. See [product_1]"))
        await first.send(message("a jacket", "m1"))
        seen = await events_until(first)
        assert await events_until(second) == seen
    assert [event["type"] for event in seen] == [
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "RUN_STARTED",
        "TOOL_CALL_START",
        "TOOL_CALL_END",
        "TOOL_CALL_RESULT",
        "TEXT_MESSAGE_START",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_CONTENT",
        "TEXT_MESSAGE_END",
        "CUSTOM",
        "STATE_SNAPSHOT",
        "RUN_FINISHED",
    ]
    assert [event["metadata"]["event_id"] for event in seen] == [f"1.{place}" for place in range(14)]
    assert "".join(event["delta"] for event in seen[8:10]) == "One fits. See jacket"
    assert (seen[4]["toolCallName"], seen[6]["content"]) == ("search_products", "done")
    assert (seen[11]["name"], seen[11]["value"][0]["title"]) == ("cards", "jacket")
    assert seen[12]["snapshot"]["level"] == "small"

    # While the connection was away something was said elsewhere: it is told from where it broke off, and once.
    ways.model_says(says("You are welcome."))
    await ways.post("/api/chat/s1/messages", {"text": "thanks"}, headers=guest)
    async with websockets.connect(address) as again:
        await again.send(hello(guest, "1.11"))
        rest = await events_until(again)
        assert [event["metadata"]["event_id"] for event in rest] == ["1.12", "1.13"]
        following = await events_until(again)
        assert [event["metadata"]["event_id"] for event in following] == [f"2.{place}" for place in range(9)]
        assert following[5]["delta"] == "You are welcome."


async def test_what_is_refused_is_told(ways: Ways, server: str) -> None:
    guest = await ways.guest()
    async with websockets.connect(f"{server}/api/chat/s1/socket") as connection:
        await connection.send(hello(guest))
        await connection.send(message("   ", "m1"))
        while (event := json.loads(await connection.recv()))["type"] != "RUN_ERROR":
            pass
        assert event["code"] == "empty_message"
    assert await ways.shop.fetchval("SELECT count(*) FROM runtime.turns") == 0


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ('{"type": "hello", "token": "btg_nobody"}', 4401),
        ('{"type": "hello"}', 4401),
        ("no json", 4400),
        ('{"type": "message", "text": "hi"}', 4400),
        ("x" * 70_000, 4400),
    ],
)
async def test_whoever_says_nothing_good_is_shown_out(ways: Ways, server: str, frame: str, code: int) -> None:
    async with websockets.connect(f"{server}/api/chat/s1/socket") as connection:
        await connection.send(frame)
        assert await code_of_closing(connection) == code
    assert await ways.shop.fetchval("SELECT count(*) FROM runtime.sessions") == 0


async def test_another_guest_is_shown_out(ways: Ways, server: str) -> None:
    ways.model_says(says("Hello."))
    await ways.post("/api/chat/s1/messages", {"text": "hello"}, headers=await ways.guest())
    async with websockets.connect(f"{server}/api/chat/s1/socket") as connection:
        await connection.send(hello(await ways.guest()))
        assert await code_of_closing(connection) == 4403


async def test_pages_of_others_are_refused(ways: Ways, server: str) -> None:
    guest = await ways.guest()
    with pytest.raises(websockets.InvalidStatus) as refused:
        async with websockets.connect(
            f"{server}/api/chat/s1/socket", origin=websockets.Origin("https://evil.example"), additional_headers=guest
        ):
            pass
    assert refused.value.response.status_code == 403
    with pytest.raises(websockets.InvalidStatus):
        async with websockets.connect(
            f"{server}/api/chat/s1/socket", additional_headers={"Cookie": "bottega_session=bts_x"}
        ):
            pass
