"""What the frame of the console asks on every page, in one statement."""

from dataclasses import dataclass
from datetime import datetime

from bottega.platform.database.pool import Connection


@dataclass(frozen=True, slots=True)
class Waiting:
    """The colleague's name, and how much waits for somebody's decision."""

    name: str | None
    approvals: int
    conversations: int
    dead: int


async def waiting_for_people(connection: Connection, staff_id: str, now: datetime) -> Waiting:
    """Approvals and conversations that wait, and jobs and effects that were given up."""
    row = await connection.fetchrow(_WAITING, staff_id, now)
    assert row is not None, "a row of sub-selects is always there"
    return Waiting(**dict(row))


_WAITING = """
SELECT (SELECT vault.reveal(name_ref) FROM shop.staff WHERE id = $1) AS name,
       (SELECT count(*) FROM log.approvals WHERE state = 'waiting' AND expires_at > $2) AS approvals,
       (SELECT count(*) FROM runtime.person_calls WHERE state = 'waiting') AS conversations,
       (SELECT count(*) FROM platform.jobs WHERE state = 'dead')
       + (SELECT count(*) FROM log.effects WHERE state = 'dead') AS dead"""
