"""Giving money back: refunds onto the instrument that paid, or onto a gift card of the payer."""

from typing import Any, Literal

from bottega.actions.work import Work
from bottega.kernel.errors import Conflict, NotFound
from bottega.platform.database.pool import Row
from bottega.shop.payments.ledger import Movement, gateway_account, gift_card_account, order_account, post
from bottega.shop.payments.model import BANK_TRANSFER

REFUND = "payment.refund"
VOID = "payment.void"


def refundable_minor(payment: Row) -> int:
    """What was captured and has not gone back, nor is on its way back."""
    return payment["captured_minor"] - payment["refunded_minor"]


async def refund(
    work: Work,
    payment: Row,
    amount_minor: int,
    reason: str,
    *,
    return_id: str | None = None,
    gift_card_id: str | None = None,
) -> str:
    """Refunds part of a locked payment; onto a gift card at once, otherwise by the gateway after the commit."""
    if amount_minor > refundable_minor(payment):
        raise Conflict(
            "more_than_captured",
            f"Payment {payment['id']} has {refundable_minor(payment)} left to refund.",
            next_step="Refund no more than that.",
            refundable_minor=refundable_minor(payment),
        )
    onto_card = gift_card_id or payment["gift_card_id"]
    refund_id = work.new_id("rfd")
    await work.connection.execute(
        "WITH counted AS ("
        "UPDATE shop.payments SET refunded_minor = refunded_minor + $5, updated_at = $9 WHERE id = $2) "
        "INSERT INTO shop.refunds (id, payment_id, order_id, return_id, amount_minor, gift_card_id, currency, reason, "
        "status, created_at, settled_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $10, $9, "
        "CASE WHEN $10 = 'succeeded' THEN $9::timestamptz END)",
        refund_id,
        payment["id"],
        payment["order_id"],
        return_id,
        amount_minor,
        onto_card,
        payment["currency"],
        reason,
        work.now,
        "pending" if onto_card is None else "succeeded",
    )
    if onto_card is not None:
        await _put_on_card(work, payment, refund_id, amount_minor, onto_card)
    elif payment["gateway"] != BANK_TRANSFER:
        # A bank transfer is paid back by hand and then confirmed by staff.
        await work.intend(REFUND, refund_payload(payment, refund_id, amount_minor, reason), key=refund_id)
    return refund_id


def refund_payload(payment: Row, refund_id: str, amount_minor: int, reason: str) -> dict[str, Any]:
    """What the sender needs; nothing personal."""
    return {
        "refund_id": refund_id,
        "payment_id": payment["id"],
        "gateway": payment["gateway"],
        "reference": payment["gateway_reference"],
        "amount_minor": amount_minor,
        "currency": payment["currency"],
        "reason": reason,
    }


async def _put_on_card(work: Work, payment: Row, refund_id: str, amount_minor: int, gift_card_id: str) -> None:
    found = await work.connection.fetchval(
        "UPDATE shop.gift_cards SET balance_minor = balance_minor + $2 WHERE id = $1 AND currency = $3 RETURNING id",
        gift_card_id,
        amount_minor,
        payment["currency"],
    )
    if found is None:
        raise NotFound("no_such_gift_card", f"There is no gift card {gift_card_id} in {payment['currency']}.")
    target = gift_card_account(gift_card_id)
    await post(work, _movement(payment, refund_id, amount_minor, target))


async def settle_refund(
    work: Work,
    refund_id: str,
    status: Literal["pending", "succeeded", "failed"],
    reference: str | None,
    code: str | None,
) -> bool:
    """Takes over how a refund ended; a failed one is refundable again. Returns whether anything changed."""
    payment = await work.connection.fetchrow(
        "SELECT p.* FROM shop.payments p JOIN shop.refunds r ON r.payment_id = p.id WHERE r.id = $1 FOR UPDATE OF p",
        refund_id,
    )
    row = await work.connection.fetchrow("SELECT * FROM shop.refunds WHERE id = $1 FOR UPDATE", refund_id)
    if payment is None or row is None:
        raise NotFound("no_such_refund", f"There is no refund {refund_id}.")
    if row["status"] != "pending" or (status == "pending" and row["gateway_reference"] == reference):
        return False
    await work.connection.execute(
        "UPDATE shop.refunds SET status = $2, gateway_reference = coalesce($3, gateway_reference), failure_code = $4, "
        "settled_at = CASE WHEN $2 = 'pending' THEN NULL ELSE $5::timestamptz END WHERE id = $1",
        refund_id,
        status,
        reference,
        code,
        work.now,
    )
    if status == "succeeded":
        target = "bank" if payment["gateway"] == BANK_TRANSFER else gateway_account(payment["gateway"])
        await post(work, _movement(payment, refund_id, row["amount_minor"], target))
    elif status == "failed":
        await work.connection.execute(
            "UPDATE shop.payments SET refunded_minor = refunded_minor - $2, updated_at = $3 WHERE id = $1",
            payment["id"],
            row["amount_minor"],
            work.now,
        )
    return True


def _movement(payment: Row, refund_id: str, amount_minor: int, target: str) -> Movement:
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
