"""Effects: intended calls to the outside world, each sent with a stable key, its outcome recorded by an action."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal, TypeAlias

import structlog

from bottega.actions.action import Action
from bottega.actions.actor import Cause, system
from bottega.actions.outcome import Done, Outcome
from bottega.actions.perform import Performer
from bottega.actions.work import IntendedEffect
from bottega.kernel.errors import Conflict, Forbidden, Invalid, NotFound, OutcomeUnknown, Unavailable
from bottega.platform.database.pool import Connection
from bottega.ports.services import Services

log = structlog.get_logger(__name__)

SEND_TIMEOUT_SECONDS = 30.0
# An effect that has been `sent` this long without an outcome lost its sender: it is unknown and is looked up.
LOST_AFTER = timedelta(seconds=45)
LONGEST_BACKOFF_SECONDS = 900.0
DEFAULT_MAXIMUM_ATTEMPTS = 8
# Slow vendors must not hold up the others, and each one under way takes a connection now and then.
LARGEST_NUMBER_AT_ONCE = 4
STATES = ("intended", "sent", "confirmed", "refused", "unknown", "dead", "cancelled")


@dataclass(frozen=True, slots=True)
class Effect:
    """One intended call, as a sender sees it."""

    id: str
    entry_id: str
    kind: str
    key: str
    payload: Mapping[str, Any]
    attempts: int


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One try of an effect, and the state it was taken from."""

    effect: Effect
    was: str
    maximum_attempts: int


@dataclass(frozen=True, slots=True)
class Answer:
    """What the outside said; `record` is JSON-ready and holds nothing personal.

    `shown` is for whoever drives a claimed effect and waits for its answer (what a payer's browser has to do next);
    it is never written down.
    """

    state: Literal["confirmed", "refused"]
    record: dict[str, Any]
    shown: Any = field(default=None, repr=False, compare=False)


@dataclass(frozen=True, slots=True)
class Sending:
    """What a sender may use: the ports, and reads of the shop (to reveal personal values at the last moment)."""

    services: Services
    performer: Performer


Send: TypeAlias = Callable[[Effect, Sending], Awaitable[Answer]]
LookUp: TypeAlias = Callable[[Effect, Sending], Awaitable["Answer | None"]]
Settle: TypeAlias = Callable[[Effect, Answer], "Action | None"]
Abandon: TypeAlias = Callable[[Effect], "Action | None"]


@dataclass(frozen=True, slots=True)
class Sender:
    """How one kind of effect is sent, looked up when its outcome is unknown, recorded, and given up."""

    kind: str
    send: Send
    look_up: LookUp
    settle: Settle
    abandon: Abandon


_SENDERS: dict[str, Sender] = {}


class Cancelled(Exception):
    """Raised by a sender when there is nothing left to do: the person was forgotten, the thing is gone."""


def nothing_to_record(*_: object) -> None:
    """For effects that change nothing in the shop."""


def register_sender(
    kind: str, *, send: Send, look_up: LookUp, settle: Settle = nothing_to_record, abandon: Abandon = nothing_to_record
) -> None:
    """Registers the one sender of a kind.

    `look_up` returns None when the call surely never took effect. `settle` gives the action that records the answer,
    and `abandon` the one that records that a person has given the effect up.
    """
    assert kind not in _SENDERS, f"{kind} has two senders"
    _SENDERS[kind] = Sender(kind, send, look_up, settle, abandon)


def sender_of(kind: str) -> Sender:
    """The sender of a kind; a kind without one is a bug."""
    return _SENDERS[kind]


class EffectDriver:
    """Sends what is due and records what came back; several may run at once on many machines."""

    def __init__(self, performer: Performer, services: Services) -> None:
        self._performer = performer
        self._sending = Sending(services, performer)

    async def drive(self, effect_id: str) -> str:
        """One step of one effect; returns its state afterwards. Safe to call at any time, any number of times."""
        now = self._performer.clock.now()
        async with self._performer.database.connection() as connection:
            row = await connection.fetchrow(_CLAIM, effect_id, now, now - LOST_AFTER, now + LOST_AFTER)
            if row is None:
                return await connection.fetchval("SELECT state FROM log.effects WHERE id = $1", effect_id) or "missing"
        effect = Effect(row["id"], row["entry_id"], row["kind"], row["key"], row["payload"], row["attempts"])
        return (await self._step(effect, row["was"], row["maximum_attempts"]))[0]

    async def drive_claimed(self, intended: IntendedEffect) -> tuple[str, Answer | None]:
        """Sends what this process claimed when it intended it; returns the state and the answer, if one came."""
        assert intended.claimed, "an effect that is not claimed goes through drive()"
        effect = Effect(intended.id, intended.entry_id, intended.kind, intended.key, intended.payload, 1)
        return await self._step(effect, "intended", DEFAULT_MAXIMUM_ATTEMPTS)

    async def drive_all_claimed(self, outcome: Outcome) -> list[Answer]:
        """Sends everything that an action left claimed; for whoever performs actions that may pay."""
        claimed = [effect for effect in outcome.effects if effect.claimed] if isinstance(outcome, Done) else []
        answers = [(await self.drive_claimed(effect))[1] for effect in claimed]
        return [answer for answer in answers if answer is not None]

    async def _step(self, effect: Effect, was: str, maximum_attempts: int) -> tuple[str, Answer | None]:
        """Send or look up, then record; the effect is in state `sent` and ours."""
        sender = _SENDERS[effect.kind]
        attempt = _Attempt(effect, was, maximum_attempts)
        try:
            async with asyncio.timeout(SEND_TIMEOUT_SECONDS):
                call = sender.send if was == "intended" else sender.look_up
                answer = await call(effect, self._sending)
        except (OutcomeUnknown, TimeoutError) as error:
            return await self._postpone(attempt, "unknown", error), None
        except Unavailable as error:
            return await self._postpone(attempt, "unknown" if was == "sent" else was, error), None
        except Cancelled as reason:
            return await self._end(_CANCEL, effect, str(reason)), None
        except (Invalid, NotFound, Conflict, Forbidden) as error:
            return await self._bury(effect, error), None
        except Exception as error:  # noqa: BLE001 - a fault in one sender must not stop the others
            # It may have been sent before it failed; and the exception's text may be personal.
            log.error("effect_sender_failed", effect_id=effect.id, kind=effect.kind, error=type(error).__name__)
            unforeseen = OutcomeUnknown("sender_failed", f"The sender failed with {type(error).__name__}.")
            return await self._postpone(attempt, "unknown", unforeseen), None
        if answer is None:
            return await self._postpone(attempt, "intended", None), None
        return await self._settle(sender, effect, answer, looked_up=was != "intended"), answer

    async def _settle(self, sender: Sender, effect: Effect, answer: Answer, *, looked_up: bool) -> str:
        async def mark(connection: Connection) -> None:
            await connection.execute(
                _SETTLE, effect.id, answer.state, answer.record, self._performer.clock.now(), looked_up
            )

        action = sender.settle(effect, answer)
        if action is None:
            async with self._performer.database.connection() as connection:
                await mark(connection)
            return answer.state
        outcome = await self._performer.perform(
            action,
            by=system("effects"),
            key=f"effect:{effect.id}:{effect.attempts}",
            because=Cause("entry", effect.entry_id),
            alongside=mark,
        )
        if isinstance(outcome, Done):
            return answer.state
        log.error("effect_outcome_not_recorded", effect_id=effect.id, kind=effect.kind, outcome=repr(outcome))
        return await self._end(_BURY, effect, f"its outcome could not be recorded: {outcome!r}")

    async def _postpone(self, attempt: _Attempt, state: str, error: Exception | None) -> str:
        """Back to `intended` or `unknown` with backoff and jitter, or to the dead letters after the last attempt."""
        effect = attempt.effect
        if effect.attempts >= attempt.maximum_attempts:
            return await self._bury(effect, error or Unavailable("never_took_effect", "It never took effect."))
        wait = min(2.0**effect.attempts * 0.5, LONGEST_BACKOFF_SECONDS)
        wait *= random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not a secret
        if isinstance(error, Unavailable) and error.retry_after_seconds is not None:
            wait = max(wait, min(error.retry_after_seconds, LONGEST_BACKOFF_SECONDS))
        due = self._performer.clock.now() + timedelta(seconds=0 if error is None else wait)
        async with self._performer.database.connection() as connection:
            await connection.execute(_POSTPONE, effect.id, state, due, None if error is None else str(error)[:2000])
        return state

    async def _bury(self, effect: Effect, error: Exception) -> str:
        log.warning("effect_dead", effect_id=effect.id, kind=effect.kind, error=str(error)[:200])
        return await self._end(_BURY, effect, str(error))

    async def _end(self, statement: str, effect: Effect, reason: str) -> str:
        async with self._performer.database.connection() as connection:
            return await connection.fetchval(statement, effect.id, reason[:2000]) or "missing"

    async def drive_due(self, limit: int = 50) -> int:
        """Drives what is due (a sender that died, a retry whose time has come); returns how many."""
        async with self._performer.database.read() as connection:
            rows = await connection.fetch(_DUE, self._performer.clock.now(), limit)
        at_once = asyncio.Semaphore(LARGEST_NUMBER_AT_ONCE)

        async def drive_one(effect_id: str) -> None:
            async with at_once:
                await self.drive(effect_id)

        async with asyncio.TaskGroup() as tasks:
            for row in rows:
                tasks.create_task(drive_one(row["id"]))
        return len(rows)


async def list_effects(
    connection: Connection, *, state: str | None = None, kind: str | None = None, after: str = "", limit: int = 50
) -> list[dict[str, Any]]:
    """Effects by id, oldest first; `limit` ≤ 200."""
    rows = await connection.fetch(
        "SELECT * FROM log.effects WHERE ($1::text IS NULL OR state = $1) AND ($2::text IS NULL OR kind = $2) "
        "AND id > $3 ORDER BY id LIMIT $4",
        state,
        kind,
        after,
        min(limit, 200),
    )
    return [dict(row) for row in rows]


async def get_effect(connection: Connection, effect_id: str) -> dict[str, Any]:
    """One effect; raises `no_such_effect`."""
    row = await connection.fetchrow("SELECT * FROM log.effects WHERE id = $1", effect_id)
    if row is None:
        raise no_such_effect(effect_id)
    return dict(row)


def no_such_effect(effect_id: str) -> NotFound:
    return NotFound("no_such_effect", f"There is no effect {effect_id}.", next_step="See `bottega effects list`.")


_CLAIM = """
WITH due AS (
    SELECT id, state FROM log.effects
    WHERE id = $1 AND next_attempt_at <= $2
      AND (state IN ('intended', 'unknown') OR (state = 'sent' AND sent_at < $3))
    FOR UPDATE SKIP LOCKED)
UPDATE log.effects e
SET state = 'sent', attempts = e.attempts + 1, sent_at = $2, next_attempt_at = $4
FROM due WHERE e.id = due.id
RETURNING e.*, due.state AS was"""

_SETTLE = """
UPDATE log.effects SET state = $2, outcome = $3, settled_at = $4, reconciled = $5, last_error = NULL
WHERE id = $1 AND state = 'sent'"""

_POSTPONE = """
UPDATE log.effects SET state = $2, next_attempt_at = $3, last_error = coalesce($4, last_error)
WHERE id = $1 AND state = 'sent'"""

_BURY = """
UPDATE log.effects SET state = 'dead', last_error = $2 WHERE id = $1 AND state = 'sent' RETURNING state"""

_CANCEL = """
UPDATE log.effects SET state = 'cancelled', last_error = $2 WHERE id = $1 AND state = 'sent' RETURNING state"""

_DUE = """
SELECT id FROM log.effects WHERE state IN ('intended', 'sent', 'unknown') AND next_attempt_at <= $1
ORDER BY next_attempt_at LIMIT $2"""
