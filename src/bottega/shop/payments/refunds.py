"""Giving money back: to the instrument it came from, or onto a gift card of the payer."""

from typing import Any

from bottega.actions.work import Work
from bottega.platform.database.pool import Row
from bottega.shop.payments.errors import gift_card_refused, more_than_refundable, no_such_payment, no_such_refund
from bottega.shop.payments.ledger import Movement, gateway_account, gift_card_account, order_account, post
from bottega.shop.payments.model import BANK_TRANSFER, GIFT_CARD, IMPORTED, REFUND_PROGRESS, RefundStatus

REFUND = "payment.refund"
VOID = "payment.void"
# The code of what staff gave up without knowing how the gateway saw it; its late word is still heard.
ABANDONED = "abandoned"


def refundable_minor(payment: Row) -> int:
    """What was captured and has not been, and is not being, given back."""
    return payment["captured_minor"] - payment["refunded_minor"]


async def lock_payments(work: Work, order_id: str) -> list[Row]:
    """All payments of a locked order, locked by id."""
    return await work.connection.fetch(
        "SELECT * FROM shop.payments WHERE order_id = $1 ORDER BY id FOR UPDATE", order_id
    )


async def lock_payment(work: Work, payment_id: str) -> Row:
    """One payment of an order that is locked already."""
    payment = await work.connection.fetchrow("SELECT * FROM shop.payments WHERE id = $1 FOR UPDATE", payment_id)
    if payment is None:
        raise no_such_payment(payment_id)
    return payment


async def refund(
    work: Work,
    payment: Row,
    amount_minor: int,
    reason: str,
    *,
    return_id: str | None = None,
    gift_card_id: str | None = None,
    by_hand_onto: str | None = None,
) -> str:
    """Gives back part of a locked payment whose order is locked; returns the refund's id.

    Gift cards and imported payments are settled at once. Through a gateway the refund is pending until the gateway
    has answered, and a bank transfer's until staff has sent it, as is one that staff pay out onto another instrument of
    the payer (`by_hand_onto`). Raises `more_than_refundable`. Lock the payments of
    one order by id, and never pass the same row twice: the row says how much is left.
    """
    if not 0 < amount_minor <= refundable_minor(payment):
        raise more_than_refundable(payment["id"], refundable_minor(payment))
    card = gift_card_id
    if card is None and by_hand_onto is None and payment["gateway"] == GIFT_CARD:
        card = payment["gift_card_id"]
    is_settled = card is not None or payment["gateway"] == IMPORTED
    refund_id = work.new_id("rfd")
    await work.connection.execute(
        _INSERT,
        refund_id,
        payment["id"],
        payment["order_id"],
        return_id,
        card,
        payment["currency"],
        amount_minor,
        reason,
        "succeeded" if is_settled else "pending",
        work.now,
        work.now if is_settled else None,
        by_hand_onto,
    )
    if card is not None:
        await _put_on_card(work, card, amount_minor, payment["currency"])
    if is_settled:
        await post(work, movement_of(payment, refund_id, amount_minor, card, by_hand_onto))
    elif payment["gateway"] != BANK_TRANSFER and by_hand_onto is None:
        await _intend_refund(work, payment, refund_id, amount_minor, reason)
    return refund_id


async def _put_on_card(work: Work, gift_card_id: str, amount_minor: int, currency: str) -> None:
    found = await work.connection.fetchval(
        "UPDATE shop.gift_cards SET balance_minor = balance_minor + $2 WHERE id = $1 AND currency = $3 RETURNING id",
        gift_card_id,
        amount_minor,
        currency,
    )
    if found is None:
        raise gift_card_refused()


def movement_of(
    payment: Row, refund_id: str, amount_minor: int, gift_card_id: str | None, by_hand_onto: str | None
) -> Movement:
    """What a refund that succeeded does to the ledger."""
    if gift_card_id is not None:
        target = gift_card_account(gift_card_id)
    elif payment["gateway"] == IMPORTED:
        target = "imported"
    elif payment["gateway"] == BANK_TRANSFER or by_hand_onto is not None:
        target = "bank"
    else:
        target = gateway_account(payment["gateway"])
    return Movement(
        "refund",
        order_account(payment["order_id"]),
        target,
        amount_minor,
        payment["currency"],
        order_id=payment["order_id"],
        payment_id=payment["id"],
        refund_id=refund_id,
    )


async def _intend_refund(work: Work, payment: Row, refund_id: str, amount_minor: int, reason: str) -> None:
    assert payment["gateway_reference"] is not None, "what was captured has a reference"
    await work.intend(
        REFUND,
        {
            "refund_id": refund_id,
            "payment_id": payment["id"],
            "gateway": payment["gateway"],
            "reference": payment["gateway_reference"],
            "amount_minor": amount_minor,
            "currency": payment["currency"],
            "reason": reason[:200],
        },
        key=refund_id,
    )


async def settle_refund(
    work: Work, refund: Row, payment: Row, status: RefundStatus, reference: str, failure_code: str | None
) -> bool:
    """Takes over how a locked refund went; returns whether that was news.

    A failed refund gives its amount back to the payment, also when it had been reported as succeeded before.
    """
    was_abandoned = refund["failure_code"] == ABANDONED
    known = "pending" if was_abandoned else refund["status"]
    if REFUND_PROGRESS[status] <= REFUND_PROGRESS[known]:
        return False
    # An abandoned refund had given its amount back already, and takes it again when it turns out to have happened.
    given_back = -refund["amount_minor"] if was_abandoned else 0
    given_back += refund["amount_minor"] if status == "failed" else 0
    await work.connection.execute(
        "WITH given_back AS (UPDATE shop.payments SET refunded_minor = refunded_minor - $6, updated_at = $5 "
        "WHERE id = $7 AND $6 <> 0) "
        "UPDATE shop.refunds SET status = $2, gateway_reference = coalesce($3, gateway_reference), failure_code = $4, "
        "settled_at = $5 WHERE id = $1",
        refund["id"],
        status,
        reference or None,
        failure_code,
        work.now,
        given_back,
        payment["id"],
    )
    movement = movement_of(
        payment, refund["id"], refund["amount_minor"], refund["gift_card_id"], refund["instrument_id"]
    )
    if status == "succeeded":
        await post(work, movement)
    elif refund["status"] == "succeeded":
        await post(work, movement.reversed())
    return True


async def lock_refund(work: Work, refund_id: str) -> Row:
    """One refund of an order that is locked already."""
    refund = await work.connection.fetchrow("SELECT * FROM shop.refunds WHERE id = $1 FOR UPDATE", refund_id)
    if refund is None:
        raise no_such_refund(refund_id)
    return refund


async def void(work: Work, payment: Row, reason: str) -> None:
    """Gives up a locked payment that was not captured; the gateway is told once however often this is called."""
    if payment["gateway"] in (BANK_TRANSFER, IMPORTED):
        await work.connection.execute(
            "UPDATE shop.payments SET status = 'voided', updated_at = $2 WHERE id = $1", payment["id"], work.now
        )
        return
    key = f"void:{payment['id']}"
    if await work.intends(key):
        return
    payload: dict[str, Any] = {
        "payment_id": payment["id"],
        "gateway": payment["gateway"],
        "reference": payment["gateway_reference"],
        "reason": reason[:200],
    }
    await work.intend(VOID, payload, key=key)


_INSERT = """
WITH taken AS (UPDATE shop.payments SET refunded_minor = refunded_minor + $7, updated_at = $10 WHERE id = $2)
INSERT INTO shop.refunds (
    id, payment_id, order_id, return_id, gift_card_id, currency, amount_minor, reason, status, created_at, settled_at,
    instrument_id)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"""
