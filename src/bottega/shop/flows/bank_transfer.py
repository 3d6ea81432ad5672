"""Payments by bank transfer: they wait until staff see the money on the account."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.identifiers import PaymentId
from bottega.platform.database.pool import Row
from bottega.shop.flows.pay_order import AmountMinor
from bottega.shop.flows.payment_progress import apply_state, lock_payment_with_order
from bottega.shop.payments.errors import more_than_asked, not_a_transfer, transfer_ended
from bottega.shop.payments.model import BANK_TRANSFER


class ConfirmBankTransfer(Action):
    """The money of a bank transfer has arrived: all of it, or the amount named."""

    groups: ClassVar[tuple[str, ...]] = ("orders", "payments", "money")
    payment_id: PaymentId
    amount_minor: AmountMinor | None = None
    statement_reference: Annotated[str, Field(max_length=100)] = ""


async def transfer_facts(action: ConfirmBankTransfer, work: Work) -> Facts:
    """Whose payment it is, and how much has arrived."""
    payment = await lock_payment_with_order(work, action.payment_id)
    work.loaded["payment"] = payment
    return {
        "own": payment["customer_id"] == work.actor.customer_id,
        "amount_minor": action.amount_minor or payment["amount_minor"],
        "currency": payment["currency"],
    }


def transfer_at_stake(_: ConfirmBankTransfer, facts: Facts) -> tuple[int, str]:
    """What is taken for paid."""
    return int(str(facts["amount_minor"])), str(facts["currency"])


@handles(ConfirmBankTransfer, facts=transfer_facts, at_stake=transfer_at_stake)
async def confirm_bank_transfer(action: ConfirmBankTransfer, work: Work) -> dict[str, Any]:
    """Capture what has arrived; an order that had ended meanwhile gives it back."""
    payment: Row = work.loaded["payment"]
    if payment["gateway"] != BANK_TRANSFER:
        raise not_a_transfer(payment["id"])
    # Money that arrives for an order which was cancelled meanwhile is taken in, so that it can be sent back.
    came_late = payment["status"] == "voided" and payment["captured_minor"] == 0
    if payment["status"] != "processing" and not came_late:
        raise transfer_ended(payment["id"], payment["status"])
    amount = payment["amount_minor"] if action.amount_minor is None else action.amount_minor
    if amount > payment["amount_minor"]:
        raise more_than_asked(payment["id"])
    state = {
        "status": "captured",
        "reference": None,
        "authorised_minor": amount,
        "captured_minor": amount,
        "decline_code": None,
    }
    payment_status = await apply_state(work, payment, state)
    return {"payment_id": payment["id"], "captured_minor": amount, "payment_status": payment_status}
