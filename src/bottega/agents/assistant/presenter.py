"""The assistant's structured reply, from records: product cards, orders, payment pages, choices, what it asks for."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from bottega.agents.chat.handover import open_handover
from bottega.agents.tools.change_tool import ChangeTool
from bottega.agents.tools.order_records import order_shown
from bottega.agents.tools.payment_page import PaymentPages
from bottega.kernel.errors import Refusal
from bottega.platform.database.pool import Connection
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Json
from bottega.runtime.loop.answer import rendered
from bottega.runtime.reply import Reply
from bottega.runtime.tool import ToolCall
from bottega.shop import shop_settings

CARDS_SHOWN = 8
ORDERS_SHOWN = 3
CHOICES_SHOWN = 12
LONGEST_CHOICE_CHARACTERS = 80
ASKS_FOR = frozenset(
    {
        *("product", "size", "colour", "option", "quantity", "email", "code", "sign_in", "name", "address", "shipping"),
        *("payment", "order", "items", "reason", "resolution", "coupon", "gift_card", "confirmation", "change"),
    }
)
_ASKS = re.compile(r"\s*\[asks ([a-z_]{2,30})(?::([^\]\n]{0,1000}))?\]\s*$")
_TRAILING = re.compile(r"(?:\s*\[(?:[a-z]{3,20})_\d{1,4}\][,;]?)+\s*$")


@dataclass(frozen=True, slots=True)
class AssistantPresenter:
    """Shows records by reference: what a card says is read from the shop now, never taken from a model's words."""

    pages: PaymentPages

    async def present(self, reply: Reply, context: RunContext) -> Reply:
        reply, asks_for, choices = _asked_in(reply, context)
        reply = _without_trailing_handles(reply, context)
        products = [one.id for one in reply.references if one.noun == "product"]
        orders = [one.id for one in reply.references if one.noun == "order"]
        async with context.read() as connection:
            cards = await product_cards(connection, products[:CARDS_SHOWN], context.now)
            shown = [
                await self._order(connection, context, order_id)
                for order_id in dict.fromkeys([*orders, *_orders_made(context)])
            ]
            session_id = context.run.session_id
            handover = None if session_id is None else await open_handover(connection, session_id)
        summaries = [order for order in shown if order is not None][:ORDERS_SHOWN]
        pages = [order["payment_page"] for order in summaries if order["payment_page"]]
        attachments: dict[str, Json] = {
            "cards": cards,
            "orders": summaries,
            "payment_page": pages[0] if pages else None,
            "asks_for": "confirmation" if reply.confirmation is not None else asks_for,
            "confirmation_amount": await _confirmed_amount(reply, context),
            "handover": handover is not None,
            "tool_calls": _calls_made(context),
            "cost_micros": context.usage.cost_micros,
        }
        return replace(reply, choices=reply.choices or choices, attachments=attachments)

    async def _order(self, connection: Connection, context: RunContext, order_id: str) -> dict[str, Any] | None:
        try:
            shown = await order_shown(connection, context.actor, order_id, context.now, self.pages)
        except Refusal:
            return None
        kept = ("id", "number", "status", "payment_status", "fulfilment_status", "total_minor", "currency")
        return {**{name: shown[name] for name in kept}, "payment_page": shown["payment_page"]}


async def product_cards(connection: Connection, product_ids: Sequence[str], now: datetime) -> list[dict[str, Any]]:
    """Cards of published products in this order, at today's lowest price."""
    if not product_ids:
        return []
    currency = (await shop_settings.current(connection)).currency
    rows = await connection.fetch(_CARDS, list(product_ids), currency, now)
    return [
        {
            "product_id": row["id"],
            "handle": row["handle"],
            "title": row["title"],
            "price": {"amount_minor": row["price_minor"], "currency": currency},
            "image": row["image"],
            "in_stock": row["in_stock"],
        }
        for row in rows
    ]


def _asked_in(reply: Reply, context: RunContext) -> tuple[Reply, str | None, tuple[str, ...]]:
    """What the model says it asks for: beside its text, or in a last line of it, which the customer does not see."""
    structured = _structured(context)
    said = _ASKS.search(reply.said)
    if said is not None:
        text = reply.said[: said.start()].rstrip()
        shown = rendered(text, context)
        reply = replace(reply, text=shown.text, said=text)
        choices = [one.strip() for one in (said[2] or "").split("|")]
        return reply, said[1] if said[1] in ASKS_FOR else None, _sound(choices)
    asks_for: Any = structured.get("asks_for")
    choices = structured.get("choices") or ()
    return reply, asks_for if isinstance(asks_for, str) else None, _sound([str(choice) for choice in choices])


def _structured(context: RunContext) -> Mapping[str, Any]:
    """What the newest decision's model answered beside its text."""
    decision = next((step for step in reversed(context.steps) if step.phase == "decide"), None)
    found: Mapping[str, Any] | None = None if decision is None else decision.detail.get("reply", {}).get("structured")
    return found or {}


def _sound(choices: Sequence[str]) -> tuple[str, ...]:
    fitting = [choice for choice in choices if choice and len(choice) <= LONGEST_CHOICE_CHARACTERS]
    return tuple(dict.fromkeys(fitting))[:CHOICES_SHOWN]


def _without_trailing_handles(reply: Reply, context: RunContext) -> Reply:
    """Records that a text only lists at its end are shown as cards, and not read out once more."""
    trailing = _TRAILING.search(reply.said)
    if trailing is None or "passage_" in trailing[0]:
        return reply
    kept = reply.said[: trailing.start()]
    if not kept.endswith((".", "!", "?", ":", "\n")):
        return reply
    return replace(reply, text=rendered(kept.rstrip(), context).text)


def _orders_made(context: RunContext) -> list[str]:
    """Orders that this run has changed."""
    found: list[str] = []
    for step in context.steps:
        if step.phase == "act" and step.state == "done" and step.detail.get("effect") == "consequential":
            for record in step.detail.get("evidence", ()):
                identifier = str(record["value"].get("id", "")) if isinstance(record["value"], dict) else ""
                if identifier.startswith("ord_"):
                    found.append(identifier)
    return found


def _calls_made(context: RunContext) -> list[dict[str, Json]]:
    """Tools that ran for this reply, and how each ended."""
    return [
        {"tool": step.name, "state": step.state} for step in context.steps if step.phase == "act" and step.name != ""
    ]


async def _confirmed_amount(reply: Reply, context: RunContext) -> dict[str, Json] | None:
    """The money that a yes to the open question would move."""
    asked = reply.confirmation
    tool = None if asked is None else context.role.tools_by_name.get(asked.tool)
    if asked is None or not isinstance(tool, ChangeTool):
        return None
    summary = await tool.summarised(ToolCall(asked.id, asked.tool, {}, asked.id, asked.arguments), context)
    if summary.amount_minor is None:
        return None
    return {"amount_minor": summary.amount_minor, "currency": summary.currency}


_CARDS = """
SELECT p.id, p.handle, p.title, min(shop.effective_amount(r, $3)) AS price_minor,
       (SELECT m.url FROM shop.media m WHERE m.product_id = p.id ORDER BY m.position, m.id LIMIT 1) AS image,
       bool_or(EXISTS (SELECT FROM shop.stock_levels s
           WHERE s.variant_id = v.id AND s.on_hand + s.backorder_limit > s.reserved)) AS in_stock
FROM unnest($1::text[]) WITH ORDINALITY AS wanted (product_id, place)
JOIN shop.products p ON p.id = wanted.product_id AND p.status = 'published'
JOIN shop.variants v ON v.product_id = p.id AND v.active
JOIN shop.prices r ON r.variant_id = v.id AND r.currency = $2
GROUP BY p.id, wanted.place ORDER BY wanted.place"""
