"""A tool that gives work to another role: it starts a child run, and its result comes when that has ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from bottega.kernel.errors import Invalid
from bottega.runtime.directing import ADVANCE_JOB
from bottega.runtime.evidence import Json
from bottega.runtime.journal import insert_run, new_run
from bottega.runtime.tool import DEFAULT_LIMITS, Awaiting, Effect, Parameter, ToolCall, ToolLimits, ToolOutcome
from bottega.runtime.tools.performing import refused
from bottega.runtime.tools.schema import parameters_of, schema_for_models

if TYPE_CHECKING:
    from bottega.actions.work import JobQueue
    from bottega.runtime.context import RunContext

DEPTH_MAX = 5


class Task(BaseModel):
    """What is to be done."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)

    task: str = Field(min_length=1, max_length=2_000, description="What the colleague is to do, in a few sentences.")


@dataclass(frozen=True)
class DelegateTool:
    """Starts a run of `role` for the same principal. The child has its own limits and tools, and pays from the budgets
    of its parents as well; the call's key makes it one child however often the call is made."""

    role: str
    given_description: str
    jobs: "JobQueue"
    effect: Effect = "light"
    accomplishes: frozenset[str] = frozenset()
    limits: ToolLimits = DEFAULT_LIMITS
    name: str = field(init=False)
    description: str = field(init=False)
    schema: Mapping[str, Json] = field(init=False)
    parameters: tuple[Parameter, ...] = field(init=False)

    def __post_init__(self) -> None:
        derived = {
            "name": f"ask_{self.role}",
            "description": self.given_description,
            "schema": schema_for_models(Task, {}),
            "parameters": parameters_of(Task, {}),
        }
        for attribute, value in derived.items():
            object.__setattr__(self, attribute, value)

    def check(self, arguments: Mapping[str, Json]) -> None:
        """Raises pydantic's `ValidationError` for arguments that are not of the schema."""
        Task.model_validate(arguments)

    async def run(self, call: ToolCall, context: "RunContext") -> ToolOutcome:
        run = context.run
        if len(run.parent_ids) >= DEPTH_MAX:
            return refused(Invalid("too_many_generations", f"Work is passed on {DEPTH_MAX} times at most."))
        task = {"said": Task.model_validate(call.resolved).task}
        child = new_run(self.role, run.principal, task, context.now, parent_ids=(run.id, *run.parent_ids))
        async with context.performer.database.write() as connection:
            child = await insert_run(connection, child, call.key)
            await self.jobs.enqueue(connection, ADVANCE_JOB, {"run_id": child.id}, key=child.id)
        self.jobs.wake()
        return Awaiting("child", child.id)
