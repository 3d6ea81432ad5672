"""What became of an action: done, held for a person, denied by policy, or failed against the present state."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from bottega.actions.work import IntendedEffect
from bottega.kernel.errors import Conflict, Forbidden, Refusal


@dataclass(frozen=True, slots=True)
class Done:
    """The action happened; `repeated` says that it had happened before under the same key."""

    entry_id: str
    result: dict[str, Any]
    repeated: bool = False
    effects: tuple[IntendedEffect, ...] = field(default=(), compare=False, repr=False)

    def unwrap(self) -> dict[str, Any]:
        return self.result


@dataclass(frozen=True, slots=True)
class Held:
    """The action waits for an approval, which shows what it would do."""

    approval_id: str
    rule_ids: tuple[str, ...]
    expires_at: datetime
    state: str = "waiting"
    reasons: tuple[str, ...] = ()

    def unwrap(self) -> dict[str, Any]:
        raise Conflict(
            "held_for_approval",
            "This waits for a person's approval.",
            next_step=f"Ask a colleague to decide approval {self.approval_id}.",
            approval_id=self.approval_id,
            rule_ids=list(self.rule_ids),
        )


@dataclass(frozen=True, slots=True)
class Denied:
    """Policy refused; nothing changed."""

    rule_ids: tuple[str, ...]
    reasons: tuple[str, ...] = ()

    def unwrap(self) -> dict[str, Any]:
        raise self.as_refusal()

    def as_refusal(self) -> Forbidden:
        """The refusal that an edge shows."""
        reason = " ".join(self.reasons) or "No rule permits this."
        return Forbidden(
            "denied_by_policy",
            reason,
            next_step="Ask somebody whose role allows it.",
            rule_ids=list(self.rule_ids),
        )


@dataclass(frozen=True, slots=True)
class Failed:
    """The shop's present state or the arguments refused; nothing changed."""

    refusal: Refusal = field(compare=False)

    def unwrap(self) -> dict[str, Any]:
        raise self.refusal


Outcome: TypeAlias = Done | Held | Denied | Failed
