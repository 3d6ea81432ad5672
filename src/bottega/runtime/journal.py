"""The journal: runs and their steps in the database, written by one holder at a time behind a fence."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from bottega.actions.actor import ActorKind
from bottega.kernel.identifiers import new_id
from bottega.platform.database.pool import Connection, Database, Row
from bottega.runtime.evidence import Json
from bottega.runtime.presence import Presence
from bottega.runtime.run import Principal, Run, RunState, Session, Step, Usage, Waiting
from bottega.runtime.stored_json import encoded

MAXIMUM_ATTEMPTS = 5
"""A run in which so many processes died is not given to another."""


class Overtaken(Exception):
    """Another process holds the run by now; nothing was written, and this one has to let go of it."""


@dataclass(frozen=True, slots=True)
class Held:
    """A run that this process holds: it may write under this fence until somebody takes it over."""

    run: Run
    fence: int
    signals: int
    stopped: bool = False
    """Whether the stop switch was on when it was taken in hand."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What is written where the run's turn is answered: the reply, and what the session keeps."""

    reply: Mapping[str, Json] | None
    slots: Mapping[str, Json]
    handles: Mapping[str, Json]
    tainted: bool


@dataclass(frozen=True, slots=True)
class Writing:
    """One write: steps that began or ended, and what the run is after it. `durable` says that something outside
    follows from it, so it has to be on disk first."""

    state: RunState
    usage: Usage
    steps: Sequence[Step] = ()
    waiting: Waiting | None = None
    result: Json = None
    failure: str | None = None
    answer: Answer | None = None
    durable: bool = True
    faults: Mapping[int, str] = field(default_factory=dict[int, str])
    """By the step's number: what kind of failure it stands for, for the metrics."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the database knew when it wrote. `more_turns` says that the session's next turn was heard already."""

    state: RunState
    stopped: bool
    cancelled: bool
    more_turns: bool = False


class Journal:
    """Claims, reads and writes runs for one process."""

    def __init__(self, database: Database, presence: Presence) -> None:
        self._database = database
        self._presence = presence

    async def claim(self, run_id: str, now: datetime) -> Held | None:
        """Takes the run over if it may be advanced: it is ready or due, waits for something that may have happened, its
        turn has come, or its holder died.

        None when it is final, queued behind another turn, or in somebody else's hands.
        """
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_CLAIM, run_id, self._presence.number, now, MAXIMUM_ATTEMPTS)
        return None if row is None else Held(run_of(row), row["fence"], row["signals"], row["stopped"])

    async def steps(self, run_id: str) -> list[Step]:
        """The run's steps in their order."""
        async with self._database.read() as connection:
            return await steps_of(connection, run_id)

    async def write(self, held: Held, writing: Writing, now: datetime) -> Written:
        """Writes in one statement; raises `Overtaken` when the run is no longer this process's.

        A run that would wait although something it waits for has happened meanwhile is `ready` afterwards.
        """
        waiting, usage, answer = writing.waiting, writing.usage, writing.answer
        arguments: list[Any] = [
            held.run.id,
            held.fence,
            writing.state,
            None if waiting is None else waiting.what,
            [] if waiting is None else list(waiting.ids),
            None if waiting is None else waiting.until,
            *(getattr(usage, name) for name in _USAGE),
            None if writing.result is None else encoded(writing.result),
            writing.failure,
            now,
            held.signals,
            encoded([_step_record(step, writing.faults.get(step.number)) for step in writing.steps]),
            not writing.durable,
        ]
        if answer is not None:
            reply = None if answer.reply is None else encoded(answer.reply)
            arguments += [reply, encoded(answer.slots), encoded(answer.handles), answer.tainted]
        async with self._database.connection() as connection:
            row = await connection.fetchrow(_WRITE if answer is None else _WRITE_AND_ANSWER, *arguments)
        if row is None:
            raise Overtaken(held.run.id)
        more = answer is not None and row["last_ordinal"] is not None and row["last_ordinal"] > row["turn"]
        return Written(row["state"], row["stopped"], row["cancelled_by"] is not None, more)

    async def signal(self, connection: Connection, run_ids: Sequence[str]) -> None:
        """Says that something happened that these runs have to look at."""
        await connection.execute(_SIGNAL, list(run_ids))


def new_run(
    role: str,
    principal: Principal,
    task: Mapping[str, Json],
    now: datetime,
    *,
    parent_ids: tuple[str, ...] = (),
) -> Run:
    """A run that is ready and belongs to no session."""
    run_id = new_id("run", milliseconds=int(now.timestamp() * 1000))
    return Run(run_id, role, "ready", principal, task, now, parent_ids=parent_ids)


async def insert_run(connection: Connection, run: Run, start_key: str | None) -> Run:
    """Inserts a run that is ready, in the caller's transaction; with a key that was used, the run that it started."""
    row = await connection.fetchrow(
        _START,
        run.id,
        run.role,
        run.principal.kind,
        run.principal.id,
        run.principal.customer_id,
        list(run.parent_ids),
        start_key,
        encoded(run.task),
        run.created_at,
    )
    if row is None:
        row = await connection.fetchrow(
            "SELECT * FROM runtime.runs WHERE role = $1 AND start_key = $2", run.role, start_key
        )
    assert row is not None, "the key stands in the table"
    return run_of(row)


async def steps_of(connection: Connection, run_id: str) -> list[Step]:
    """The steps of a run in their order."""
    rows = await connection.fetch("SELECT * FROM runtime.steps WHERE run_id = $1 ORDER BY number", run_id)
    return [
        Step(row["number"], row["phase"], row["name"], row["state"], row["detail"], row["began_at"], row["ended_at"])
        for row in rows
    ]


def run_of(row: Row | Mapping[str, Any]) -> Run:
    """The record of a row of runtime.runs."""
    waiting = None
    if row["waiting_for"] is not None:
        waiting = Waiting(row["waiting_for"], tuple(row["waiting_ids"]), row["wake_at"])
    return Run(
        id=row["id"],
        role=row["role"],
        state=row["state"],
        principal=principal_of(row),
        task=row["task"],
        created_at=row["created_at"],
        session_id=row["session_id"],
        turn=row["turn"],
        parent_ids=tuple(row["parent_ids"]),
        waiting=waiting,
        usage=Usage(**{name: row[name] for name in _USAGE}),
        result=row["result"],
        failure=row["failure"],
        attempts=row["attempts"],
        finished_at=row["finished_at"],
        answered_at=row["answered_at"],
        cancelled=row["cancelled_by"] is not None,
    )


def session_of(row: Row | Mapping[str, Any]) -> Session:
    """The record of a row of runtime.sessions."""
    return Session(
        id=row["id"],
        role=row["role"],
        principal=principal_of(row),
        slots=row["slots"],
        handles=row["handles"],
        tainted=row["tainted"],
        last_ordinal=row["last_ordinal"],
        answered_ordinal=row["answered_ordinal"],
        created_at=row["created_at"],
        held_by=row["held_by"],
    )


def principal_of(row: Row | Mapping[str, Any]) -> Principal:
    """For whom a run or session works."""
    kind: ActorKind = row["principal_kind"]
    return Principal(kind, row["principal_id"], row["customer_id"])


def _step_record(step: Step, fault: str | None) -> dict[str, Any]:
    return {
        "number": step.number,
        "phase": step.phase,
        "name": step.name,
        "state": step.state,
        "fault": fault,
        "detail": step.detail,
        "began_at": step.began_at,
        "ended_at": step.ended_at,
    }


_USAGE = (
    "steps",
    "model_calls",
    "tool_calls",
    "input_tokens",
    "output_tokens",
    "cost_micros",
    "active_milliseconds",
)

_CLAIM = """
UPDATE runtime.runs AS r SET
    state = 'running', waiting_for = NULL, waiting_ids = '{}', wake_at = NULL, holder = $2, fence = r.fence + 1,
    attempts = r.attempts + CASE WHEN r.state = 'running' THEN 1 ELSE 0 END, began_at = coalesce(r.began_at, $3)
WHERE r.id = $1 AND (
    r.state = 'ready'
    OR (r.state = 'waiting' AND (r.waiting_for NOT IN ('timer', 'retry') OR r.wake_at <= $3))
    OR (r.state = 'queued' AND (
        SELECT s.answered_ordinal >= r.turn - 1 FROM runtime.sessions s WHERE s.id = r.session_id))
    OR (r.state = 'running' AND r.attempts < $4 AND (r.holder = $2 OR NOT runtime.is_alive(r.holder))))
RETURNING r.*, EXISTS (SELECT FROM runtime.switches w WHERE w.role IN ('*', r.role) AND w.stopped) AS stopped"""

# The steps of one write, new and ended ones alike; and beside them what the writer has to know.
_BODY = """
WITH held AS (
    UPDATE runtime.runs AS r SET
        state = CASE WHEN $3 = 'waiting' AND r.signals <> $17 THEN 'ready' ELSE $3 END,
        waiting_for = CASE WHEN $3 = 'waiting' AND r.signals <> $17 THEN NULL ELSE $4 END,
        waiting_ids = $5::text[],
        wake_at = $6,
        holder = CASE WHEN $3 = 'running' THEN r.holder END,
        steps = $7, model_calls = $8, tool_calls = $9, input_tokens = $10, output_tokens = $11, cost_micros = $12,
        active_milliseconds = $13,
        result = $14, failure = $15,
        answered_at = {answered_at},
        finished_at = CASE WHEN $3 IN ('done', 'failed', 'cancelled') THEN $16::timestamptz END
    WHERE r.id = $1 AND r.fence = $2 AND r.state = 'running'
    RETURNING r.state, r.role, r.session_id, r.turn, r.cancelled_by,
        CASE WHEN $19 THEN set_config('synchronous_commit', 'off', true) END
), written AS (
    INSERT INTO runtime.steps AS s (run_id, number, phase, name, state, fault, detail, began_at, ended_at)
    SELECT $1, w.number, w.phase, w.name, w.state, w.fault, w.detail, w.began_at, w.ended_at
    FROM jsonb_to_recordset($18::jsonb) AS w (
        number int, phase text, name text, state text, fault text, detail jsonb, began_at timestamptz,
        ended_at timestamptz), held
    ON CONFLICT (run_id, number) DO UPDATE SET
        state = excluded.state, fault = excluded.fault, detail = excluded.detail, ended_at = excluded.ended_at
){more}
SELECT h.state, h.turn, h.cancelled_by, {last_ordinal} AS last_ordinal, EXISTS (
    SELECT FROM runtime.switches w WHERE w.role IN ('*', h.role) AND w.stopped) AS stopped
FROM held h{joined}"""

_WRITE = _BODY.format(answered_at="r.answered_at", more="", last_ordinal="NULL::int", joined="")

_ANSWER = """, turn AS (
    UPDATE runtime.turns t SET reply = $20, answered_at = $16::timestamptz
    FROM held h WHERE t.session_id = h.session_id AND t.ordinal = h.turn
), session AS (
    UPDATE runtime.sessions s SET
        answered_ordinal = greatest(s.answered_ordinal, h.turn), slots = $21, handles = $22,
        tainted = s.tainted OR $23, last_at = $16::timestamptz
    FROM held h WHERE s.id = h.session_id
    RETURNING s.last_ordinal
)"""

_WRITE_AND_ANSWER = _BODY.format(
    answered_at="coalesce(r.answered_at, $16::timestamptz)",
    more=_ANSWER,
    last_ordinal="s.last_ordinal",
    joined=" LEFT JOIN session s ON true",
)

_START = """
INSERT INTO runtime.runs (
    id, role, state, principal_kind, principal_id, customer_id, parent_ids, start_key, task, created_at)
VALUES ($1, $2, 'ready', $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (role, start_key) WHERE start_key IS NOT NULL DO NOTHING
RETURNING *"""

_SIGNAL = """
UPDATE runtime.runs SET
    signals = signals + 1,
    state = CASE WHEN state = 'waiting' THEN 'ready' ELSE state END,
    waiting_for = NULL, waiting_ids = '{}', wake_at = NULL
WHERE id = ANY($1::text[]) AND state IN ('queued', 'ready', 'running', 'waiting')"""
