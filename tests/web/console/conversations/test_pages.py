"""Taking over a conversation, answering as a person, and giving it back."""

from bottega.kernel.identifiers import new_id
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.shelf import HOSTILE, Shelf
from tests.web.visitor import Visitor

LIST = f"{CONSOLE}/conversations"
WRITE = ".conversation-say"


async def talk(shelf: Shelf, text: str) -> tuple[str, dict[str, str]]:
    """A guest says something; the conversation's id, and the guest's headers."""
    headers = await shelf.shop.guest_headers()
    session = f"ses_{new_id('req')}"
    said = await say(shelf, session, headers, text)
    assert said["state"] == "answered"
    return session, headers


async def say(shelf: Shelf, session: str, headers: dict[str, str], text: str) -> dict[str, str]:
    answer = await shelf.shop.client.post(
        f"/api/chat/{session}/messages", json={"text": text}, headers={**headers, "Idempotency-Key": new_id("req")}
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def held_by(shelf: Shelf, session: str) -> str | None:
    return await shelf.shop.fetchval("SELECT held_by FROM runtime.sessions WHERE id = $1", session)


async def test_a_colleague_takes_over_answers_and_gives_back(shelf: Shelf, support: Colleague) -> None:
    session, headers = await talk(shelf, "I want to talk to a person")
    listed = await support.get(LIST)
    assert "wants a person" in listed.text_of("#conversation-list")
    page = await support.get(f"{LIST}/{session}")
    assert_whole(page)
    assert "I want to talk to a person" in page.text_of("#transcript")
    taken = await support.submit(page, "#say form")
    assert "You have this conversation now" in taken.flashes
    assert await held_by(shelf, session) == support.id

    assert (await say(shelf, session, headers, "Are you there?"))["state"] == "with_person"
    mine = await support.get(f"{LIST}/{session}")
    answered = await support.submit(mine, WRITE, text="Yes, this is Livia.")
    assert "Yes, this is Livia." in answered.text_of("#transcript")
    again = await support.submit(mine, WRITE, text="Yes, this is Livia.")
    assert again.text_of("#transcript").count("Yes, this is Livia.") == 1, "the form's key makes it one message"

    given = await support.submit(again, ".conversation-ways form")
    assert "The assistant answers again." in given.flashes
    assert await held_by(shelf, session) is None
    assert (await say(shelf, session, headers, "What is your return policy?"))["state"] == "answered"


async def test_another_colleague_sees_who_has_it_and_cannot_write(
    shelf: Shelf, support: Colleague, owner: Colleague
) -> None:
    session, _ = await talk(shelf, "Hello")
    await support.submit(await support.get(f"{LIST}/{session}"), "#say form")
    page = await owner.get(f"{LIST}/{session}")
    assert "has this conversation" in page.text
    assert page.count(WRITE) == 0
    refused = await owner.post(f"{LIST}/{session}/messages", {"key": new_id("frm"), "text": "Me too"})
    assert "You do not have this conversation" in refused.flashes
    assert "Me too" not in (await owner.get(f"{LIST}/{session}/turns")).text
    await owner.post(f"{LIST}/{session}/takeover", {"key": new_id("frm")})
    assert await held_by(shelf, session) == support.id


async def test_what_customers_write_is_text(shelf: Shelf, support: Colleague) -> None:
    session, _ = await talk(shelf, HOSTILE)
    for path in (f"{LIST}/{session}", f"{LIST}/{session}/turns", LIST, f"{LIST}/list"):
        page = await support.get(path)
        assert "<script>alert" not in page.response.text, path
        assert page.count("img[src=x]") == 0, path
    assert HOSTILE in (await support.get(f"{LIST}/{session}")).text_of("#transcript")


async def test_an_unknown_conversation_is_not_found(support: Colleague, visitor: Visitor) -> None:
    assert (await support.get(f"{LIST}/ses_nobody")).status == 404
    assert (await visitor.get(f"{LIST}/ses_nobody")).path == f"{CONSOLE}/sign-in"
