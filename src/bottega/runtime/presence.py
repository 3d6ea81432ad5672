"""A process's presence: while it lives, one connection holds a lock by which others see that its runs are in hand."""

import asyncio
import contextlib
import logging
from types import TracebackType
from typing import Any

import asyncpg

from bottega.platform.database.connection_loss import is_connection_loss

_log = logging.getLogger(__name__)

LOCK_CLASS = 7230915
RECONNECT_PAUSE_SECONDS = 0.5
PROBE_SECONDS = 5.0
TIMEOUT_SECONDS = 5.0


class Presence:
    """The number under which this process holds runs.

    While the database is away the lock is gone, and another process may take the runs over; their fence then keeps
    this one from writing. When it is back the lock is taken again under the same number.
    """

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn
        self._connection: Any = None
        self._watch: asyncio.Task[None] | None = None
        self.number = 0

    async def __aenter__(self) -> "Presence":
        self._connection = await self._connect()
        self.number = await self._connection.fetchval("SELECT nextval('runtime.process_numbers')::int")
        await self._take()
        self._watch = asyncio.create_task(self._keep(), name="runtime-presence")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._watch is not None, "it was entered"
        self._watch.cancel()
        await asyncio.gather(self._watch, return_exceptions=True)
        if self._connection is not None:
            self._connection.terminate()

    async def _keep(self) -> None:
        while True:
            try:
                if self._connection is None or self._connection.is_closed():
                    self._connection = await self._connect()
                    await self._take()
                    _log.warning("runtime: the database is back")
                await self._connection.execute("SELECT 1")
                await asyncio.sleep(PROBE_SECONDS)
            except Exception as error:
                if not is_connection_loss(error):
                    raise
                if self._connection is not None:
                    with contextlib.suppress(Exception):
                        self._connection.terminate()
                self._connection = None
                await asyncio.sleep(RECONNECT_PAUSE_SECONDS)

    async def _connect(self) -> Any:
        return await asyncpg.connect(
            self._dsn,
            timeout=TIMEOUT_SECONDS,
            command_timeout=TIMEOUT_SECONDS,
            server_settings={"application_name": "bottega-runtime"},
        )

    async def _take(self) -> None:
        # Nobody else has the number; waiting is for our own former connection, which the server may not have buried.
        await self._connection.execute("SELECT pg_advisory_lock($1, $2)", LOCK_CLASS, self.number)
