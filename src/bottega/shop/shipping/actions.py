"""The changes of shipping: zones, methods, their rates, and shipments with their tracking."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from bottega.actions.action import Action
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import LocationId, ShipmentId, ShippingMethodId, ShippingZoneId
from bottega.kernel.money import LARGEST_AMOUNT_MINOR, check_currency
from bottega.platform.database.pool import Row
from bottega.shop.shipping.errors import (
    CollectionNeedsLocation,
    CountryInAnotherZone,
    NoSuchMethod,
    NoSuchShipment,
    NoSuchZone,
    ShipmentEnded,
    ZoneNameTaken,
)
from bottega.shop.shipping.model import ELSEWHERE, MethodKind, ShipmentState, TaxClass

Name = Annotated[str, Field(min_length=1, max_length=100)]
Days = Annotated[int, Field(ge=0, le=365)]
AmountMinor = Annotated[int, Field(ge=0, le=LARGEST_AMOUNT_MINOR)]
Countries = Annotated[
    tuple[Annotated[str, Field(pattern=r"^([A-Z]{2}|\*)$", examples=["IT"])], ...], Field(min_length=1, max_length=300)
]


class RateRow(BaseModel):
    """One rate: up to a weight (none = any), from a goods subtotal on, so much."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    up_to_grams: Annotated[int, Field(ge=1, le=100_000_000)] | None = None
    from_subtotal_minor: AmountMinor = 0
    amount_minor: AmountMinor


Rates = Annotated[tuple[RateRow, ...], Field(min_length=1, max_length=100)]


class CreateZone(Action):
    """A new zone; `*` among its countries = every country that no zone names."""

    groups: ClassVar[tuple[str, ...]] = ("shipping",)
    name: Name
    countries: Countries


class ChangeZone(Action):
    """Another name or other countries for a zone."""

    groups: ClassVar[tuple[str, ...]] = ("shipping",)
    zone_id: ShippingZoneId
    name: Name
    countries: Countries


class CreateMethod(Action):
    """A new way of delivery to a zone, or of collection at one of the shop's locations."""

    groups: ClassVar[tuple[str, ...]] = ("shipping",)
    zone_id: ShippingZoneId
    name: Name
    kind: MethodKind = "delivery"
    location_id: LocationId | None = None
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    rates: Rates
    minimum_days: Days = 1
    maximum_days: Days = 5
    tax_class: TaxClass = "standard"


class ChangeMethod(Action):
    """A method's name, days, tax class, and whether it is offered."""

    groups: ClassVar[tuple[str, ...]] = ("shipping",)
    method_id: ShippingMethodId
    name: Name
    minimum_days: Days
    maximum_days: Days
    tax_class: TaxClass
    active: bool


class ChangeRates(Action):
    """Other rates for a method; orders already placed keep theirs."""

    groups: ClassVar[tuple[str, ...]] = ("shipping",)
    method_id: ShippingMethodId
    rates: Rates


class ChangeTracking(Action):
    """The carrier and tracking number of a shipment that is under way."""

    groups: ClassVar[tuple[str, ...]] = ("shipments",)
    shipment_id: ShipmentId
    carrier: Annotated[str, Field(max_length=100)]
    tracking_number: Annotated[str, Field(max_length=100)]


@handles(CreateZone)
async def create_zone(action: CreateZone, work: Work) -> dict[str, Any]:
    """Adds a zone whose countries belong to no other."""
    zone_id = work.new_id("shz")
    await _check_countries(work, zone_id, action.countries)
    try:
        await work.connection.execute(
            "INSERT INTO shop.shipping_zones (id, name, countries) VALUES ($1, $2, $3)",
            zone_id,
            action.name,
            sorted(set(action.countries)),
        )
    except asyncpg.UniqueViolationError as error:
        raise ZoneNameTaken(action.name) from error
    return {"zone_id": zone_id}


@handles(ChangeZone, undoable=True)
async def change_zone(action: ChangeZone, work: Work) -> dict[str, Any]:
    """Replaces name and countries."""
    await _check_countries(work, action.zone_id, action.countries)
    try:
        status = await work.connection.execute(
            "UPDATE shop.shipping_zones SET name = $2, countries = $3 WHERE id = $1",
            action.zone_id,
            action.name,
            sorted(set(action.countries)),
        )
    except asyncpg.UniqueViolationError as error:
        raise ZoneNameTaken(action.name) from error
    if status == "UPDATE 0":
        raise NoSuchZone(action.zone_id)
    return {"zone_id": action.zone_id}


@handles(CreateMethod)
async def create_method(action: CreateMethod, work: Work) -> dict[str, Any]:
    """Adds a method to a zone."""
    check_currency(action.currency)
    _check_days(action.minimum_days, action.maximum_days)
    if (action.kind == "collection") != (action.location_id is not None):
        raise CollectionNeedsLocation(action.location_id)
    found = await work.connection.fetchrow(
        "SELECT EXISTS (SELECT FROM shop.shipping_zones WHERE id = $1) AS zone, "
        "EXISTS (SELECT FROM shop.locations WHERE id = $2 AND active) AS location",
        action.zone_id,
        action.location_id,
    )
    assert found is not None, "a query without a table has one row"
    if not found["zone"]:
        raise NoSuchZone(action.zone_id)
    if action.location_id is not None and not found["location"]:
        raise CollectionNeedsLocation(action.location_id)
    method_id = work.new_id("shm")
    await work.connection.execute(
        "INSERT INTO shop.shipping_methods (id, zone_id, name, kind, location_id, currency, rates, minimum_days, "
        "maximum_days, tax_class) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        method_id,
        action.zone_id,
        action.name,
        action.kind,
        action.location_id,
        action.currency,
        [rate.model_dump() for rate in action.rates],
        action.minimum_days,
        action.maximum_days,
        action.tax_class,
    )
    return {"method_id": method_id}


@handles(ChangeMethod, undoable=True)
async def change_method(action: ChangeMethod, work: Work) -> dict[str, Any]:
    """Replaces everything but zone, kind and rates."""
    _check_days(action.minimum_days, action.maximum_days)
    status = await work.connection.execute(
        "UPDATE shop.shipping_methods SET name = $2, minimum_days = $3, maximum_days = $4, tax_class = $5, active = $6 "
        "WHERE id = $1",
        action.method_id,
        action.name,
        action.minimum_days,
        action.maximum_days,
        action.tax_class,
        action.active,
    )
    if status == "UPDATE 0":
        raise NoSuchMethod(action.method_id)
    return {"method_id": action.method_id}


@handles(ChangeRates, undoable=True)
async def change_rates(action: ChangeRates, work: Work) -> dict[str, Any]:
    """Replaces the method's whole table of rates."""
    status = await work.connection.execute(
        "UPDATE shop.shipping_methods SET rates = $2 WHERE id = $1",
        action.method_id,
        [rate.model_dump() for rate in action.rates],
    )
    if status == "UPDATE 0":
        raise NoSuchMethod(action.method_id)
    return {"method_id": action.method_id, "rates": len(action.rates)}


@handles(ChangeTracking, undoable=True)
async def change_tracking(action: ChangeTracking, work: Work) -> dict[str, Any]:
    """Corrects what the customer follows the parcel by."""
    row = await _locked_shipment(work, action.shipment_id)
    await work.connection.execute(
        "UPDATE shop.shipments SET carrier = $2, tracking_number = $3 WHERE id = $1",
        action.shipment_id,
        action.carrier,
        action.tracking_number,
    )
    return {"shipment_id": action.shipment_id, "order_id": row["order_id"]}


async def record_shipment(
    work: Work,
    order_id: str,
    lines: Sequence[tuple[str, int]],
    carrier: str,
    tracking_number: str,
    *,
    location_id: str | None = None,
) -> str:
    """Writes down that (line_id, quantity) of an order left; returns the shipment. The flow moves stock and order."""
    shipment_id = work.new_id("shp")
    await work.connection.execute(
        _RECORD_SHIPMENT,
        shipment_id,
        order_id,
        location_id,
        carrier,
        tracking_number,
        work.now,
        [work.new_id("sln") for _ in lines],
        [line_id for line_id, _ in lines],
        [quantity for _, quantity in lines],
    )
    return shipment_id


async def mark_delivered(work: Work, shipment_id: str) -> str:
    """The shipment arrived, or was collected; returns its order. Raises `ShipmentEnded` when it is not under way."""
    return await _end(work, shipment_id, "delivered")


async def mark_lost(work: Work, shipment_id: str) -> str:
    """The carrier lost the shipment; returns its order."""
    return await _end(work, shipment_id, "lost")


async def _end(work: Work, shipment_id: str, state: ShipmentState) -> str:
    row = await _locked_shipment(work, shipment_id)
    await work.connection.execute(
        "UPDATE shop.shipments SET state = $2, delivered_at = $3 WHERE id = $1",
        shipment_id,
        state,
        work.now if state == "delivered" else None,
    )
    return row["order_id"]


async def _locked_shipment(work: Work, shipment_id: str) -> Row:
    row = await work.connection.fetchrow(
        "SELECT order_id, state FROM shop.shipments WHERE id = $1 FOR UPDATE", shipment_id
    )
    if row is None:
        raise NoSuchShipment(shipment_id)
    if row["state"] != "shipped":
        raise ShipmentEnded(shipment_id, row["state"])
    return row


async def _check_countries(work: Work, zone_id: str, countries: Sequence[str]) -> None:
    """A country, and `*`, belong to one zone; one change of zones at a time, so that two cannot pass each other."""
    await work.connection.execute("LOCK TABLE shop.shipping_zones IN SHARE ROW EXCLUSIVE MODE")
    others = await work.connection.fetch("SELECT id, name, countries FROM shop.shipping_zones ORDER BY id")
    for row in others:
        shared = sorted(set(countries) & set(row["countries"]))
        if row["id"] != zone_id and shared:
            raise CountryInAnotherZone("everywhere else" if shared[0] == ELSEWHERE else shared[0], row["name"])


def _check_days(minimum: int, maximum: int) -> None:
    if minimum > maximum:
        raise Invalid(
            "days_out_of_order",
            f"At least {minimum} and at most {maximum} days cannot both be.",
            next_step="Give minimum_days no greater than maximum_days.",
        )


_RECORD_SHIPMENT = """
WITH shipment AS (
    INSERT INTO shop.shipments (id, order_id, location_id, state, carrier, tracking_number, shipped_at)
    VALUES ($1, $2, $3, 'shipped', $4, $5, $6) RETURNING id)
INSERT INTO shop.shipment_lines (id, shipment_id, line_id, quantity)
SELECT t.id, shipment.id, t.line_id, t.quantity
FROM shipment, unnest($7::text[], $8::text[], $9::integer[]) AS t (id, line_id, quantity)"""
