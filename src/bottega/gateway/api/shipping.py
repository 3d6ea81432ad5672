"""Shipping: what a country is offered, the zones and methods behind it, and shipments under way."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, answer_with_etag, decode_cursor, page
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Context, Staff
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import ShipmentId, ShippingMethodId, ShippingZoneId
from bottega.kernel.money import LARGEST_AMOUNT_MINOR
from bottega.shop.shipping import queries
from bottega.shop.shipping.actions import (
    ChangeMethod,
    ChangeRates,
    ChangeTracking,
    ChangeZone,
    Countries,
    CreateMethod,
    CreateZone,
    Days,
    Name,
    Rates,
)
from bottega.shop.shipping.errors import NoSuchShipment
from bottega.shop.shipping.model import Shipment, ShipmentState, ShippingMethod, ShippingQuote, ShippingZone, TaxClass

router = APIRouter(prefix="/shipping", tags=["shipping"])

Country = Annotated[str, Query(pattern="^[A-Z]{2}$", examples=["IT"])]
ZonePath = Annotated[ShippingZoneId, Path()]
MethodPath = Annotated[ShippingMethodId, Path()]
ShipmentPath = Annotated[ShipmentId, Path()]


class ZoneBody(RequestBody):
    """A zone's name and countries; `*` = every country that no zone names."""

    name: Name
    countries: Annotated[Countries, Field(examples=[["IT", "SM"]])]


class MethodBody(RequestBody):
    """Everything of a method that may change but its rates."""

    name: Name
    minimum_days: Days
    maximum_days: Days
    tax_class: TaxClass
    active: bool


class RatesBody(RequestBody):
    """The method's whole table; the cheapest row that fits weight and subtotal holds."""

    rates: Rates


class TrackingBody(RequestBody):
    """By what the customer follows the parcel."""

    carrier: Annotated[str, Field(max_length=100, examples=["DHL"])]
    tracking_number: Annotated[str, Field(max_length=100, examples=["JD0146000055"])]


class ZoneChanged(BaseModel):
    """The zone that was made or changed."""

    zone_id: str


class MethodChanged(BaseModel):
    """The method that was made or changed."""

    method_id: str


class TrackingChanged(BaseModel):
    """The shipment that was changed, and its order."""

    shipment_id: str
    order_id: str


@router.get("/methods", responses={200: {"model": list[ShippingMethod]}, **responses()})
async def list_methods(request: Request, context: Context, country: Country) -> Response:
    """What is offered to a country, with its rates; anybody may see it."""
    async with context.database.read() as connection:
        return answer_with_etag(request, await queries.methods_for(connection, country))


@router.get("/quotes", responses={200: {"model": list[ShippingQuote]}, **responses()})
async def list_quotes(
    context: Context,
    country: Country,
    currency: Annotated[str, Query(pattern="^[A-Z]{3}$", examples=["EUR"])],
    weight_grams: Annotated[int, Query(ge=0, le=100_000_000)],
    subtotal_minor: Annotated[int, Query(ge=0, le=LARGEST_AMOUNT_MINOR)],
) -> Response:
    """What shipping a parcel would cost, cheapest first; anybody may ask."""
    async with context.database.read() as connection:
        return answer(await queries.quotes_for(connection, country, currency, weight_grams, subtotal_minor))


@router.get("/zones", responses={200: {"model": list[ShippingZone]}, **responses()})
async def list_zones(request: Request, caller: Staff) -> Response:
    """Every zone."""
    async with caller.context.database.read() as connection:
        return answer_with_etag(request, await queries.zones(connection))


@router.post("/zones", status_code=201, responses={201: {"model": ZoneChanged}, **responses(409)})
async def create_zone(caller: Staff, body: CreateZone) -> Response:
    """A new zone, whose countries belong to no other."""
    return await caller.answer(body, status=201)


@router.put("/zones/{zone_id}", responses={200: {"model": ZoneChanged}, **responses(404, 409)})
async def change_zone(caller: Staff, zone_id: ZonePath, body: ZoneBody) -> Response:
    """Another name or other countries."""
    return await caller.answer(ChangeZone(zone_id=zone_id, name=body.name, countries=body.countries))


@router.get("/zones/{zone_id}/methods", responses={200: {"model": list[ShippingMethod]}, **responses()})
async def list_methods_of_zone(caller: Staff, zone_id: ZonePath) -> Response:
    """The zone's methods, those switched off included."""
    async with caller.context.database.read() as connection:
        return answer([method for method in await queries.all_methods(connection) if method.zone_id == zone_id])


@router.post("/methods", status_code=201, responses={201: {"model": MethodChanged}, **responses(404, 409)})
async def create_method(caller: Staff, body: CreateMethod) -> Response:
    """A new way of delivery, or of collection at a location."""
    return await caller.answer(body, status=201)


@router.put("/methods/{method_id}", responses={200: {"model": MethodChanged}, **responses(404)})
async def change_method(caller: Staff, method_id: MethodPath, body: MethodBody) -> Response:
    """Name, days, tax class, and whether it is offered."""
    return await caller.answer(ChangeMethod(method_id=method_id, **body.model_dump()))


@router.put("/methods/{method_id}/rates", responses={200: {"model": MethodChanged}, **responses(404)})
async def change_rates(caller: Staff, method_id: MethodPath, body: RatesBody) -> Response:
    """Other rates, for orders from now on."""
    return await caller.answer(ChangeRates(method_id=method_id, rates=body.rates))


@router.get("/shipments", responses={200: {"model": Page[Shipment]}, **responses()})
async def list_shipments(
    caller: Staff,
    state: Annotated[ShipmentState | None, Query()] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Shipments, newest first."""
    async with caller.context.database.read() as connection:
        rows = await queries.recent_shipments(
            connection,
            states=[] if state is None else [state],
            before=decode_cursor(cursor) or None,
            limit=limit + 1,
        )
    return answer(page(rows, limit, lambda shipment: shipment.id))


@router.get("/shipments/{shipment_id}", responses={200: {"model": Shipment}, **responses(404)})
async def show_shipment(request: Request, caller: Staff, shipment_id: ShipmentPath) -> Response:
    """One shipment with its lines."""
    async with caller.context.database.read() as connection:
        found = await queries.shipment(connection, shipment_id)
    if found is None:
        raise NoSuchShipment(shipment_id)
    return answer_with_etag(request, found)


@router.put("/shipments/{shipment_id}/tracking", responses={200: {"model": TrackingChanged}, **responses(404, 409)})
async def change_tracking(caller: Staff, shipment_id: ShipmentPath, body: TrackingBody) -> Response:
    """The carrier and its number."""
    return await caller.answer(ChangeTracking(shipment_id=shipment_id, **body.model_dump()))
