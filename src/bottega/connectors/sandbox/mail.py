"""The sandbox mailer: an outbox that is read instead of sent, in memory or in PostgreSQL."""

import asyncio
from dataclasses import dataclass
from datetime import datetime

from bottega.kernel.errors import OutcomeUnknown
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Database, Row
from bottega.ports.mailer import DEFAULT_TIMEOUT_SECONDS, Mail

LARGEST_PAGE = 200


@dataclass(frozen=True, slots=True)
class OutboxEntry:
    """A mail that would have been sent, and when."""

    mail: Mail
    sent_at: datetime


class MemoryOutbox:
    """Implements `Mailer` for tests and for one process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._entries: dict[str, OutboxEntry] = {}

    async def send(self, mail: Mail, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> None:
        assert timeout_seconds > 0, "a mail needs some time"
        self._entries.setdefault(mail.idempotency_key, OutboxEntry(mail, self._clock.now()))

    async def list_mail(self, to: str | None = None, limit: int = 50) -> list[OutboxEntry]:
        """The latest mail first, to one address or to anybody."""
        newest_first = list(self._entries.values())[::-1]
        wanted = [entry for entry in newest_first if to is None or entry.mail.to.lower() == to.lower()]
        return wanted[: min(limit, LARGEST_PAGE)]

    async def forget(self, to: str) -> int:
        """Delete everything that was sent to an address; how many it was."""
        kept = {key: entry for key, entry in self._entries.items() if entry.mail.to.lower() != to.lower()}
        forgotten = len(self._entries) - len(kept)
        self._entries = kept
        return forgotten


_SEND = """
INSERT INTO platform.outbox_mail (idempotency_key, message_id, recipient, subject, text, html, sent_at)
VALUES ($1, $2, $3, $4, $5, $6, $7)
ON CONFLICT (idempotency_key) DO NOTHING
"""

_LIST = """
SELECT idempotency_key, message_id, recipient, subject, text, html, sent_at FROM platform.outbox_mail
WHERE $1::text IS NULL OR recipient = $1
ORDER BY sent_at DESC, idempotency_key LIMIT $2
"""

_FORGET = "DELETE FROM platform.outbox_mail WHERE recipient = $1 RETURNING idempotency_key"


class PostgresOutbox:
    """Implements `Mailer` for several processes and restarts."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def send(self, mail: Mail, *, timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS) -> None:
        recipient = mail.to.lower()
        try:
            async with asyncio.timeout(timeout_seconds), self._database.connection() as connection:
                await connection.execute(
                    _SEND,
                    mail.idempotency_key,
                    mail.message_id,
                    recipient,
                    mail.subject,
                    mail.text,
                    mail.html,
                    self._clock.now(),
                )
        except TimeoutError:
            raise OutcomeUnknown("mail_outcome_unknown", "The outbox did not answer in time.") from None

    async def list_mail(self, to: str | None = None, limit: int = 50) -> list[OutboxEntry]:
        """The latest mail first, to one address or to anybody."""
        address = None if to is None else to.lower()
        async with self._database.connection() as connection:
            rows = await connection.fetch(_LIST, address, min(limit, LARGEST_PAGE))
        return [_entry(row) for row in rows]

    async def forget(self, to: str) -> int:
        """Delete everything that was sent to an address; how many it was."""
        async with self._database.connection() as connection:
            return len(await connection.fetch(_FORGET, to.lower()))


def _entry(row: Row) -> OutboxEntry:
    mail = Mail(
        to=row["recipient"],
        subject=row["subject"],
        text=row["text"],
        message_id=row["message_id"],
        idempotency_key=row["idempotency_key"],
        html=row["html"],
    )
    return OutboxEntry(mail, row["sent_at"])
