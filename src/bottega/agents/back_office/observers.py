"""What the back office knows before it decides: the ticket that its task is about."""

from collections.abc import Sequence

from bottega.agents.tools.labels import OFFICE_TICKET
from bottega.agents.tools.office_reads import ticket_shown
from bottega.kernel.errors import NotFound
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Evidence

TICKET = "ticket_id"


class CaseInHand:
    """The ticket that a colleague has put into the task, with what was written in it."""

    name = "case"

    async def observe(self, context: RunContext) -> Sequence[Evidence]:
        ticket_id = context.task.get(TICKET)
        if not isinstance(ticket_id, str):
            return []
        async with context.read() as connection:
            try:
                shown = await ticket_shown(connection, ticket_id)
            except NotFound:
                # It was there when the task was given; what is gone since cannot be worked on.
                return []
        return [Evidence(f"{context.run.id}.case", self.name, shown, OFFICE_TICKET, observed_at=context.now)]
