"""Opening payments and recording how they go; flows tie them to orders and stock."""

from typing import Any

from bottega.actions.work import Work
from bottega.platform.database.pool import Row
from bottega.shop.payments.errors import gift_card_refused, gift_card_too_small
from bottega.shop.payments.ledger import Movement, gateway_account, gift_card_account, order_account, post
from bottega.shop.payments.model import BANK_TRANSFER, GIFT_CARD, PROGRESS, PaymentKind

AUTHORISE = "payment.authorise"


async def open_payment(
    work: Work,
    order: Row,
    amount_minor: int,
    *,
    gateway: str,
    kind: PaymentKind,
    capture_mode: str,
    token: str | None = None,
    customer_reference: str | None = None,
    instrument_id: str | None = None,
) -> str:
    """A payment through a gateway: its row, and the intended call that authorises it."""
    payment_id = await insert_payment(
        work,
        order,
        amount_minor,
        gateway=gateway,
        kind=kind,
        capture_mode=capture_mode,
        instrument_id=instrument_id,
        status="processing" if gateway == BANK_TRANSFER else "pending",
    )
    if gateway == BANK_TRANSFER:
        return payment_id
    await work.intend(
        AUTHORISE,
        {
            "payment_id": payment_id,
            "order_id": order["id"],
            "gateway": gateway,
            "amount_minor": amount_minor,
            "currency": order["currency"],
            "token": token,
            "customer_reference": customer_reference,
            "capture": capture_mode,
            "created_at": work.now.isoformat(),
        },
        key=payment_id,
        claimed=True,
    )
    return payment_id


async def insert_payment(
    work: Work,
    order: Row,
    amount_minor: int,
    *,
    gateway: str,
    kind: PaymentKind,
    capture_mode: str,
    status: str,
    instrument_id: str | None = None,
    gift_card_id: str | None = None,
    captured_minor: int = 0,
) -> str:
    """The row of a new payment; what is captured at once is authorised as well."""
    payment_id = work.new_id("pay")
    await work.connection.execute(
        "INSERT INTO shop.payments (id, order_id, customer_id, instrument_id, gift_card_id, gateway, kind, currency, "
        "amount_minor, authorised_minor, captured_minor, status, capture_mode, created_at, updated_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12, $13, $13)",
        payment_id,
        order["id"],
        order["customer_id"],
        instrument_id,
        gift_card_id,
        gateway,
        kind,
        order["currency"],
        amount_minor,
        captured_minor,
        status,
        capture_mode,
        work.now,
    )
    return payment_id


async def redeem_gift_card(work: Work, order: Row, gift_card: Row | None, amount_minor: int | None, due: int) -> str:
    """Pays from a locked gift card at once; without an amount, as much as card and order allow."""
    usable = (
        gift_card is not None
        and gift_card["active"]
        and gift_card["currency"] == order["currency"]
        and (gift_card["expires_at"] is None or gift_card["expires_at"] > work.now)
    )
    if gift_card is None or not usable:
        raise gift_card_refused()
    amount = min(due, gift_card["balance_minor"]) if amount_minor is None else amount_minor
    if amount <= 0 or amount > gift_card["balance_minor"]:
        raise gift_card_too_small(gift_card["balance_minor"])
    payment_id = await insert_payment(
        work,
        order,
        amount,
        gateway=GIFT_CARD,
        kind="gift_card",
        capture_mode="automatic",
        status="captured",
        gift_card_id=gift_card["id"],
        captured_minor=amount,
    )
    await work.connection.execute(
        "UPDATE shop.gift_cards SET balance_minor = balance_minor - $2 WHERE id = $1", gift_card["id"], amount
    )
    await post(
        work,
        Movement(
            "redeem",
            gift_card_account(gift_card["id"]),
            order_account(order["id"]),
            amount,
            order["currency"],
            order_id=order["id"],
            payment_id=payment_id,
        ),
    )
    return payment_id


def is_news(payment: Row, state: dict[str, Any]) -> bool:
    """Whether a reported state is further than what is known; repeated and overtaken reports are not."""
    known = (PROGRESS[payment["status"]], payment["captured_minor"])
    return (PROGRESS[state["status"]], state["captured_minor"]) > known


def captured_movements(payment: Row, captured_minor: int) -> list[Movement]:
    """What newly captured money does to the ledger; nothing when nothing was captured."""
    if captured_minor <= 0:
        return []
    is_transfer = payment["gateway"] == BANK_TRANSFER
    return [
        Movement(
            "bank_transfer" if is_transfer else "capture",
            "bank" if is_transfer else gateway_account(payment["gateway"]),
            order_account(payment["order_id"]),
            captured_minor,
            payment["currency"],
            order_id=payment["order_id"],
            payment_id=payment["id"],
        )
    ]
