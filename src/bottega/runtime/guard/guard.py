"""The guard as a whole: a screen before the model, critics of its calls, checks of its replies."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from bottega.runtime.critic import Critic
from bottega.runtime.evidence import Json
from bottega.runtime.guard.screen import Screen
from bottega.runtime.reply import ReplyFault

if TYPE_CHECKING:
    from bottega.runtime.context import RunContext


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a reply must not go out; `detail` is for the journal and names what was not found."""

    fault: ReplyFault
    detail: Mapping[str, Json] = field(default_factory=dict[str, Json])


class ReplyCheck(Protocol):
    """Looks at a reply before it goes out. Checks run in order; each sees the text as the one before it left it."""

    @property
    def name(self) -> str: ...

    def check(self, said: str, context: "RunContext") -> str | Fault:
        """The text, perhaps with something taken out, or why it must not go out; `said` has handles in it."""
        ...


@dataclass(frozen=True, slots=True)
class Guard:
    """What stands between a model and the shop. Each part can be left out by whoever builds another one."""

    screen: Screen
    critics: tuple[Critic, ...]
    checks: tuple[ReplyCheck, ...]
