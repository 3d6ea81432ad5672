"""What has to be done about models by the clock: overdue reservations, old replies, old records."""

from datetime import timedelta

from bottega.platform.database.pool import Database
from bottega.runtime.models.router import RouterParts

# Spending of the year before last is nobody's business any more; budgets of runs and days are over sooner.
CALLS_KEPT = timedelta(days=400)
BUDGETS_KEPT = timedelta(days=70)
# An expired reservation that nobody compared with the vendor's bill by then stays spent for good.
RESERVATIONS_KEPT = timedelta(days=90)
TENDED_EVERY_SECONDS = 60.0


async def tend(parts: RouterParts) -> dict[str, int]:
    """Does what is due; returns how much of each."""
    return {
        "expired_reservations": await parts.budgets.expire(),
        "old_replies": await parts.cache.sweep(),
        "old_records": await _delete_old(parts),
    }


async def _delete_old(parts: RouterParts) -> int:
    now = parts.clock.now()
    return sum(
        [
            await _delete(parts.database, "runtime.model_calls WHERE began_at < $1", now - CALLS_KEPT),
            await _delete(
                parts.database,
                "runtime.model_budgets WHERE changed_at < $1 AND reserved_micros = 0",
                now - BUDGETS_KEPT,
            ),
            await _delete(parts.database, "runtime.model_reservations WHERE expired_at < $1", now - RESERVATIONS_KEPT),
        ]
    )


async def _delete(database: Database, what: str, before: object) -> int:
    async with database.connection() as connection:
        status = await connection.execute(f"DELETE FROM {what}", before)
    return int(status.split()[-1])
