"""Refunds and bank transfers: what staff give back, and what they see on the shop's account."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Staff
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import GiftCardId, OrderId, PaymentId, RefundId
from bottega.shop.flows.bank_transfer import ConfirmBankTransfer
from bottega.shop.flows.pay_order import AmountMinor
from bottega.shop.flows.refund_order import ConfirmTransferRefund, RefundOrder

router = APIRouter(tags=["payments"])

OrderPath = Annotated[OrderId, Path()]


class RefundBody(RequestBody):
    """How much and why; without an amount everything, without a payment over all of them, oldest first."""

    amount_minor: AmountMinor | None = None
    payment_id: PaymentId | None = None
    gift_card_id: GiftCardId | None = None
    reason: Annotated[str, Field(min_length=1, max_length=200, examples=["Arrived scratched"])]


class RefundsMade(BaseModel):
    """The refunds that were made; through a gateway they are pending until it has answered."""

    order_id: str
    refund_ids: list[str]
    amount_minor: int
    currency: str


class TransferBody(RequestBody):
    """What stands on the bank statement."""

    amount_minor: AmountMinor | None = None
    statement_reference: Annotated[str, Field(max_length=100)] = ""


class TransferRecorded(BaseModel):
    """The payment, and the payment status of its order."""

    payment_id: str
    captured_minor: int
    payment_status: str


class RefundRecorded(BaseModel):
    """The refund and its status."""

    refund_id: str
    status: str
    changed: bool


@router.post(
    "/orders/{order_id}/refunds", status_code=201, responses={201: {"model": RefundsMade}, **responses(404, 409)}
)
async def refund(caller: Staff, order_id: OrderPath, body: RefundBody) -> Response:
    """Gives money back; above the shop's limits this waits for a colleague."""
    return await caller.answer(
        RefundOrder(
            order_id=order_id,
            amount_minor=body.amount_minor,
            payment_id=body.payment_id,
            gift_card_id=body.gift_card_id,
            reason=body.reason,
        ),
        status=201,
        key_required=True,
    )


@router.post("/payments/{payment_id}/transfer", responses={200: {"model": TransferRecorded}, **responses(404, 409)})
async def confirm_transfer(caller: Staff, payment_id: Annotated[PaymentId, Path()], body: TransferBody) -> Response:
    """The money of a bank transfer is on the account."""
    return await caller.answer(
        ConfirmBankTransfer(
            payment_id=payment_id, amount_minor=body.amount_minor, statement_reference=body.statement_reference
        ),
        key_required=True,
    )


@router.post("/refunds/{refund_id}/transfer", responses={200: {"model": RefundRecorded}, **responses(404, 409)})
async def confirm_refund(caller: Staff, refund_id: Annotated[RefundId, Path()]) -> Response:
    """The bank transfer that pays a refund has been sent."""
    return await caller.answer(ConfirmTransferRefund(refund_id=refund_id), key_required=True)
