"""What the back office looks up: tickets, orders and stock, of the case in hand and of what its colleague has named."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from pydantic import Field

from bottega.actions.actor import system
from bottega.agents.tools.labels import OFFICE_ORDER, OFFICE_TICKET
from bottega.agents.tools.order_records import notes_of, order_shown, orders_shown
from bottega.agents.tools.payment_page import PaymentPages
from bottega.kernel.errors import Forbidden, NotFound
from bottega.kernel.identifiers import CustomerId, OrderId, TicketId, VariantId
from bottega.platform.database.pool import Connection
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Json
from bottega.runtime.guard.words import Words
from bottega.runtime.tool import Tool
from bottega.runtime.tools import query_tool
from bottega.shop.orders.errors import no_such_order
from bottega.shop.stock.queries import levels
from bottega.shop.support.errors import no_such_ticket
from bottega.shop.support.queries import get_ticket

MESSAGES_SHOWN = 20
# Reads have no actor of an agent's own: who may see what is decided here, by the case and by the colleague's words.
OFFICE = system("back_office")

OrderNumber = Annotated[str, Field(min_length=1, max_length=40, description="Such as B-10130.")]
TicketNumber = Annotated[str, Field(min_length=1, max_length=40, description="Such as T-1001.")]


class OfficeReads:
    """Reads of one piece of back-office work.

    With a case in hand (a ticket of a customer) records of that customer are shown and nobody else's. Without one, a
    record is shown that the colleague has named in their own words, or that was shown before. What a customer wrote
    opens nothing.
    """

    def __init__(self, pages: PaymentPages) -> None:
        self._pages = pages

    def all(self, nouns: Mapping[str, str]) -> tuple[Tool, ...]:
        """The tools, in the order in which they are offered."""
        return (
            query_tool(self.get_ticket, nouns=nouns, labels=OFFICE_TICKET),
            query_tool(self.get_order, nouns=nouns, labels=OFFICE_ORDER),
            query_tool(self.list_orders, nouns=nouns),
            query_tool(self.get_stock, nouns=nouns),
        )

    async def get_ticket(
        self, context: RunContext, *, number: TicketNumber | None = None, ticket_id: TicketId | None = None
    ) -> dict[str, Json]:
        """One ticket with what was written in it; by its number or ticket_id."""
        async with context.read() as connection:
            row = await connection.fetchrow(_TICKET, ticket_id, "" if number is None else _typed(number))
            if row is None or not may_see(context, row["customer_id"], row["id"], row["number"]):
                raise no_such_ticket(number or "of that handle")
            return await ticket_shown(connection, row["id"])

    async def get_order(
        self, context: RunContext, *, number: OrderNumber | None = None, order_id: OrderId | None = None
    ) -> dict[str, Json]:
        """One order with lines, parcels, payments, refunds, returns and notes; by its number or order_id."""
        async with context.read() as connection:
            row = await connection.fetchrow(_ORDER, order_id, "" if number is None else _typed(number))
            if row is None or not may_see(context, row["customer_id"], row["id"], row["number"]):
                raise no_such_order(number or "of that handle")
            shown = await order_shown(connection, OFFICE, row["id"], context.now, self._pages)
            return {**shown, "customer_id": row["customer_id"], "notes": await notes_of(connection, row["id"])}

    async def list_orders(self, context: RunContext, *, customer_id: CustomerId | None = None) -> dict[str, Json]:
        """The newest orders of the customer of the case in hand, or of one that was shown."""
        wanted = context.customer_id or customer_id
        if wanted is None:
            raise NotFound("no_customer", "Whose orders is not said.", next_step="Look a ticket or an order up first.")
        if not may_see(context, wanted, wanted, wanted) or customer_id not in (None, wanted):
            raise Forbidden("another_case", "That customer is not of this case.", next_step="Ask the colleague.")
        async with context.read() as connection:
            return {"orders": await orders_shown(connection, OFFICE, customer_id=wanted)}

    async def get_stock(self, context: RunContext, *, variant_id: VariantId) -> dict[str, Json]:
        """How many units of a variant lie at each location, and how many of them are promised."""
        async with context.read() as connection:
            found = await levels(connection, [variant_id])
        return {"levels": [asdict(level) for level in found]}


def may_see(context: RunContext, customer_id: str | None, identifier: str, number: str) -> bool:
    """Whether a record belongs to the case in hand, or was named by the colleague or shown before."""
    if context.customer_id is not None:
        return customer_id == context.customer_id
    return context.handles.was_shown(identifier) or Words.of(context.words).hold_compact(number)


async def ticket_shown(connection: Connection, ticket_id: str) -> dict[str, Any]:
    """A ticket with its newest messages, the internal ones too."""
    ticket = await get_ticket(connection, OFFICE, ticket_id)
    shown = ticket.model_dump(mode="json", exclude={"messages"})
    messages = [message.model_dump(mode="json", exclude={"author_id"}) for message in ticket.messages]
    name = await connection.fetchval(_NAME, ticket.customer_id)
    return {**shown, "customer_name": name, "messages": messages[-MESSAGES_SHOWN:]}


def _typed(number: str) -> str:
    return "".join(number.split()).upper().lstrip("#")


_TICKET = """
SELECT id, number, customer_id FROM shop.tickets
WHERE id = $1 OR number IN ($2, 'T-' || $2) ORDER BY id = $1 DESC, number = $2 DESC LIMIT 1"""

_ORDER = """
SELECT id, number, customer_id FROM shop.orders
WHERE id = $1 OR number IN ($2, 'B-' || $2) ORDER BY id = $1 DESC, number = $2 DESC LIMIT 1"""

_NAME = "SELECT vault.reveal(name_ref) FROM shop.customers WHERE id = $1"
