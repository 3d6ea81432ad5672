"""pgqueuer's way to the database: queries through a pool, notifications on a connection that comes back."""

import asyncio
import contextlib
import logging
from typing import Any

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgPoolDriver
from pgqueuer.ports.driver import NotifyCallback

from bottega.platform.database.connection_loss import is_connection_loss
from bottega.platform.jobs.wake import wake_message

_log = logging.getLogger(__name__)

RECONNECT_PAUSE_SECONDS = 0.2
PROBE_SECONDS = 15.0
TIMEOUT_SECONDS = 5.0


class QueueDriver(AsyncpgPoolDriver):
    """The pool replaces a broken connection when it hands it out; a listener whose connection ended is made again."""

    def __init__(self, pool: "asyncpg.Pool[Any]", dsn: str) -> None:
        super().__init__(pool)
        self._dsn = dsn
        self._callback: NotifyCallback | None = None
        self._listening: asyncio.Task[None] | None = None

    def nudge(self) -> None:
        """Makes the worker of this process look for work at once."""
        if self._callback is not None:
            self._callback(wake_message())

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        """Listens from now on, across restarts of the database."""
        assert self._listening is None, "one listener per worker"
        self._callback = callback
        self._listening = asyncio.create_task(self._listen_forever(channel, callback), name="jobs-listener")

    async def __aexit__(self, *details: object) -> None:
        task, self._listening, self._callback = self._listening, None, None
        if task is not None:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await super().__aexit__(*details)

    async def _listen_forever(self, channel: str, callback: NotifyCallback) -> None:
        while True:
            try:
                await self._listen_once(channel, callback)
            except Exception as error:
                if not is_connection_loss(error):
                    raise
                _log.debug("jobs: listener lost (%s)", type(error).__name__)
            await asyncio.sleep(RECONNECT_PAUSE_SECONDS)

    async def _listen_once(self, channel: str, callback: NotifyCallback) -> None:
        """Returns or raises when the connection has ended."""

        def relay(_connection: object, _pid: object, _channel: object, payload: object) -> None:
            callback(str(payload))

        def note_end(_connection: object) -> None:
            ended.set()

        ended = asyncio.Event()
        connection: Any = await asyncpg.connect(
            self._dsn,
            timeout=TIMEOUT_SECONDS,
            command_timeout=TIMEOUT_SECONDS,
            server_settings={"application_name": "bottega-worker-listener"},
        )
        try:
            connection.add_termination_listener(note_end)
            await connection.add_listener(channel, relay)
            # What was announced while nobody listened is looked for now.
            callback(wake_message())
            while not ended.is_set():
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), PROBE_SECONDS)
                if not ended.is_set():
                    # A connection through a dead network ends only when something is asked of it.
                    await connection.execute("SELECT 1")
        finally:
            connection.terminate()
