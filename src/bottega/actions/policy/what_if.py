"""What the last decisions would have been under an edited text: nothing is performed, and nothing is changed by it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bottega.actions.actor import Actor
from bottega.actions.policy.decision import Effect
from bottega.actions.policy.engine import ActionGroups, PolicyBook
from bottega.actions.policy.pack import FILE_MAX_BYTES, RULES_MAX, PolicyPack, refuse_repeated_ids
from bottega.actions.policy.rejection import PolicyPackRejected
from bottega.actions.policy.rules import rules_from
from bottega.kernel.errors import Invalid, NotFound
from bottega.platform.database.pool import Connection

MOST_DECISIONS = 1_000
# What an approval added to the facts; the question as it was first asked has none of it.
_OF_APPROVALS = frozenset({"approver_role", "approvers", "approver_is_requester"})


@dataclass(frozen=True, slots=True)
class PastDecision:
    """A decision that was made: over which facts, and what came of it. `id` is of an entry or an approval."""

    action: str
    actor: Actor
    facts: Mapping[str, Any]
    effect: Effect
    rule_ids: tuple[str, ...]
    id: str | None
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Changed:
    """A decision that would be another one."""

    past: PastDecision
    effect: Effect
    rule_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class FailedCase:
    """A case of the packs that does not hold under the edited text."""

    pack: str
    name: str
    expected: str
    got: str


@dataclass(frozen=True, slots=True)
class WhatIf:
    """What an edited text would mean: what would be decided otherwise, and which cases would keep it from loading."""

    decisions: int
    same: int
    unreadable: int
    changed: tuple[Changed, ...]
    failed_cases: tuple[FailedCase, ...]


async def past_decisions(connection: Connection, *, limit: int = 200) -> list[PastDecision]:
    """The newest decisions about people, agents and customers, at most 1,000; the shop's own machinery is left out."""
    rows = await connection.fetch(_PAST, min(max(limit, 1), MOST_DECISIONS))
    return [
        PastDecision(
            action=row["action"],
            actor=Actor(row["actor_kind"], row["actor_id"], row["actor_role"], on_behalf_of=row["on_behalf_of"]),
            facts={name: fact for name, fact in row["facts"].items() if name not in _OF_APPROVALS},
            effect=row["effect"],
            rule_ids=tuple(row["rule_ids"]),
            id=row["id"],
            decided_at=row["decided_at"],
        )
        for row in rows
    ]


def edited_book(
    book: PolicyBook, pack_name: str, file_name: str, text: str, actions: Mapping[str, ActionGroups]
) -> PolicyBook:
    """The book with one file of one pack written otherwise, its cases not yet asked.

    Raises `PolicyPackRejected` for a text that is no Cedar or breaks the rules of packs, `NotFound` for a file that
    is not there, and `Invalid` for one that is too large.
    """
    if len(text.encode()) > FILE_MAX_BYTES:
        raise Invalid("policy_too_large", f"A file of a policy has at most {FILE_MAX_BYTES} bytes.")
    pack = next((one for one in book.packs if one.name == pack_name), None)
    if pack is None or file_name not in dict(pack.texts):
        raise NotFound("no_such_policy_file", f"There is no file {file_name[:80]} in a pack {pack_name[:80]}.")
    edited = _edited_pack(pack, file_name, text)
    packs = tuple(edited if one.name == pack_name else one for one in book.packs)
    known: set[str] = set()
    for one in packs:
        refuse_repeated_ids(one.name, one.rules, frozenset(known))
        known |= {rule.rule_id for rule in one.rules}
    return PolicyBook(packs, f"what-if on {book.version}").knowing(actions)


def what_if(book: PolicyBook, past: Sequence[PastDecision], edited: PolicyBook) -> WhatIf:
    """Asks the edited book again what was asked before; decisions that it cannot judge count as unreadable."""
    changed: list[Changed] = []
    unreadable = 0
    for one in past:
        try:
            now = edited.decide(one.action, one.actor, one.facts)
            was = book.decide(one.action, one.actor, one.facts)
        except Invalid:
            unreadable += 1
            continue
        # An older policy may have decided otherwise: what the text of now says is what is compared with.
        if now.effect != was.effect:
            changed.append(Changed(replace(one, effect=was.effect, rule_ids=was.rule_ids), now.effect, now.rule_ids))
    same = len(past) - len(changed) - unreadable
    return WhatIf(len(past), same, unreadable, tuple(changed), tuple(_failed_cases(edited)))


def _edited_pack(pack: PolicyPack, file_name: str, text: str) -> PolicyPack:
    texts = tuple((name, text if name == file_name else known) for name, known in pack.texts)
    rules = tuple(rule for name, known in texts for rule in rules_from(pack.name, name, known))
    if len(rules) > RULES_MAX:
        raise PolicyPackRejected(pack.name, file_name, expected=f"at most {RULES_MAX} rules", got=str(len(rules)))
    return replace(pack, texts=texts, rules=rules)


def _failed_cases(edited: PolicyBook) -> list[FailedCase]:
    """Cases are asked with the groups that they take their actions to have."""
    failed: list[FailedCase] = []
    for pack in edited.packs:
        known = edited.knowing(pack.case_book.actions)
        for case in pack.case_book.cases:
            try:
                decision = known.decide(case.action, case.actor, case.facts, approved=case.approved)
            except Invalid as error:
                failed.append(FailedCase(pack.name, case.name, case.expectation(), error.message))
                continue
            if not case.agrees(decision):
                got = f"{decision.effect} by {', '.join(decision.rule_ids)}"
                failed.append(FailedCase(pack.name, case.name, case.expectation(), got))
    return failed


# What policy allowed, what it holds or held, and what it refused; an approval stands for the question as it was asked.
_PAST = """
SELECT * FROM (
    (SELECT action, actor_kind, actor_id, actor_role, on_behalf_of, facts, 'permit' AS effect, rule_ids, id,
            recorded_at AS decided_at
     FROM log.entries WHERE actor_kind <> 'system' AND approval_id IS NULL ORDER BY sequence DESC LIMIT $1)
    UNION ALL
    (SELECT action, actor_kind, actor_id, actor_role, on_behalf_of, facts, 'hold', rule_ids, id, requested_at
     FROM log.approvals ORDER BY id DESC LIMIT $1)
    UNION ALL
    (SELECT action, actor_kind, actor_id, actor_role, NULL, facts, 'forbid', rule_ids, NULL, denied_at
     FROM log.denials ORDER BY id DESC LIMIT $1)) AS past
ORDER BY decided_at DESC LIMIT $1"""
