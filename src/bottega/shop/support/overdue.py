"""Tickets that nobody has answered in time: each moves one priority up."""

from typing import Any, ClassVar

from bottega.actions.action import Action
from bottega.actions.actor import Cause, system
from bottega.actions.perform import Performer
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.shop.support.model import ANSWERED_WITHIN, NEXT_PRIORITY

BATCH = 200


class EscalateOverdue(Action):
    """Moves open tickets up whose time is over, at most 200 at once."""

    groups: ClassVar[tuple[str, ...]] = ("system",)


@handles(EscalateOverdue)
async def escalate_overdue(_: EscalateOverdue, work: Work) -> dict[str, Any]:
    """The time begins anew with each step, so that a ticket climbs and does not jump."""
    rows = await work.connection.fetch(
        "UPDATE shop.tickets t SET priority = d.next, updated_at = $1 "
        "FROM (SELECT k.id, n.next FROM shop.tickets k "
        "      JOIN unnest($2::text[], $3::text[], $4::interval[]) AS n (priority, next, within) USING (priority) "
        "      WHERE k.status = 'open' AND k.updated_at <= $1::timestamptz - n.within "
        "      ORDER BY k.updated_at LIMIT $5 FOR UPDATE OF k SKIP LOCKED) AS d "
        "WHERE t.id = d.id RETURNING t.id",
        work.now,
        list(ANSWERED_WITHIN),
        [NEXT_PRIORITY[priority] for priority in ANSWERED_WITHIN],
        list(ANSWERED_WITHIN.values()),
        BATCH,
    )
    return {"escalated": sorted(row["id"] for row in rows)}


async def escalate_due(performer: Performer) -> int:
    """Escalates what is due now; safe from several workers at once. An action is done only when there is something."""
    async with performer.database.read() as connection:
        due = await connection.fetchval(
            "SELECT EXISTS (SELECT FROM shop.tickets k "
            "JOIN unnest($2::text[], $3::interval[]) AS n (priority, within) USING (priority) "
            "WHERE k.status = 'open' AND k.updated_at <= $1::timestamptz - n.within)",
            performer.clock.now(),
            list(ANSWERED_WITHIN),
            list(ANSWERED_WITHIN.values()),
        )
    if not due:
        return 0
    outcome = await performer.perform(
        EscalateOverdue(), by=system("support"), because=Cause("schedule", "support.escalate")
    )
    return len(outcome.unwrap()["escalated"])
