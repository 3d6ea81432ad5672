"""A turn as clients are sent it: one object with the words, what is shown with them, and how they came about."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bottega.runtime.run import Turn

TurnState = Literal["answered", "working", "with_person"]


class Shown(BaseModel):
    """Base of what is sent."""

    model_config = ConfigDict(frozen=True)


class Price(Shown):
    """An amount in the currency's smallest unit."""

    amount_minor: int
    currency: str


class Card(Shown):
    """A product at today's lowest price."""

    product_id: str
    title: str
    price: Price
    handle: str = ""
    image: str | None = None
    in_stock: bool | None = None


class CitedPassage(Shown):
    """Where a statement stands."""

    document: str
    section: str
    title: str = ""
    version: str = ""


class OpenConfirmation(Shown):
    """What the assistant wants a yes to; `token` is what its buttons send back."""

    id: str
    action: str
    summary: str
    amount: Price | None
    token: str | None
    expires_at: datetime


class OrderSummaryShown(Shown):
    """An order that the reply is about."""

    id: str
    number: str
    status: str
    payment_status: str
    fulfilment_status: str
    total_minor: int
    currency: str
    payment_page: str | None = None


class Cost(Shown):
    """What the models' answers cost, in millionths of their currency."""

    amount_micros: int


class ChatReply(Shown):
    """One exchange. `state` says whether it is answered, still worked on, or a colleague's to answer."""

    session: str
    turn: int
    run_id: str
    state: TurnState
    asked: str | None = None
    asked_at: datetime
    answered_at: datetime | None = None
    reply: str = ""
    author: Literal["assistant", "staff"] = "assistant"
    cards: list[Card] = []
    orders: list[OrderSummaryShown] = []
    choices: list[str] = []
    asks_for: str | None = None
    confirmation: OpenConfirmation | None = None
    citations: list[CitedPassage] = []
    payment_page: str | None = None
    handover: bool = False
    tool_calls: list[str] = Field(default=[], description="The tools that ran; what waits for a yes did not.")
    level: str = Field(default="rules", description="offline, local, small, large; rules, or a person.")
    cost: Cost = Cost(amount_micros=0)
    replaced: str | None = Field(default=None, description="Why the model's own words do not stand, if they do not.")


def chat_reply(turn: Turn, *, with_token: bool = True) -> ChatReply:
    """What a client is sent of a turn. The buttons' token is for whoever talks, not for who looks on."""
    about: dict[str, Any] = {
        "session": turn.session_id,
        "turn": turn.ordinal,
        "run_id": turn.run_id,
        "asked": turn.asked or None,
        "asked_at": turn.asked_at,
        "answered_at": turn.answered_at,
    }
    if turn.reply is None:
        state: TurnState = "working" if turn.answered_at is None else "with_person"
        return ChatReply(state=state, handover=state == "with_person", **about)
    reply: Mapping[str, Any] = turn.reply
    beside: Mapping[str, Any] = reply.get("attachments") or {}
    author: Mapping[str, Any] = reply.get("author") or {}
    return ChatReply(
        state="answered",
        reply=reply["text"],
        author="staff" if author.get("kind") == "staff" else "assistant",
        cards=beside.get("cards") or [],
        orders=beside.get("orders") or [],
        choices=reply.get("choices") or [],
        asks_for=beside.get("asks_for"),
        confirmation=_confirmation(reply, beside, with_token=with_token),
        citations=[_cited(citation) for citation in reply.get("citations") or ()],
        payment_page=beside.get("payment_page"),
        handover=bool(beside.get("handover")),
        tool_calls=[call["tool"] for call in beside.get("tool_calls") or () if call["state"] == "done"],
        level=reply.get("level") or "rules",
        cost=Cost(amount_micros=int(beside.get("cost_micros") or 0)),
        replaced=reply.get("replaced"),
        **about,
    )


def _confirmation(reply: Mapping[str, Any], beside: Mapping[str, Any], *, with_token: bool) -> OpenConfirmation | None:
    asked: Mapping[str, Any] | None = reply.get("confirmation")
    if asked is None:
        return None
    return OpenConfirmation(
        id=asked["id"],
        action=asked["tool"],
        summary=asked["summary"],
        amount=beside.get("confirmation_amount"),
        token=asked.get("token") if with_token else None,
        expires_at=asked["expires_at"],
    )


def _cited(citation: Mapping[str, Any]) -> CitedPassage:
    return CitedPassage(
        document=citation["source"],
        section=citation.get("section") or "",
        title=citation.get("title") or "",
        version=citation.get("version") or "",
    )
