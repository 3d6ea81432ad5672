"""The named refusals of payments."""

from bottega.kernel.errors import Conflict, Invalid, NotFound


def nothing_due(number: str) -> Conflict:
    return Conflict("nothing_due", f"Order {number} has nothing left to pay.", next_step="Read the order again.")


def more_than_due(number: str, due_minor: int) -> Invalid:
    return Invalid(
        "more_than_due", f"Order {number} has {due_minor} left to pay.", next_step="Pay no more.", due_minor=due_minor
    )


def no_such_payment(payment_id: str) -> NotFound:
    return NotFound("no_such_payment", f"There is no payment {payment_id} of yours.", next_step="Read the order.")


def no_such_instrument() -> NotFound:
    return NotFound(
        "no_such_instrument", "There is no such instrument of this customer.", next_step="List the stored ones."
    )


def gift_card_refused() -> NotFound:
    return NotFound(
        "no_such_gift_card",
        "This gift card is unknown, expired or in another currency.",
        next_step="Check the code or pay otherwise.",
    )


def gift_card_too_small(balance_minor: int) -> Conflict:
    return Conflict(
        "gift_card_too_small",
        f"The gift card holds {balance_minor}.",
        next_step="Pay that much with it and the rest otherwise.",
        balance_minor=balance_minor,
    )


def not_at_a_gateway(payment_id: str, kind: str) -> Conflict:
    return Conflict(
        "not_at_a_gateway",
        f"Payment {payment_id} is a {kind}: there is nothing to complete in a browser.",
        next_step="Read the order.",
    )


def more_than_refundable(payment_id: str, refundable_minor: int) -> Conflict:
    return Conflict(
        "more_than_refundable",
        f"Payment {payment_id} has {refundable_minor} left to refund.",
        next_step="Refund no more than that.",
        refundable_minor=refundable_minor,
    )


def no_such_refund(refund_id: str) -> NotFound:
    return NotFound("no_such_refund", f"There is no refund {refund_id}.", next_step="Read the order.")


def more_than_asked(payment_id: str) -> Conflict:
    return Conflict(
        "more_than_asked",
        f"The gateway reports more than payment {payment_id} asked for.",
        next_step="Compare it with the gateway's own pages.",
    )


def nothing_to_refund(number: str) -> Conflict:
    return Conflict(
        "nothing_to_refund", f"Nothing of order {number} is left to refund.", next_step="Read the order's refunds."
    )


def order_refundable(number: str, refundable_minor: int) -> Conflict:
    return Conflict(
        "more_than_refundable",
        f"Order {number} has {refundable_minor} left to refund.",
        next_step="Refund no more than that.",
        refundable_minor=refundable_minor,
    )


def not_a_transfer(name: str) -> Conflict:
    return Conflict("not_a_bank_transfer", f"{name} is no bank transfer.", next_step="Its gateway reports how it went.")


def transfer_ended(payment_id: str, status: str) -> Conflict:
    return Conflict(
        "transfer_ended", f"Bank transfer {payment_id} is {status}.", next_step="Read the order.", status=status
    )


def no_such_gift_card(gift_card_id: str) -> NotFound:
    return NotFound("no_such_gift_card", f"There is no gift card {gift_card_id} of yours.", next_step="Check it.")


def code_taken() -> Conflict:
    return Conflict("gift_card_code_taken", "A gift card has this code already.", next_step="Make another code.")
