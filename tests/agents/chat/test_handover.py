"""A person takes a conversation, writes in it and gives it back; meanwhile the assistant is silent."""

from tests.agents.chat.conftest import Ways
from tests.agents.chat.test_rest import say
from tests.runtime.workshop import calls, says


async def test_a_person_takes_over_and_gives_back(ways: Ways) -> None:
    guest, support = await ways.guest(), await ways.shop.staff_headers("support")
    ways.model_says(
        calls(("escalate_support", {"subject": "A person is wanted", "summary": "Angry."})),
        says("I have called a colleague."),
    )
    reply = await say(ways, guest, "I want to talk to a human")
    assert (reply["handover"], reply["tool_calls"]) == (True, ["escalate_support"])
    (ticket,) = await ways.shop.fetch("SELECT number, status, customer_id, channel FROM shop.tickets")
    assert (ticket["status"], ticket["channel"]) == ("open", "chat")
    listed = (await ways.get("/api/conversations?waiting=true", headers=support)).json()["items"]
    assert [(one["id"], one["handover"], one["last_said"]) for one in listed] == [
        ("s1", "waiting", "I want to talk to a human")
    ]
    # Asking again calls nobody a second time.
    ways.model_says(calls(("escalate_support", {"subject": "Again"})), says("Somebody is on the way."))
    await say(ways, guest, "hello??")
    assert await ways.shop.fetchval("SELECT count(*) FROM shop.tickets") == 1

    taken = (await ways.post("/api/conversations/s1/takeover", headers=support)).json()
    assert taken["held_by"] is not None
    heard = await say(ways, guest, "are you a person?")
    assert (heard["state"], heard["reply"], heard["handover"]) == ("with_person", "", True)
    written = await ways.post("/api/conversations/s1/messages", {"text": "Yes, I am Ada."}, headers=support, key="k1")
    assert written.status_code == 201, written.text
    await ways.post("/api/conversations/s1/messages", {"text": "Yes, I am Ada."}, headers=support, key="k1")
    items = (await ways.get("/api/chat/s1/messages?after=2", headers=guest)).json()["items"]
    assert [(one["asked"], one["reply"], one["author"], one["level"]) for one in items] == [
        ("are you a person?", "", "assistant", "rules"),
        (None, "Yes, I am Ada.", "staff", "person"),
    ]
    other = await ways.shop.staff_headers("manager")
    refused = await ways.post("/api/conversations/s1/takeover", headers=other)
    assert (refused.status_code, refused.json()["code"]) == (409, "taken_by_another")
    foreign = await ways.post("/api/conversations/s1/messages", {"text": "Hi"}, headers=other, key="k2")
    assert (foreign.status_code, foreign.json()["code"]) == (409, "not_held")

    given = (await ways.post("/api/conversations/s1/handback", headers=support)).json()
    assert given["held_by"] is None
    ways.model_says(says("I am back."))
    answered = await say(ways, guest, "thanks")
    assert (answered["reply"], answered["handover"]) == ("I am back.", False)
    # The model is told what the colleague said.
    assert "Yes, I am Ada." in str(ways.counter.model.requests[-1].messages)


async def test_colleagues_see_no_buttons_of_others(ways: Ways) -> None:
    guest, support = await ways.guest(), await ways.shop.staff_headers("support")
    ways.model_says(says("Hello."))
    await say(ways, guest, "hello")
    shown = (await ways.get("/api/conversations/s1", headers=support)).json()
    assert [item["reply"] for item in shown["items"]] == ["Hello."]
    assert shown["items"][0]["confirmation"] is None
    warehouse = await ways.shop.staff_headers("warehouse")
    refused = await ways.post("/api/conversations/s1/takeover", headers=warehouse)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_for_this_role")
    assert await ways.shop.fetchval("SELECT held_by FROM runtime.sessions") is None
