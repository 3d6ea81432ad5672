"""What a tool is: an action or a query of the shop, as it is offered to a model and called by a run."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal, Protocol, runtime_checkable

from bottega.runtime.evidence import OURS, EvidenceKind, FieldLabels, Json, Trust

if TYPE_CHECKING:
    from bottega.actions.action import Action
    from bottega.runtime.context import RunContext

Effect = Literal["read", "light", "consequential"]
"""`read` changes nothing; `light` is small and easily taken back; `consequential` needs a person's yes."""

Control = Literal["identifier", "quantity", "amount", "address", "email", "reference", "choice", "words"]
"""What an argument decides. `identifier` is a handle of something shown; `reference` a text that names something (an
order's number, a telephone number). `choice` is one of a closed set and `words` are content: these two control
nothing. All others must come from a shop record shown in this session or from the principal's own words."""

CONTROLLING: frozenset[Control] = frozenset({"identifier", "quantity", "amount", "address", "email", "reference"})


@dataclass(frozen=True, slots=True)
class Parameter:
    """One argument that the model gives. `path` has dots for members and `*` for positions: `items.*.variant_id`."""

    path: str
    control: Control
    default: Json = None


@dataclass(frozen=True, slots=True)
class ToolLimits:
    """How large a call's arguments and its result may be, and how long it may take."""

    arguments_bytes: int = 16_384
    result_bytes: int = 65_536
    seconds: float = 20.0


DEFAULT_LIMITS = ToolLimits()


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model planned. `key` is stable over retries: it is derived from the run and the step.

    `arguments` are what the model gave; `resolved` what the guard made of them (handles became identifiers,
    placeholders values). `trust` is the label of each controlling argument by path, as the provenance check found it.
    `needs_person` and `needs_yes` are what critics found: that a colleague, or the customer, has to agree first.
    `confirmation_id` names the request that the customer said yes to, if this call is what it was about.
    """

    id: str
    tool: str
    arguments: Mapping[str, Json]
    key: str
    resolved: Mapping[str, Json] = field(default_factory=dict[str, Json])
    trust: Mapping[str, Trust] = field(default_factory=dict[str, Trust])
    needs_person: bool = False
    needs_yes: bool = False
    confirmation_id: str | None = None

    def resolving(self, resolved: Mapping[str, Json], trust: Mapping[str, Trust] | None = None) -> "ToolCall":
        """The same call with other resolved arguments, and their labels."""
        return replace(self, resolved=resolved, trust=self.trust if trust is None else trust)


@dataclass(frozen=True, slots=True)
class Answered:
    """The tool's result. `slots` are values that the session keeps for later calls (the cart's id, say); `entry_id`
    is the log entry of a change, and `read_back` the state that was read after it: only that supports "done"."""

    value: Json
    labels: FieldLabels = OURS
    kind: EvidenceKind = "record"
    version: str = ""
    fresh_for: timedelta | None = None
    slots: Mapping[str, Json] = field(default_factory=dict[str, Json])
    entry_id: str | None = None
    repeated: bool = False
    read_back: Json = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The shop, the policy or the guard said no, and nothing changed; the model is told the message and next step."""

    code: str
    message: str
    next_step: str = ""
    by: Literal["shop", "policy", "guard", "limits", "stop_switch"] = "shop"
    rule_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Awaiting:
    """The result comes later: a person decides about an approval, or a child run ends."""

    what: Literal["approval", "child"]
    id: str
    until: datetime | None = None
    reasons: tuple[str, ...] = ()


ToolOutcome = Answered | Refused | Awaiting


class Tool(Protocol):
    """Something a role can do. Schema and description are derived from the action or function behind it."""

    @property
    def name(self) -> str: ...

    @property
    def description(self) -> str: ...

    @property
    def effect(self) -> Effect: ...

    @property
    def schema(self) -> Mapping[str, Json]:
        """JSON Schema of what the model gives; fields that the runtime fills are not in it."""
        ...

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """Every argument that the model gives, leaves of nested ones included."""
        ...

    @property
    def limits(self) -> ToolLimits: ...

    @property
    def accomplishes(self) -> frozenset[str]:
        """The words in which somebody would say that it was done: `cancelled`, `refunded`. Empty for reads."""
        ...

    def check(self, arguments: Mapping[str, Json]) -> None:
        """Raises pydantic's `ValidationError` when resolved arguments are not of the record behind the schema."""
        ...

    async def run(self, call: ToolCall, context: "RunContext") -> ToolOutcome:
        """Does it, once per key; a refusal is a value. Raises `Unavailable` when it may be tried again."""
        ...


@runtime_checkable
class ChangingTool(Protocol):
    """A tool behind which stands an action: beside what every tool has, what a confirmation and a dry run need."""

    async def action(self, call: ToolCall, context: "RunContext") -> "Action":
        """The action that the call would perform, with everything filled in; raises `Invalid` and `NotFound`."""
        ...

    async def summary(self, call: ToolCall, context: "RunContext") -> str:
        """What the customer is asked to say yes to, in words made from records."""
        ...

    async def digest(self, call: ToolCall, context: "RunContext") -> str:
        """What a yes to this call binds: the action with all its arguments, session and customer."""
        ...

    async def try_out(self, call: ToolCall, context: "RunContext") -> Refused | None:
        """Whether shop or policy would refuse it as it stands, supposing a yes; changes nothing."""
        ...
