"""Calling a person: a ticket with what was said, and a conversation that waits for a colleague."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from bottega.actions.effects import EffectDriver
from bottega.agents.chat.handover import open_handover, want
from bottega.agents.tools.change_tool import ChangeTool
from bottega.agents.tools.labels import TICKET
from bottega.kernel.identifiers import OrderId
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Json
from bottega.runtime.tool import Answered, Tool, ToolCall, ToolOutcome
from bottega.shop.support.actions import OpenTicket

LAST_MESSAGES = 8
LONGEST_TEXT_CHARACTERS = 8_000

ShortSubject = Annotated[str, Field(min_length=1, max_length=200, description="What it is about, in a few words.")]
ShortSummary = Annotated[str, Field(max_length=2_000, description="What a colleague has to know.")]


class SupportTools:
    """The way to a person."""

    def __init__(self, effects: EffectDriver) -> None:
        self._effects = effects

    def all(self, nouns: Mapping[str, str]) -> tuple[Tool, ...]:
        """The tools, in the order in which they are offered."""
        words = frozenset({"escalated", "handed", "forwarded", "opened", "called", "informed", "passed", "told"})
        return (
            _OncePerConversation(
                self.escalate_support,
                self._effects,
                self._read_back,
                effect="light",
                nouns=nouns,
                accomplishes=words,
                labels=TICKET,
            ),
        )

    async def escalate_support(
        self,
        context: RunContext,
        *,
        subject: ShortSubject,
        summary: ShortSummary = "",
        order_id: OrderId | None = None,
    ) -> OpenTicket:
        """Calls a colleague into the conversation: when the customer asks for a person, or when only one can help.

        Opens a ticket, about an order if one is named. Needs no yes.
        """
        said = [f"> {words}" for words in context.words[-LAST_MESSAGES:]]
        # Where somebody else's text was read, a model's words may be that somebody's.
        told = [] if context.tainted else [summary.strip()]
        text = "\n\n".join([part for part in (*told, "The customer's last messages:", "\n".join(said)) if part])
        return OpenTicket(
            subject="Wanted in a chat" if context.tainted else subject,
            text=text[:LONGEST_TEXT_CHARACTERS],
            customer_id=context.customer_id,
            order_id=order_id,
            channel="chat",
        )

    async def _read_back(self, context: RunContext, result: Mapping[str, Json]) -> dict[str, Json]:
        session_id, ticket_id = context.run.session_id, str(result["ticket_id"])
        if session_id is not None:
            async with context.performer.database.connection() as connection:
                await want(connection, session_id, ticket_id, context.now)
        return await _ticket(context, ticket_id)


@dataclass(frozen=True)
class _OncePerConversation(ChangeTool):
    """A colleague who is called already is not called again."""

    async def run(self, call: ToolCall, context: RunContext) -> ToolOutcome:
        session_id = context.run.session_id
        if session_id is not None:
            async with context.read() as connection:
                waiting = await open_handover(connection, session_id)
            if waiting is not None and waiting.ticket_id is not None:
                state = await _ticket(context, waiting.ticket_id)
                return Answered(state, self.labels, repeated=True, read_back=state)
        return await super().run(call, context)


async def _ticket(context: RunContext, ticket_id: str) -> dict[str, Any]:
    async with context.read() as connection:
        row = await connection.fetchrow(_TICKET, ticket_id)
    assert row is not None, "this conversation opened it"
    return {**dict(row), "handover": "waiting"}


_TICKET = """
SELECT t.id, t.number, t.status, o.number AS order_number
FROM shop.tickets t LEFT JOIN shop.orders o ON o.id = t.order_id WHERE t.id = $1"""
