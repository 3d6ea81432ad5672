"""Locations: the warehouses and stores where goods lie."""

from typing import Annotated, Any, ClassVar

import asyncpg
from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.kernel.identifiers import LocationId
from bottega.shop.stock.errors import HandleTaken, NoSuchLocation
from bottega.shop.stock.model import LocationKind

Name = Annotated[str, Field(min_length=1, max_length=100)]
Priority = Annotated[int, Field(ge=0, le=1_000)]


class CreateLocation(Action):
    """A new warehouse or store; orders reserve from the lowest priority number first."""

    groups: ClassVar[tuple[str, ...]] = ("settings",)
    handle: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]
    name: Name
    kind: LocationKind = "warehouse"
    priority: Priority = 0


class ChangeLocation(Action):
    """A location's name, priority, and whether orders may reserve from it."""

    groups: ClassVar[tuple[str, ...]] = ("settings",)
    location_id: LocationId
    name: Name
    priority: Priority
    active: bool


@handles(CreateLocation)
async def create_location(action: CreateLocation, work: Work) -> dict[str, Any]:
    """Adds the location, without stock."""
    location_id = work.new_id("loc")
    try:
        await work.connection.execute(
            "INSERT INTO shop.locations (id, handle, name, kind, priority) VALUES ($1, $2, $3, $4, $5)",
            location_id,
            action.handle,
            action.name,
            action.kind,
            action.priority,
        )
    except asyncpg.UniqueViolationError as error:
        raise HandleTaken(action.handle) from error
    return {"location_id": location_id}


@handles(ChangeLocation, undoable=True)
async def change_location(action: ChangeLocation, work: Work) -> dict[str, Any]:
    """What is reserved there stays reserved, also when it is no longer active."""
    status = await work.connection.execute(
        "UPDATE shop.locations SET name = $2, priority = $3, active = $4 WHERE id = $1",
        action.location_id,
        action.name,
        action.priority,
        action.active,
    )
    if status == "UPDATE 0":
        raise NoSuchLocation(action.location_id)
    return {"location_id": action.location_id}
