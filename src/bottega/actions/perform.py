"""perform(): the one path by which anything in the shop changes."""

import asyncio
import hmac
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any, Protocol, TypeAlias

import asyncpg

from bottega.actions import records
from bottega.actions.action import Action, personal_fields, personal_text
from bottega.actions.actor import Actor, Cause
from bottega.actions.outcome import Denied, Done, Failed, Held, Outcome
from bottega.actions.policy.engine import Decision
from bottega.actions.records import Request
from bottega.actions.registry import Facts, Handler, handler_of
from bottega.actions.work import IntendedEffect, JobQueue, Work
from bottega.kernel import canonical_json
from bottega.kernel.errors import Invalid, Refusal, Unavailable
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Connection, Database
from bottega.platform.telemetry import tracer

ATTEMPTS_AFTER_DEADLOCK = 4
LONGEST_KEY_CHARACTERS = 200


class Policy(Protocol):
    """Decides whether an action runs, waits or is refused."""

    def decide(
        self, action_name: str, actor: Actor, facts: Mapping[str, Any], *, approved: bool = False
    ) -> Decision: ...


class _Rollback(Exception):
    """Leaves a transaction without keeping anything of it."""


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
        with tracer.start_as_current_span("perform") as span:
            span.set_attribute("bottega.action", request.name)
            span.set_attribute("bottega.actor.kind", by.kind)
            outcome = await self._until_settled(request, alongside)
            span.set_attribute("bottega.outcome", type(outcome).__name__)
        return outcome

    async def _until_settled(self, request: Request, alongside: Alongside | None) -> Outcome:
        """Attempts until nothing passing is in the way: deadlocks are tried again, racing equal keys are read."""
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
                    diff = await records.recorded_diff(connection, request.entry_id)
                    raise _Rollback
                if alongside is not None:
                    await alongside(connection)
                await records.insert_entry(connection, request, work, decision, facts, result)
        except _Rollback:
            assert decision is not None
            if decision.effect == "hold":
                return await self._hold(request, handler, decision, facts, diff)
            return await self._deny(request, decision, facts)
        except (Refusal, asyncpg.DataError, asyncpg.CheckViolationError, asyncpg.ForeignKeyViolationError) as error:
            refusal = error if isinstance(error, Refusal) else records.refusal_of_database(error)
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
            records.BEGIN_WITH_KEY, request.entry_id, request.by.key_scope, request.key, self.clock.now()
        )
        return records.recorded_outcome(row, request)

    async def _recorded(self, request: Request) -> Outcome | None:
        async with self.database.read() as connection:
            row = await connection.fetchrow(records.FIND_KEY, request.by.key_scope, request.key, self.clock.now())
        return records.recorded_outcome(row, request)

    async def perform_held(
        self, granting: Work, approval: Mapping[str, Any], approvers: list[dict[str, Any]]
    ) -> dict[str, Any] | None:
        """Performs exactly what an approval held, as its requester, inside the granting action's transaction.

        Returns entry id and result, or None when policy asks for one more approver; a refusal is raised.
        """
        handler = handler_of(approval["action"])
        by = Actor(
            approval["actor_kind"],
            approval["actor_id"],
            approval["actor_role"],
            frozenset(approval["actor_scopes"]),
            approval["on_behalf_of"],
        )
        held_ref = approval["held_ref"]
        text = approval["arguments"] if held_ref is None else await granting.reveal(held_ref)
        request = Request(
            handler.action.model_validate_json(text),
            by,
            approval["idempotency_key"],
            records.parse_cause(approval["because"]),
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
            await records.insert_entry(connection, request, work, decision, facts, result, approval_id=approval["id"])
            granting.intended_effects.extend(work.intended_effects)
        await connection.execute("SELECT set_config('bottega.entry', $1, true)", granting.entry_id)
        if decision.effect == "forbid":
            raise Denied(decision.rule_ids, tuple(decision.descriptions)).as_refusal()
        return None if result is None else {"entry_id": request.entry_id, "result": result}

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
        now = self.clock.now()
        stake = handler.at_stake(request.action, facts) if handler.at_stake else None
        async with self.database.write() as connection:
            await connection.execute("SELECT set_config('bottega.entry', $1, true)", request.entry_id)
            held_ref: str | None = None
            if personal_fields(type(request.action)):
                work = self.work(connection, request.entry_id, request.by)
                subject = request.by.customer_id or request.by.id
                held_ref = await work.keep(subject, "held_arguments", personal_text(request.action.arguments()))
            held = records.HeldRequest(decision, facts, diff, stake, held_ref, now, now + self._approval_lifetime)
            approval_id = await records.insert_approval(connection, request, held)
        return Held(approval_id, decision.rule_ids, held.expires_at, reasons=tuple(decision.descriptions))
