"""Tickets in the console: answered, noted, handed on, moved up, closed, one by one and many at once."""

from typing import Any

from bottega.shop.support.actions import OpenTicket
from tests.gateway.people import register
from tests.web.console.colleagues import CONSOLE, Colleague
from tests.web.console.test_strictness import assert_whole
from tests.web.console.working import send, submit_chosen
from tests.web.shelf import HOSTILE

TICKETS = f"{CONSOLE}/tickets"


async def opened(colleague: Colleague, subject: str = "Where is it?", **changes: Any) -> str:
    action = OpenTicket(subject=subject, text=f"{subject} Please help.", **changes)
    return (await colleague.shelf.shop.done(action))["ticket_id"]


async def row_of(colleague: Colleague, ticket_id: str) -> dict[str, Any]:
    return (await colleague.shelf.shop.fetch("SELECT * FROM shop.tickets WHERE id = $1", ticket_id))[0]


async def texts_of(colleague: Colleague, ticket_id: str) -> list[tuple[str, bool]]:
    rows = await colleague.shelf.shop.fetch(
        "SELECT vault.reveal(text_ref) AS text, internal FROM shop.ticket_messages WHERE ticket_id = $1 ORDER BY id",
        ticket_id,
    )
    return [(row["text"], row["internal"]) for row in rows]


async def test_an_answer_a_note_and_the_end(support: Colleague) -> None:
    customer = await register(support.shelf.shop, "tickets@example.com")
    ticket_id = await opened(support, customer_id=customer.customer_id)
    page = await support.get(f"{TICKETS}/{ticket_id}")
    assert_whole(page)
    noted = await support.submit(page, "#answer", button="step=internal", text="Ask the carrier.")
    answered = await support.submit(noted, "#answer", button="step=resolve", text="It arrives tomorrow.")
    assert "Answered and resolved." in answered.flashes
    assert (await texts_of(support, ticket_id))[1:] == [("Ask the carrier.", True), ("It arrives tomorrow.", False)]
    assert (await row_of(support, ticket_id))["status"] == "resolved"
    closed = await support.submit(answered, "form[action$='/status']:has([value='closed'])")
    assert (await row_of(support, ticket_id))["status"] == "closed"
    assert closed.count("#answer") == 0


async def test_a_ticket_is_handed_on_and_moved_up(support: Colleague) -> None:
    ticket_id = await opened(support)
    page = await support.get(f"{TICKETS}/{ticket_id}")
    page = await support.submit(page, "#assign", assignee_id=support.id)
    page = await support.submit(page, "#priority", priority="high")
    row = await row_of(support, ticket_id)
    assert (row["assignee_id"], row["priority"]) == (support.id, "high")
    assert (await support.get(f"{TICKETS}?whose=mine")).count(f"a[href$='{ticket_id}']") == 2
    await support.submit(page, "#escalate form", reason="Angry.")
    row = await row_of(support, ticket_id)
    assert (row["assignee_id"], row["priority"]) == (None, "urgent")


async def test_hostile_words_of_a_customer_stay_words(support: Colleague) -> None:
    ticket_id = await opened(support, HOSTILE[:150])
    for address in (f"{TICKETS}/{ticket_id}", f"{TICKETS}?sort=number"):
        page = await support.get(address)
        assert_whole(page)
        assert (page.count("main script, main img"), "{{7*7}}" in page.text) == (0, True)


async def test_many_are_taken_and_the_refused_named(support: Colleague) -> None:
    first, second = await opened(support), await opened(support)
    await submit_chosen(support, TICKETS, f"{TICKETS}/mine", [first, second])
    assert {(await row_of(support, one))["assignee_id"] for one in (first, second)} == {support.id}
    await send(support, f"{TICKETS}/{second}/status", status="closed")
    page = await submit_chosen(support, TICKETS, f"{TICKETS}/resolutions", [first, second])
    assert "Resolved. (1 of 2)" in page.flashes
    assert f"1 row not changed: {(await row_of(support, second))['number']}:" in page.flashes
    assert [(await row_of(support, one))["status"] for one in (first, second)] == ["resolved", "closed"]


async def test_a_colleague_writes_a_question_down(support: Colleague) -> None:
    page = await support.submit(
        await support.get(TICKETS), "#new-ticket form", subject="Called us", text="Wants a map."
    )
    row = await row_of(support, page.path.rpartition("/")[2])
    assert (row["channel"], row["status"], row["customer_id"]) == ("staff", "open", None)
    missing = await send(support, TICKETS, TICKETS, subject="", text="x")
    assert "Subject: please fill this in" in missing.flashes
