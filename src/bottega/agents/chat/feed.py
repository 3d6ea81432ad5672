"""Telling the open connections of this process that something was said in their conversation, wherever that was."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import structlog

from bottega.platform.database.connection_loss import is_connection_loss
from bottega.platform.database.pool import Database

POLL_SECONDS = 0.5
WATCHERS_PER_CONVERSATION = 10
WATCHERS_MAX = 2_000
WAITING_ACTIVITIES = 50

_log = structlog.get_logger(__name__)


class TooManyWatchers(Exception):
    """This process, or this conversation, has as many open connections as it may."""


@dataclass(eq=False, slots=True)
class Watcher:
    """One open connection; `changed` is set when it has to look again, `activities` are passing remarks for it."""

    session_id: str
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    activities: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])

    def taken(self) -> list[Mapping[str, Any]]:
        """The remarks so far, which are told once."""
        activities, self.activities = self.activities, []
        return activities


class Feed:
    """Watchers of one process. One statement looks for all of them together, every half second while there are any;
    what happens in this process is told at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._watchers: dict[str, set[Watcher]] = {}
        self._seen: dict[str, tuple[Any, ...]] = {}
        self._polling: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def watching(self, session_id: str) -> AsyncGenerator[Watcher]:
        """A watcher for as long as the block lasts; raises `TooManyWatchers`."""
        self.check(session_id)
        watcher = Watcher(session_id)
        self._watchers.setdefault(session_id, set()).add(watcher)
        if self._polling is None or self._polling.done():
            self._polling = asyncio.create_task(self._poll(), name="chat feed")
        try:
            yield watcher
        finally:
            self._watchers[session_id].discard(watcher)
            if not self._watchers[session_id]:
                del self._watchers[session_id]
                self._seen.pop(session_id, None)

    def check(self, session_id: str) -> None:
        """Raises `TooManyWatchers` when there is no room for one more."""
        ours = self._watchers.get(session_id, set())
        if len(ours) >= WATCHERS_PER_CONVERSATION or sum(map(len, self._watchers.values())) >= WATCHERS_MAX:
            raise TooManyWatchers(session_id)

    def touch(self, session_id: str) -> None:
        """Something was said in the conversation, here."""
        for watcher in self._watchers.get(session_id, ()):
            watcher.changed.set()

    def remark(self, session_id: str, activity: Mapping[str, Any]) -> None:
        """Something is under way in the conversation: for those who look just now, and nobody else."""
        for watcher in self._watchers.get(session_id, ()):
            if len(watcher.activities) < WAITING_ACTIVITIES:
                watcher.activities.append(activity)
                watcher.changed.set()

    async def close(self) -> None:
        """Ends the looking."""
        if self._polling is not None:
            self._polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._polling

    async def _poll(self) -> None:
        while self._watchers:
            try:
                await self._look()
            except Exception as error:
                if not is_connection_loss(error):
                    raise
                _log.warning("chat_feed_lost_database")
            await asyncio.sleep(POLL_SECONDS)

    async def _look(self) -> None:
        async with self._database.read() as connection:
            rows = await connection.fetch(_STANDING, list(self._watchers))
        for row in rows:
            standing = tuple(row)
            if self._seen.get(row["id"]) != standing:
                self._seen[row["id"]] = standing
                self.touch(row["id"])


_STANDING = """
SELECT id, last_ordinal, answered_ordinal, held_by, customer_id,
       (SELECT h.state FROM runtime.person_calls h WHERE h.session_id = s.id AND h.state <> 'over') AS handover
FROM runtime.sessions s WHERE id = ANY($1::text[])"""
