"""Changing and cancelling an order before anything of it leaves."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.gateway.answers import answer
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import AnyCaller
from bottega.gateway.claimed_effects import answer_driven
from bottega.gateway.problems import responses
from bottega.kernel.address import Address
from bottega.kernel.identifiers import InstrumentId, OrderId
from bottega.shop.flows.amend_order import AmendOrderAddress, AmendOrderItems, ChangeOrderInstrument, LineAmendment
from bottega.shop.flows.cancel_order import CancelOrder
from bottega.shop.orders.amendments import Amendment, list_amendments
from bottega.shop.orders.queries import get_order

router = APIRouter(prefix="/orders/{order_id}", tags=["orders"])

OrderPath = Annotated[OrderId, Path()]


class CancellationBody(RequestBody):
    """Why."""

    reason: Annotated[str, Field(min_length=1, max_length=200, examples=["no longer needed"])]


class Cancellation(BaseModel):
    """What was given back; through a gateway it is on its way."""

    order_id: str
    status: str
    released_units: int
    refunded_minor: int


class AddressBody(RequestBody):
    """Where the order goes instead; in the same country."""

    address: Address


class AddressAmended(BaseModel):
    """The amendment."""

    order_id: str
    amendment_id: str


class ItemsBody(RequestBody):
    """What each line becomes; the instrument pays the difference or receives it."""

    lines: Annotated[tuple[LineAmendment, ...], Field(min_length=1, max_length=100)]
    instrument_id: InstrumentId | None = None
    expected_difference_minor: int | None = None


class ItemsAmended(BaseModel):
    """The new total, and how the difference is settled."""

    order_id: str
    amendment_id: str
    difference_minor: int
    total_minor: int
    currency: str
    payment_id: str | None
    refund_ids: list[str]


class InstrumentBody(RequestBody):
    """A stored instrument of the order's customer."""

    instrument_id: InstrumentId


class InstrumentChanged(BaseModel):
    """The new payment; while `state` is pending, the old one stands."""

    order_id: str
    amendment_id: str
    payment_id: str
    amount_minor: int
    currency: str
    state: str


@router.post("/cancellation", responses={200: {"model": Cancellation}, **responses(404, 409)})
async def cancel(caller: AnyCaller, order_id: OrderPath, body: CancellationBody) -> Response:
    """Ends an order of which nothing has left; stock, coupons and money go back."""
    return await caller.answer(CancelOrder(order_id=order_id, reason=body.reason), key_required=True)


@router.get("/amendments", responses={200: {"model": list[Amendment]}, **responses(404)})
async def list_all(caller: AnyCaller, order_id: OrderPath) -> Response:
    """What was changed in the order since it was placed, oldest first."""
    async with caller.context.database.read() as connection:
        await get_order(connection, caller.actor, order_id)
        return answer(await list_amendments(connection, caller.actor, order_id))


@router.post("/amendments/address", status_code=201, responses={201: {"model": AddressAmended}, **responses(404, 409)})
async def amend_address(caller: AnyCaller, order_id: OrderPath, body: AddressBody) -> Response:
    """Sends the order to another address."""
    return await caller.answer(
        AmendOrderAddress(order_id=order_id, address=body.address), status=201, key_required=True
    )


@router.post("/amendments/items", status_code=201, responses={201: {"model": ItemsAmended}, **responses(404, 409)})
async def amend_items(caller: AnyCaller, order_id: OrderPath, body: ItemsBody) -> Response:
    """Swaps variants and quantities, and settles the difference."""
    action = AmendOrderItems(
        order_id=order_id,
        lines=body.lines,
        instrument_id=body.instrument_id,
        expected_difference_minor=body.expected_difference_minor,
    )
    return await answer_driven(caller, action, status=201)


@router.post(
    "/amendments/instrument", status_code=201, responses={201: {"model": InstrumentChanged}, **responses(404, 409)}
)
async def change_instrument(caller: AnyCaller, order_id: OrderPath, body: InstrumentBody) -> Response:
    """Pays with another stored instrument; what had paid goes back."""
    action = ChangeOrderInstrument(order_id=order_id, instrument_id=body.instrument_id)
    return await answer_driven(caller, action, status=201)
