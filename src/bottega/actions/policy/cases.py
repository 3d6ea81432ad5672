"""The cases of a policy pack: what it must permit, refuse and hold, written down as examples."""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr, ValidationError

from bottega.actions.policy.decision import ApprovalNeed, Decision, Effect
from bottega.actions.policy.rejection import PolicyPackRejected

CASES_MAX = 5_000
_EXPECTED_EFFECT: dict[str, Effect] = {"permit": "permit", "refuse": "forbid", "hold": "hold"}
FactInCase = StrictBool | StrictInt | StrictStr | list[StrictStr]


class ActorInCase(BaseModel):
    """The actor of a case; satisfies `ActorLike`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["customer", "staff", "agent", "system"]
    id: str = "act_1"
    role: str = ""
    scopes: frozenset[str] = frozenset()
    on_behalf_of: str | None = None


class _CaseInFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: Annotated[str, Field(min_length=1, max_length=200)]
    action: str
    actor: str | ActorInCase
    facts: dict[str, FactInCase] = {}
    approved: bool = False
    rule: str | None = None
    needs: ApprovalNeed | None = None


class _CaseFile(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    actions: dict[str, frozenset[str]]
    actors: dict[str, ActorInCase] = {}
    permit: tuple[_CaseInFile, ...] = ()
    refuse: tuple[_CaseInFile, ...] = ()
    hold: tuple[_CaseInFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """One example: this actor asks for this action over these facts; this is what the policy must say."""

    name: str
    expected: Effect
    action: str
    actor: ActorInCase
    facts: dict[str, FactInCase]
    approved: bool
    rule_id: str | None
    needs: ApprovalNeed | None

    def expectation(self) -> str:
        """What the case asks for, in words."""
        by = f" by {self.rule_id}" if self.rule_id else ""
        needs = f", {self.needs.approvers} × {self.needs.approver_role}" if self.needs else ""
        return f"{self.expected}{by}{needs}"

    def agrees(self, decision: Decision) -> bool:
        """Whether the decision is the expected one, by the expected rule and for the expected approval."""
        return (
            decision.effect == self.expected
            and (self.rule_id is None or self.rule_id in decision.rule_ids)
            and (self.needs is None or decision.needs == self.needs)
        )


@dataclass(frozen=True, slots=True)
class CaseBook:
    """All cases of a pack, and the groups it takes the actions in them to have."""

    actions: dict[str, frozenset[str]]
    cases: tuple[Case, ...]


def cases_from(pack: str, text: str) -> CaseBook:
    """The cases of one `cases.toml`. Raises `PolicyPackRejected`."""
    try:
        file = _CaseFile.model_validate(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise PolicyPackRejected(pack, "cases.toml", expected="cases", got=str(error)) from error
    cases = tuple(_cases(pack, file))
    if len(cases) > CASES_MAX:
        raise PolicyPackRejected(pack, "cases.toml", expected=f"at most {CASES_MAX} cases", got=str(len(cases)))
    if not file.refuse:
        raise PolicyPackRejected(pack, "cases.toml", expected="at least one refuse case", got="none")
    _refuse_repeated_names(pack, cases)
    return CaseBook(file.actions, cases)


def _cases(pack: str, file: _CaseFile) -> Iterator[Case]:
    for kind, listed in (("permit", file.permit), ("refuse", file.refuse), ("hold", file.hold)):
        for case in listed:
            place = f"case {case.name!r}"
            if case.action not in file.actions:
                raise PolicyPackRejected(pack, place, expected="an action listed in [actions]", got=case.action)
            actor = file.actors.get(case.actor) if isinstance(case.actor, str) else case.actor
            if actor is None:
                raise PolicyPackRejected(pack, place, expected="an actor listed in [actors]", got=str(case.actor))
            yield Case(
                case.name,
                _EXPECTED_EFFECT[kind],
                case.action,
                actor,
                case.facts,
                case.approved,
                case.rule,
                case.needs,
            )


def _refuse_repeated_names(pack: str, cases: Iterable[Case]) -> None:
    seen: set[str] = set()
    for case in cases:
        if case.name in seen:
            raise PolicyPackRejected(pack, f"case {case.name!r}", expected="a name of its own", got="a second one")
        seen.add(case.name)
