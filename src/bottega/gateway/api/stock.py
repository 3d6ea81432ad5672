"""Stock: locations, levels, what is low, the history of movements, and how staff keep it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, answer_with_etag, decode_cursor, page
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Staff
from bottega.gateway.problems import responses
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import LocationId, VariantId
from bottega.shop import shop_settings
from bottega.shop.stock import queries
from bottega.shop.stock.actions import (
    AdjustStock,
    ChangeLocation,
    CreateLocation,
    ReceiveStock,
    SetBackorder,
    SetLowThreshold,
    TransferStock,
)
from bottega.shop.stock.model import Location, StockLevel, StockMovement

router = APIRouter(prefix="/stock", tags=["stock"])

LocationPath = Annotated[LocationId, Path()]
VariantPath = Annotated[VariantId, Path()]
Cursor = Annotated[str | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]


class LocationBody(RequestBody):
    """Everything of a location that may change."""

    name: Annotated[str, Field(min_length=1, max_length=100, examples=["Warehouse Trento"])]
    priority: Annotated[int, Field(ge=0, le=1_000, description="Orders reserve from the lowest first.")]
    active: bool


class BackorderBody(RequestBody):
    """How many units may be promised beyond what is there; 0 = none."""

    limit_units: Annotated[int, Field(ge=0, le=1_000_000)]


class ThresholdBody(RequestBody):
    """At how many available units the level is low; null = the shop's own threshold."""

    threshold_units: Annotated[int, Field(ge=0, le=1_000_000)] | None


class LocationChanged(BaseModel):
    """The location that was made or changed."""

    location_id: str


class LevelChanged(BaseModel):
    """The level that was changed; read it again for its figures."""

    variant_id: str
    location_id: str


class Received(BaseModel):
    """Units taken in."""

    location_id: str
    units: int


class Transferred(BaseModel):
    """Units carried over."""

    variant_id: str
    quantity: int


@router.get("/locations", responses={200: {"model": list[Location]}, **responses()})
async def list_locations(request: Request, caller: Staff) -> Response:
    """Every location, in the order in which orders reserve."""
    async with caller.context.database.read() as connection:
        return answer_with_etag(request, await queries.locations(connection))


@router.post("/locations", status_code=201, responses={201: {"model": LocationChanged}, **responses(409)})
async def create_location(caller: Staff, body: CreateLocation) -> Response:
    """A new warehouse or store."""
    return await caller.answer(body, status=201)


@router.put("/locations/{location_id}", responses={200: {"model": LocationChanged}, **responses(404)})
async def change_location(caller: Staff, location_id: LocationPath, body: LocationBody) -> Response:
    """Name, priority, and whether orders may reserve from it."""
    return await caller.answer(ChangeLocation(location_id=location_id, **body.model_dump()))


@router.get("/levels", responses={200: {"model": Page[StockLevel]}, **responses()})
async def list_levels(
    caller: Staff,
    variant_id: Annotated[list[VariantId] | None, Query(max_length=LARGEST_PAGE)] = None,
    location_id: Annotated[LocationId | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """Levels of some variants at every location (all of them), or a page of one location's levels."""
    if (variant_id is None) == (location_id is None):
        raise Invalid("which_levels", "Name either variants or one location.", next_step="Send one of the two.")
    async with caller.context.database.read() as connection:
        if location_id is None:
            return answer({"items": await queries.levels(connection, variant_id or []), "next_cursor": None})
        rows = await queries.levels_at(connection, location_id, after=decode_cursor(cursor), limit=limit + 1)
    return answer(page(rows, limit, lambda level: level.variant_id))


@router.get("/low", responses={200: {"model": Page[StockLevel]}, **responses()})
async def list_low(caller: Staff, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE) -> Response:
    """Levels at or below their threshold."""
    variant_id, _, location_id = decode_cursor(cursor).partition("/")
    async with caller.context.database.read() as connection:
        settings = await shop_settings.current(connection)
        rows = await queries.low_stock(
            connection, settings.low_stock_threshold, after=(variant_id, location_id), limit=limit + 1
        )
    return answer(page(rows, limit, lambda level: f"{level.variant_id}/{level.location_id}"))


@router.get("/movements", responses={200: {"model": Page[StockMovement]}, **responses()})
async def list_movements(
    caller: Staff,
    variant_id: Annotated[VariantId | None, Query()] = None,
    location_id: Annotated[LocationId | None, Query()] = None,
    cursor: Cursor = None,
    limit: Limit = DEFAULT_PAGE,
) -> Response:
    """What came, went or was corrected, newest first."""
    async with caller.context.database.read() as connection:
        rows = await queries.movements(
            connection,
            variant_id=variant_id,
            location_id=location_id,
            before=decode_cursor(cursor) or None,
            limit=limit + 1,
        )
    return answer(page(rows, limit, lambda movement: movement.id))


@router.post("/receipts", status_code=201, responses={201: {"model": Received}, **responses(404, 409)})
async def receive(caller: Staff, body: ReceiveStock) -> Response:
    """A delivery arrived."""
    return await caller.answer(body, status=201)


@router.post("/adjustments", status_code=201, responses={201: {"model": LevelChanged}, **responses(404, 409)})
async def adjust(caller: Staff, body: AdjustStock) -> Response:
    """What lies there differs from the books, and why."""
    return await caller.answer(body, status=201)


@router.post("/transfers", status_code=201, responses={201: {"model": Transferred}, **responses(404, 409)})
async def transfer(caller: Staff, body: TransferStock) -> Response:
    """Goods were carried to another location."""
    return await caller.answer(body, status=201)


@router.put(
    "/levels/{variant_id}/{location_id}/backorder", responses={200: {"model": LevelChanged}, **responses(404, 409)}
)
async def set_backorder(
    caller: Staff, variant_id: VariantPath, location_id: LocationPath, body: BackorderBody
) -> Response:
    """How far orders may go beyond what is there."""
    return await caller.answer(
        SetBackorder(variant_id=variant_id, location_id=location_id, limit_units=body.limit_units)
    )


@router.put("/levels/{variant_id}/{location_id}/threshold", responses={200: {"model": LevelChanged}, **responses(404)})
async def set_threshold(
    caller: Staff, variant_id: VariantPath, location_id: LocationPath, body: ThresholdBody
) -> Response:
    """From when on the level counts as low."""
    return await caller.answer(
        SetLowThreshold(variant_id=variant_id, location_id=location_id, threshold_units=body.threshold_units)
    )
