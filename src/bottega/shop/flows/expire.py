"""What time ends: unpaid orders, and carts that nobody came back to."""

from typing import Any, ClassVar

from bottega.actions.action import Action
from bottega.actions.actor import Cause, system
from bottega.actions.perform import Performer
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.shop.flows.cancel_order import ExpireOrder

BATCH = 200


class ExpireCarts(Action):
    """Closes carts whose time is over, at most 200 at once."""

    groups: ClassVar[tuple[str, ...]] = ("system",)


@handles(ExpireCarts)
async def expire_carts(_: ExpireCarts, work: Work) -> dict[str, Any]:
    rows = await work.connection.fetch(
        "UPDATE shop.carts SET state = 'expired', updated_at = $1 WHERE id IN (SELECT id FROM shop.carts "
        "WHERE state = 'open' AND expires_at <= $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED) RETURNING id",
        work.now,
        BATCH,
    )
    return {"expired": len(rows)}


async def expire_due(performer: Performer) -> dict[str, int]:
    """Ends what is due now; safe to run from several workers at once. Returns how many orders and carts."""
    by = system("expiry")
    now = performer.clock.now()
    async with performer.database.read() as connection:
        orders = await connection.fetch(
            "SELECT id FROM shop.orders WHERE payment_status = 'awaiting' AND status = 'open' "
            "AND payment_due_at <= $1 ORDER BY payment_due_at LIMIT $2",
            now,
            BATCH,
        )
        carts = await connection.fetchval(
            "SELECT count(*) FROM shop.carts WHERE state = 'open' AND expires_at <= $1", now
        )
    ended = 0
    for row in orders:
        outcome = await performer.perform(ExpireOrder(order_id=row["id"]), by=by, because=Cause("schedule", "expiry"))
        ended += bool(outcome.unwrap()["expired"])
    if carts:
        await performer.perform(ExpireCarts(), by=by, because=Cause("schedule", "expiry"))
    return {"orders": ended, "carts": int(carts)}
