"""Tickets: opened, answered, seen by whom, moved on, escalated, and silent in the log about what was written."""

from datetime import timedelta
from typing import Any

import pytest

from bottega.actions.actor import Actor
from bottega.actions.outcome import Denied, Done, Failed, Outcome
from bottega.kernel.identifiers import new_id
from bottega.shop.support.actions import (
    MOST_MESSAGES,
    AnswerTicket,
    AssignTicket,
    ChangeTicketPriority,
    ChangeTicketStatus,
    EscalateTicket,
    LinkTicket,
    OpenTicket,
)
from bottega.shop.support.overdue import escalate_due
from bottega.shop.support.queries import get_ticket, list_tickets
from tests.gateway.people import mails_to
from tests.shop.entries import entry
from tests.shop.wardrobe import Wardrobe, open_wardrobe
from tests.shop_fixtures import ANALYST, OWNER, SUPPORT, MovableClock, Shop

STRANGER = Actor("customer", new_id("cus"), "customer")
COLLEAGUE = "stf_00000000000000000000000009"


async def opened(shop: Shop, by: Actor, **changes: Any) -> str:
    action = OpenTicket(subject="Where is my parcel", text="It should be here since Monday.", **changes)
    return (await shop.done(action, by=by))["ticket_id"]


async def ticket(shop: Shop, ticket_id: str, by: Actor = OWNER) -> Any:
    async with shop.application.database.read() as connection:
        return await get_ticket(connection, by, ticket_id)


async def hire(shop: Shop) -> None:
    async with entry(shop) as work:
        await work.connection.execute(
            "INSERT INTO shop.staff (id, email_ref, name_ref, role, created_at) "
            "VALUES ($1, 'e', 'n', 'support', now())",
            COLLEAGUE,
        )


def refusal(outcome: Outcome) -> str:
    assert isinstance(outcome, Failed), outcome
    return outcome.refusal.code


@pytest.fixture
async def wardrobe(shop: Shop) -> Wardrobe:
    return await open_wardrobe(shop)


async def test_a_conversation_and_its_statuses(shop: Shop, wardrobe: Wardrobe) -> None:
    ticket_id = await opened(shop, wardrobe.customer)
    assert (await ticket(shop, ticket_id)).number == "T-1001"
    answered = await shop.done(AnswerTicket(ticket_id=ticket_id, text="It left yesterday."), by=SUPPORT)
    assert answered["status"] == "waiting_for_customer"
    again = await shop.done(AnswerTicket(ticket_id=ticket_id, text="It is here."), by=wardrobe.customer)
    assert again["status"] == "open"
    await shop.done(ChangeTicketStatus(ticket_id=ticket_id, status="resolved"), by=wardrobe.customer)
    found = await ticket(shop, ticket_id, wardrobe.customer)
    assert (found.status, found.subject, found.priority) == ("resolved", "Where is my parcel", "normal")
    assert [(message.author_kind, message.text) for message in found.messages] == [
        ("customer", "It should be here since Monday."),
        ("staff", "It left yesterday."),
        ("customer", "It is here."),
    ]


async def test_an_answer_reaches_the_customer_by_mail_and_a_note_does_not(shop: Shop, wardrobe: Wardrobe) -> None:
    ticket_id = await opened(shop, wardrobe.customer)
    await shop.done(AnswerTicket(ticket_id=ticket_id, text="Between us.", internal=True), by=SUPPORT)
    await shop.done(AnswerTicket(ticket_id=ticket_id, text="It left yesterday."), by=SUPPORT)
    (mail,) = await mails_to(shop, "ada@example.com")
    assert mail.subject == "T-1001: Where is my parcel"
    assert mail.text.startswith("It left yesterday.\n")
    assert "Between us" not in mail.text


async def test_what_was_written_stands_nowhere_in_the_log(shop: Shop, wardrobe: Wardrobe) -> None:
    ticket_id = await opened(shop, wardrobe.customer)
    await shop.done(AnswerTicket(ticket_id=ticket_id, text="Tuesday morning."), by=SUPPORT)
    logged = await shop.fetchval(
        "SELECT string_agg(convert_from(arguments, 'UTF8') || coalesce(result::text, ''), '') FROM log.entries"
    )
    changed = await shop.fetchval("SELECT string_agg(coalesce(after::text, ''), '') FROM log.changes")
    for text in ("parcel", "Monday", "Tuesday"):
        assert text not in logged
        assert text not in changed


async def test_internal_messages_are_for_the_staff(shop: Shop, wardrobe: Wardrobe) -> None:
    ticket_id = await opened(shop, wardrobe.customer)
    noted = await shop.done(AnswerTicket(ticket_id=ticket_id, text="Ask the carrier.", internal=True), by=SUPPORT)
    assert noted["status"] == "open", "a note is no answer"
    assert len((await ticket(shop, ticket_id)).messages) == 2
    assert len((await ticket(shop, ticket_id, wardrobe.customer)).messages) == 1
    secret = AnswerTicket(ticket_id=ticket_id, text="psst", internal=True)
    assert refusal(await shop.perform(secret, by=wardrobe.customer)) == "staff_only"


async def test_other_peoples_tickets_and_orders_do_not_exist(shop: Shop, wardrobe: Wardrobe) -> None:
    order_id = await wardrobe.bought(wardrobe.medium)
    ticket_id = await opened(shop, wardrobe.customer, order_id=order_id)
    assert (
        refusal(await shop.perform(AnswerTicket(ticket_id=ticket_id, text="me too"), by=STRANGER)) == "no_such_ticket"
    )
    about = OpenTicket(subject="s", text="t", order_id=order_id)
    assert refusal(await shop.perform(about, by=STRANGER)) == "no_such_order"
    for_another = OpenTicket(subject="s", text="t", customer_id=wardrobe.customer.id)
    assert isinstance(await shop.perform(for_another, by=STRANGER), Denied)
    async with shop.application.database.read() as connection:
        assert await list_tickets(connection, STRANGER) == []
        assert [found.id for found in await list_tickets(connection, wardrobe.customer)] == [ticket_id]
        assert [found.id for found in await list_tickets(connection, SUPPORT, order_id=order_id)] == [ticket_id]
    assert await shop.fetchval("SELECT count(*) FROM shop.tickets") == 1


async def test_staff_open_tickets_for_customers_and_for_orders(shop: Shop, wardrobe: Wardrobe) -> None:
    order_id = await wardrobe.bought(wardrobe.medium)
    by_order = await opened(shop, SUPPORT, order_id=order_id, priority="high", channel="telephone")
    found = await ticket(shop, by_order, wardrobe.customer)
    assert (found.customer_id, found.priority, found.channel) == (wardrobe.customer.id, "high", "telephone")
    nobody = OpenTicket(subject="s", text="t", customer_id=new_id("cus"))
    assert refusal(await shop.perform(nobody, by=SUPPORT)) == "no_such_customer"
    loose = await opened(shop, SUPPORT)
    await shop.done(LinkTicket(ticket_id=loose, order_id=order_id), by=SUPPORT)
    assert (await ticket(shop, loose)).customer_id == wardrobe.customer.id


async def test_a_guest_asks_and_reads_the_answer(shop: Shop) -> None:
    guest = Actor("customer", new_id("cus"), "guest")
    ticket_id = await opened(shop, guest)
    await shop.done(AnswerTicket(ticket_id=ticket_id, text="Yes."), by=SUPPORT)
    assert [message.text for message in (await ticket(shop, ticket_id, guest)).messages][1] == "Yes."
    assert await shop.fetchval("SELECT kind FROM shop.customers WHERE id = $1", guest.id) == "guest"


async def test_customers_decide_neither_priority_nor_most_statuses(shop: Shop, wardrobe: Wardrobe) -> None:
    urgent = OpenTicket(subject="s", text="t", priority="urgent")
    assert refusal(await shop.perform(urgent, by=wardrobe.customer)) == "staff_only"
    ticket_id = await opened(shop, wardrobe.customer)
    close = ChangeTicketStatus(ticket_id=ticket_id, status="closed")
    assert refusal(await shop.perform(close, by=wardrobe.customer)) == "staff_only"
    for action in (
        ChangeTicketPriority(ticket_id=ticket_id, priority="high"),
        AssignTicket(ticket_id=ticket_id),
        EscalateTicket(ticket_id=ticket_id, reason="now"),
    ):
        assert isinstance(await shop.perform(action, by=wardrobe.customer), Denied)
        assert isinstance(await shop.perform(action, by=ANALYST), Denied)
    assert (await ticket(shop, ticket_id)).priority == "normal"


async def test_closed_is_closed(shop: Shop, wardrobe: Wardrobe) -> None:
    ticket_id = await opened(shop, wardrobe.customer)
    await shop.done(ChangeTicketStatus(ticket_id=ticket_id, status="closed"), by=SUPPORT)
    answer = AnswerTicket(ticket_id=ticket_id, text="one more thing")
    assert refusal(await shop.perform(answer, by=wardrobe.customer)) == "ticket_closed"
    reopen = ChangeTicketStatus(ticket_id=ticket_id, status="open")
    assert refusal(await shop.perform(reopen, by=SUPPORT)) == "ticket_status"


async def test_assigned_and_escalated(shop: Shop, wardrobe: Wardrobe) -> None:
    await hire(shop)
    ticket_id = await opened(shop, wardrobe.customer)
    await shop.done(AssignTicket(ticket_id=ticket_id, assignee_id=COLLEAGUE), by=SUPPORT)
    async with shop.application.database.read() as connection:
        assert await list_tickets(connection, SUPPORT, unassigned=True) == []
        assert len(await list_tickets(connection, SUPPORT, assignee_id=COLLEAGUE)) == 1
    nobody = AssignTicket(ticket_id=ticket_id, assignee_id=new_id("stf"))
    assert refusal(await shop.perform(nobody, by=SUPPORT)) == "no_such_staff"
    escalated = await shop.done(EscalateTicket(ticket_id=ticket_id, reason="The carrier denies it."), by=SUPPORT)
    assert escalated["priority"] == "high"
    found = await ticket(shop, ticket_id)
    assert (found.assignee_id, found.status, found.messages[-1].internal) == (None, "open", True)


async def test_unanswered_tickets_climb_step_by_step(shop: Shop, wardrobe: Wardrobe) -> None:
    waiting = await opened(shop, wardrobe.customer)
    answered = await opened(shop, wardrobe.customer)
    await shop.done(AnswerTicket(ticket_id=answered, text="Soon."), by=SUPPORT)
    performer, clock = shop.application.performer, shop.application.clock
    assert isinstance(clock, MovableClock)
    assert await escalate_due(performer) == 0
    climbed: list[str] = []
    for hours in (25, 3, 2, 30):
        clock.advance(timedelta(hours=hours))
        await escalate_due(performer)
        climbed.append((await ticket(shop, waiting)).priority)
    assert climbed == ["high", "high", "urgent", "urgent"]
    assert (await ticket(shop, answered)).priority == "normal"


async def test_a_ticket_takes_so_many_messages_and_no_more(shop: Shop, wardrobe: Wardrobe) -> None:
    ticket_id = await opened(shop, wardrobe.customer)
    async with entry(shop) as work:
        await work.connection.execute(
            "INSERT INTO shop.ticket_messages (id, ticket_id, author_kind, author_id, text_ref, created_at) "
            "SELECT 'msg_' || n, $1, 'staff', 's', 'r', now() FROM generate_series(1, $2) AS n",
            ticket_id,
            MOST_MESSAGES - 1,
        )
    full = AnswerTicket(ticket_id=ticket_id, text="still there?")
    assert refusal(await shop.perform(full, by=wardrobe.customer)) == "too_many_messages"


async def test_the_same_key_opens_one_ticket(shop: Shop, wardrobe: Wardrobe) -> None:
    action = OpenTicket(subject="s", text="t")
    first = await shop.perform(action, wardrobe.customer, "k")
    second = await shop.perform(action, wardrobe.customer, "k")
    assert isinstance(first, Done)
    assert isinstance(second, Done)
    assert (first.result, second.repeated) == (second.result, True)
    assert await shop.fetchval("SELECT count(*) FROM shop.tickets") == 1
