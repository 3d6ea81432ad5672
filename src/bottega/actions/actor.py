"""Who asks for a change, and what caused the request."""

from dataclasses import dataclass
from typing import Literal

ActorKind = Literal["customer", "staff", "agent", "system"]


@dataclass(frozen=True, slots=True)
class Actor:
    """A person, an agent, or a schedule or connector of the shop's own."""

    kind: ActorKind
    id: str
    role: str
    scopes: frozenset[str] = frozenset()
    on_behalf_of: str | None = None

    @property
    def key_scope(self) -> str:
        """Idempotency keys are unique within this: who acts, and for whom."""
        own = f"{self.kind}:{self.id}"
        return own if self.on_behalf_of is None else f"{own} for {self.on_behalf_of}"

    @property
    def customer_id(self) -> str | None:
        """The customer whose data this actor may touch as its own, if any."""
        return self.id if self.kind == "customer" else self.on_behalf_of


def system(name: str) -> Actor:
    """The actor of a schedule, a webhook or an effect's outcome, e.g. `system("payments")`."""
    return Actor("system", name, "system")


@dataclass(frozen=True, slots=True)
class Cause:
    """What an action was asked because of, e.g. `Cause("webhook", "evt_1")`."""

    kind: Literal["request", "run", "webhook", "schedule", "entry", "import"]
    id: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.id}"
