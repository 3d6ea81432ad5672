"""What the back office prepares: every tool is an action of the shop, and the policy says which wait for a person."""

from collections.abc import Mapping
from typing import Any

from bottega.actions.action import Action
from bottega.agents.tools.labels import OFFICE_TICKET
from bottega.agents.tools.office_reads import ticket_shown
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Json
from bottega.runtime.tool import Tool
from bottega.runtime.tools import ActionTool
from bottega.shop.flows.cancel_order import CancelOrder
from bottega.shop.flows.refund_order import RefundOrder
from bottega.shop.payments.gift_cards import IssueGiftCard
from bottega.shop.prices.actions import ChangePrice
from bottega.shop.stock.actions import AdjustStock
from bottega.shop.support.actions import AnswerTicket, ChangeTicketStatus, EscalateTicket


async def _nothing(_: RunContext, __: Mapping[str, Json]) -> Json:
    """A field that is nobody's to give here."""
    return None


async def _ticket(context: RunContext, result: Mapping[str, Json]) -> Json:
    async with context.read() as connection:
        return await ticket_shown(connection, str(result["ticket_id"]))


_OF_TICKETS: tuple[type[Action], ...] = (AnswerTicket, ChangeTicketStatus, EscalateTicket)
_DONE: Mapping[type[Action], frozenset[str]] = {
    AnswerTicket: frozenset({"answered", "replied", "written", "sent"}),
    ChangeTicketStatus: frozenset({"closed", "resolved", "reopened", "changed"}),
    EscalateTicket: frozenset({"escalated", "forwarded"}),
    CancelOrder: frozenset({"cancelled", "canceled"}),
    RefundOrder: frozenset({"refunded"}),
    IssueGiftCard: frozenset({"issued", "given"}),
    ChangePrice: frozenset({"changed", "lowered", "raised", "set"}),
    AdjustStock: frozenset({"adjusted", "corrected", "counted", "changed"}),
}


def office_changes(nouns: Mapping[str, str]) -> tuple[Tool, ...]:
    """The tools, in the order in which they are offered."""
    more: dict[type[Action], dict[str, Any]] = {
        one: {"read_back": _ticket, "labels": OFFICE_TICKET.below("state")} for one in _OF_TICKETS
    }
    more[IssueGiftCard] = {"fills": {"code_digest": _nothing, "expires_at": _nothing}}
    more[ChangePrice] = {"fills": {"expected_amount_minor": _nothing}}
    return tuple(ActionTool(act, nouns, accomplishes=words, **more.get(act, {})) for act, words in _DONE.items())
