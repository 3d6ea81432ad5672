"""Pictures of products: add, remove, and put in order."""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

import asyncpg
from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import MediaId, ProductId
from bottega.shop.catalogue.errors import NoSuchMedia, NoSuchProduct
from bottega.shop.catalogue.model import NewMedia

MAXIMUM_MEDIA = 50


class AddMedia(Action):
    """Pictures after those that the product has."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    product_id: ProductId
    media: Annotated[tuple[NewMedia, ...], Field(min_length=1, max_length=MAXIMUM_MEDIA)]


class RemoveMedia(Action):
    """Takes one picture away."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    media_id: MediaId


class OrderMedia(Action):
    """Every picture of the product in the order it is to be shown."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    product_id: ProductId
    media_ids: Annotated[tuple[MediaId, ...], Field(min_length=1, max_length=MAXIMUM_MEDIA)]


@handles(AddMedia, undoable=True)
async def add_media(action: AddMedia, work: Work) -> dict[str, Any]:
    """New rows at the end; a product has at most 50 pictures."""
    last = await work.connection.fetchrow(
        "SELECT max(m.position) AS position, count(m.id) AS number FROM shop.products p "
        "LEFT JOIN shop.media m ON m.product_id = p.id WHERE p.id = $1",
        action.product_id,
    )
    assert last is not None
    if last["number"] + len(action.media) > MAXIMUM_MEDIA:
        raise Invalid("too_many_media", f"A product has at most {MAXIMUM_MEDIA} pictures.", next_step="Remove some.")
    first = 0 if last["position"] is None else last["position"] + 1
    try:
        media_ids = await insert_media(work, action.product_id, action.media, first_position=first)
    except asyncpg.ForeignKeyViolationError as error:
        raise NoSuchProduct(action.product_id) from error
    return {"product_id": action.product_id, "media_ids": media_ids}


@handles(RemoveMedia, undoable=True)
async def remove_media(action: RemoveMedia, work: Work) -> dict[str, Any]:
    """Deletes the row; the log keeps it for undo."""
    product_id = await work.connection.fetchval(
        "DELETE FROM shop.media WHERE id = $1 RETURNING product_id", action.media_id
    )
    if product_id is None:
        raise NoSuchMedia(action.media_id)
    return {"product_id": product_id, "media_id": action.media_id}


@handles(OrderMedia, undoable=True)
async def order_media(action: OrderMedia, work: Work) -> dict[str, Any]:
    """Positions by the order given."""
    present = await work.connection.fetch(
        "SELECT id FROM shop.media WHERE product_id = $1 ORDER BY id FOR UPDATE", action.product_id
    )
    if sorted(action.media_ids) != [row["id"] for row in present]:
        raise Invalid(
            "media_incomplete",
            "The order must name every picture of the product once.",
            next_step="See the product's media.",
        )
    await work.connection.execute(
        "UPDATE shop.media m SET position = t.position - 1 "
        "FROM unnest($1::text[]) WITH ORDINALITY AS t (id, position) "
        "WHERE m.id = t.id AND m.position <> t.position - 1",
        list(action.media_ids),
    )
    return {"product_id": action.product_id, "media_ids": list(action.media_ids)}


async def insert_media(work: Work, product_id: str, media: Sequence[NewMedia], *, first_position: int) -> list[str]:
    """Rows for pictures; returns their ids."""
    if not media:
        return []
    media_ids = [work.new_id("med") for _ in media]
    await work.connection.execute(
        "INSERT INTO shop.media (id, product_id, url, alt, position) "
        "SELECT t.id, $1, t.url, t.alt, $2 + t.number - 1 "
        "FROM unnest($3::text[], $4::text[], $5::text[]) WITH ORDINALITY AS t (id, url, alt, number)",
        product_id,
        first_position,
        media_ids,
        [picture.url for picture in media],
        [picture.alt for picture in media],
    )
    return media_ids
