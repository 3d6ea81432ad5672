"""Telling workers that there is work: one notification after the commit, on a connection of its own."""

import asyncio
import json
import logging
from datetime import UTC, datetime
from typing import Any

import asyncpg

from bottega.platform.database.connection_loss import is_connection_loss
from bottega.platform.jobs.names import CHANNEL, QUEUE_TABLE

_log = logging.getLogger(__name__)

RECONNECT_PAUSE_SECONDS = 0.5
# Every notification makes every worker look: a busy shop sends a hundred of them a second, not one per order.
SPACING_SECONDS = 0.01
TIMEOUT_SECONDS = 5.0


def wake_message() -> str:
    """The notification that pgqueuer's listener takes for a change of its table."""
    return json.dumps(
        {
            "channel": CHANNEL,
            "operation": "insert",
            "sent_at": datetime.now(UTC).isoformat(),
            "table": QUEUE_TABLE,
            "type": "table_changed_event",
        }
    )


class Waker:
    """Sends at most one notification at a time: calls made while one is under way, or just after it, share the
    next one.

    A notification is a courtesy. When the database is away it is dropped and the connection is made again; workers look
    by themselves every second.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._wanted = asyncio.Event()
        self._is_closing = False
        self._task: asyncio.Task[None] | None = None
        self._connection: Any = None

    def wake(self) -> None:
        """Asks for a notification; returns at once."""
        self._wanted.set()

    def start(self) -> None:
        """Begins to send."""
        assert self._task is None, "the waker runs already"
        self._is_closing = False
        self._task = asyncio.create_task(self._send_until_closed(), name="jobs-waker")

    async def close(self) -> None:
        """Stops; what was asked for just before is still sent."""
        self._is_closing = True
        self._wanted.set()
        if self._task is not None:
            await self._task
            self._task = None
        if self._connection is not None:
            self._connection.terminate()
            self._connection = None

    async def _send_until_closed(self) -> None:
        while not self._is_closing:
            await self._wanted.wait()
            self._wanted.clear()
            was_sent = await self._send()
            if not self._is_closing:
                await asyncio.sleep(SPACING_SECONDS if was_sent else RECONNECT_PAUSE_SECONDS)

    async def _send(self) -> bool:
        try:
            if self._connection is None or self._connection.is_closed():
                self._connection = await asyncpg.connect(
                    self._dsn,
                    timeout=TIMEOUT_SECONDS,
                    command_timeout=TIMEOUT_SECONDS,
                    server_settings={"application_name": "bottega-waker"},
                )
            await self._connection.execute("SELECT pg_notify($1, $2)", CHANNEL, wake_message())
        except Exception as error:
            if not is_connection_loss(error):
                raise
            _log.warning("jobs: workers were not woken (%s); they look by themselves", type(error).__name__)
            return False
        return True
