"""What phases, tools and critics of one run are given: the run, what was said and shown, and the way to the shop."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime

from bottega.actions.actor import Actor, Cause
from bottega.actions.perform import Performer
from bottega.platform.database.pool import Connection
from bottega.runtime.confirmation import ConfirmationRequest
from bottega.runtime.evidence import Evidence, Json
from bottega.runtime.guard.handles import HandleTable
from bottega.runtime.guard.masking import MaskTable
from bottega.runtime.role import Role
from bottega.runtime.run import Run, Session, Step, Turn, Usage


@dataclass(slots=True)
class RunContext:
    """One run in one process, while that process holds it.

    `evidence` is what this run and the session's earlier turns within the window have seen, oldest first; `words` is
    what the principal said, oldest first, the present message last. `slots` are the session's, with what this run's
    tools have put there. `pending` is the confirmation request that the turn before ended with, if one waits.
    """

    run: Run
    role: Role
    performer: Performer
    now: datetime
    usage: Usage = field(default_factory=Usage)
    """What the run has used so far, with what is not written yet."""
    session: Session | None = None
    history: Sequence[Turn] = ()
    evidence: list[Evidence] = field(default_factory=list[Evidence])
    words: list[str] = field(default_factory=list[str])
    slots: dict[str, Json] = field(default_factory=dict[str, Json])
    handles: HandleTable = field(default_factory=HandleTable)
    masks: MaskTable = field(default_factory=MaskTable)
    steps: list[Step] = field(default_factory=list[Step])
    pending: ConfirmationRequest | None = None
    tainted: bool = False
    """Whether a third party's text has been before the model in this run or session."""
    planned: int = 0
    """How many calls were planned by the reply that is being looked at, up to and with the present one."""
    repeatable: list[str] = field(default_factory=list[str])
    """Digests of the calls of the decision that is being looked at, as far as they were let pass."""
    let_go: list[str] = field(default_factory=list[str])
    """Light changes that the present message was found to ask for."""
    level: str = ""
    """At which level of models the decision was made that is being looked at; `rules` for a customer's yes."""
    stopped: bool = False
    """Whether the stop switch was on when the journal was last written."""

    @property
    def actor(self) -> Actor:
        """Who acts: the agent, for its customer if it serves one.

        Serving customers it never works in the back office: for somebody unknown it acts for nobody, who owns nothing.
        """
        on_behalf_of = (self.run.principal.customer_id or "") if self.role.acts_for_customer else None
        return Actor("agent", self.role.name, self.role.name, self.role.scopes, on_behalf_of)

    @property
    def customer_id(self) -> str | None:
        """The one customer of this run, if identified."""
        return self.run.principal.customer_id

    @property
    def cause(self) -> Cause:
        """What the log names as the reason of this run's actions."""
        return Cause("run", self.run.id)

    def read(self) -> AbstractAsyncContextManager[Connection]:
        """A connection that can only read."""
        return self.performer.database.read()

    def search(self) -> AbstractAsyncContextManager[Connection]:
        """A connection that can only read, for statements that are planned for what they ask."""
        return self.performer.database.search()

    @property
    def task(self) -> Mapping[str, Json]:
        """What the run was started with."""
        return self.run.task
