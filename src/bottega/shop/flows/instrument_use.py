"""Charging a customer's stored instrument for part of an order, and giving part of it back onto one."""

from collections.abc import Sequence

from bottega.actions.work import Work
from bottega.kernel.errors import Conflict
from bottega.platform.database.pool import Row
from bottega.shop import shop_settings
from bottega.shop.payments.actions import open_payment, redeem_gift_card
from bottega.shop.payments.errors import no_such_instrument
from bottega.shop.payments.refunds import lock_payments, refund, refundable_minor


async def stored_instrument(work: Work, customer_id: str, instrument_id: str) -> Row:
    """An active instrument of the customer, with `balance_minor` when it is a gift card."""
    instrument = await work.connection.fetchrow(
        "SELECT i.*, g.balance_minor FROM shop.instruments i LEFT JOIN shop.gift_cards g ON g.id = i.gift_card_id "
        "WHERE i.id = $1 AND i.customer_id = $2 AND i.active",
        instrument_id,
        customer_id,
    )
    if instrument is None:
        raise no_such_instrument()
    return instrument


async def check_receives(work: Work, order: Row, instrument: Row | None) -> None:
    """Raises `instrument_did_not_pay` when nothing of an order could ever go back onto the instrument."""
    if instrument is None or instrument["gift_card_id"] is not None or order["source"] != "":
        return
    payments = await lock_payments(work, order["id"])
    if not any(paid_with(payment, instrument) for payment in payments):
        raise _did_not_pay(order, 0)


def covers(instrument: Row | None, amount_minor: int) -> bool:
    """Whether an instrument can pay so much, as far as the shop knows: a gift card holds it, a gateway is asked."""
    if instrument is None or instrument["gift_card_id"] is None:
        return True
    return (instrument["balance_minor"] or 0) >= amount_minor


async def charge(work: Work, order: Row, instrument: Row, amount_minor: int) -> tuple[str, bool]:
    """Pays so much of a locked order; returns the payment and whether it is captured already (a gift card's is).

    Through a gateway the call follows the commit: its effect is claimed, so the caller drives it.
    """
    if instrument["gift_card_id"] is not None:
        card = await work.connection.fetchrow(
            "SELECT * FROM shop.gift_cards WHERE id = $1 FOR UPDATE", instrument["gift_card_id"]
        )
        return await redeem_gift_card(work, order, card, amount_minor, amount_minor), True
    settings = await shop_settings.current(work.connection)
    payment_id = await open_payment(
        work,
        order,
        amount_minor,
        gateway=instrument["gateway"],
        kind=instrument["kind"],
        capture_mode=settings.capture_mode,
        token=instrument["token"],
        instrument_id=instrument["id"],
    )
    return payment_id, False


async def give_back_onto(
    work: Work,
    order: Row,
    amount_minor: int,
    instrument: Row | None,
    reason: str,
    *,
    return_id: str | None = None,
) -> list[str]:
    """Refunds so much of a locked order's payments; returns the refunds.

    Money goes back the way it came, or onto a gift card of the payer. Without an instrument it goes back to what
    paid, the newest payment first. A gateway pays only its own payer, so another card is refused; an order that came
    from another shop is paid back by hand, onto whichever instrument of the payer is named.
    """
    payments = await lock_payments(work, order["id"])
    usable = [payment for payment in reversed(payments) if refundable_minor(payment) > 0]
    if instrument is not None:
        usable = _payable_onto(usable, instrument, by_hand=order["source"] != "")
    if sum(refundable_minor(payment) for payment in usable) < amount_minor:
        raise _did_not_pay(order, sum(refundable_minor(payment) for payment in usable))
    refunds: list[str] = []
    left = amount_minor
    for payment in usable:
        amount = min(left, refundable_minor(payment))
        if amount > 0:
            card = None if instrument is None else instrument["gift_card_id"]
            is_other = card is None and instrument is not None and not paid_with(payment, instrument)
            refunds.append(
                await refund(
                    work,
                    payment,
                    amount,
                    reason,
                    return_id=return_id,
                    gift_card_id=card,
                    by_hand_onto=instrument["id"] if instrument is not None and is_other else None,
                )
            )
            left -= amount
    return refunds


def _did_not_pay(order: Row, refundable: int) -> Conflict:
    return Conflict(
        "instrument_did_not_pay",
        f"Only what an instrument paid for order {order['number']} can go back onto it.",
        next_step="Name the instrument that paid, or a gift card.",
        refundable_minor=refundable,
    )


def _payable_onto(payments: Sequence[Row], instrument: Row, *, by_hand: bool) -> list[Row]:
    """Payments that may be refunded onto an instrument, its own first."""
    own = [payment for payment in payments if paid_with(payment, instrument)]
    if instrument["gift_card_id"] is None and not by_hand:
        return own
    return [*own, *(payment for payment in payments if not paid_with(payment, instrument))]


def paid_with(payment: Row, instrument: Row) -> bool:
    """Whether a payment was made with this instrument."""
    if instrument["gift_card_id"] is not None:
        return payment["gift_card_id"] == instrument["gift_card_id"]
    return payment["instrument_id"] == instrument["id"]
