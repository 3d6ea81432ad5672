"""Bringing a shop to rest: everything that is due is done, however often its senders died."""

from datetime import timedelta
from typing import Any, Protocol

from bottega.bootstrap import Application
from bottega.bootstrap.background import catch_up
from bottega.bootstrap.invariants import check_invariants
from bottega.platform.clock import SystemClock
from bottega.platform.jobs.registry import registry
from bottega.proof.report import Violation, broken
from bottega.shop.flows.expire import expire_due
from bottega.shop.flows.reconcile import reconcile, work_off_inbox

ROUNDS_LIMIT = 60
# More than a sender's claim, than any pause between attempts, and than what a payment may go without news.
STRIDE = timedelta(minutes=16)


class MovingClock(Protocol):
    """A clock that can be put forward."""

    def now(self) -> Any: ...
    def advance(self, by: timedelta) -> None: ...


class ClockAhead(SystemClock):
    """The machine's clock, put forward when what is due later is to be done now."""

    def __init__(self) -> None:
        self._ahead = timedelta()

    def now(self) -> Any:
        return super().now() + self._ahead

    def advance(self, by: timedelta) -> None:
        """Puts it forward."""
        self._ahead += by


async def come_to_rest(application: Application, clock: MovingClock) -> int:
    """Drives effects, webhooks, expiry and the log until nothing is left; returns the rounds it took."""
    for number in range(1, ROUNDS_LIMIT + 1):
        clock.advance(STRIDE)
        await application.effects.drive_due()
        await work_off_inbox(application, {})
        await reconcile(application, {})
        await expire_due(application.performer)
        async with application.database.read() as connection:
            if not await connection.fetchval(_UNFINISHED):
                await catch_up(application)
                return number
    await catch_up(application)
    return ROUNDS_LIMIT


async def do_jobs(application: Application) -> int:
    """Does the jobs that were left, where no worker is there to do them; returns how many."""
    async with application.database.read() as connection:
        rows = await connection.fetch(
            "SELECT id, name, payload FROM platform.jobs WHERE state = 'waiting' ORDER BY created_at, id"
        )
    for row in rows:
        await registry.definition(row["name"]).function(application, row["payload"])
        async with application.database.connection() as connection:
            await connection.execute("UPDATE platform.jobs SET state = 'done' WHERE id = $1", row["id"])
    return len(rows)


async def what_is_broken(application: Application, repeat: str = "", trace: tuple[str, ...] = ()) -> list[Violation]:
    """The invariants, and what is left of work that should have been done; of a shop at rest."""
    found = broken(await check_invariants(application.database), repeat, trace)
    async with application.database.read() as connection:
        left = await connection.fetch(_LEFT)
    found += [Violation("drained", f"{row['kind']} is still {row['state']}", repeat, trace) for row in left]
    return found


_UNFINISHED = """
SELECT EXISTS (SELECT FROM log.effects WHERE state IN ('intended', 'sent', 'unknown'))
    OR EXISTS (SELECT FROM platform.webhook_inbox WHERE state = 'received')"""

_LEFT = """
SELECT kind || ' ' || id AS kind, state FROM log.effects WHERE state IN ('intended', 'sent', 'unknown')
UNION ALL
SELECT 'webhook ' || event_id, state FROM platform.webhook_inbox WHERE state = 'received'"""
