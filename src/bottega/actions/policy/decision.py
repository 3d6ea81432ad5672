"""What the policy is asked about and what it answers, and that answer in words."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias, assert_never

Effect = Literal["permit", "forbid", "hold"]
FactValue: TypeAlias = "bool | int | str | Collection[str]"
Facts: TypeAlias = "Mapping[str, FactValue]"

NO_RULE_PERMITS = "default.no_rule_permits"
NO_RULE_PERMITS_DESCRIPTION = "No rule permits this, and what no rule permits is refused."
UNKNOWN_ACTION_DESCRIPTION = "The policy does not know this action, and what no rule permits is refused."
UNREADABLE_RULE = "default.unreadable_rule"
UNREADABLE_RULE_DESCRIPTION = "A rule could not be read, and what cannot be judged is refused."


class ActorLike(Protocol):
    """Who asks: `kind` is customer, staff, agent or system; an empty `scopes` means not narrowed."""

    @property
    def kind(self) -> str: ...
    @property
    def id(self) -> str: ...
    @property
    def role(self) -> str: ...
    @property
    def scopes(self) -> frozenset[str]: ...
    @property
    def on_behalf_of(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class ApprovalNeed:
    """The least approval that would permit: so many different people, the highest of them in this role."""

    approver_role: str
    approvers: int


# From the least to the strongest; a hold names the first of these that permits the action. What the strongest does
# not lift is refused, so a rule must accept an owner wherever it accepts a manager.
APPROVAL_LADDER = (
    ApprovalNeed("manager", 1),
    ApprovalNeed("owner", 1),
    ApprovalNeed("manager", 2),
    ApprovalNeed("owner", 2),
)


@dataclass(frozen=True, slots=True)
class Decision:
    """One answer: the effect, the rules that said so, and the version of the policy they stand in.

    For a hold, `needs` is the least approval that permits. `problems` names rules that could not be read
    because a fact they need is missing: such a rule never permits, and one that refuses does refuse.
    """

    effect: Effect
    rule_ids: tuple[str, ...]
    descriptions: tuple[str, ...]
    policy_version: str
    needs: ApprovalNeed | None = None
    problems: tuple[str, ...] = ()


def explain(decision: Decision) -> str:
    """The decision as text for people: the verdict, then one line for each rule that led to it."""
    match decision.effect:
        case "permit":
            verdict = "Permitted."
        case "forbid":
            verdict = "Refused."
        case "hold":
            verdict = f"Waits for approval by {_approvers_in_words(decision.needs)}."
        case _:
            assert_never(decision.effect)
    reasons = [
        f"- {description} [{rule_id}]"
        for rule_id, description in zip(decision.rule_ids, decision.descriptions, strict=True)
    ]
    problems = [f"- {problem}" for problem in decision.problems]
    return "\n".join([verdict, *reasons, *problems])


def _approvers_in_words(needs: ApprovalNeed | None) -> str:
    if needs is None:
        return "a person"
    role = needs.approver_role if needs.approver_role == "owner" else f"{needs.approver_role} or above"
    if needs.approvers == 1:
        return f"one person ({role})"
    return f"{needs.approvers} different people (one of them {role})"
