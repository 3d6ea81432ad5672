"""Returns and exchanges: asked for by customers, handled by staff."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, answer_with_etag, decode_cursor, page
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import AnyCaller, Staff
from bottega.gateway.claimed_effects import answer_driven
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import CustomerId, InstrumentId, OrderId, ReturnId
from bottega.shop.flows.exchange_order import ExchangedLine, RequestExchange
from bottega.shop.flows.pay_order import AmountMinor
from bottega.shop.flows.return_handling import (
    ApproveReturn,
    CompleteReturn,
    InspectedLine,
    ReceiveReturn,
    RejectReturn,
)
from bottega.shop.flows.return_order import CancelReturn, Reason, RequestReturn, ReturnedLine
from bottega.shop.returns.model import Return, ReturnKind, ReturnState, ReturnSummary
from bottega.shop.returns.queries import get_return, list_returns, return_history

router = APIRouter(tags=["returns"])

OrderPath = Annotated[OrderId, Path()]
ReturnPath = Annotated[ReturnId, Path()]


class ReturnBody(RequestBody):
    """What comes back and where the money goes; without an instrument to what paid."""

    lines: Annotated[tuple[ReturnedLine, ...], Field(min_length=1, max_length=100)]
    reason: Reason = ""
    instrument_id: InstrumentId | None = None


class ExchangeBody(RequestBody):
    """What comes back, what is sent for it, and what pays the difference or receives it."""

    lines: Annotated[tuple[ExchangedLine, ...], Field(min_length=1, max_length=100)]
    reason: Reason = ""
    instrument_id: InstrumentId | None = None
    expected_difference_minor: int | None = None


class ReturnRequested(BaseModel):
    """The request, which somebody now decides about."""

    order_id: str
    return_id: str
    number: str
    return_line_ids: list[str]
    state: str


class ExchangeRequested(ReturnRequested):
    """The same, with what the customer owes (positive) or gets back."""

    difference_minor: int
    currency: str


class RejectionBody(RequestBody):
    """Why, for the customer."""

    reason: Annotated[str, Field(min_length=1, max_length=500, examples=["The hygiene seal is broken."])]


class ReceiptBody(RequestBody):
    """What arrived and how it looks; lines that are not named did not come."""

    lines: Annotated[tuple[InspectedLine, ...], Field(min_length=1, max_length=100)]


class CompletionBody(RequestBody):
    """Without an amount, what was paid for the goods that came back."""

    amount_minor: AmountMinor | None = None
    with_shipping: Annotated[bool, Field(examples=[False])] = False


class ReturnMoved(BaseModel):
    """How far the return is now."""

    return_id: str
    state: ReturnState


class ReturnApproved(ReturnMoved):
    """An exchange names the order that replaces the goods, and the payment of its difference."""

    exchange_order_id: str | None = None
    payment_id: str | None = None


class ReturnReceived(ReturnMoved):
    """Units that arrived, and units that can be sold again."""

    received: int
    restocked: int


class ReturnCompleted(ReturnMoved):
    """What goes back; through a gateway it is on its way."""

    refund_minor: int
    refund_ids: list[str]
    exchange_order_id: str | None


@router.post(
    "/orders/{order_id}/returns", status_code=201, responses={201: {"model": ReturnRequested}, **responses(404, 409)}
)
async def request_return(caller: AnyCaller, order_id: OrderPath, body: ReturnBody) -> Response:
    """Asks to send goods back."""
    action = RequestReturn(order_id=order_id, lines=body.lines, reason=body.reason, instrument_id=body.instrument_id)
    return await caller.answer(action, status=201, key_required=True)


@router.post(
    "/orders/{order_id}/exchanges",
    status_code=201,
    responses={201: {"model": ExchangeRequested}, **responses(404, 409)},
)
async def request_exchange(caller: AnyCaller, order_id: OrderPath, body: ExchangeBody) -> Response:
    """Asks to exchange goods for other variants of the same products."""
    action = RequestExchange(
        order_id=order_id,
        lines=body.lines,
        reason=body.reason,
        instrument_id=body.instrument_id,
        expected_difference_minor=body.expected_difference_minor,
    )
    return await caller.answer(action, status=201, key_required=True)


@router.get("/returns", responses={200: {"model": Page[ReturnSummary]}, **responses()})
async def list_all(
    caller: AnyCaller,
    customer_id: Annotated[CustomerId | None, Query()] = None,
    order_id: Annotated[OrderId | None, Query()] = None,
    state: Annotated[ReturnState | None, Query()] = None,
    kind: Annotated[ReturnKind | None, Query()] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Returns and exchanges, newest first; customers see their own."""
    async with caller.context.database.read() as connection:
        rows = await list_returns(
            connection,
            caller.actor,
            customer_id=customer_id,
            order_id=order_id,
            state=state,
            kind=kind,
            before=decode_cursor(cursor),
            limit=limit + 1,
        )
    return answer(page(rows, limit, lambda found: found.id))


@router.get("/returns/{return_id}", responses={200: {"model": Return}, **responses(404)})
async def show(request: Request, caller: AnyCaller, return_id: ReturnPath) -> Response:
    """One return with its lines."""
    async with caller.context.database.read() as connection:
        found = await get_return(connection, caller.actor, return_id)
    return answer_with_etag(request, found.model_dump(mode="json"))


@router.get("/returns/{return_id}/history", responses={200: {"model": list[dict[str, Any]]}, **responses(404)})
async def history(caller: AnyCaller, return_id: ReturnPath) -> Response:
    """What happened to the return, oldest first."""
    async with caller.context.database.read_snapshot() as connection:
        return answer(await return_history(connection, caller.actor, return_id))


@router.post("/returns/{return_id}/cancellation", responses={200: {"model": ReturnMoved}, **responses(404, 409)})
async def cancel(caller: AnyCaller, return_id: ReturnPath) -> Response:
    """Takes the request back before the goods have arrived."""
    return await caller.answer(CancelReturn(return_id=return_id), key_required=True)


@router.post("/returns/{return_id}/approval", responses={200: {"model": ReturnApproved}, **responses(404, 409)})
async def approve(caller: Staff, return_id: ReturnPath) -> Response:
    """Lets the goods come back; an exchange's new goods are promised."""
    return await answer_driven(caller, ApproveReturn(return_id=return_id))


@router.post("/returns/{return_id}/rejection", responses={200: {"model": ReturnMoved}, **responses(404, 409)})
async def reject(caller: Staff, return_id: ReturnPath, body: RejectionBody) -> Response:
    """Refuses the request."""
    return await caller.answer(RejectReturn(return_id=return_id, reason=body.reason), key_required=True)


@router.post("/returns/{return_id}/receipt", responses={200: {"model": ReturnReceived}, **responses(404, 409)})
async def receive(caller: Staff, return_id: ReturnPath, body: ReceiptBody) -> Response:
    """The goods have arrived and were inspected."""
    return await caller.answer(ReceiveReturn(return_id=return_id, lines=body.lines), key_required=True)


@router.post("/returns/{return_id}/completion", responses={200: {"model": ReturnCompleted}, **responses(404, 409)})
async def complete(caller: Staff, return_id: ReturnPath, body: CompletionBody) -> Response:
    """Gives the money back, or sends what replaces the goods."""
    action = CompleteReturn(return_id=return_id, amount_minor=body.amount_minor, with_shipping=body.with_shipping)
    return await caller.answer(action, key_required=True)
