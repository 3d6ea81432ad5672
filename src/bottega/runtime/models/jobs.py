"""What has to be done about models by the clock, and what has to be forgotten with a customer."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from bottega.actions.forgetting import also_forgets
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Connection, Database
from bottega.platform.jobs import periodic

# Spending of the year before last is nobody's business any more; budgets of days, months and runs are over sooner.
CALLS_KEPT = timedelta(days=400)
BUDGETS_KEPT = timedelta(days=70)
# An expired reservation that nobody compared with the vendor's bill by then stays spent for good.
RESERVATIONS_KEPT = timedelta(days=90)


class ModelJobs(Protocol):
    """What the job is given; the application has it."""

    @property
    def database(self) -> Database: ...
    @property
    def clock(self) -> Clock: ...


@periodic("models.tend", every_seconds=60)
async def tend_due(context: ModelJobs, _: Mapping[str, Any]) -> None:
    """Reservations of processes that died, replies that are too old, records of long ago."""
    await tend(context.database, context.clock.now())


async def tend(database: Database, now: datetime) -> dict[str, int]:
    """Does what is due; how many of each."""
    async with database.connection() as connection:
        return {
            "reservations_expired": await _expire(connection, now),
            "replies": await _delete(connection, "model_cache WHERE expires_at <= $1", now),
            "calls": await _delete(connection, "model_calls WHERE began_at < $1", now - CALLS_KEPT),
            "budgets": await _delete(
                connection, "model_budgets WHERE changed_at < $1 AND reserved_micros = 0", now - BUDGETS_KEPT
            ),
            "reservations": await _delete(
                connection, "model_reservations WHERE expired_at < $1", now - RESERVATIONS_KEPT
            ),
        }


async def forget_customer(connection: Connection, customer_id: str) -> int:
    """Drops every reply that was kept for the customer, for their conversations and their runs."""
    status = await connection.execute(
        """
        DELETE FROM runtime.model_cache WHERE scope = $1
            OR scope IN (SELECT id FROM runtime.sessions WHERE customer_id = $1)
            OR scope IN (SELECT id FROM runtime.runs WHERE customer_id = $1)
        """,
        customer_id,
    )
    return int(status.split()[-1])


# By the alphabet before the runtime, whose sessions say which replies were the customer's.
also_forgets("model_cache", forget_customer)


async def _expire(connection: Connection, now: datetime) -> int:
    count = 0
    while await connection.fetchval("SELECT runtime.expire_one_reservation($1)", now):
        count += 1
    return count


async def _delete(connection: Connection, what: str, before: datetime) -> int:
    return int((await connection.execute(f"DELETE FROM runtime.{what}", before)).split()[-1])
