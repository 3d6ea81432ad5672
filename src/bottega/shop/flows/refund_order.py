"""Refunds of an order by staff, and what becomes of a refund at its gateway."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.identifiers import GiftCardId, OrderId, PaymentId, RefundId
from bottega.platform.database.pool import Row
from bottega.shop import shop_settings
from bottega.shop.flows.give_back import refund_status
from bottega.shop.flows.pay_order import AmountMinor
from bottega.shop.orders.actions import lock_order
from bottega.shop.payments.errors import (
    gift_card_refused,
    no_such_payment,
    no_such_refund,
    not_a_transfer,
    nothing_to_refund,
    order_refundable,
)
from bottega.shop.payments.model import BANK_TRANSFER
from bottega.shop.payments.refunds import (
    lock_payment,
    lock_payments,
    lock_refund,
    refund,
    refundable_minor,
    settle_refund,
)

REFUNDS_TODAY = "refunds"


class RefundOrder(Action):
    """Gives back part of what an order was paid, or all of it; onto the instruments it came from or a gift card."""

    groups: ClassVar[tuple[str, ...]] = ("orders", "money", "refunds")
    order_id: OrderId
    amount_minor: AmountMinor | None = None
    payment_id: PaymentId | None = None
    gift_card_id: GiftCardId | None = None
    reason: Annotated[str, Field(min_length=1, max_length=200)]


class RecordRefundState(Action):
    """Takes over what a gateway says of a refund; repeated and older reports change nothing."""

    groups: ClassVar[tuple[str, ...]] = ("system",)
    refund_id: RefundId
    status: Literal["pending", "succeeded", "failed"]
    reference: Annotated[str, Field(max_length=200)] = ""
    failure_code: Annotated[str | None, Field(max_length=100)] = None


class ConfirmTransferRefund(Action):
    """Staff have sent the bank transfer by which a refund is paid."""

    groups: ClassVar[tuple[str, ...]] = ("orders", "payments", "money")
    refund_id: RefundId


async def refund_facts(action: RefundOrder, work: Work) -> Facts:
    """What may be refunded, the limits, and today's running total of the one who asks, locked until the end."""
    order = await lock_order(work, action.order_id)
    payments = await lock_payments(work, order["id"])
    if action.payment_id is not None:
        payments = [payment for payment in payments if payment["id"] == action.payment_id]
        if not payments:
            raise no_such_payment(action.payment_id)
    work.loaded["payments"] = payments
    left = sum(refundable_minor(payment) for payment in payments)
    amount = left if action.amount_minor is None else action.amount_minor
    return {
        "own": order["customer_id"] == work.actor.customer_id,
        "currency": order["currency"],
        "refundable_minor": left,
        "instrument_is_payers": await _is_payers(action, work, order),
        **await money_facts(work, amount, "refunded_today_minor"),
    }


async def money_facts(work: Work, amount_minor: int, today: str) -> Facts:
    """The amount, the shop's limits, and what the actor has given today before this (under the name `today`)."""
    settings = await shop_settings.current(work.connection)
    scope = f"{work.actor.kind}:{work.actor.id}"
    given = 0 if work.actor.kind == "system" else await work.count(REFUNDS_TODAY, scope, amount_minor)
    return {
        "amount_minor": amount_minor,
        "limit_minor": settings.support_refund_limit_minor,
        "second_limit_minor": settings.second_refund_limit_minor,
        "day_limit_minor": settings.daily_refund_limit_minor,
        today: given,
    }


async def _is_payers(action: RefundOrder, work: Work, order: Row) -> bool:
    """Going back to where the money came from always is; a gift card has to belong to the order's customer."""
    if action.gift_card_id is None:
        return True
    card = await work.connection.fetchrow(
        "SELECT customer_id FROM shop.gift_cards WHERE id = $1 AND currency = $2 AND active FOR UPDATE",
        action.gift_card_id,
        order["currency"],
    )
    if card is None:
        raise gift_card_refused()
    return card["customer_id"] == order["customer_id"]


def refund_at_stake(_: RefundOrder, facts: Facts) -> tuple[int, str]:
    """What goes back."""
    return int(str(facts["amount_minor"])), str(facts["currency"])


@handles(RefundOrder, facts=refund_facts, at_stake=refund_at_stake)
async def refund_order(action: RefundOrder, work: Work) -> dict[str, Any]:
    """Refund the payments one after the other until the amount is reached, and tell the customer."""
    order = await lock_order(work, action.order_id)
    payments: Sequence[Row] = work.loaded["payments"]
    left = sum(refundable_minor(payment) for payment in payments)
    amount = left if action.amount_minor is None else action.amount_minor
    if left == 0:
        raise nothing_to_refund(order["number"])
    if amount > left:
        raise order_refundable(order["number"], left)
    refunds = await refund_payments(work, payments, amount, action.reason, gift_card_id=action.gift_card_id)
    await refund_status(work, order)
    await work.intend(
        "mail.refunded",
        {"order_id": order["id"], "amount_minor": amount, "currency": order["currency"]},
        key=f"mail.refunded:{refunds[0]}",
    )
    return {"order_id": order["id"], "refund_ids": refunds, "amount_minor": amount, "currency": order["currency"]}


async def refund_payments(
    work: Work,
    payments: Sequence[Row],
    amount_minor: int,
    reason: str,
    *,
    return_id: str | None = None,
    gift_card_id: str | None = None,
) -> list[str]:
    """Divides an amount over locked payments in their order; returns the ids of the refunds.

    The payments must hold that much (`refundable_minor`).
    """
    refunds: list[str] = []
    owed = amount_minor
    for payment in payments:
        part = min(owed, refundable_minor(payment))
        if part > 0:
            refunds.append(await refund(work, payment, part, reason, return_id=return_id, gift_card_id=gift_card_id))
            owed -= part
    assert owed == 0, "the caller has compared the amount with what is refundable"
    return refunds


@handles(RecordRefundState)
async def record_refund_state(action: RecordRefundState, work: Work) -> dict[str, Any]:
    """Settle the refund, the payment and the ledger; a failed refund is owed again."""
    changed = await _settle(work, action.refund_id, action.status, action.reference, action.failure_code)
    return {"refund_id": action.refund_id, "status": action.status, "changed": changed}


@handles(ConfirmTransferRefund)
async def confirm_transfer_refund(action: ConfirmTransferRefund, work: Work) -> dict[str, Any]:
    """Refunds of bank transfers are sent by hand, and those onto another instrument of the payer."""
    by_hand = await work.connection.fetchval(
        "SELECT p.gateway = $2 OR r.instrument_id IS NOT NULL "
        "FROM shop.payments p JOIN shop.refunds r ON r.payment_id = p.id WHERE r.id = $1",
        action.refund_id,
        BANK_TRANSFER,
    )
    if by_hand is False:
        raise not_a_transfer(action.refund_id)
    changed = await _settle(work, action.refund_id, "succeeded", "", None)
    return {"refund_id": action.refund_id, "status": "succeeded", "changed": changed}


async def _settle(
    work: Work, refund_id: str, status: Literal["pending", "succeeded", "failed"], reference: str, code: str | None
) -> bool:
    found = await work.connection.fetchrow("SELECT order_id, payment_id FROM shop.refunds WHERE id = $1", refund_id)
    if found is None:
        raise no_such_refund(refund_id)
    order = await lock_order(work, found["order_id"])
    payment = await lock_payment(work, found["payment_id"])
    settled = await lock_refund(work, refund_id)
    changed = await settle_refund(work, settled, payment, status, reference, code)
    if changed:
        await refund_status(work, order)
    return changed
