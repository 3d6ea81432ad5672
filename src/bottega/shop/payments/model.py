"""What a payment is, how far it has come, and what it may become."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

PaymentKind = Literal["card", "wallet", "gift_card", "bank_transfer"]
PaymentStatus = Literal["pending", "requires_action", "processing", "authorised", "captured", "declined", "voided"]
RefundStatus = Literal["pending", "succeeded", "failed"]

# How far each status is; a report that is not further than what is known changes nothing. A declined payment may
# be tried again by its payer, so everything but `pending` and `requires_action` comes after it.
PROGRESS: Mapping[str, int] = {
    "pending": 0,
    "requires_action": 1,
    "declined": 2,
    "processing": 3,
    "authorised": 4,
    "captured": 5,
    "voided": 6,
}
# Payments in these states hold or have held the payer's money for the order, or may yet.
COUNTED: tuple[str, ...] = ("pending", "requires_action", "processing", "authorised", "captured")

# How far a refund has come; a bank may refuse one that was reported as done.
REFUND_PROGRESS: Mapping[str, int] = {"pending": 0, "succeeded": 1, "failed": 2}

BANK_TRANSFER = "bank_transfer"
GIFT_CARD = "gift_card"
# Payments taken before the shop kept its own books; what is given back of them is only written down.
IMPORTED = "imported"
# Names that no connector may have: these payments are settled by the shop itself.
OWN_GATEWAYS: tuple[str, ...] = (BANK_TRANSFER, GIFT_CARD, IMPORTED)


class Payment(BaseModel):
    """A payment as it is shown; amounts in minor units."""

    model_config = ConfigDict(frozen=True)

    id: str
    order_id: str
    gateway: str
    kind: PaymentKind
    currency: str
    amount_minor: int
    authorised_minor: int
    captured_minor: int
    refunded_minor: int
    status: PaymentStatus
    capture_mode: str
    decline_code: str | None
    created_at: datetime


class Refund(BaseModel):
    """A refund as it is shown."""

    model_config = ConfigDict(frozen=True)

    id: str
    payment_id: str
    order_id: str
    return_id: str | None
    currency: str
    amount_minor: int
    reason: str
    status: RefundStatus
    created_at: datetime
