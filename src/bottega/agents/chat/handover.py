"""When a person takes over a conversation: wanted, held, given back."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from bottega.kernel.errors import Conflict
from bottega.kernel.identifiers import new_id
from bottega.platform.database.pool import Connection


class Handover(BaseModel):
    """One time that a colleague was wanted in a conversation, or took it by themself."""

    model_config = ConfigDict(frozen=True)

    id: str
    session_id: str
    ticket_id: str | None
    state: str
    asked_at: datetime
    taken_by: str | None
    taken_at: datetime | None
    ended_at: datetime | None


async def open_handover(connection: Connection, session_id: str) -> Handover | None:
    """The one that waits or is under way."""
    row = await connection.fetchrow(
        "SELECT * FROM runtime.person_calls WHERE session_id = $1 AND state <> 'over'", session_id
    )
    return None if row is None else Handover(**dict(row))


async def want(connection: Connection, session_id: str, ticket_id: str | None, now: datetime) -> Handover:
    """Notes that a colleague is wanted; when one is wanted already, that stands."""
    row = await connection.fetchrow(_WANT, new_id("hdo"), session_id, ticket_id, now)
    assert row is not None, "the update of a conflict returns its row"
    return Handover(**dict(row))


async def take(connection: Connection, session_id: str, staff_id: str, now: datetime) -> Handover:
    """A colleague takes the conversation; `Conflict` when another one has it."""
    row = await connection.fetchrow(_TAKE, new_id("hdo"), session_id, staff_id, now)
    if row is None:
        raise Conflict(
            "taken_by_another",
            "Another colleague has this conversation.",
            next_step="Let them give it back first.",
        )
    return Handover(**dict(row))


async def end(connection: Connection, session_id: str, now: datetime) -> Handover | None:
    """The conversation goes back to the assistant."""
    row = await connection.fetchrow(_END, session_id, now)
    return None if row is None else Handover(**dict(row))


_WANT = """
INSERT INTO runtime.person_calls AS h (id, session_id, ticket_id, state, asked_at) VALUES ($1, $2, $3, 'waiting', $4)
ON CONFLICT (session_id) WHERE state <> 'over' DO UPDATE SET ticket_id = coalesce(h.ticket_id, excluded.ticket_id)
RETURNING *"""

_TAKE = """
INSERT INTO runtime.person_calls AS h (id, session_id, state, asked_at, taken_by, taken_at)
VALUES ($1, $2, 'held', $4, $3, $4)
ON CONFLICT (session_id) WHERE state <> 'over' DO UPDATE SET
    state = 'held', taken_by = excluded.taken_by, taken_at = coalesce(h.taken_at, excluded.taken_at)
WHERE h.state = 'waiting' OR h.taken_by = excluded.taken_by
RETURNING *"""

_END = """
UPDATE runtime.person_calls SET state = 'over', ended_at = $2 WHERE session_id = $1 AND state <> 'over' RETURNING *"""
