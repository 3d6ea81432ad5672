"""How a level is kept: its backorder policy and the threshold below which it is low."""

from typing import Annotated, Any, ClassVar, Literal

import asyncpg
from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.kernel.identifiers import LocationId, VariantId
from bottega.shop.stock.errors import NoSuchLocation, NoSuchVariant, PromisedToOrders


class SetBackorder(Action):
    """How many units may be promised beyond what lies at a location; 0 = no backorder there."""

    groups: ClassVar[tuple[str, ...]] = ("stock",)
    variant_id: VariantId
    location_id: LocationId
    limit_units: Annotated[int, Field(ge=0, le=1_000_000)]


class SetLowThreshold(Action):
    """At how many available units a level counts as low; none = the shop's own threshold."""

    groups: ClassVar[tuple[str, ...]] = ("stock",)
    variant_id: VariantId
    location_id: LocationId
    threshold_units: Annotated[int, Field(ge=0, le=1_000_000)] | None


@handles(SetBackorder, undoable=True)
async def set_backorder(action: SetBackorder, work: Work) -> dict[str, Any]:
    """Sets the limit; never below what is promised on backorder already."""
    level = await work.connection.fetchrow(
        "SELECT on_hand, reserved FROM shop.stock_levels WHERE variant_id = $1 AND location_id = $2 FOR UPDATE",
        action.variant_id,
        action.location_id,
    )
    if level is not None and level["reserved"] > max(level["on_hand"], 0) + action.limit_units:
        left = max(level["on_hand"], 0) + action.limit_units
        raise PromisedToOrders(action.variant_id, action.location_id, level["reserved"], left)
    await _set(work, "backorder_limit", action.variant_id, action.location_id, action.limit_units)
    return {"variant_id": action.variant_id, "location_id": action.location_id, "limit_units": action.limit_units}


@handles(SetLowThreshold, undoable=True)
async def set_low_threshold(action: SetLowThreshold, work: Work) -> dict[str, Any]:
    """Sets or clears the threshold of one level."""
    await _set(work, "low_threshold", action.variant_id, action.location_id, action.threshold_units)
    return {"variant_id": action.variant_id, "location_id": action.location_id, "threshold": action.threshold_units}


async def _set(
    work: Work,
    column: Literal["backorder_limit", "low_threshold"],
    variant_id: str,
    location_id: str,
    units: int | None,
) -> None:
    try:
        await work.connection.execute(
            f"INSERT INTO shop.stock_levels (variant_id, location_id, {column}) VALUES ($1, $2, $3) "
            f"ON CONFLICT (variant_id, location_id) DO UPDATE SET {column} = excluded.{column}",
            variant_id,
            location_id,
            units,
        )
    except asyncpg.ForeignKeyViolationError as error:
        if "location" in (error.constraint_name or ""):
            raise NoSuchLocation(location_id) from error
        raise NoSuchVariant(variant_id) from error
