"""Runs and steps: a persisted piece of an agent's work, and the phases of it that the journal holds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from bottega.actions.actor import ActorKind
from bottega.runtime.evidence import Json

RunState = Literal["queued", "ready", "running", "waiting", "done", "failed", "cancelled"]
"""`queued` behind an earlier turn of its session; `ready` to be advanced; `running` in some process; `waiting` for what
`waiting` says. The last three are final."""

FINAL_STATES: frozenset[RunState] = frozenset({"done", "failed", "cancelled"})

Phase = Literal["observe", "reflect", "decide", "act", "log"]
StepState = Literal["intended", "done", "refused", "waiting"]
WaitingFor = Literal["approval", "timer", "children", "retry", "stop_switch"]

THIRD_PARTY = "third_party"
"""The part of a task that somebody else wrote."""


@dataclass(frozen=True, slots=True)
class Principal:
    """For whom a run works: who speaks, and the customer whose data it may touch, if any is identified."""

    kind: ActorKind
    id: str
    customer_id: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a run waits for. `ids` are the approvals or child runs; `until` when it is looked at again at the latest."""

    what: WaitingFor
    ids: tuple[str, ...] = ()
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a run has used so far; money in millionths of the models' currency."""

    steps: int = 0
    model_calls: int = 0
    tool_calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_micros: int = 0
    active_milliseconds: int = 0
    """Time in some process's hands; waiting does not count."""

    def plus(self, other: "Usage") -> "Usage":
        """The sum of both."""
        return Usage(
            self.steps + other.steps,
            self.model_calls + other.model_calls,
            self.tool_calls + other.tool_calls,
            self.input_tokens + other.input_tokens,
            self.output_tokens + other.output_tokens,
            self.cost_micros + other.cost_micros,
            self.active_milliseconds + other.active_milliseconds,
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One recorded phase. `number` counts within the run from 1; `detail` is the phase's output and has to be enough
    to go on from; `name` says what in particular (a tool, a step of a plan)."""

    number: int
    phase: Phase
    name: str
    state: StepState
    detail: Mapping[str, Json]
    began_at: datetime
    ended_at: datetime | None = None

    def ended(self, state: StepState, detail: Mapping[str, Json], at: datetime) -> "Step":
        """The same step with its outcome."""
        return Step(self.number, self.phase, self.name, state, detail, self.began_at, at)


@dataclass(frozen=True, slots=True)
class Run:
    """One piece of an agent's work: a chat turn, a back-office task, or the child of another run."""

    id: str
    role: str
    state: RunState
    principal: Principal
    task: Mapping[str, Json]
    created_at: datetime
    session_id: str | None = None
    turn: int | None = None
    parent_ids: tuple[str, ...] = ()
    """Nearest first."""
    waiting: Waiting | None = None
    usage: Usage = field(default_factory=Usage)
    result: Json = None
    failure: str | None = None
    attempts: int = 0
    finished_at: datetime | None = None
    answered_at: datetime | None = None
    cancelled: bool = False
    """Somebody asked that it end; it does so before its next step."""

    @property
    def own_task(self) -> dict[str, Json]:
        """What the shop itself, or a colleague, has put into the task."""
        return {name: value for name, value in self.task.items() if name != THIRD_PARTY}

    @property
    def answered(self) -> bool:
        """Whether its turn has its reply; it may still wait for an approval then."""
        return self.answered_at is not None

    @property
    def is_final(self) -> bool:
        return self.state in FINAL_STATES


@dataclass(frozen=True, slots=True)
class Turn:
    """One exchange of a session, as the transcript keeps it. `asked` is None for what the shop says by itself."""

    session_id: str
    ordinal: int
    run_id: str
    asked: str | None
    reply: Mapping[str, Json] | None
    asked_at: datetime
    answered_at: datetime | None = None
    client_message_id: str | None = None
    repeated: bool = False
    """The same client message id was heard before; this is that turn."""


@dataclass(frozen=True, slots=True)
class Session:
    """A conversation with one principal. `slots` are values kept for its tools; `handles` name the records shown."""

    id: str
    role: str
    principal: Principal
    slots: Mapping[str, Json]
    handles: Mapping[str, Json]
    tainted: bool
    last_ordinal: int
    answered_ordinal: int
    created_at: datetime
    held_by: str | None = None
    """The colleague who has taken the conversation over; runs do not answer meanwhile."""
