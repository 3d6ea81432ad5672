"""The policy book: packs loaded and proven by their cases, and the decision about one action."""

import re
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeAlias

import cedarpy

from bottega.actions.policy.cases import Case
from bottega.actions.policy.decision import (
    APPROVAL_LADDER,
    NO_RULE_PERMITS,
    NO_RULE_PERMITS_DESCRIPTION,
    UNKNOWN_ACTION_DESCRIPTION,
    UNREADABLE_RULE,
    UNREADABLE_RULE_DESCRIPTION,
    ActorLike,
    Decision,
    Effect,
    Facts,
)
from bottega.actions.policy.facts import approved_context, context_of, entities_of
from bottega.actions.policy.pack import PolicyPack, read_pack, refuse_repeated_ids
from bottega.actions.policy.rejection import PolicyPackRejected
from bottega.actions.policy.rules import Rule, parsed_set
from bottega.kernel import canonical_json
from bottega.kernel.errors import Invalid

ActionGroups: TypeAlias = Collection[str]
PACKS_MAX = 16
DECISIONS_KEPT = 64
_ACTION_NAME = re.compile(r"[A-Z][A-Za-z0-9]{0,79}")
_PROBLEM = re.compile(r"policy `([^`]+)`: (.*)", re.DOTALL)
_MISSING_FACT = re.compile(r"record does not have the attribute `([^`]+)`")
_STRICTNESS: dict[Effect, int] = {"permit": 0, "hold": 1, "forbid": 2}


@dataclass(frozen=True, slots=True)
class _BoundAction:
    """One action type: the rules that can apply to it, parsed once, and what they decided last.

    Rules see an actor's attributes; unless one names an actor, actors alike in them get the same answer.
    """

    groups: frozenset[str]
    rules: Mapping[str, Rule]
    policy_set: cedarpy.PolicySet
    entity: str
    names_actors: bool
    decided: dict[Hashable, Decision] = field(default_factory=dict[Hashable, Decision], compare=False)


@dataclass(frozen=True, slots=True)
class _Verdict:
    """What one evaluation said: `rule_ids` are the permits when permitted, otherwise the refusals, if any."""

    permitted: bool
    rule_ids: tuple[str, ...]
    problems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PolicyBook:
    """Loaded packs, in order. Immutable and pure: the same question always has the same answer.

    `version` is the sha256 over the normalised texts of all packs in their order.
    """

    packs: tuple[PolicyPack, ...]
    version: str
    _bound: Mapping[str, _BoundAction] = field(default_factory=lambda: MappingProxyType({}), repr=False)

    def bind(self, actions: Mapping[str, ActionGroups]) -> "PolicyBook":
        """A book that knows these actions by name and groups.

        Proves the cases again for actions whose groups are not those the cases take them to have. Raises
        `PolicyPackRejected` when one fails, `Invalid` for a malformed name and for a group that no pack declares:
        a misspelt group would slip past the rules written for it.
        """
        known_groups = self.groups()
        for name, groups in actions.items():
            _refuse_unknown_groups(name, groups, known_groups)
        book = self.knowing(actions)
        for pack in self.packs:
            assumed = pack.case_book.actions
            for case in pack.case_book.cases:
                if case.action in actions and frozenset(actions[case.action]) != assumed[case.action]:
                    _prove(book, pack, case, exactly=pack is self.packs[-1])
        return book

    def decide(self, action_name: str, actor: ActorLike, facts: Facts, *, approved: bool = False) -> Decision:
        """Whether the actor may do the action over these facts.

        With `approved=True` the facts may say who approved: `approver_role` (the highest role among the
        approvers), `approvers` (how many different people), `approver_is_requester`. Raises `Invalid` for
        facts that cannot be judged.
        """
        bound = self._bound.get(action_name)
        if bound is None:
            return Decision("forbid", (NO_RULE_PERMITS,), (UNKNOWN_ACTION_DESCRIPTION,), self.version)
        context = context_of(facts, bound.groups, approved=approved)
        question = _question(bound, actor, context)
        known = bound.decided.get(question)
        if known is None:
            known = self._decide(bound, action_name, actor, context)
            if len(bound.decided) >= DECISIONS_KEPT:
                bound.decided.clear()
            bound.decided[question] = known
        return known

    def _decide(self, bound: _BoundAction, action_name: str, actor: ActorLike, context: dict[str, Any]) -> Decision:
        asked = _evaluate(bound, action_name, actor, context)
        if asked.permitted:
            return self._decision("permit", bound, asked)
        strongest = _evaluate(bound, action_name, actor, approved_context(context, APPROVAL_LADDER[-1]))
        if not strongest.permitted:
            # Only what no approval lifts: a refusal must not read as if it waited for somebody.
            return self._decision("forbid", bound, strongest)
        needs = next(
            (
                need
                for need in APPROVAL_LADDER[:-1]
                if _evaluate(bound, action_name, actor, approved_context(context, need)).permitted
            ),
            APPROVAL_LADDER[-1],
        )
        held_by = asked if asked.rule_ids else strongest
        return replace(self._decision("hold", bound, held_by), needs=needs)

    def groups(self) -> dict[str, str]:
        """The groups that the packs declare, and what they mean."""
        return {name: meaning for pack in self.packs for name, meaning in pack.groups.items()}

    def rules_for(self, action_name: str) -> tuple[Rule, ...]:
        """The rules that can apply to an action, in the order of the packs; none for an unknown action."""
        bound = self._bound.get(action_name)
        return tuple(bound.rules.values()) if bound else ()

    def descriptions(self, action_name: str, rule_ids: Iterable[str]) -> tuple[str, ...]:
        """What these rules of an action say, as its decisions tell it."""
        bound = self._bound.get(action_name)
        return () if bound is None else _descriptions(bound, rule_ids)

    def _decision(self, effect: Effect, bound: _BoundAction, verdict: _Verdict) -> Decision:
        if not verdict.rule_ids:
            descriptions = (NO_RULE_PERMITS_DESCRIPTION,)
            return Decision(effect, (NO_RULE_PERMITS,), descriptions, self.version, problems=verdict.problems)
        problems = () if effect == "permit" else verdict.problems
        descriptions = _descriptions(bound, verdict.rule_ids)
        return Decision(effect, verdict.rule_ids, descriptions, self.version, problems=problems)

    def knowing(self, actions: Mapping[str, ActionGroups]) -> "PolicyBook":
        """The book for these actions, with no case asked: for questions, not for a shop."""
        rules = [rule for pack in self.packs for rule in pack.rules]
        bound = {name: _bind(name, frozenset(groups), rules) for name, groups in actions.items()}
        return replace(self, _bound=MappingProxyType(bound))


def _descriptions(bound: _BoundAction, rule_ids: Iterable[str]) -> tuple[str, ...]:
    return tuple(
        bound.rules[rule_id].description if rule_id in bound.rules else UNREADABLE_RULE_DESCRIPTION
        for rule_id in rule_ids
    )


def load_packs(pack_directories: Sequence[Path | Traversable]) -> PolicyBook:
    """Reads the packs in order and proves their cases.

    A pack is proven together with the packs before it. A later pack may refuse more, and may permit what no
    earlier case refuses; a case of an earlier pack that it would loosen rejects it. The book knows no actions
    until `bind`. Raises `PolicyPackRejected`.
    """
    if not 1 <= len(pack_directories) <= PACKS_MAX:
        raise Invalid(
            "policy_packs_count",
            f"{len(pack_directories)} policy packs were named, 1 to {PACKS_MAX} can be loaded.",
            next_step="Name the packs to load, the default pack first.",
        )
    book = PolicyBook((), _version(()))
    for directory in pack_directories:
        book = _with_pack(book, read_pack(directory))
    return book


def default_pack() -> Traversable:
    """The folder of the pack that covers a whole shop."""
    return resources.files("bottega.actions.policy") / "packs" / "default"


def _with_pack(book: PolicyBook, pack: PolicyPack) -> PolicyBook:
    if any(pack.name == loaded.name for loaded in book.packs):
        raise PolicyPackRejected(pack.name, "pack.toml", expected="a name of its own", got="a second pack with it")
    refuse_repeated_ids(pack.name, pack.rules, frozenset(rule.rule_id for p in book.packs for rule in p.rules))
    packs = (*book.packs, pack)
    _refuse_unknown_names(packs)
    extended = PolicyBook(packs, _version(packs))
    for proven in packs:
        known = extended.knowing(proven.case_book.actions)
        for case in proven.case_book.cases:
            _prove(known, proven, case, exactly=proven is pack)
    return extended


def _version(packs: tuple[PolicyPack, ...]) -> str:
    return canonical_json.digest([[pack.name, pack.version, [list(text) for text in pack.texts]] for pack in packs])


def _prove(book: PolicyBook, pack: PolicyPack, case: Case, *, exactly: bool) -> None:
    """Raises `PolicyPackRejected` unless the case holds; beside later packs the answer may also be stricter."""
    place = f"case {case.name!r}"
    try:
        decision = book.decide(case.action, case.actor, case.facts, approved=case.approved)
    except Invalid as error:
        raise PolicyPackRejected(pack.name, place, expected=case.expectation(), got=error.message) from error
    strict_enough = _STRICTNESS[decision.effect] >= _STRICTNESS[case.expected]
    if case.agrees(decision) if exactly else strict_enough:
        return
    got = f"{decision.effect} by {', '.join(decision.rule_ids)}"
    if decision.needs:
        got += f", {decision.needs.approvers} × {decision.needs.approver_role}"
    if decision.problems:
        got += f" ({'; '.join(decision.problems)})"
    raise PolicyPackRejected(pack.name, place, expected=case.expectation(), got=got)


def _refuse_unknown_names(packs: tuple[PolicyPack, ...]) -> None:
    """Raises `PolicyPackRejected` when the last pack uses a group or an action that no pack declares."""
    pack = packs[-1]
    groups = {group for known in packs for group in known.groups}
    actions = {name for known in packs for name in known.case_book.actions}
    for name, used in pack.case_book.actions.items():
        if unknown := used - groups:
            expected = "groups listed in [groups] of pack.toml"
            raise PolicyPackRejected(pack.name, f"action {name}", expected=expected, got=", ".join(sorted(unknown)))
    for rule in pack.rules:
        if unknown := rule.mentions - groups - actions:
            expected = "groups listed in [groups] of pack.toml, actions listed in [actions] of cases.toml"
            raise PolicyPackRejected(pack.name, rule.rule_id, expected=expected, got=", ".join(sorted(unknown)))


def _refuse_unknown_groups(name: str, groups: ActionGroups, known: Mapping[str, str]) -> None:
    unknown = {groups} if isinstance(groups, str) else set(groups) - set(known)
    if unknown:
        raise Invalid(
            "policy_group_unknown",
            f"{name} declares {', '.join(sorted(unknown))}, which no policy pack knows as a group.",
            next_step=f"Declare a tuple of: {', '.join(sorted(known))}; or add the group to a pack's [groups].",
        )


def _bind(name: str, groups: frozenset[str], rules: list[Rule]) -> _BoundAction:
    if not _ACTION_NAME.fullmatch(name):
        raise Invalid("policy_action_name", f"{name!r} is no name of an action.", next_step="Use e.g. RefundPayment.")
    applicable = {rule.rule_id: rule for rule in rules if rule.can_apply(name, groups)}
    parents = [{"type": "Action", "id": group} for group in sorted(groups)]
    entity: dict[str, Any] = {"uid": {"type": "Action", "id": name}, "attrs": {}, "parents": parents}
    # Cedar wants the parents as entities of their own only when they have parents; they have none.
    return _BoundAction(
        groups,
        MappingProxyType(applicable),
        parsed_set(tuple(applicable.values())),
        canonical_json.dumps(entity).decode(),
        any(rule.names_actors for rule in applicable.values()),
    )


def _question(bound: _BoundAction, actor: ActorLike, context: dict[str, Any]) -> Hashable:
    """All that a decision about the action depends on; `True` and `1` are different facts."""
    checked: dict[str, bool | int | str | list[str]] = context
    facts = [(name, type(value), tuple(value) if isinstance(value, list) else value) for name, value in checked.items()]
    who = actor.id if bound.names_actors else None
    return who, actor.kind, actor.role, frozenset(actor.scopes), actor.on_behalf_of, tuple(facts)


def _evaluate(bound: _BoundAction, action_name: str, actor: ActorLike, context: dict[str, Any]) -> _Verdict:
    """One Cedar evaluation, failing closed: a forbid that cannot be read refuses, a permit that cannot does nothing."""
    # cedarpy annotates its arguments with a bare dict.
    result = cedarpy.is_authorized(  # pyright: ignore[reportUnknownMemberType]
        {
            "principal": {"type": "Actor", "id": actor.id},
            "action": {"type": "Action", "id": action_name},
            "resource": {"type": "Shop", "id": "shop"},
            "context": context,
        },
        bound.policy_set,
        entities_of(bound.entity, actor),
    )
    assert result.decision is not cedarpy.Decision.NoDecision, result.diagnostics.errors
    if not result.diagnostics.errors:
        return _Verdict(result.allowed, tuple(sorted(result.diagnostics.reasons)), ())
    unread = dict(_problem(error) for error in result.diagnostics.errors)
    refusing = {rule_id for rule_id in unread if rule_id not in bound.rules or bound.rules[rule_id].effect == "forbid"}
    problems = tuple(f"{rule_id} could not be read: {problem}." for rule_id, problem in sorted(unread.items()))
    if not refusing:
        return _Verdict(result.allowed, tuple(sorted(result.diagnostics.reasons)), problems)
    refused_by = refusing if result.allowed else refusing | set(result.diagnostics.reasons)
    return _Verdict(permitted=False, rule_ids=tuple(sorted(refused_by)), problems=problems)


def _problem(error: str) -> tuple[str, str]:
    found = _PROBLEM.search(error)
    if found is None:
        return UNREADABLE_RULE, error
    rule_id, problem = found.groups()
    missing = _MISSING_FACT.search(problem)
    return rule_id, f"fact {missing[1]} is missing" if missing else problem
