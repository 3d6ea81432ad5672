"""perform(): the one path by which anything in the shop changes."""

import asyncio
import hmac
import random
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Protocol, TypeAlias

import asyncpg

from bottega.actions import records, refusals
from bottega.actions.action import Action, personal_fields, personal_text
from bottega.actions.actor import Actor, Cause
from bottega.actions.outcome import Denied, Done, Failed, Held, Outcome
from bottega.actions.policy.engine import Decision
from bottega.actions.records import Request
from bottega.actions.registry import ATTESTED_FACTS, Facts, Handler, handler_of
from bottega.actions.work import IntendedEffect, JobQueue, Work
from bottega.kernel.errors import Conflict, Invalid, NotFound, Refusal
from bottega.platform.clock import Clock
from bottega.platform.database.connection_loss import is_connection_loss
from bottega.platform.database.pool import Connection, Database
from bottega.platform.telemetry import span_of

ATTEMPTS_AFTER_DEADLOCK = 4
LONGEST_KEY_CHARACTERS = 200


class Policy(Protocol):
    """Decides whether an action runs, waits or is refused."""

    def decide(
        self, action_name: str, actor: Actor, facts: Mapping[str, Any], *, approved: bool = False
    ) -> Decision: ...

    def descriptions(self, action_name: str, rule_ids: Iterable[str]) -> tuple[str, ...]: ...


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
        attested: Facts | None = None,
    ) -> Outcome:
        """Decide and do one action; see the blueprint's "perform(), the one path".

        `key` makes it happen once: the same key with the same arguments answers with what was recorded, with other
        arguments it is `Failed(Conflict)`. `alongside` runs in the same transaction just before the entry is
        numbered. `attested` are facts of `ATTESTED_FACTS` that the caller answers for. Never raises for a refusal;
        raises `Unavailable` when the database cannot be reached or others hold its rows for too long, and
        `OutcomeUnknown` when it was lost while it committed.
        """
        with span_of("perform", {"bottega.action": action.action_name(), "bottega.actor.kind": by.kind}) as span:
            request = self._request(action, by, key, because, evidence, attested)
            outcome = request if isinstance(request, Failed) else await self._until_settled(request, alongside)
            span.set_attribute("bottega.outcome", type(outcome).__name__)
            if isinstance(outcome, Failed):
                span.set_attribute("bottega.refusal", outcome.refusal.code)
        return outcome

    async def _until_settled(self, request: Request, alongside: Alongside | None) -> Outcome:
        """Attempts until nothing passing is in the way: deadlocks are tried again, racing equal keys are read."""
        try:
            for attempt in range(ATTEMPTS_AFTER_DEADLOCK):
                try:
                    # Nearly every key is new, so the first attempt finds out by writing its entry with it.
                    repeated = await self._recorded(request) if attempt > 0 else None
                    return repeated or await self._attempt(request, alongside)
                except (asyncpg.DeadlockDetectedError, asyncpg.SerializationError):
                    await asyncio.sleep(random.uniform(0, 0.02 * 2**attempt))  # noqa: S311 - jitter, not a secret
                except asyncpg.UniqueViolationError as error:
                    if error.constraint_name not in refusals.KEY_CONSTRAINTS:
                        raise
                    # The key was used, or somebody is faster with it: the next attempt reads what became of it.
                except records.KeyTaken:
                    pass
        except Invalid as refusal:
            return Failed(refusal)
        except asyncpg.LockNotAvailableError as error:
            raise refusals.busy() from error
        except Refusal:
            raise
        except Exception as error:
            if is_connection_loss(error):
                raise refusals.database_away() from error
            raise refusals.without_values(error) from None
        raise refusals.busy()

    def _request(
        self,
        action: Action,
        by: Actor,
        key: str | None,
        because: Cause | None,
        evidence: Sequence[Mapping[str, Any]],
        attested: Facts | None,
    ) -> Request | Failed:
        stated = attested or {}
        assert ATTESTED_FACTS.issuperset(stated), "the shop computes all other facts itself"
        if key is not None and not (0 < len(key) <= LONGEST_KEY_CHARACTERS and key.isprintable()):
            wrong = f"An idempotency key has 1 to {LONGEST_KEY_CHARACTERS} printable characters."
            return Failed(Invalid("bad_key", wrong))
        try:
            digest = "" if key is None else self._request_digest(action)
        except Invalid as refusal:
            return Failed(refusal)
        return Request(action, by, key, because, digest, evidence, stated)

    def _request_digest(self, action: Action) -> str:
        """Binds the arguments as they were given, personal ones too, without telling them."""
        text = records.canonical_text(lambda: [action.action_name(), action.arguments()])
        return hmac.digest(self._request_key, text, "sha256").hex()

    async def _attempt(self, request: Request, alongside: Alongside | None) -> Outcome:
        handler = handler_of(request.name)
        decision: Decision | None = None
        facts: Facts = {}
        held = records.Shown([], frozenset())
        committing = False
        try:
            async with self.database.write(request.entry_id) as connection:
                work = self.work(connection, request.entry_id, request.by)
                facts = await self.gather_facts(handler, request, work)
                decision = self.policy.decide(request.name, request.by, facts)
                if decision.effect == "forbid":
                    raise _Rollback
                result = await handler.run(request.action, work)
                if decision.effect == "hold":
                    diff = await records.recorded_diff(connection, request.entry_id)
                    held = records.Shown(diff, frozenset(work.subjects))
                    raise _Rollback
                if alongside is not None:
                    await alongside(connection)
                await records.insert_entry(connection, request, work, decision, facts, result)
                committing = True
        except _Rollback:
            assert decision is not None
            return await self._not_now(request, handler, decision, facts, held)
        except (Refusal, asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
            refusal = refusals.refusal_of(error)
            if refusal is None:
                raise
            return await self._recorded(request) or Failed(refusal)
        except Exception as error:
            if committing and is_connection_loss(error):
                raise refusals.commit_unknown(keyed=request.key is not None) from error
            raise
        if work.enqueued:
            self._jobs.wake()
        for hook in self.when_done:
            hook(work.intended_effects)
        return Done(request.entry_id, result, effects=tuple(work.intended_effects))

    def work(self, connection: Connection, entry_id: str, by: Actor) -> Work:
        """The work object of an entry inside an open transaction."""
        return Work(connection, entry_id, by, self.clock.now(), self._jobs, self.lookup_key, self)

    async def gather_facts(self, handler: Handler, request: Request, work: Work) -> Facts:
        """What the caller answers for, the shop's own facts (limits), and those of the action, which win."""
        own = {} if handler.facts is None else await handler.facts(request.action, work)
        facts = {**request.attested, **self._shop_facts, **own}
        if request.attested.get("agents_stopped"):
            # Either switch stops agents.
            facts["agents_stopped"] = True
        return facts

    async def _recorded(self, request: Request) -> Outcome | None:
        """What became of the key, when a transaction with it has met a refusal or is to be refused or held.

        Another request with the same key may have been what stood in its way, and has committed by then.
        """
        if request.key is None:
            return None
        async with self.database.read() as connection:
            row = await connection.fetchrow(records.FIND_KEY, request.by.key_scope, request.key, self.clock.now())
        outcome = records.recorded_outcome(row, request)
        if isinstance(outcome, Held):
            # The answer to the same request is the same, in words too.
            return replace(outcome, reasons=self.policy.descriptions(request.name, outcome.rule_ids))
        return outcome

    async def perform_held(
        self, granting: Work, approval: Mapping[str, Any], approvers: list[dict[str, Any]]
    ) -> dict[str, Any] | None:
        """Performs exactly what an approval held, as its requester, inside the granting action's transaction.

        Returns entry id and result, or None when policy asks for one more approver; a refusal is raised.
        """
        request = await self._held_request(granting, approval)
        connection = granting.connection
        handler = handler_of(request.name)
        try:
            # A savepoint: what the facts of an approval that still waits have written is not kept.
            async with connection.transaction():
                begun = await connection.fetchrow(
                    records.BEGIN_WITH_KEY, request.entry_id, request.by.key_scope, request.key, granting.now
                )
                if begun is not None and begun["entry_id"] is not None:
                    raise refusals.done_already(begun["entry_id"])
                work = self.work(connection, request.entry_id, request.by)
                own = await self.gather_facts(handler, request, work)
                facts = {**own, **_approval_facts(approvers)}
                decision = self.policy.decide(request.name, request.by, facts, approved=True)
                if decision.effect == "forbid":
                    raise Denied(decision.rule_ids, tuple(decision.descriptions)).as_refusal()
                if decision.effect == "hold":
                    raise _Rollback
                result = await handler.run(request.action, work)
                await records.insert_entry(
                    connection, request, work, decision, facts, result, approval_id=approval["id"]
                )
        except _Rollback:
            return None
        await _continue_as(connection, granting.entry_id)
        granting.intended_effects.extend(work.intended_effects)
        granting.enqueued = granting.enqueued or work.enqueued
        return {"entry_id": request.entry_id, "result": result}

    async def _held_request(self, granting: Work, approval: Mapping[str, Any]) -> Request:
        """The request as it was held; the keyed digest proves that it is the one that was shown."""
        action_type = handler_of(approval["action"]).action
        text, held_ref = approval["arguments"], approval["held_ref"]
        if personal_fields(action_type):
            if held_ref is None:
                raise NotFound("forgotten", "What was asked for was forgotten.", next_step="Ask the customer again.")
            text = await granting.reveal(held_ref)
        action = action_type.model_validate_json(text)
        if not hmac.compare_digest(self._request_digest(action), approval["request_digest"]):
            raise Conflict(
                "approval_shows_other_arguments",
                "What this approval holds is not what was asked for.",
                next_step="Ask for the change again.",
            )
        by = Actor(
            approval["actor_kind"],
            approval["actor_id"],
            approval["actor_role"],
            frozenset(approval["actor_scopes"]),
            approval["on_behalf_of"],
        )
        cause = records.parse_cause(approval["because"])
        attested = {name: fact for name, fact in approval["facts"].items() if name in ATTESTED_FACTS}
        digest = approval["request_digest"]
        return Request(action, by, approval["idempotency_key"], cause, digest, attested=attested)

    async def _not_now(
        self, request: Request, handler: Handler, decision: Decision, facts: Facts, shown: records.Shown
    ) -> Outcome:
        """Denied, or held for a person; unless the same key was done in the meantime."""
        recorded = await self._recorded(request)
        if recorded is not None:
            return recorded
        if decision.effect == "hold":
            return await self._hold(request, handler, decision, facts, shown)
        async with self.database.connection() as connection:
            await records.insert_denial(connection, request, decision, facts, self.clock.now())
        return Denied(decision.rule_ids, tuple(decision.descriptions))

    async def _hold(
        self, request: Request, handler: Handler, decision: Decision, facts: Facts, shown: records.Shown
    ) -> Held:
        """Stores the approval that a person will see; nothing of the action itself is kept."""
        now = self.clock.now()
        request.request_digest = request.request_digest or self._request_digest(request.action)
        stake = handler.at_stake(request.action, facts) if handler.at_stake else None
        async with self.database.write(request.entry_id) as connection:
            held_ref: str | None = None
            if personal_fields(type(request.action)):
                # Under the person whom it is about, so that forgetting them finds it.
                about = request.by.customer_id or request.by.id
                subject = next(iter(shown.subjects)) if len(shown.subjects) == 1 else about
                work = self.work(connection, request.entry_id, request.by)
                held_ref = await work.keep(subject, "held_arguments", personal_text(request.action.arguments()))
            held = records.HeldRequest(decision, facts, shown.diff, stake, held_ref, now, now + self._approval_lifetime)
            approval_id = await records.insert_approval(connection, request, held)
        return Held(approval_id, decision.rule_ids, held.expires_at, reasons=tuple(decision.descriptions))


async def _continue_as(connection: Connection, entry_id: str) -> None:
    """Changes from here on belong to this entry, until the transaction ends."""
    await connection.execute("SELECT set_config('bottega.entry', $1, true)", entry_id)


def _approval_facts(approvers: Sequence[Mapping[str, Any]]) -> Facts:
    roles = {str(approver["role"]) for approver in approvers}
    highest = "owner" if "owner" in roles else "manager" if "manager" in roles else min(roles)
    return {"approver_role": highest, "approvers": len(approvers), "approver_is_requester": False}
