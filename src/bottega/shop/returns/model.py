"""What a return or an exchange is, and which states follow on which."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

ReturnKind = Literal["return", "exchange"]
ReturnState = Literal["requested", "approved", "rejected", "received", "completed", "cancelled"]
Condition = Literal["as_new", "opened", "damaged"]

STATE_TRANSITIONS: Mapping[str, frozenset[str]] = {
    "requested": frozenset({"approved", "rejected", "cancelled"}),
    "approved": frozenset({"received", "cancelled"}),
    "received": frozenset({"completed"}),
    "rejected": frozenset(),
    "completed": frozenset(),
    "cancelled": frozenset(),
}
# States that count as a return of the order; the others came to nothing.
STANDING: tuple[str, ...] = ("requested", "approved", "received", "completed")
# States in which goods are announced and not yet counted on the order's lines.
ANNOUNCED: tuple[str, ...] = ("requested", "approved")


class ReturnLine(BaseModel):
    """Units of one order line that come back; an exchange names what they become and at which price."""

    model_config = ConfigDict(frozen=True)

    id: str
    line_id: str
    quantity: int
    reason: str
    condition: str
    received: int
    restocked: int
    new_variant_id: str | None
    new_unit_price_minor: int | None


class ReturnSummary(BaseModel):
    """A return in a list; amounts in minor units, `price_difference_minor` is what the customer owes when positive."""

    model_config = ConfigDict(frozen=True)

    id: str
    number: str
    order_id: str
    customer_id: str
    kind: ReturnKind
    state: ReturnState
    reason: str
    instrument_id: str | None
    refund_minor: int
    price_difference_minor: int
    rejection_reason: str
    exchange_order_id: str | None
    requested_at: datetime
    updated_at: datetime


class Return(ReturnSummary):
    """A return with its lines."""

    lines: list[ReturnLine]
