"""Goods that move: receive, adjust, transfer, ship and restock; on hand changes nowhere else."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import asyncpg
from pydantic import BaseModel, ConfigDict, Field

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import LocationId, VariantId
from bottega.shop import shop_settings
from bottega.shop.stock.actions.reservations import locked_reservations, take_from_lines
from bottega.shop.stock.errors import NoSuchLevel, NoSuchLocation, NoSuchVariant, NotOnHand, PromisedToOrders
from bottega.shop.stock.model import MovementKind

MAXIMUM_UNITS = 1_000_000
MAXIMUM_RECEIPT_LINES = 1_000

Units = Annotated[int, Field(ge=1, le=MAXIMUM_UNITS)]
Reference = Annotated[str, Field(max_length=100)]


class ReceiptLine(BaseModel):
    """So many units of a variant that arrived."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variant_id: VariantId
    quantity: Units


class ReceiveStock(Action):
    """A delivery arrived at a location."""

    groups: ClassVar[tuple[str, ...]] = ("stock", "receiving")
    location_id: LocationId
    lines: Annotated[tuple[ReceiptLine, ...], Field(min_length=1, max_length=MAXIMUM_RECEIPT_LINES)]
    reference: Reference = ""


class AdjustStock(Action):
    """What lies there differs from the books: counted, damaged, lost, found; `change` is signed."""

    groups: ClassVar[tuple[str, ...]] = ("stock",)
    variant_id: VariantId
    location_id: LocationId
    change: Annotated[int, Field(ge=-MAXIMUM_UNITS, le=MAXIMUM_UNITS)]
    reason: Annotated[str, Field(min_length=3, max_length=200)]


class TransferStock(Action):
    """Goods are carried from one location to another."""

    groups: ClassVar[tuple[str, ...]] = ("stock",)
    variant_id: VariantId
    from_location_id: LocationId
    to_location_id: LocationId
    quantity: Units
    reference: Reference = ""


async def receive_facts(action: ReceiveStock, work: Work) -> Facts:
    """How many levels the delivery changes."""
    del work
    return {"rows_changed": len({line.variant_id for line in action.lines})}


@handles(ReceiveStock, facts=receive_facts, undoable=True)
async def receive_stock(action: ReceiveStock, work: Work) -> dict[str, Any]:
    """Adds to on hand, with one movement per line."""
    moves = [(line.variant_id, action.location_id, line.quantity) for line in action.lines]
    await _move(work, "receive", moves, reference=action.reference)
    return {"location_id": action.location_id, "units": sum(line.quantity for line in action.lines)}


async def adjust_facts(action: AdjustStock, work: Work) -> Facts:
    """What would be on hand afterwards, how much that differs, and up to where nobody need be asked."""
    on_hand: int | None = await work.connection.fetchval(
        "SELECT on_hand FROM shop.stock_levels WHERE variant_id = $1 AND location_id = $2",
        action.variant_id,
        action.location_id,
    )
    settings = await shop_settings.current(work.connection)
    return {
        "on_hand_after": (on_hand or 0) + action.change,
        "adjusted_units": abs(action.change),
        "adjustment_limit_units": settings.stock_adjustment_limit_units,
    }


@handles(AdjustStock, facts=adjust_facts, undoable=True)
async def adjust_stock(action: AdjustStock, work: Work) -> dict[str, Any]:
    """Corrects on hand; never below what orders were promised."""
    if action.change == 0:
        raise Invalid("nothing_changes", "An adjustment by 0 changes nothing.", next_step="Give the difference.")
    before = 0
    if action.change < 0:
        before = await _take_away(work, action.variant_id, action.location_id, -action.change)
    await _move(work, "adjust", [(action.variant_id, action.location_id, action.change)], reason=action.reason)
    result = {"variant_id": action.variant_id, "location_id": action.location_id, "change": action.change}
    return {**result, "on_hand": before + action.change} if action.change < 0 else result


@handles(TransferStock, undoable=True)
async def transfer_stock(action: TransferStock, work: Work) -> dict[str, Any]:
    """Two movements that cancel out, in one statement."""
    source, target = action.from_location_id, action.to_location_id
    if source == target:
        raise Invalid("same_location", "Goods cannot be transferred to where they are.", next_step="Name another.")
    await work.connection.execute(
        "SELECT 1 FROM shop.stock_levels WHERE variant_id = $1 AND location_id = ANY ($2::text[]) "
        "ORDER BY variant_id, location_id FOR UPDATE",
        action.variant_id,
        [source, target],
    )
    await _take_away(work, action.variant_id, source, action.quantity)
    moves = [(action.variant_id, source, -action.quantity), (action.variant_id, target, action.quantity)]
    await _move(work, "transfer", moves, reference=action.reference)
    return {"variant_id": action.variant_id, "quantity": action.quantity}


async def ship(
    work: Work,
    order_id: str,
    lines: Sequence[tuple[str, int]],
    shipment_id: str,
    *,
    location_id: str | None = None,
) -> list[tuple[str, str, int]]:
    """Reserved goods of (line_id, quantity) leave, from one location if named; returns (line_id, location_id, units).

    Raises `NotReserved` when a line has fewer units open (there), `NotOnHand` when they are only backordered.
    """
    shares = await locked_reservations(work, order_id)
    if location_id is not None:
        shares = [share for share in shares if share.reservation.location_id == location_id]
    # What lies ready goes before what is still on backorder.
    shares.sort(key=lambda share: (share.on_hand < share.reservation.open, share.reservation.location_id))
    taken = take_from_lines(order_id, shares, lines)
    on_hand = {(share.reservation.variant_id, share.reservation.location_id): share.on_hand for share in shares}
    leaving: dict[tuple[str, str], int] = {}
    for share, units in taken:
        place = (share.reservation.variant_id, share.reservation.location_id)
        leaving[place] = leaving.get(place, 0) + units
        if leaving[place] > on_hand[place]:
            raise NotOnHand(place[0], leaving[place], on_hand[place])
    await work.connection.execute(
        _SHIP,
        [work.new_id("mov") for _ in taken],
        [share.reservation.id for share, _ in taken],
        [units for _, units in taken],
        shipment_id,
        work.now,
    )
    return [(share.reservation.line_id, share.reservation.location_id, units) for share, units in taken]


async def restock(work: Work, variant_id: str, quantity: int, reference: str, location_id: str | None = None) -> str:
    """Returned goods are sellable again; returns where they were put (by default the first active location)."""
    place = location_id or await work.connection.fetchval(
        "SELECT id FROM shop.locations WHERE active ORDER BY priority, id LIMIT 1"
    )
    if place is None:
        raise NoSuchLocation
    await _move(work, "restock", [(variant_id, place, quantity)], reference=reference)
    return place


async def _move(
    work: Work,
    kind: MovementKind,
    moves: Sequence[tuple[str, str, int]],
    *,
    reason: str = "",
    reference: str = "",
) -> None:
    """Writes movements of (variant_id, location_id, signed units) and the levels they make, in one statement (I7)."""
    try:
        await work.connection.execute(
            _MOVE,
            [work.new_id("mov") for _ in moves],
            [variant_id for variant_id, _, _ in moves],
            [location_id for _, location_id, _ in moves],
            [units for _, _, units in moves],
            kind,
            reason,
            reference,
            work.now,
        )
    except asyncpg.NumericValueOutOfRangeError as error:
        raise Invalid(
            "too_many_units", "A level cannot hold that many units.", next_step="Check the quantity."
        ) from error
    except asyncpg.ForeignKeyViolationError as error:
        missing = (error.detail or "").partition("=(")[2].partition(")")[0]
        raise (NoSuchLocation(missing) if missing.startswith("loc_") else NoSuchVariant(missing)) from error


async def _take_away(work: Work, variant_id: str, location_id: str, units: int) -> int:
    """Locks a level and checks that so many units may go from it; returns what is on hand before."""
    level = await work.connection.fetchrow(
        "SELECT on_hand, reserved, backorder_limit FROM shop.stock_levels "
        "WHERE variant_id = $1 AND location_id = $2 FOR UPDATE",
        variant_id,
        location_id,
    )
    if level is None:
        raise NoSuchLevel(variant_id, location_id)
    remaining = level["on_hand"] - units
    if remaining < 0:
        raise NotOnHand(variant_id, units, level["on_hand"])
    if level["reserved"] > remaining + level["backorder_limit"]:
        raise PromisedToOrders(variant_id, location_id, level["reserved"], remaining)
    return level["on_hand"]


# The levels are the sum of these very movements, so that on hand cannot drift from them.
_MOVE = """
WITH moved AS (
    INSERT INTO shop.stock_movements (id, variant_id, location_id, kind, quantity, reason, reference, moved_at)
    SELECT t.id, t.variant_id, t.location_id, $5, t.quantity, $6, $7, $8
    FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[]) AS t (id, variant_id, location_id, quantity)
    RETURNING variant_id, location_id, quantity)
INSERT INTO shop.stock_levels AS s (variant_id, location_id, on_hand)
SELECT variant_id, location_id, sum(quantity)::integer FROM moved GROUP BY 1, 2 ORDER BY 1, 2
ON CONFLICT (variant_id, location_id) DO UPDATE SET on_hand = s.on_hand + excluded.on_hand"""

_SHIP = """
WITH sent AS (
    UPDATE shop.reservations r SET shipped = r.shipped + t.quantity
    FROM (SELECT id, sum(quantity)::integer AS quantity
          FROM unnest($2::text[], $3::integer[]) AS u (id, quantity) GROUP BY id) AS t
    WHERE r.id = t.id
    RETURNING r.variant_id, r.location_id, t.quantity),
moved AS (
    INSERT INTO shop.stock_movements (id, variant_id, location_id, kind, quantity, reference, moved_at)
    SELECT t.id, r.variant_id, r.location_id, 'ship', -t.quantity, $4, $5
    FROM unnest($1::text[], $2::text[], $3::integer[]) AS t (id, reservation_id, quantity)
    JOIN shop.reservations r ON r.id = t.reservation_id)
UPDATE shop.stock_levels s SET on_hand = s.on_hand - g.quantity, reserved = s.reserved - g.quantity
FROM (SELECT variant_id, location_id, sum(quantity)::integer AS quantity FROM sent GROUP BY 1, 2) AS g
WHERE s.variant_id = g.variant_id AND s.location_id = g.location_id"""
