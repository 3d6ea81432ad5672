"""Roles: an agent's job, with its instructions, its tools, its critics and its limits."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Literal, Protocol

from bottega.kernel import canonical_json
from bottega.runtime.critic import Critic
from bottega.runtime.evidence import Evidence, Json
from bottega.runtime.models.call import CacheUse, Level
from bottega.runtime.reply import Reply, ReplyFault
from bottega.runtime.tool import Tool

if TYPE_CHECKING:
    from bottega.runtime.context import RunContext
    from bottega.runtime.workflow import Workflow


@dataclass(frozen=True, slots=True)
class RunLimits:
    """What one run may use. Whatever is reached first ends the run, and the principal is told so in a safe text.

    `same_call_times` is how often one call with the same arguments and the same result is let pass;
    `alternations` how often two calls may take turns without anything new.
    """

    steps: int = 60
    model_calls: int = 12
    tool_calls: int = 24
    tokens: int = 60_000
    cost_micros: int = 500_000
    seconds: float = 120.0
    reply_characters: int = 4_000
    same_call_times: int = 3
    alternations: int = 3


@dataclass(frozen=True, slots=True)
class Gate:
    """What the reflect phase found before a model is asked: `signals` are telemetry (an injection detector, say),
    `reply` answers without a model, `tools` narrows the offer to these names."""

    intent: str = ""
    reply: str | None = None
    tools: frozenset[str] | None = None
    signals: Mapping[str, float] = field(default_factory=dict[str, float])


class Observer(Protocol):
    """Adds evidence before a run decides: memory, profile, passages that match what was asked."""

    @property
    def name(self) -> str: ...

    async def observe(self, context: "RunContext") -> Sequence[Evidence]:
        """What is worth knowing for this run; called once, its answer is journalled."""
        ...


class Reflector(Protocol):
    """A cheap look at what was asked: an intent classifier, a detector."""

    @property
    def name(self) -> str: ...

    async def reflect(self, context: "RunContext") -> Gate: ...


class Presenter(Protocol):
    """Makes the structured reply of a role out of checked text and the records it refers to."""

    async def present(self, reply: Reply, context: "RunContext") -> Reply: ...


class AfterRun(Protocol):
    """Told of a run that ended, once per end that was journalled: memory learns here. A failure is logged, no more."""

    async def after_run(self, context: "RunContext") -> None: ...


SAFE_TEXTS: Mapping[ReplyFault, str] = {
    "ungrounded": "I could not confirm that from the shop's records, so I would rather not say. May I look it up?",
    "unproven_claim": "I could not confirm that this was done. Please ask me for its current state.",
    "third_party_words": "I have read a text there that is not ours, so I tell you only what our own records say:",
    "echo": "I cannot share that. What can I do for you?",
    "too_long": "That answer became too long. Could you ask for one part of it?",
    "limit": "I did not get to the end of this. A colleague can take over, or you can ask for one part of it.",
    "cancelled": "This was stopped before it was finished. Nothing more will be done.",
    "not_confirmed": "That was confirmed already, or too late. Tell me what you would like and I will ask again.",
    "unavailable": "I cannot answer just now. Please try again in a moment.",
    "error": "Something went wrong on our side. Nothing more was done. Please try again.",
}

Plan = Callable[["Workflow"], Awaitable[Json]]
"""A role whose plan is code: every step of it goes through the workflow, which journals it."""


@dataclass(frozen=True)
class Role:
    """An agent's job. With a `plan` it runs code; without one a model decides, within `tools`, `critics` and `limits`.

    `acts_for_customer` makes its actor one that has at most the rights of the principal's customer; otherwise it works
    in the back office. `scopes` narrow it further (names of groups, see docs/policy.md). `intent` and
    `latency_target_seconds` go to the router. `waits_for_yes` sends consequential calls to the customer first.
    """

    name: str
    instructions: str = ""
    tools: tuple[Tool, ...] = ()
    critics: tuple[Critic, ...] = ()
    observers: tuple[Observer, ...] = ()
    reflectors: tuple[Reflector, ...] = ()
    presenter: Presenter | None = None
    after_run: tuple[AfterRun, ...] = ()
    plan: Plan | None = None
    limits: RunLimits = RunLimits()
    acts_for_customer: bool = True
    waits_for_yes: bool = True
    scopes: frozenset[str] = frozenset()
    intent: str = "chat"
    latency_target_seconds: float = 30.0
    highest_level: Level = "large"
    cache: CacheUse = "none"
    maximum_output_tokens: int = 1_024
    window_turns: int = 12
    """How many earlier turns a model is shown."""
    safe_texts: Mapping[ReplyFault, str] = field(default_factory=lambda: SAFE_TEXTS)
    goes_on_while_held: bool = False
    """Whether back-office work goes on to its end while something it asked for waits for a person."""
    on_stop: Literal["refuse", "wait"] = "refuse"
    """While agents are stopped no run changes anything. `refuse`: it reads and answers; `wait`: it waits."""

    @cached_property
    def version(self) -> str:
        """Changes with the instructions and the tools; stands in every run's journal."""
        tools = [[tool.name, tool.description, tool.schema] for tool in self.tools]
        return canonical_json.digest([self.name, self.instructions, tools])[:16]

    @cached_property
    def tools_by_name(self) -> Mapping[str, Tool]:
        """Its tools by their names."""
        return {tool.name: tool for tool in self.tools}
