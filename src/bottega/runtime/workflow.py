"""Workflows: what a plan that is code can do, each step of it journalled under a label and never done twice."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

from bottega.actions.action import Action
from bottega.kernel.errors import Conflict
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Json

FailurePolicy = Literal["all", "any", "collect"]
"""`all`: one failed child fails the plan. `any`: enough that one succeeded. `collect`: the plan looks at each."""


@dataclass(frozen=True, slots=True)
class ChildOutcome:
    """How a child run ended."""

    run_id: str
    state: Literal["done", "failed", "cancelled"]
    result: Json
    failure: str | None


@dataclass(frozen=True, slots=True)
class Acted:
    """What became of an action of a plan: done with its result, or refused by shop, policy or approver with a code."""

    done: bool
    result: Json = None
    code: str | None = None
    message: str = ""


class ChildFailed(Conflict):
    """Children ended otherwise than the plan needs; `outcomes` has those that ended."""

    def __init__(self, outcomes: Sequence[ChildOutcome]) -> None:
        failed = [outcome.run_id for outcome in outcomes if outcome.state != "done"]
        super().__init__("child_failed", f"{len(failed)} child runs did not succeed.", run_ids=failed)
        self.outcomes = tuple(outcomes)


class Workflow(Protocol):
    """Given to a plan. A plan may be called again from its beginning at any time: what is journalled under a label is
    answered from the journal, so everything that reads the world or changes it has to go through here. Steps go one
    after another; what is to happen side by side are child runs."""

    @property
    def context(self) -> RunContext: ...

    async def step(self, label: str, work: Callable[[], Awaitable[Json]]) -> Json:
        """Does `work` once and keeps its JSON-ready result; it may be repeated when a process dies in it."""
        ...

    async def act(self, label: str, action: Action) -> Acted:
        """Performs an action once, with a key derived from run and label; waits while it is held for an approval."""
        ...

    async def ask(self, label: str, prompt: str, *, schema: Mapping[str, Json] | None = None) -> Mapping[str, Json]:
        """One question to a model about `prompt`, under the role's instructions: `text`, and `structured` when a
        schema asked for it. What comes back is a model's words: it decides nothing and names nothing by itself."""
        ...

    async def start(self, label: str, role: str, task: Mapping[str, Json]) -> str:
        """Starts a child run, once; returns its id."""
        ...

    async def join(self, label: str, run_ids: Sequence[str], policy: FailurePolicy = "all") -> Sequence[ChildOutcome]:
        """Waits until the children ended; raises `ChildFailed` where the policy says so."""
        ...

    async def sleep(self, label: str, duration: timedelta) -> None:
        """Waits; the process's work ends meanwhile, not the run."""
        ...

    async def sleep_until(self, label: str, moment: datetime) -> None:
        """Waits until a moment; in the past is at once."""
        ...
