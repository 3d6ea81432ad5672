"""Sending orders, and what becomes of their parcels."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Staff
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import OrderId, ShipmentId
from bottega.shop.flows.ship_order import EndShipment, ShipOrder, ShippedLine

router = APIRouter(tags=["shipping"])

ShipmentPath = Annotated[ShipmentId, Path()]


class ShipmentBody(RequestBody):
    """What leaves; without lines, everything that is left."""

    lines: Annotated[tuple[ShippedLine, ...], Field(min_length=1, max_length=500)] | None = None
    carrier: Annotated[str, Field(max_length=60, examples=["DHL"])] = ""
    tracking_number: Annotated[str, Field(max_length=100, examples=["JD014600006281230704"])] = ""


class ShipmentMade(BaseModel):
    """The shipment; `complete` when nothing of the order is left to send."""

    order_id: str
    shipment_id: str
    complete: bool


class ShipmentEnded(BaseModel):
    """Whether the whole order has arrived with it."""

    order_id: str
    shipment_id: str
    delivered: bool


@router.post(
    "/orders/{order_id}/shipments", status_code=201, responses={201: {"model": ShipmentMade}, **responses(404, 409)}
)
async def ship(caller: Staff, order_id: Annotated[OrderId, Path()], body: ShipmentBody) -> Response:
    """Sends an order or part of it; what was only authorised is captured."""
    action = ShipOrder(order_id=order_id, lines=body.lines, carrier=body.carrier, tracking_number=body.tracking_number)
    return await caller.answer(action, status=201, key_required=True)


@router.post("/shipments/{shipment_id}/delivery", responses={200: {"model": ShipmentEnded}, **responses(404, 409)})
async def deliver(caller: Staff, shipment_id: ShipmentPath) -> Response:
    """The parcel has arrived, or was collected."""
    return await caller.answer(EndShipment(shipment_id=shipment_id, outcome="delivered"), key_required=True)


@router.post("/shipments/{shipment_id}/loss", responses={200: {"model": ShipmentEnded}, **responses(404, 409)})
async def lose(caller: Staff, shipment_id: ShipmentPath) -> Response:
    """The carrier has lost the parcel."""
    return await caller.answer(EndShipment(shipment_id=shipment_id, outcome="lost"), key_required=True)
