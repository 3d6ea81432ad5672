"""The outboxes of the sandbox, in memory and in PostgreSQL, behave alike."""

from datetime import UTC, datetime, timedelta

import pytest

from bottega.connectors.sandbox.mail import MemoryOutbox, PostgresOutbox
from bottega.platform.clock import SetClock
from bottega.platform.database.pool import Database
from bottega.ports.mailer import Mail

NOON = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> SetClock:
    return SetClock(NOON)


@pytest.fixture(params=["memory", "postgres"])
async def outbox(
    request: pytest.FixtureRequest, clock: SetClock, sandbox_database: Database
) -> MemoryOutbox | PostgresOutbox:
    if request.param == "memory":
        return MemoryOutbox(clock)
    async with sandbox_database.connection() as connection:
        await connection.execute("TRUNCATE platform.outbox_mail")
    return PostgresOutbox(sandbox_database, clock)


def mail(number: int, to: str = "mara@example.com", subject: str = "Your order") -> Mail:
    return Mail(to, subject, "Thank you.", f"{number}@shop.example", f"mail-{number}", "<p>Thank you.</p>")


async def test_a_key_is_sent_once(outbox: MemoryOutbox | PostgresOutbox) -> None:
    await outbox.send(mail(1))
    await outbox.send(mail(1, subject="Another text"))
    entries = await outbox.list_mail()
    assert [(entry.mail, entry.sent_at) for entry in entries] == [(mail(1), NOON)]


async def test_lists_the_latest_first_and_by_address(outbox: MemoryOutbox | PostgresOutbox, clock: SetClock) -> None:
    for number, to in enumerate(["mara@example.com", "jon@example.com", "mara@example.com"]):
        await outbox.send(mail(number, to))
        clock.advance(timedelta(minutes=1))
    assert [entry.mail.message_id for entry in await outbox.list_mail()] == [
        "2@shop.example",
        "1@shop.example",
        "0@shop.example",
    ]
    assert [entry.mail.idempotency_key for entry in await outbox.list_mail("Mara@example.com")] == [
        "mail-2",
        "mail-0",
    ]
    assert len(await outbox.list_mail(limit=1)) == 1


async def test_forgets_an_address(outbox: MemoryOutbox | PostgresOutbox) -> None:
    await outbox.send(mail(1, "Mara@Example.com"))
    await outbox.send(mail(2, "jon@example.com"))
    assert await outbox.forget("mara@example.com") == 1
    assert [entry.mail.idempotency_key for entry in await outbox.list_mail()] == ["mail-2"]
    assert await outbox.forget("mara@example.com") == 0
