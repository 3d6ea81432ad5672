"""What the back office does with no model at all: a first answer to the ticket, for a colleague to approve."""

from collections.abc import Mapping
from typing import Any

from bottega.ports.chat_model import ToolResult
from bottega.runtime.models.offline.model import Heard, Planned, Proposal

ANSWER = "answer_ticket"
RECEIVED = "Thank you for your message. We have read it, and a colleague will come back to you."
PREPARED = "No model is at work. A first answer to the ticket waits among the approvals; the rest is yours."
NOTHING = "No model is at work, and without one I only prepare first answers to tickets. This is yours to do."
REFUSED = "No model is at work, and the first answer to the ticket was refused; see the run's timeline."


class OfficeDialogue:
    """Implements `Dialogue` for back-office work: equal messages give an equal proposal."""

    async def next(self, heard: Heard) -> Proposal:
        results = [one for one in heard.messages if isinstance(one, ToolResult) and one.name == ANSWER]
        if results:
            return Proposal(None, REFUSED if results[-1].failed else PREPARED)
        ticket = _case(heard)
        if ticket is None or ANSWER not in heard.tools:
            return Proposal(None, NOTHING)
        return Proposal(None, calls=(Planned(ANSWER, {"ticket_id": ticket, "text": RECEIVED, "internal": False}),))


def _case(heard: Heard) -> str | None:
    """The handle of the ticket that the task came with: the first one that was given out."""
    known: Mapping[str, Any] = heard.context.get("handles") or {}
    return next((handle for handle in known if handle.startswith("ticket_")), None)
