"""What a handler works with: the one transaction of its action, and what it may leave behind in it."""

import hashlib
import hmac
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

from bottega.actions.actor import Actor
from bottega.kernel.errors import Invalid, NotFound
from bottega.kernel.identifiers import new_id
from bottega.platform.database.pool import Connection


class JobQueue(Protocol):
    """The part of the jobs port that a handler needs."""

    async def enqueue(
        self,
        connection: Connection,
        name: str,
        payload: Mapping[str, Any],
        *,
        key: str | None = None,
        delay_seconds: float = 0.0,
    ) -> str: ...

    def wake(self) -> None: ...


# How long a process that claimed an effect has to send it before others look into it.
CLAIM_SECONDS = 45.0
LONGEST_PERSONAL_VALUE_CHARACTERS = 4_000_000


@dataclass(frozen=True, slots=True)
class IntendedEffect:
    """An effect that an action has just left; `claimed` means that its own process sends it now."""

    id: str
    entry_id: str
    kind: str
    key: str
    payload: Mapping[str, Any]
    claimed: bool
    maximum_attempts: int
    due_at: datetime


class HeldPerformer(Protocol):
    """Performs a held action inside the transaction of the action that grants it."""

    async def perform_held(
        self, granting: "Work", approval: Mapping[str, Any], approvers: list[dict[str, Any]]
    ) -> dict[str, Any] | None: ...


class Work:
    """The transaction of one action."""

    def __init__(
        self,
        connection: Connection,
        entry_id: str,
        actor: Actor,
        now: datetime,
        jobs: JobQueue,
        lookup_key: bytes,
        performer: HeldPerformer,
    ) -> None:
        self.connection = connection
        self.entry_id = entry_id
        self.actor = actor
        self.now = now
        self.resolved: dict[str, Any] = {}
        self.kept: dict[str, str] = {}
        # Whose personal values were kept, and whether a job was left that workers are to be told of after the commit.
        self.subjects: set[str] = set()
        self.enqueued = False
        # What the facts function has loaded and locked already, for the handler of the same action.
        self.loaded: dict[str, Any] = {}
        self.intended_effects: list[IntendedEffect] = []
        self.performer = performer
        self._jobs = jobs
        self._lookup_key = lookup_key

    def new_id(self, prefix: str) -> str:
        """A new identifier with the prefix of its noun."""
        return new_id(prefix, milliseconds=int(self.now.timestamp() * 1000))

    def resolve(self, name: str, value: Any) -> None:
        """Records a value that was read without a lock (a price, a rate), so that what-if can use the same one."""
        self.resolved[name] = value

    async def intend(
        self,
        kind: str,
        payload: Mapping[str, Any],
        *,
        key: str,
        delay_seconds: float = 0.0,
        maximum_attempts: int = 8,
        claimed: bool = False,
    ) -> str:
        """Notes an effect on the outside world; it is sent after the commit, with `key` as its stable key.

        It is written down together with the entry, at the end of this action's transaction.

        With `claimed`, the process that performs this action sends it itself right after the commit; should it die
        before, the effect looks like any other whose sender was lost, and is looked up before it is sent again.
        """
        due_at = self.now + timedelta(seconds=CLAIM_SECONDS if claimed else delay_seconds)
        intended = IntendedEffect(
            new_id("eff"), self.entry_id, kind, key, dict(payload), claimed, maximum_attempts, due_at
        )
        self.intended_effects.append(intended)
        return intended.id

    async def intends(self, key: str) -> bool:
        """Whether an effect of that key was intended before, by this action or an earlier one."""
        if any(effect.key == key for effect in self.intended_effects):
            return True
        return await self.connection.fetchval("SELECT EXISTS (SELECT FROM log.effects WHERE key = $1)", key)

    async def enqueue(
        self, name: str, payload: Mapping[str, Any], *, key: str | None = None, delay_seconds: float = 0.0
    ) -> str:
        """Leaves a job that runs if and only if this action commits."""
        self.enqueued = True
        return await self._jobs.enqueue(self.connection, name, payload, key=key, delay_seconds=delay_seconds)

    async def keep(self, subject_id: str, kind: str, value: str) -> str:
        """Puts one personal value into the vault; see `keep_all`."""
        return (await self.keep_all(subject_id, {kind: value}))[kind]

    async def keep_all(self, subject_id: str, values: Mapping[str, str]) -> dict[str, str]:
        """Puts personal values (by kind) into the vault; returns the references that rows and log hold."""
        kept = await self.keep_many([(subject_id, kind, value) for kind, value in values.items()])
        references = dict(zip(values, kept, strict=True))
        self.kept.update(references)
        return references

    async def keep_many(self, values: Sequence[tuple[str, str, str]]) -> list[str]:
        """Puts (subject, kind, value) of many people into the vault in one statement; one reference for each.

        A reference is `<id>.<commitment>`. The commitment is HMAC-SHA256 under a salt that lives in the vault row
        alone, so once the row is gone nothing links the reference to the value.
        """
        self.subjects.update(subject_id for subject_id, _, _ in values)
        if any(len(value) > LONGEST_PERSONAL_VALUE_CHARACTERS for _, _, value in values):
            raise Invalid("personal_value_too_long", "A personal value is too long.", next_step="Shorten it.")
        rows = [(new_id("per"), subject_id, kind, value, os.urandom(16)) for subject_id, kind, value in values]
        await self.connection.execute(
            "INSERT INTO vault.values (id, subject_id, kind, value, salt, created_at) "
            "SELECT r.*, $6 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[]) AS r",
            *([row[column] for row in rows] for column in range(5)),
            self.now,
        )
        return [f"{value_id}.{_commitment(salt, value)}" for value_id, _, _, value, salt in rows]

    async def reveal(self, reference: str) -> str:
        """The personal value behind a reference; `NotFound` when it was forgotten."""
        row = await self.connection.fetchrow(
            "SELECT value, salt FROM vault.values WHERE id = split_part($1, '.', 1)", reference
        )
        if row is None:
            raise NotFound("forgotten", "This personal value was forgotten.", next_step="Ask the customer again.")
        value: str = row["value"]
        commitment = reference.partition(".")[2]
        assert hmac.compare_digest(_commitment(row["salt"], value), commitment), "the vault holds what was committed to"
        return value

    def lookup_digest(self, kind: str, value: str) -> bytes:
        """The keyed digest under which a personal value (an e-mail address) is found again."""
        return lookup_digest(self._lookup_key, kind, value)

    async def count(self, name: str, scope: str, amount: int) -> int:
        """Adds to today's running total, returns the total before, and keeps the row locked until the end."""
        total: int = await self.connection.fetchval(
            "INSERT INTO log.limits AS l (name, scope, day, total) VALUES ($1, $2, $3, $4) "
            "ON CONFLICT (name, scope, day) DO UPDATE SET total = l.total + excluded.total RETURNING total",
            name,
            scope,
            self.now.date(),
            amount,
        )
        return total - amount


def lookup_digest(lookup_key: bytes, kind: str, value: str) -> bytes:
    """HMAC-SHA256 of kind and case-folded value under the shop's look-up key."""
    return hmac.new(lookup_key, f"{kind}\0{value.strip().casefold()}".encode(), hashlib.sha256).digest()


def _commitment(salt: bytes, value: str) -> str:
    return hmac.new(salt, value.encode(), hashlib.sha256).hexdigest()[:32]
