"""What perform() writes down: entries, approvals and what a key was used for."""

import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import asyncpg

from bottega.actions.action import Action, personal_fields
from bottega.actions.actor import Actor, Cause
from bottega.actions.outcome import Done, Failed, Held, Outcome
from bottega.actions.policy.engine import Decision
from bottega.actions.registry import Facts
from bottega.actions.work import IntendedEffect, Work
from bottega.kernel import canonical_json
from bottega.kernel.errors import Conflict, Invalid
from bottega.kernel.identifiers import new_id
from bottega.platform.database.pool import Connection

LARGEST_ARGUMENTS_BYTES = 4_000_000
LONGEST_DIFF_ROWS = 500


class KeyTaken(Exception):
    """The key of a request belongs to an approval that waits or was granted."""


@dataclass(slots=True)
class Request:
    """One action as it was asked for, with its digests."""

    action: Action
    by: Actor
    key: str | None
    because: Cause | None
    request_digest: str
    evidence: Sequence[Mapping[str, Any]] = ()
    attested: Facts = field(default_factory=dict[str, Any])
    entry_id: str = field(default_factory=lambda: new_id("ent"))

    @property
    def name(self) -> str:
        return self.action.action_name()


@dataclass(frozen=True, slots=True)
class Shown:
    """What a held action would have done: the rows it changes, and whose personal values it keeps."""

    diff: list[dict[str, Any]]
    subjects: frozenset[str]


@dataclass(frozen=True, slots=True)
class HeldRequest:
    """Why a request waits, and what the approver is shown."""

    decision: Decision
    facts: Facts
    diff: list[dict[str, Any]]
    stake: tuple[int, str] | None
    held_ref: str | None
    requested_at: datetime
    expires_at: datetime


async def insert_entry(
    connection: Connection,
    request: Request,
    work: Work,
    decision: Decision,
    facts: Facts,
    result: dict[str, Any],
    *,
    approval_id: str | None = None,
) -> None:
    """Writes the entry, drawing its number last of all so that numbers follow the order of the row locks.

    A key that was used before meets the unique index, or raises `KeyTaken` when an approval holds it.
    """
    arguments = canonical_text(lambda: request.action.logged_arguments(work.kept))
    by = request.by
    effects = [_effect_row(effect) for effect in work.intended_effects if effect.entry_id == request.entry_id]
    inserted = await connection.execute(
        _INSERT_ENTRY_AND_EFFECTS if effects else _INSERT_ENTRY,
        request.entry_id,
        request.name,
        arguments,
        canonical_json.digest_of_bytes(arguments),
        request.request_digest,
        by.kind,
        by.id,
        by.role,
        by.on_behalf_of,
        None if request.because is None else str(request.because),
        by.key_scope,
        request.key,
        list(decision.rule_ids),
        decision.policy_version,
        approval_id,
        facts,
        work.resolved,
        result,
        work.now,
        *([effects] if effects else []),
    )
    if inserted == "INSERT 0 0":
        raise KeyTaken


def _effect_row(effect: IntendedEffect) -> dict[str, Any]:
    return {
        "id": effect.id,
        "kind": effect.kind,
        "key": effect.key,
        "payload": dict(effect.payload),
        "maximum_attempts": effect.maximum_attempts,
        "next_attempt_at": effect.due_at,
        "state": "sent" if effect.claimed else "intended",
    }


async def insert_approval(connection: Connection, request: Request, held: HeldRequest) -> str:
    """Stores a waiting approval, in place of one with the same key that expired; returns its id."""
    approval_id, by = new_id("apr"), request.by
    if request.key is not None:
        await connection.execute(
            "WITH expired AS (UPDATE log.approvals SET state = 'expired', decided_at = $3 "
            "    WHERE key_scope = $1 AND idempotency_key = $2 AND state = 'waiting' AND expires_at <= $3 "
            "    RETURNING held_ref) "
            "DELETE FROM vault.values v USING expired WHERE v.id = split_part(expired.held_ref, '.', 1)",
            by.key_scope,
            request.key,
            held.requested_at,
        )
    # The reference ends in a commitment to the full arguments, so the digest binds the personal ones as well.
    kinds = personal_fields(type(request.action)).values()
    references = {} if held.held_ref is None else dict.fromkeys(kinds, held.held_ref)
    arguments = canonical_text(lambda: request.action.logged_arguments(references))
    await connection.execute(
        _INSERT_APPROVAL,
        approval_id,
        request.name,
        arguments,
        held.held_ref,
        canonical_json.digest_of_bytes(arguments),
        request.request_digest,
        by.key_scope,
        request.key,
        by.kind,
        by.id,
        by.role,
        by.on_behalf_of,
        None if request.because is None else str(request.because),
        list(held.decision.rule_ids),
        held.decision.policy_version,
        held.facts,
        held.diff,
        None if held.stake is None else held.stake[0],
        None if held.stake is None else held.stake[1],
        list(request.evidence),
        held.requested_at,
        held.expires_at,
        sorted(by.scopes),
    )
    return approval_id


async def insert_denial(
    connection: Connection, request: Request, decision: Decision, facts: Facts, denied_at: datetime
) -> None:
    """Notes a request that policy refused."""
    await connection.execute(
        "INSERT INTO log.denials (action, actor_kind, actor_id, actor_role, rule_ids, policy_version, facts, "
        "denied_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        request.name,
        request.by.kind,
        request.by.id,
        request.by.role,
        list(decision.rule_ids),
        decision.policy_version,
        facts,
        denied_at,
    )


def canonical_text(value: Callable[[], Any]) -> bytes:
    """The canonical JSON of arguments; `Invalid` when they are too large or hold what no JSON text can."""
    try:
        text = canonical_json.dumps(value())
    except ValueError as error:
        raise Invalid("bad_value", "A value is no text and no number.", next_step="Check it.") from error
    if len(text) > LARGEST_ARGUMENTS_BYTES:
        raise Invalid(
            "arguments_too_large", f"These arguments are larger than {LARGEST_ARGUMENTS_BYTES} bytes.", size=len(text)
        )
    return text


def parse_cause(text: str | None) -> Cause | None:
    if text is None:
        return None
    kind, _, cause_id = text.partition(":")
    return Cause(kind, cause_id)  # pyright: ignore[reportArgumentType] - written by str(Cause)


async def recorded_diff(connection: Connection, entry_id: str) -> list[dict[str, Any]]:
    """The rows an entry changes, as table, key, operation, before and after, inside its own transaction."""
    rows = await connection.fetch(
        "SELECT table_name, row_key, operation, before, after FROM log.changes "
        "WHERE entry_id = $1 ORDER BY id LIMIT $2",
        entry_id,
        LONGEST_DIFF_ROWS,
    )
    return [dict(row) for row in rows]


def recorded_outcome(row: asyncpg.Record | None, request: Request) -> Outcome | None:
    if row is None or (row["entry_id"] is None and row["approval_id"] is None):
        return None
    if not hmac.compare_digest(row["request_digest"], request.request_digest):
        return Failed(
            Conflict(
                "key_used_with_other_arguments",
                f"The key '{request.key}' was already used for another request.",
                next_step="Use a new key for a new request.",
            )
        )
    if row["entry_id"] is not None:
        return Done(row["entry_id"], row["result"], repeated=True)
    state: str = row["approval_state"]
    return Held(row["approval_id"], tuple(row["rule_ids"]), row["expires_at"], state)


_KEY_COLUMNS = """
    e.id AS entry_id, e.result, a.id AS approval_id, a.state AS approval_state, a.rule_ids, a.expires_at,
    coalesce(e.request_digest, a.request_digest) AS request_digest"""

BEGIN_WITH_KEY = f"""
SELECT set_config('bottega.entry', $1, true), {_KEY_COLUMNS}
FROM (SELECT 1) AS one
LEFT JOIN log.entries e ON e.key_scope = $2 AND e.idempotency_key = $3
LEFT JOIN log.approvals a ON a.key_scope = $2 AND a.idempotency_key = $3
    AND a.state IN ('waiting', 'granted') AND (a.state = 'granted' OR a.expires_at > $4)"""

FIND_KEY = f"""
SELECT {_KEY_COLUMNS}
FROM (SELECT 1) AS one
LEFT JOIN log.entries e ON e.key_scope = $1 AND e.idempotency_key = $2
LEFT JOIN log.approvals a ON a.key_scope = $1 AND a.idempotency_key = $2
    AND a.state IN ('waiting', 'granted') AND (a.state = 'granted' OR a.expires_at > $3)"""

_INSERT_ENTRY = """
INSERT INTO log.entries (
    id, sequence, action, arguments, arguments_digest, request_digest, actor_kind, actor_id, actor_role, on_behalf_of,
    because, key_scope, idempotency_key, rule_ids, policy_version, approval_id, facts, resolved, result, recorded_at)
SELECT $1, log.next_sequence(), $2::text, $3::bytea, $4::text, $5::text, $6::text, $7::text, $8::text, $9::text,
       $10::text, $11::text, $12::text, $13::text[], $14::text, $15::text, $16::jsonb, $17::jsonb, $18::jsonb,
       $19::timestamptz
WHERE $15::text IS NOT NULL OR NOT EXISTS (
    SELECT FROM log.approvals a WHERE a.key_scope = $11 AND a.idempotency_key = $12
    AND a.state IN ('waiting', 'granted') AND (a.state = 'granted' OR a.expires_at > $19))"""

# PostgreSQL runs an unread WITH after the main statement: the number is drawn before the effects are written, which
# lock no row that another action could have changed.
_INSERT_ENTRY_AND_EFFECTS = f"""
WITH intended AS (
    INSERT INTO log.effects (
        id, entry_id, kind, key, payload, maximum_attempts, next_attempt_at, created_at, state, attempts, sent_at)
    SELECT id, $1, kind, key, payload, maximum_attempts, next_attempt_at, $19::timestamptz, state,
           CASE state WHEN 'sent' THEN 1 ELSE 0 END, CASE state WHEN 'sent' THEN $19::timestamptz END
    FROM jsonb_to_recordset($20::jsonb) AS effect (
        id text, kind text, key text, payload jsonb, maximum_attempts int, next_attempt_at timestamptz, state text)
){_INSERT_ENTRY}"""

_INSERT_APPROVAL = """
INSERT INTO log.approvals (
    id, action, arguments, held_ref, arguments_digest, request_digest, key_scope, idempotency_key, actor_kind, actor_id,
    actor_role, on_behalf_of, because, rule_ids, policy_version, facts, diff, amount_minor, currency, evidence,
    requested_at, expires_at, actor_scopes)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23)"""
