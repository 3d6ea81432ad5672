"""What a ticket is, which statuses follow on which, and how soon each priority is answered."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

TicketStatus = Literal["open", "waiting_for_customer", "resolved", "closed"]
TicketPriority = Literal["low", "normal", "high", "urgent"]

# A resolved ticket opens again when its customer writes; a closed one is over.
STATUS_TRANSITIONS: Mapping[str, frozenset[str]] = {
    "open": frozenset({"waiting_for_customer", "resolved", "closed"}),
    "waiting_for_customer": frozenset({"open", "resolved", "closed"}),
    "resolved": frozenset({"open", "closed"}),
    "closed": frozenset(),
}
NEXT_PRIORITY: Mapping[str, TicketPriority] = {"low": "normal", "normal": "high", "high": "urgent", "urgent": "urgent"}
# An open ticket that nobody has answered for so long moves one priority up.
ANSWERED_WITHIN: Mapping[str, timedelta] = {
    "low": timedelta(hours=72),
    "normal": timedelta(hours=24),
    "high": timedelta(hours=4),
}


class TicketMessage(BaseModel):
    """One message; `text` is null once it was forgotten. Internal ones are for the staff."""

    model_config = ConfigDict(frozen=True)

    id: str
    author_kind: str
    author_id: str
    text: str | None
    internal: bool
    created_at: datetime


class TicketSummary(BaseModel):
    """A ticket in a list; `subject` is null once it was forgotten."""

    model_config = ConfigDict(frozen=True)

    id: str
    number: str
    customer_id: str | None
    order_id: str | None
    subject: str | None
    status: TicketStatus
    priority: TicketPriority
    assignee_id: str | None
    channel: str
    created_at: datetime
    updated_at: datetime


class Ticket(TicketSummary):
    """A ticket with its messages, oldest first; customers do not see the internal ones."""

    messages: list[TicketMessage]
