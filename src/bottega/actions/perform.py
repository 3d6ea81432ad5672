"""perform(): the one path by which anything in the shop changes."""

import asyncio
import hmac
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol, TypeAlias

import asyncpg

from bottega.actions.action import Action, personal_fields, personal_text
from bottega.actions.actor import Actor, Cause
from bottega.actions.outcome import Denied, Done, Failed, Held, Outcome
from bottega.actions.policy.engine import Decision
from bottega.actions.registry import Facts, Handler, handler_of
from bottega.actions.work import IntendedEffect, JobQueue, Work
from bottega.kernel import canonical_json
from bottega.kernel.errors import Conflict, Invalid, Refusal, Unavailable
from bottega.kernel.identifiers import new_id
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Connection, Database

ATTEMPTS_AFTER_DEADLOCK = 4
LONGEST_KEY_CHARACTERS = 200
LARGEST_ARGUMENTS_BYTES = 1_000_000


class Policy(Protocol):
    """Decides whether an action runs, waits or is refused."""

    def decide(
        self, action_name: str, actor: Actor, facts: Mapping[str, Any], *, approved: bool = False
    ) -> Decision: ...


class _Rollback(Exception):
    """Leaves a transaction without keeping anything of it."""


@dataclass(slots=True)
class Request:
    """One action as it was asked for, with its digests."""

    action: Action
    by: Actor
    key: str | None
    because: Cause | None
    request_digest: str
    evidence: Sequence[Mapping[str, Any]] = ()
    entry_id: str = field(default_factory=lambda: new_id("ent"))

    @property
    def name(self) -> str:
        return self.action.action_name()


Alongside: TypeAlias = Callable[[Connection], Awaitable[None]]
WhenDone: TypeAlias = Callable[[Sequence[IntendedEffect]], None]


class Performer:
    """Performs actions against one database under one policy."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        jobs: JobQueue,
        clock: Clock,
        *,
        secret: bytes,
        approval_lifetime: timedelta = timedelta(days=3),
        shop_facts: Facts | None = None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.policy = policy
        self._jobs = jobs
        self._approval_lifetime = approval_lifetime
        self._request_key = hmac.digest(secret, b"request digest", "sha256")
        self.lookup_key = hmac.digest(secret, b"vault lookup", "sha256")
        self._shop_facts: Facts = shop_facts or {}
        self.when_done: list[WhenDone] = []

    async def perform(
        self,
        action: Action,
        *,
        by: Actor,
        key: str | None = None,
        because: Cause | None = None,
        evidence: Sequence[Mapping[str, Any]] = (),
        alongside: Alongside | None = None,
    ) -> Outcome:
        """Decide and do one action; see the blueprint's "perform(), the one path".

        `key` makes it happen once: the same key with the same arguments answers with what was recorded, with other
        arguments it is `Failed(Conflict)`. `alongside` runs in the same transaction just before the entry is
        numbered. Never raises for a refusal; raises `Unavailable` when the database cannot be reached.
        """
        request = self._request(action, by, key, because, evidence)
        for attempt in range(ATTEMPTS_AFTER_DEADLOCK):
            try:
                return await self._attempt(request, alongside)
            except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                if attempt == ATTEMPTS_AFTER_DEADLOCK - 1:
                    raise
                await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, not a secret
            except asyncpg.LockNotAvailableError as error:
                raise Unavailable(
                    "busy", "Another change holds this for too long.", next_step="Try again.", retry_after_seconds=2
                ) from error
            except asyncpg.UniqueViolationError as error:
                if error.constraint_name not in ("entries_idempotency_key", "approvals_idempotency_key"):
                    raise
        recorded = await self._recorded(request)
        assert recorded is not None, "a key that collides has been recorded"
        return recorded

    def _request(
        self,
        action: Action,
        by: Actor,
        key: str | None,
        because: Cause | None,
        evidence: Sequence[Mapping[str, Any]],
    ) -> Request:
        if key is not None and not 0 < len(key) <= LONGEST_KEY_CHARACTERS:
            raise Invalid("bad_key", f"An idempotency key has 1 to {LONGEST_KEY_CHARACTERS} characters.")
        digest = ""
        if key is not None:
            text = canonical_json.dumps([action.action_name(), action.arguments()])
            digest = hmac.digest(self._request_key, text, "sha256").hex()
        return Request(action, by, key, because, digest, evidence)

    async def _attempt(self, request: Request, alongside: Alongside | None) -> Outcome:
        handler = handler_of(request.name)
        decision: Decision | None = None
        facts: Facts = {}
        diff: list[dict[str, Any]] = []
        try:
            async with self.database.write() as connection:
                recorded = await self._begin(connection, request)
                if recorded is not None:
                    return recorded
                work = self.work(connection, request.entry_id, request.by)
                facts = await self.gather_facts(handler, request.action, work)
                decision = self.policy.decide(request.name, request.by, facts)
                if decision.effect == "forbid":
                    raise _Rollback
                result = await handler.run(request.action, work)
                if decision.effect == "hold":
                    diff = await recorded_diff(connection, request.entry_id)
                    raise _Rollback
                if alongside is not None:
                    await alongside(connection)
                await self.record(connection, request, work, decision, facts, result)
        except _Rollback:
            assert decision is not None
            if decision.effect == "hold":
                return await self._hold(request, handler, decision, facts, diff)
            return await self._deny(request, decision, facts)
        except (Refusal, asyncpg.DataError, asyncpg.CheckViolationError, asyncpg.ForeignKeyViolationError) as error:
            refusal = error if isinstance(error, Refusal) else _refusal_of_database(error)
            recorded = await self._recorded(request) if request.key is not None else None
            return recorded or Failed(refusal)
        for hook in self.when_done:
            hook(work.intended_effects)
        return Done(request.entry_id, result, effects=tuple(work.intended_effects))

    def work(self, connection: Connection, entry_id: str, by: Actor) -> Work:
        """The work object of an entry inside an open transaction."""
        return Work(connection, entry_id, by, self.clock.now(), self._jobs, self.lookup_key, self)

    async def gather_facts(self, handler: Handler, action: Action, work: Work) -> Facts:
        """The shop's own facts (limits) and those of the action."""
        own = {} if handler.facts is None else await handler.facts(action, work)
        return {**self._shop_facts, **own}

    async def _begin(self, connection: Connection, request: Request) -> Outcome | None:
        if request.key is None:
            await connection.execute("SELECT set_config('bottega.entry', $1, true)", request.entry_id)
            return None
        row = await connection.fetchrow(
            _BEGIN_WITH_KEY, request.entry_id, request.by.key_scope, request.key, self.clock.now()
        )
        return _recorded_outcome(row, request)

    async def _recorded(self, request: Request) -> Outcome | None:
        async with self.database.read() as connection:
            row = await connection.fetchrow(_FIND_KEY, request.by.key_scope, request.key, self.clock.now())
        return _recorded_outcome(row, request)

    async def perform_held(
        self, granting: Work, approval: Mapping[str, Any], approvers: list[dict[str, Any]]
    ) -> dict[str, Any] | None:
        """Performs exactly what an approval held, as its requester, inside the granting action's transaction.

        Returns entry id and result, or None when policy asks for one more approver; a refusal is raised.
        """
        handler = handler_of(approval["action"])
        by = Actor(
            approval["actor_kind"], approval["actor_id"], approval["actor_role"], on_behalf_of=approval["on_behalf_of"]
        )
        held_ref = approval["held_ref"]
        text = approval["arguments"] if held_ref is None else await granting.reveal(held_ref)
        request = Request(
            handler.action.model_validate_json(text),
            by,
            approval["idempotency_key"],
            _parse_cause(approval["because"]),
            approval["request_digest"],
        )
        connection = granting.connection
        await connection.execute("SELECT set_config('bottega.entry', $1, true)", request.entry_id)
        work = self.work(connection, request.entry_id, by)
        facts = await self.gather_facts(handler, request.action, work)
        roles = {str(approver["role"]) for approver in approvers}
        highest = "owner" if "owner" in roles else "manager" if "manager" in roles else min(roles)
        facts = {**facts, "approver_role": highest, "approvers": len(approvers), "approver_is_requester": False}
        decision = self.policy.decide(request.name, by, facts, approved=True)
        result: dict[str, Any] | None = None
        if decision.effect == "permit":
            result = await handler.run(request.action, work)
            await self.record(connection, request, work, decision, facts, result, approval_id=approval["id"])
            granting.intended_effects.extend(work.intended_effects)
        await connection.execute("SELECT set_config('bottega.entry', $1, true)", granting.entry_id)
        if decision.effect == "forbid":
            raise Denied(decision.rule_ids, tuple(decision.descriptions)).as_refusal()
        return None if result is None else {"entry_id": request.entry_id, "result": result}

    async def record(
        self,
        connection: Connection,
        request: Request,
        work: Work,
        decision: Decision,
        facts: Facts,
        result: dict[str, Any],
        *,
        approval_id: str | None = None,
    ) -> None:
        """Writes the entry, drawing its number last of all so that numbers follow the order of the row locks."""
        arguments = canonical_json.dumps(request.action.logged_arguments(work.kept))
        if len(arguments) > LARGEST_ARGUMENTS_BYTES:
            raise Invalid("arguments_too_large", f"{request.name} is larger than {LARGEST_ARGUMENTS_BYTES} bytes.")
        by = request.by
        await connection.execute(
            _INSERT_ENTRY,
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
        )

    async def _deny(self, request: Request, decision: Decision, facts: Facts) -> Denied:
        async with self.database.connection() as connection:
            await connection.execute(
                "INSERT INTO log.denials (action, actor_kind, actor_id, actor_role, "
                "rule_ids, policy_version, facts, denied_at) "
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                request.name,
                request.by.kind,
                request.by.id,
                request.by.role,
                list(decision.rule_ids),
                decision.policy_version,
                facts,
                self.clock.now(),
            )
        return Denied(decision.rule_ids, tuple(decision.descriptions))

    async def _hold(
        self, request: Request, handler: Handler, decision: Decision, facts: Facts, diff: list[dict[str, Any]]
    ) -> Held:
        """Stores the approval that a person will see; nothing of the action itself is kept."""
        approval_id, now = new_id("apr"), self.clock.now()
        stake = handler.at_stake(request.action, facts) if handler.at_stake else None
        async with self.database.write() as connection:
            await connection.execute("SELECT set_config('bottega.entry', $1, true)", request.entry_id)
            await connection.execute(
                "UPDATE log.approvals SET state = 'expired', decided_at = $3 "
                "WHERE key_scope = $1 AND idempotency_key = $2 AND state = 'waiting' AND expires_at <= $3",
                request.by.key_scope,
                request.key,
                now,
            )
            held_ref = await self._keep_personal_arguments(connection, request)
            arguments = canonical_json.dumps(request.action.logged_arguments({}))
            by = request.by
            await connection.execute(
                _INSERT_APPROVAL,
                approval_id,
                request.name,
                arguments,
                held_ref,
                canonical_json.digest_of_bytes(arguments),
                request.request_digest,
                by.key_scope,
                request.key,
                by.kind,
                by.id,
                by.role,
                by.on_behalf_of,
                None if request.because is None else str(request.because),
                list(decision.rule_ids),
                decision.policy_version,
                facts,
                diff,
                None if stake is None else stake[0],
                None if stake is None else stake[1],
                list(request.evidence),
                now,
                now + self._approval_lifetime,
            )
        return Held(approval_id, decision.rule_ids, now + self._approval_lifetime, reasons=tuple(decision.descriptions))

    async def _keep_personal_arguments(self, connection: Connection, request: Request) -> str | None:
        if not personal_fields(type(request.action)):
            return None
        work = self.work(connection, request.entry_id, request.by)
        subject = request.by.customer_id or request.by.id
        return await work.keep(subject, "held_arguments", personal_text(request.action.arguments()))


def _parse_cause(text: str | None) -> Cause | None:
    if text is None:
        return None
    kind, _, cause_id = text.partition(":")
    return Cause(kind, cause_id)  # pyright: ignore[reportArgumentType]


async def recorded_diff(connection: Connection, entry_id: str) -> list[dict[str, Any]]:
    """The rows an entry changes, as table, key, operation, before and after, inside its own transaction."""
    rows = await connection.fetch(
        "SELECT table_name, row_key, operation, before, after FROM log.changes "
        "WHERE entry_id = $1 ORDER BY id LIMIT 500",
        entry_id,
    )
    return [dict(row) for row in rows]


def _refusal_of_database(error: asyncpg.PostgresError) -> Refusal:
    """What the tables themselves refuse, in words; handlers refuse earlier where they can say it better."""
    if isinstance(error, asyncpg.DataError):
        return Invalid("bad_value", "A value cannot be stored: it is out of range or malformed.", next_step="Check it.")
    constraint = error.constraint_name or ""
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        return Invalid("unknown_reference", f"Something this names does not exist, or is in use ({constraint}).")
    return Conflict("rule_of_the_tables", f"This would break the rule '{constraint}'.", constraint=constraint)


def _recorded_outcome(row: asyncpg.Record | None, request: Request) -> Outcome | None:
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

_BEGIN_WITH_KEY = f"""
SELECT set_config('bottega.entry', $1, true), {_KEY_COLUMNS}
FROM (SELECT 1) AS one
LEFT JOIN log.entries e ON e.key_scope = $2 AND e.idempotency_key = $3
LEFT JOIN log.approvals a ON a.key_scope = $2 AND a.idempotency_key = $3
    AND a.state IN ('waiting', 'granted') AND (a.state = 'granted' OR a.expires_at > $4)"""

_FIND_KEY = f"""
SELECT {_KEY_COLUMNS}
FROM (SELECT 1) AS one
LEFT JOIN log.entries e ON e.key_scope = $1 AND e.idempotency_key = $2
LEFT JOIN log.approvals a ON a.key_scope = $1 AND a.idempotency_key = $2
    AND a.state IN ('waiting', 'granted') AND (a.state = 'granted' OR a.expires_at > $3)"""

_INSERT_ENTRY = """
INSERT INTO log.entries (
    id, sequence, action, arguments, arguments_digest, request_digest, actor_kind, actor_id, actor_role, on_behalf_of,
    because, key_scope, idempotency_key, rule_ids, policy_version, approval_id, facts, resolved, result, recorded_at)
VALUES ($1, log.next_sequence(), $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)"""

_INSERT_APPROVAL = """
INSERT INTO log.approvals (
    id, action, arguments, held_ref, arguments_digest, request_digest, key_scope, idempotency_key, actor_kind, actor_id,
    actor_role, on_behalf_of, because, rule_ids, policy_version, facts, diff, amount_minor, currency, evidence,
    requested_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)"""
