"""Conversations over plain HTTP: whose they are, saying things once, buttons, transcripts, signing in."""

from typing import Any

from bottega.agents.chat.identification import identify
from tests.agents.chat.conftest import Ways
from tests.gateway.people import register
from tests.runtime.workshop import calls, says


async def say(ways: Ways, headers: dict[str, str], text: str, session: str = "s1", **body: Any) -> dict[str, Any]:
    answered = await ways.post(f"/api/chat/{session}/messages", {"text": text, **body}, headers=headers)
    assert answered.status_code == 200, answered.text
    return answered.json()


async def test_a_guest_talks_and_reads_it_back(ways: Ways) -> None:
    guest = await ways.guest()
    ways.model_says(
        calls(("search_products", {"query": "jacket"})), says("Here is one: [product_1]\n[asks size: M | L]")
    )
    reply = await say(ways, guest, "a jacket", client_message_id="m1")
    assert reply["state"] == "answered"
    assert reply["reply"] == "Here is one:"
    assert [(card["title"], card["price"]) for card in reply["cards"]] == [
        ("jacket", {"amount_minor": 8_000, "currency": "EUR"})
    ]
    assert (reply["asks_for"], reply["choices"], reply["tool_calls"]) == ("size", ["M", "L"], ["search_products"])
    assert (reply["level"], reply["cost"], reply["author"]) == ("small", {"amount_micros": 50}, "assistant")
    # The same message again is the same turn, and the model is not asked again.
    assert await say(ways, guest, "a jacket", client_message_id="m1") == reply
    read = (await ways.get("/api/chat/s1/messages", headers=guest)).json()["items"]
    assert read == [reply]
    standing = (await ways.get("/api/chat/s1", headers=guest)).json()
    assert standing == {"session": "s1", "turns": 1, "signed_in": False, "held_by_person": False}


async def test_nobody_else_reads_or_writes_in_it(ways: Ways) -> None:
    ways.model_says(says("Hello."))
    await say(ways, await ways.guest(), "hello")
    other = await ways.guest()
    for answered in (
        await ways.get("/api/chat/s1", headers=other),
        await ways.get("/api/chat/s1/messages", headers=other),
        await ways.get("/api/chat/s1/events", headers=other),
        await ways.post("/api/chat/s1/messages", {"text": "hi"}, headers=other),
    ):
        assert (answered.status_code, answered.json()["code"]) == (403, "not_your_session")
    assert await ways.shop.fetchval("SELECT count(*) FROM runtime.turns") == 1
    missing = await ways.get("/api/chat/none", headers=other)
    assert (missing.status_code, missing.json()["code"]) == (404, "no_such_session")


async def test_messages_have_limits(ways: Ways) -> None:
    guest = await ways.guest()
    long = await ways.post("/api/chat/s1/messages", {"text": "x" * 8_001}, headers=guest)
    assert (long.status_code, long.json()["code"]) == (422, "invalid_request")
    empty = await ways.post("/api/chat/s1/messages", {"text": "  "}, headers=guest)
    assert (empty.status_code, empty.json()["code"]) == (422, "empty_message")
    assert await ways.shop.fetchval("SELECT count(*) FROM runtime.turns") == 0


async def test_a_card_number_is_not_kept(ways: Ways) -> None:
    ways.model_says(says("Please use the payment page."))
    reply = await say(ways, await ways.guest(), "my card is 4242 4242 4242 4242")
    assert reply["asked"] == "my card is [card number removed]"
    stored = await ways.shop.fetchval("SELECT string_agg(t::text, '') FROM runtime.turns t")
    assert "4242" not in stored
    assert "4242" not in str([message for request in ways.counter.model.requests for message in request.messages])


async def test_signing_in_keeps_conversation_and_cart(ways: Ways) -> None:
    guest = await ways.guest()
    variant = ways.counter.wardrobe.medium
    ways.model_says(
        calls(("search_products", {"query": "jacket"})),
        calls(("get_product", {"product_id": "product_1"})),
        says("Here."),
    )
    await say(ways, guest, "a jacket")
    ways.counter.session = "s1"
    ways.model_says(calls(("add_to_cart", {"variant_id": await ways.counter.handle(variant)})), says("Added."))
    await say(ways, guest, "I take it")
    person = await register(ways.shop, "grace@example.com")
    token = guest["Authorization"].removeprefix("Bearer ")
    became = await ways.post("/api/chat/s1/identity", {"guest_token": token}, headers=person.headers)
    assert became.json() == {"session": "s1", "turns": 2, "signed_in": True, "held_by_person": False}
    owner = await ways.shop.fetchval("SELECT customer_id FROM shop.carts WHERE state = 'open'")
    assert owner == person.customer_id
    ways.model_says(calls(("get_cart", {})), calls(("get_account", {})), says("One jacket."))
    reply = await say(ways, person.headers, "what is in my cart?")
    assert reply["tool_calls"] == ["get_cart", "get_account"]
    cart, account = ways.counter.results()
    assert [line["quantity"] for line in cart["lines"]] == [1]
    assert account["id"] == "customer_1"
    # The browser that began it may go on with its guest's token; another account may not.
    ways.model_says(says("Yes?"))
    await say(ways, guest, "still me")
    other = await register(ways.shop, "eve@example.com")
    taken = await ways.post("/api/chat/s1/identity", {"guest_token": token}, headers=other.headers)
    assert (taken.status_code, taken.json()["code"]) == (403, "one_customer_per_conversation")
    looked = await ways.get("/api/chat/s1", headers=other.headers)
    assert looked.status_code == 403


async def test_a_proof_by_code_ends(ways: Ways) -> None:
    guest = await ways.guest()
    person = await register(ways.shop, "grace@example.com")
    ways.model_says(says("Hello."))
    await say(ways, guest, "hello")
    guest_id = await ways.shop.fetchval("SELECT principal_id FROM runtime.sessions")
    await identify(ways.shop.application.performer, "s1", guest_id, person.customer_id, "code")
    assert (await ways.get("/api/chat/s1", headers=guest)).json()["signed_in"] is True
    await ways.shop.execute("UPDATE runtime.identifications SET expires_at = now() - interval '1 second'")
    refused = await ways.get("/api/chat/s1", headers=guest)
    assert (refused.status_code, refused.json()["code"]) == (403, "identification_over")
    assert (await ways.get("/api/chat/s1", headers=person.headers)).status_code == 200
