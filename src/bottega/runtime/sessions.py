"""Sessions: opening one, hearing a message, and what was said and shown in it before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from bottega.kernel.errors import Conflict, Forbidden, Invalid, NotFound
from bottega.kernel.identifiers import new_id
from bottega.platform.database.pool import Database, Row
from bottega.runtime.confirmation import ConfirmationRequest, request_of, token_digest
from bottega.runtime.evidence import Evidence, Json, evidence_of
from bottega.runtime.journal import Held, run_of, session_of
from bottega.runtime.presence import Presence
from bottega.runtime.run import Principal, Session, Turn
from bottega.runtime.stored_json import encoded

LONGEST_MESSAGE_CHARACTERS = 8_000
LONGEST_ID_CHARACTERS = 100
QUEUED_TURNS_MAX = 100
"""A session that has more unanswered messages than this takes no further ones."""


@dataclass(frozen=True, slots=True)
class Message:
    """What the principal says. `client_message_id` makes it one turn however often it arrives; `token` is that of a
    confirmation's button, `declined` that the other button was pressed."""

    session_id: str
    text: str
    client_message_id: str | None = None
    token: str | None = None
    declined: bool = False
    attachments: Mapping[str, Json] | None = None


@dataclass(frozen=True, slots=True)
class Heard:
    """A message that was taken in. `held` is there when its run may be advanced at once by this process."""

    run_id: str
    ordinal: int
    session: Session | None
    held: Held | None
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Past:
    """What a run is given of its session's earlier turns."""

    turns: Sequence[Turn] = ()
    evidence: Sequence[Evidence] = ()
    pending: ConfirmationRequest | None = None


class Sessions:
    """Sessions and turns of one process."""

    def __init__(self, database: Database, presence: Presence) -> None:
        self._database = database
        self._presence = presence

    async def open(self, session_id: str, role: str, principal: Principal, now: datetime) -> Session:
        """The session of that id, made if there is none; `Forbidden` when it is somebody else's.

        A principal who is identified by now becomes the session's one customer.
        """
        _check_id("session", session_id)
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                _OPEN, session_id, role, principal.kind, principal.id, principal.customer_id, now
            )
        if row is None:
            raise Forbidden(
                "not_your_session",
                "This conversation belongs to somebody else.",
                next_step="Begin a new conversation.",
            )
        return session_of(row)

    async def hear(self, message: Message, said: str, now: datetime) -> Heard:
        """Takes a message in: its turn and run are written in one statement, and held if it is their turn.

        `said` is the text as it may be stored. Raises `NotFound` and `Conflict`.
        """
        _check_message(message)
        run_id = new_id("run", milliseconds=int(now.timestamp() * 1000))
        task: dict[str, Any] = {"said": said}
        if message.token is not None:
            task["token_digest"] = token_digest(message.token)
        if message.declined:
            task["declined"] = True
        if message.attachments:
            task["attachments"] = message.attachments
        try:
            async with self._database.connection() as connection:
                row = await connection.fetchrow(
                    _HEAR,
                    message.session_id,
                    run_id,
                    message.client_message_id,
                    said,
                    encoded(task),
                    now,
                    self._presence.number,
                    QUEUED_TURNS_MAX,
                )
        except asyncpg.UniqueViolationError:
            return await self._heard_before(message)
        if row is None:
            raise await self._why_not_heard(message.session_id)
        run = run_of(row["run"] | {"created_at": now, "finished_at": None, "answered_at": None, "wake_at": None})
        session = session_of(row["session"] | {"created_at": row["session_created_at"]})
        held = Held(run, 1, 0, row["stopped"]) if run.state == "running" else None
        return Heard(run.id, session.last_ordinal, session, held)

    async def past(self, session_id: str, before: int, turns: int) -> Past:
        """The last turns before one, what they showed, and the confirmation request that waits."""
        async with self._database.read() as connection:
            rows = await connection.fetch(_PAST, session_id, before, before - turns)
        heard = [turn_of(row) for row in rows if row["ordinal"] is not None]
        shown = [evidence_of(record) for row in rows for record in row["evidence"] or ()]
        pending = next((request_of(row["pending"]) for row in rows if row["pending"] is not None), None)
        return Past(heard, shown, pending)

    async def find(self, session_id: str) -> Session | None:
        """The session, if there is one."""
        async with self._database.read() as connection:
            row = await connection.fetchrow("SELECT * FROM runtime.sessions WHERE id = $1", session_id)
        return None if row is None else session_of(row)

    async def transcript(self, session_id: str, *, after: int = 0, limit: int = 100) -> list[Turn]:
        """Turns after an ordinal, oldest first: what a client that was away has missed."""
        async with self._database.read() as connection:
            rows = await connection.fetch(_TRANSCRIPT, session_id, after, min(limit, 200))
        return [turn_of(row) for row in rows]

    async def next_run(self, session_id: str, after: int) -> str | None:
        """The run of the turn that comes after one."""
        async with self._database.connection() as connection:
            return await connection.fetchval(
                "SELECT run_id FROM runtime.turns WHERE session_id = $1 AND ordinal = $2", session_id, after + 1
            )

    async def say(self, session_id: str, run_id: str, reply: Json, now: datetime) -> bool:
        """Adds a message of the shop's own that nobody asked for, once per run; False while a message waits for its
        answer."""
        try:
            async with self._database.connection() as connection:
                status = await connection.execute(_SAY, session_id, run_id, encoded(reply), now, f"said:{run_id}")
        except asyncpg.UniqueViolationError:
            return True
        return status != "INSERT 0 0"

    async def hand_over(self, session_id: str, colleague: str | None, now: datetime) -> Session:
        """Gives the conversation to a colleague, or back to the agent with None."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_HAND_OVER, session_id, colleague, now)
        if row is None:
            raise no_such_session(session_id)
        return session_of(row)

    async def _heard_before(self, message: Message) -> Heard:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(
                "SELECT * FROM runtime.turns WHERE session_id = $1 AND client_message_id = $2",
                message.session_id,
                message.client_message_id,
            )
        assert row is not None, "its row is what the insert met"
        return Heard(row["run_id"], row["ordinal"], None, None, repeated=True)

    async def _why_not_heard(self, session_id: str) -> Exception:
        if await self.find(session_id) is None:
            return no_such_session(session_id)
        return Conflict(
            "too_many_messages",
            "Too many messages of this conversation wait for an answer.",
            next_step="Wait for an answer before sending more.",
        )


def no_such_session(session_id: str) -> NotFound:
    return NotFound("no_such_session", f"There is no conversation {session_id[:64]}.", next_step="Open one.")


def turn_of(row: Row) -> Turn:
    """The record of a row of runtime.turns."""
    return Turn(
        session_id=row["session_id"],
        ordinal=row["ordinal"],
        run_id=row["run_id"],
        asked=row["asked"],
        reply=row["reply"],
        asked_at=row["asked_at"],
        answered_at=row["answered_at"],
        client_message_id=row["client_message_id"],
    )


def _check_message(message: Message) -> None:
    if message.client_message_id is not None:
        _check_id("message", message.client_message_id)
    if not message.text.strip() and message.token is None:
        raise Invalid("empty_message", "The message is empty.", next_step="Write something.")
    if len(message.text) > LONGEST_MESSAGE_CHARACTERS:
        raise Invalid(
            "message_too_long",
            f"A message has at most {LONGEST_MESSAGE_CHARACTERS} characters; this one has {len(message.text)}.",
            next_step="Send it in parts.",
        )


def _check_id(noun: str, text: str) -> None:
    if not (0 < len(text) <= LONGEST_ID_CHARACTERS and text.isascii() and text.isprintable() and " " not in text):
        raise Invalid(
            "bad_identifier",
            f"The id of a {noun} has 1 to {LONGEST_ID_CHARACTERS} ASCII characters without spaces.",
            next_step="Choose another one.",
        )


_OPEN = """
INSERT INTO runtime.sessions AS s (id, role, principal_kind, principal_id, customer_id, created_at, last_at)
VALUES ($1, $2, $3, $4, $5, $6, $6)
ON CONFLICT (id) DO UPDATE SET customer_id = coalesce(s.customer_id, excluded.customer_id)
WHERE s.role = excluded.role AND s.principal_kind = excluded.principal_kind AND s.principal_id = excluded.principal_id
  AND coalesce(s.customer_id, excluded.customer_id) IS NOT DISTINCT FROM
      coalesce(excluded.customer_id, s.customer_id)
RETURNING *"""

# The session's row lock puts messages in order, and the row says in its newest version whether the turn before is
# answered. A message heard while a colleague holds the conversation is theirs to answer.
_HEAR = """
WITH session AS (
    UPDATE runtime.sessions s SET last_ordinal = s.last_ordinal + 1, last_at = $6,
        answered_ordinal = CASE WHEN s.held_by IS NOT NULL AND s.answered_ordinal = s.last_ordinal
                                THEN s.last_ordinal + 1 ELSE s.answered_ordinal END
    WHERE s.id = $1 AND s.last_ordinal - s.answered_ordinal < $8
    RETURNING s.*
), run AS (
    INSERT INTO runtime.runs AS r (
        id, role, state, principal_kind, principal_id, customer_id, session_id, turn, task, holder, fence, created_at,
        began_at, answered_at, finished_at)
    SELECT $2, s.role,
        CASE WHEN s.answered_ordinal = s.last_ordinal THEN 'done'
             WHEN s.answered_ordinal = s.last_ordinal - 1 THEN 'running' ELSE 'queued' END,
        s.principal_kind, s.principal_id, s.customer_id, s.id, s.last_ordinal, $5::jsonb,
        CASE WHEN s.answered_ordinal = s.last_ordinal - 1 THEN $7::int END, 1, $6,
        CASE WHEN s.answered_ordinal >= s.last_ordinal - 1 THEN $6 END,
        CASE WHEN s.answered_ordinal = s.last_ordinal THEN $6 END,
        CASE WHEN s.answered_ordinal = s.last_ordinal THEN $6 END
    FROM session s
    RETURNING r.*
), turn AS (
    INSERT INTO runtime.turns (session_id, ordinal, run_id, client_message_id, asked, asked_at, answered_at)
    SELECT s.id, s.last_ordinal, $2, $3, $4, $6, CASE WHEN s.answered_ordinal = s.last_ordinal THEN $6 END
    FROM session s
)
SELECT to_jsonb(r) AS run, to_jsonb(s) AS session, s.created_at AS session_created_at,
    EXISTS (SELECT FROM runtime.switches w WHERE w.role IN ('*', r.role) AND w.stopped) AS stopped
FROM run r, session s"""

# What turns have shown stands in the steps of their runs. A last row carries the waiting confirmation alone.
_PAST = """
SELECT t.*, (
    SELECT jsonb_agg(e.value ORDER BY s.number, e.ordinality)
    FROM runtime.steps s, jsonb_array_elements(s.detail -> 'evidence') WITH ORDINALITY AS e
    WHERE s.run_id = t.run_id AND s.phase IN ('observe', 'act') AND s.state = 'done'
) AS evidence, NULL::jsonb AS pending
FROM runtime.turns t
WHERE t.session_id = $1 AND t.ordinal < $2 AND t.ordinal >= $3
UNION ALL
SELECT no_turn.*, NULL, to_jsonb(c)
FROM runtime.confirmations c LEFT JOIN runtime.turns no_turn ON false
WHERE c.session_id = $1 AND c.state = 'pending'
ORDER BY ordinal NULLS LAST"""

_HAND_OVER = """
WITH ended AS (
    UPDATE runtime.takeovers SET given_back_at = $3 WHERE session_id = $1 AND given_back_at IS NULL
), begun AS (
    INSERT INTO runtime.takeovers (session_id, taken_at, taken_by)
    SELECT id, $3, $2 FROM runtime.sessions WHERE id = $1 AND $2::text IS NOT NULL AND held_by IS DISTINCT FROM $2
    ON CONFLICT DO NOTHING
)
UPDATE runtime.sessions SET held_by = $2, last_at = $3 WHERE id = $1 RETURNING *"""

_TRANSCRIPT = """
SELECT * FROM runtime.turns WHERE session_id = $1 AND ordinal > $2 ORDER BY ordinal LIMIT $3"""

_SAY = """
WITH session AS (
    UPDATE runtime.sessions s SET last_ordinal = s.last_ordinal + 1, answered_ordinal = s.last_ordinal + 1, last_at = $4
    WHERE s.id = $1 AND s.answered_ordinal = s.last_ordinal RETURNING s.last_ordinal
)
INSERT INTO runtime.turns (session_id, ordinal, run_id, reply, asked_at, answered_at, client_message_id)
SELECT $1, last_ordinal, $2, $3::jsonb, $4, $4, $5 FROM session"""
