"""Circuit breakers: which routes are not asked just now, kept in the database for all processes together."""

import asyncio
import os
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog

from bottega.kernel.errors import NotFound
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Connection, Database
from bottega.ports import chat_model as port
from bottega.runtime.models.away import going_on_without

log = structlog.get_logger(__name__)

# Failures that say that the route is down, and those that say so at once because no further try would differ.
COUNTED = frozenset({port.UNREACHABLE, port.OVERLOADED, port.TIMED_OUT, port.CUT_OFF, port.UNREADABLE})
AT_ONCE = frozenset({port.NOT_PERMITTED, port.QUOTA_EXHAUSTED, port.NO_SUCH_MODEL})

Permit = Literal["closed", "probe", "open"]


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a breaker opens and for how long. Each opening in a row waits twice as long as the one before."""

    failures: int = 5
    window_seconds: float = 60.0
    first_rest_seconds: float = 5.0
    longest_rest_seconds: float = 300.0
    probe_seconds: float = 60.0
    """How long a probe may take before another process takes it over."""
    read_again_seconds: float = 1.0
    """How old the state in memory may be."""


@dataclass(frozen=True, slots=True)
class _Seen:
    state: str
    failures: int
    retry_at: datetime | None
    probing_until: datetime | None


class Breakers:
    """The breakers as one process sees them. A database that is away opens none: the budgets decide what may go on."""

    def __init__(
        self, database: Database, clock: Clock, policy: BreakerPolicy | None = None, *, owner: str | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._policy = policy or BreakerPolicy()
        self._owner = owner or f"{os.uname().nodename}:{os.getpid()}"
        self._seen: dict[str, _Seen] = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()

    async def permit(self, route: str) -> Permit:
        """Whether the route may be asked; `probe` for the one caller that finds out whether it is back.

        A route that never failed costs no statement but the reading of all states once in a while.
        """
        await self._refresh()
        seen = self._seen.get(route)
        if seen is None or seen.state == "closed":
            return "closed"
        now = self._clock.now()
        if seen.retry_at is not None and seen.retry_at > now:
            return "open"
        if seen.probing_until is not None and seen.probing_until > now:
            return "open"
        return "probe" if await self._claim_probe(route, now) else "open"

    async def answered(self, route: str, permit: Permit) -> None:
        """The route works: closes the breaker if this was the probe, and forgets single failures."""
        seen = self._seen.get(route)
        if permit != "probe" and (seen is None or seen.failures == 0 or seen.state == "open"):
            return
        await self._change(
            """
            UPDATE runtime.model_breakers
            SET state = 'closed', failures = 0, openings = 0, retry_at = NULL, probing_by = NULL,
                probing_until = NULL
            WHERE route = $1 AND (state = 'closed' OR probing_by = $2)
            """,
            route,
            self._owner,
        )

    async def failed(self, route: str, code: str, permit: Permit, *, retry_after_seconds: float | None = None) -> None:
        """Counts a failure of the route; other failures leave the breaker as it is, but end a probe as answered.

        A vendor that says when to come again is left alone until then.
        """
        if code == port.RATE_LIMITED:
            await self._rest(route, code, permit, retry_after_seconds)
        elif code in AT_ONCE:
            await self._rest(route, code, permit, retry_after_seconds, at_once=True)
        elif code in COUNTED:
            await self._rest(route, code, permit, None)
        else:
            await self.answered(route, permit)

    async def gave_up(self, route: str, permit: Permit) -> None:
        """The caller went away in the middle of a probe: somebody else may probe now."""
        if permit != "probe":
            return
        await self._change(
            """
            UPDATE runtime.model_breakers SET probing_by = NULL, probing_until = NULL
            WHERE route = $1 AND probing_by = $2
            """,
            route,
            self._owner,
        )

    async def close(self, route: str) -> None:
        """Somebody says that the route is well again."""
        async with self._database.connection() as connection:
            status = await connection.execute("DELETE FROM runtime.model_breakers WHERE route = $1", route)
        self._seen.pop(route, None)
        if status == "DELETE 0":
            raise NotFound(
                "no_such_breaker", f"No breaker of a route '{route[:64]}' is known.", next_step="See their list."
            )

    async def _refresh(self) -> None:
        """Reads the states again when they are old; calls that come meanwhile wait for the same reading."""
        asked_at = time.monotonic()
        if asked_at - self._read_at < self._policy.read_again_seconds:
            return
        async with self._reading:
            if self._read_at >= asked_at:
                return
            begun = time.monotonic()
            with going_on_without("breakers_not_read"):
                async with self._database.read() as connection:
                    rows = await connection.fetch(
                        "SELECT route, state, failures, retry_at, probing_until FROM runtime.model_breakers"
                    )
                self._seen = {row["route"]: _Seen(*tuple(row)[1:]) for row in rows}
            self._read_at = begun

    async def _claim_probe(self, route: str, now: datetime) -> bool:
        claimed = await self._change(
            """
            UPDATE runtime.model_breakers SET probing_by = $2, probing_until = $3
            WHERE route = $1 AND state = 'open' AND (retry_at IS NULL OR retry_at <= $4)
                  AND (probing_until IS NULL OR probing_until <= $4)
            RETURNING route
            """,
            route,
            self._owner,
            now + timedelta(seconds=self._policy.probe_seconds),
            now,
        )
        return claimed is not None

    async def _rest(
        self, route: str, code: str, permit: Permit, retry_after_seconds: float | None, *, at_once: bool = False
    ) -> None:
        """Counts; opens when there were enough in the window, at once, as told to, or again after a failed probe."""
        policy = self._policy
        told = None if retry_after_seconds is None else min(retry_after_seconds, policy.longest_rest_seconds)
        opened = await self._change(
            "SELECT runtime.count_model_failure($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            route,
            code,
            self._clock.now(),
            timedelta(seconds=policy.window_seconds),
            policy.failures,
            at_once or told is not None,
            timedelta(seconds=policy.first_rest_seconds),
            timedelta(seconds=policy.longest_rest_seconds),
            None if told is None else timedelta(seconds=told),
            self._owner if permit == "probe" else None,
        )
        if opened:
            log.warning("model_route_rests", route=route, code=code)

    async def _change(self, statement: str, *values: Any) -> Any:
        """One statement, after which the states are read again; the call goes on without it when that fails."""
        self._read_at = float("-inf")
        with going_on_without("breaker_not_changed", route=values[0]):
            async with self._database.connection() as connection:
                return await connection.fetchval(statement, *values)


async def breaker_rows(connection: Connection) -> list[dict[str, object]]:
    """All breakers that ever counted a failure."""
    rows = await connection.fetch(
        """
        SELECT route, state, failures, openings, last_code, failed_at, opened_at, retry_at, probing_by, probing_until
        FROM runtime.model_breakers ORDER BY route
        """
    )
    return [dict(row) for row in rows]
