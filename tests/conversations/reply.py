"""One answer of the assistant, in the form that the conversations check."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

RUNS_AS = {
    "create_order": {"create_order", "place_order"},
    "process_payment": {"process_payment", "pay_order"},
    "cancel_order": {"cancel_order"},
    "amend_order": {"amend_order", "amend_order_address", "amend_order_items", "change_order_instrument"},
    "create_return": {"create_return", "request_return"},
    "create_exchange": {"create_exchange", "request_exchange"},
    "escalate_support": {"escalate_support", "open_ticket"},
}
"""A tool may be called by its own name or by that of the action which it performs."""


class Part(BaseModel):
    """A piece of an answer; fields beyond the agreed ones are nobody's business here."""

    model_config = ConfigDict(frozen=True, extra="allow")


class Price(Part):
    """An amount in the currency's smallest unit."""

    amount_minor: int
    currency: str


class Card(Part):
    """A product, shown."""

    product_id: str
    title: str
    price: Price


class Confirmation(Part):
    """What the assistant wants a yes to."""

    action: str
    summary: str
    amount: Price | None = None


class Citation(Part):
    """Where a statement stands."""

    document: str
    section: str


class Reply(Part):
    """A whole answer."""

    reply: str
    cards: tuple[Card, ...] = ()
    choices: tuple[str, ...] = ()
    confirmation: Confirmation | None = None
    asks_for: str | None = None
    citations: tuple[Citation, ...] = ()
    tool_calls: tuple[str, ...] = ()
    level: str = Field(min_length=1)
    handover: bool = False

    def question(self) -> str | None:
        """What it asks for; a confirmation is a question too."""
        return "confirmation" if self.confirmation is not None else self.asks_for

    def texts(self) -> str:
        """Everything of it that the customer reads."""
        parts = [self.reply, *self.choices, *(card.title for card in self.cards)]
        if self.confirmation is not None:
            parts.append(self.confirmation.summary)
        return "\n".join([*parts, *(text for cited in self.citations for text in _strings(cited.model_extra))])

    def amounts(self) -> set[int]:
        """The amounts it shows beside its text."""
        shown = {card.price.amount_minor for card in self.cards}
        if self.confirmation is not None and self.confirmation.amount is not None:
            shown.add(self.confirmation.amount.amount_minor)
        return shown


def tool_is(called: str, wanted: str) -> bool:
    """Whether a call is of the wanted tool; `a|b` wants either."""
    name = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in called).lstrip("_")
    return any(name in RUNS_AS.get(one, {one}) for one in wanted.split("|"))


def _strings(values: dict[str, Any] | None) -> list[str]:
    return [value for value in (values or {}).values() if isinstance(value, str)]
