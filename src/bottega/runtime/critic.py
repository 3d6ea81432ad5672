"""Critics: checks and tests over what a model plans, before anything of it happens."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from bottega.runtime.tool import Tool, ToolCall

if TYPE_CHECKING:
    from bottega.runtime.context import RunContext


@dataclass(frozen=True, slots=True)
class Objection:
    """The call must not happen as planned. The model is told `message` and `next_step` and may plan again."""

    critic: str
    code: str
    message: str
    next_step: str = ""


@dataclass(frozen=True, slots=True)
class NeedsYes:
    """The call may happen after the customer has said yes to exactly this."""

    call: ToolCall
    summary: str


Verdict = ToolCall | Objection | NeedsYes
"""A critic that has nothing against a call gives it back, perhaps with its arguments resolved further."""


@dataclass(frozen=True, slots=True)
class Planned:
    """A call that is being looked at, the tool it is to, and the run it is planned in."""

    call: ToolCall
    tool: Tool
    context: "RunContext"


class Critic(Protocol):
    """Looks at one planned call. Critics run in order; each sees the call as the one before it left it."""

    @property
    def name(self) -> str: ...

    async def review(self, planned: Planned) -> Verdict:
        """The call itself (or a more resolved one), or what is wrong with it; changes nothing anywhere."""
        ...
