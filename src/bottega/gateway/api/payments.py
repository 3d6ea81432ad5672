"""Payments of an order: paying, what the payer has to do next, and completion from the browser."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.actions.actor import Cause
from bottega.actions.outcome import Held
from bottega.gateway.answers import answer
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import AnyCaller, Caller, outcome_answer, replayed
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import InstrumentId, OrderId, PaymentId
from bottega.ports.payment_gateway import NextAction
from bottega.shop.flows.pay_order import AmountMinor, PayOrder, Token
from bottega.shop.flows.payment_reports import check_gateway, take_over
from bottega.shop.orders.queries import get_order
from bottega.shop.payments.codes import digest_of_code
from bottega.shop.payments.errors import not_at_a_gateway
from bottega.shop.payments.model import Payment, Refund
from bottega.shop.payments.queries import get_payment, list_payments, list_refunds, payment_at_gateway

router = APIRouter(prefix="/orders/{order_id}", tags=["payments"])

OrderPath = Annotated[OrderId, Path()]
PaymentPath = Annotated[PaymentId, Path()]


class PaymentBody(RequestBody):
    """How to pay: a card by the gateway's token, a stored instrument, a gift card's code, or a bank transfer."""

    method: Literal["card", "stored", "gift_card", "bank_transfer"]
    token: Annotated[Token | None, Field(examples=["sandbox_card_success"])] = None
    gateway: Annotated[str | None, Field(pattern="^[a-z_]{1,20}$")] = None
    instrument_id: InstrumentId | None = None
    gift_card_code: Annotated[str | None, Field(min_length=4, max_length=60, pattern="^[A-Za-z0-9 -]+$")] = None
    amount_minor: AmountMinor | None = None


class NextStep(BaseModel):
    """What the payer's browser has to do; `client_secret` is for it alone and kept nowhere."""

    kind: Literal["collect_instrument", "redirect", "authenticate_in_browser"]
    url: str | None
    client_secret: str | None


class PaymentShown(Payment):
    """A payment, and what its payer has to do when its status is `requires_action`."""

    next_action: NextStep | None = None


@router.post("/payments", status_code=201, responses={201: {"model": PaymentShown}, **responses(404, 409)})
async def pay(caller: AnyCaller, order_id: OrderPath, body: PaymentBody) -> Response:
    """Pays the order or part of it; the answer carries how far the payment has come."""
    outcome = await caller.perform(_action(caller, order_id, body), key_required=True)
    if isinstance(outcome, Held):
        return outcome_answer(outcome)
    payment_id = outcome.unwrap()["payment_id"]
    answers = await caller.context.effects.drive_all_claimed(outcome)
    next_action: Any = answers[-1].shown if answers else None
    response = await _shown(caller, order_id, payment_id, next_action, 201)
    response.headers.update(replayed(outcome))
    return response


@router.get("/payments", responses={200: {"model": list[Payment]}, **responses(404)})
async def list_all(caller: AnyCaller, order_id: OrderPath) -> Response:
    """The order's payments, oldest first."""
    async with caller.context.database.read() as connection:
        await get_order(connection, caller.actor, order_id)
        return answer(await list_payments(connection, caller.actor, order_id))


@router.get("/refunds", responses={200: {"model": list[Refund]}, **responses(404)})
async def refunds(caller: AnyCaller, order_id: OrderPath) -> Response:
    """The order's refunds, oldest first."""
    async with caller.context.database.read() as connection:
        await get_order(connection, caller.actor, order_id)
        return answer(await list_refunds(connection, caller.actor, order_id))


@router.post("/payments/{payment_id}/confirmation", responses={200: {"model": PaymentShown}, **responses(404, 409)})
async def confirm(caller: AnyCaller, order_id: OrderPath, payment_id: PaymentPath) -> Response:
    """The payer's browser is back: asks the gateway where the payment stands and takes its word over."""
    context = caller.context
    async with context.database.read() as connection:
        payment = await get_payment(connection, caller.actor, order_id, payment_id)
        row = await payment_at_gateway(connection, payment.gateway, payment_id=payment_id)
    if row is None or payment.kind not in ("card", "wallet"):
        raise not_at_a_gateway(payment_id, payment.kind)
    state = await take_over(context.performer, context.services, row, Cause("request", caller.request_id))
    return await _shown(caller, order_id, payment_id, None if state is None else state.next_action, 200)


def _action(caller: Caller, order_id: str, body: PaymentBody) -> PayOrder:
    context = caller.context
    gateway = None
    if body.method == "card":
        gateway = check_gateway(context.services, body.gateway or context.card_gateway)
    code = body.gift_card_code
    return PayOrder(
        order_id=order_id,
        method=body.method,
        gateway=gateway,
        token=body.token,
        instrument_id=body.instrument_id,
        gift_card_code_digest=None if code is None else digest_of_code(context.performer.lookup_key, code),
        amount_minor=body.amount_minor,
    )


async def _shown(
    caller: Caller, order_id: str, payment_id: str, next_action: NextAction | None, status: int
) -> Response:
    async with caller.context.database.read() as connection:
        payment = await get_payment(connection, caller.actor, order_id, payment_id)
    step = None
    if next_action is not None and payment.status == "requires_action":
        step = {"kind": next_action.kind, "url": next_action.url, "client_secret": next_action.client_secret}
    return answer({**payment.model_dump(mode="json"), "next_action": step}, status)
