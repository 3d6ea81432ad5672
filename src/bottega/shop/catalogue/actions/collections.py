"""Collections: products put together by hand, in an order."""

from typing import Annotated, Any, ClassVar

import asyncpg
from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.registry import Facts, handles
from bottega.actions.work import Work
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import CollectionId, ProductId
from bottega.shop.catalogue.errors import HandleTaken, NoSuchCollection, NoSuchProduct
from bottega.shop.catalogue.model import Description, Handle, Title, handle_of

MAXIMUM_PRODUCTS_AT_ONCE = 500

ProductIds = Annotated[tuple[ProductId, ...], Field(min_length=1, max_length=MAXIMUM_PRODUCTS_AT_ONCE)]


class CreateCollection(Action):
    """A new collection, empty."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    title: Title
    handle: Handle | None = None
    description: Description = ""
    published: bool = True


class CollectionChanges(Action):
    """The fields of a collection that may change; absent ones stay."""

    title: Title | None = None
    handle: Handle | None = None
    description: Description | None = None
    published: bool | None = None


class ChangeCollection(CollectionChanges):
    """Changes the named fields of a collection."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    collection_id: CollectionId


class RemoveCollection(Action):
    """Removes a collection; its products stay in the shop."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    collection_id: CollectionId


class AddToCollection(Action):
    """Products after those that are in it; those that are in it already stay where they are."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    collection_id: CollectionId
    product_ids: ProductIds


class RemoveFromCollection(Action):
    """Products that no longer belong to it."""

    groups: ClassVar[tuple[str, ...]] = ("catalogue",)
    collection_id: CollectionId
    product_ids: ProductIds


async def membership_facts(action: AddToCollection | RemoveFromCollection, work: Work) -> Facts:
    """How many products at once."""
    del work
    return {"rows_changed": len(action.product_ids)}


@handles(CreateCollection, undoable=True)
async def create_collection(action: CreateCollection, work: Work) -> dict[str, Any]:
    """One row."""
    collection_id, handle = work.new_id("col"), action.handle or handle_of(action.title)
    try:
        await work.connection.execute(
            "INSERT INTO shop.collections (id, handle, title, description, published) VALUES ($1, $2, $3, $4, $5)",
            collection_id,
            handle,
            action.title,
            action.description,
            action.published,
        )
    except asyncpg.UniqueViolationError as error:
        raise HandleTaken(handle) from error
    return {"collection_id": collection_id, "handle": handle}


@handles(ChangeCollection, undoable=True)
async def change_collection(action: ChangeCollection, work: Work) -> dict[str, Any]:
    """One update of the named columns."""
    changes = {name: getattr(action, name) for name in sorted(action.model_fields_set - {"collection_id"})}
    if not changes or None in changes.values():
        raise Invalid("nothing_changes", "No field is given a value.", next_step="Give the fields to change.")
    columns = ", ".join(f"{name} = ${index}" for index, name in enumerate(changes, start=2))
    try:
        found = await work.connection.fetchval(
            f"UPDATE shop.collections SET {columns} WHERE id = $1 RETURNING id",
            action.collection_id,
            *changes.values(),
        )
    except asyncpg.UniqueViolationError as error:
        raise HandleTaken(action.handle or "") from error
    if found is None:
        raise NoSuchCollection(action.collection_id)
    return {"collection_id": action.collection_id, "changed": list(changes)}


@handles(RemoveCollection, undoable=True)
async def remove_collection(action: RemoveCollection, work: Work) -> dict[str, Any]:
    """Its rows of products, then itself."""
    await work.connection.execute("DELETE FROM shop.collection_products WHERE collection_id = $1", action.collection_id)
    found = await work.connection.fetchval(
        "DELETE FROM shop.collections WHERE id = $1 RETURNING id", action.collection_id
    )
    if found is None:
        raise NoSuchCollection(action.collection_id)
    return {"collection_id": action.collection_id}


@handles(AddToCollection, facts=membership_facts, undoable=True)
async def add_to_collection(action: AddToCollection, work: Work) -> dict[str, Any]:
    """Rows at the end, in the order given."""
    found = await work.connection.fetchval(
        "SELECT id FROM shop.collections WHERE id = $1 FOR UPDATE", action.collection_id
    )
    if found is None:
        raise NoSuchCollection(action.collection_id)
    try:
        added = await work.connection.fetch(_ADD, action.collection_id, list(dict.fromkeys(action.product_ids)))
    except asyncpg.ForeignKeyViolationError as error:
        missing = (error.detail or "").partition("=(")[2].partition(")")[0]
        raise NoSuchProduct(missing) from error
    return {"collection_id": action.collection_id, "added": len(added)}


@handles(RemoveFromCollection, facts=membership_facts, undoable=True)
async def remove_from_collection(action: RemoveFromCollection, work: Work) -> dict[str, Any]:
    """Deletes those rows that are there; `NoSuchProduct` when none of them is."""
    found = await work.connection.fetchval(
        "SELECT id FROM shop.collections WHERE id = $1 FOR UPDATE", action.collection_id
    )
    if found is None:
        raise NoSuchCollection(action.collection_id)
    removed = await work.connection.fetch(
        "DELETE FROM shop.collection_products WHERE collection_id = $1 AND product_id = ANY ($2::text[]) "
        "RETURNING product_id",
        action.collection_id,
        list(action.product_ids),
    )
    if not removed:
        raise NoSuchProduct(action.product_ids[0])
    return {"collection_id": action.collection_id, "removed": len(removed)}


_ADD = """
INSERT INTO shop.collection_products (collection_id, product_id, position)
SELECT $1, t.product_id,
       coalesce((SELECT max(position) + 1 FROM shop.collection_products WHERE collection_id = $1), 0) + t.number - 1
FROM unnest($2::text[]) WITH ORDINALITY AS t (product_id, number)
ON CONFLICT DO NOTHING
RETURNING product_id"""
