"""Collections: what staff put together, and the products in them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.entrance.context import ServingContext
from bottega.entrance.identity import identify
from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, answer_with_etag, decode_cursor, page
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import STAFF_ROLES, Context, Staff
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import CollectionId, ProductId
from bottega.shop.catalogue.actions import (
    AddToCollection,
    ChangeCollection,
    CollectionChanges,
    CreateCollection,
    RemoveCollection,
    RemoveFromCollection,
)
from bottega.shop.catalogue.queries import Collection, get_collection, list_collections

router = APIRouter(prefix="/collections", tags=["catalogue"])

CollectionPath = Annotated[CollectionId, Path()]


class Products(RequestBody):
    """Products by their ids."""

    product_ids: Annotated[tuple[ProductId, ...], Field(min_length=1, max_length=500)]


class CollectionChanged(BaseModel):
    """The collection that was made or changed."""

    collection_id: str
    handle: str | None = None
    changed: list[str] | None = None
    added: int | None = None
    removed: int | None = None


@router.get("", responses={200: {"model": Page[Collection]}, **responses()})
async def list_all(
    request: Request,
    context: Context,
    cursor: Annotated[str | None, Query(max_length=400)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Collections by handle; staff also see those that are not published."""
    is_staff = await _is_staff(request, context)
    async with context.database.read() as connection:
        rows = await list_collections(connection, unpublished=is_staff, after=decode_cursor(cursor), limit=limit + 1)
    return answer(page(rows, limit, lambda collection: collection.handle))


@router.get("/{id_or_handle}", responses={200: {"model": Collection}, **responses(404)})
async def show(
    request: Request, context: Context, id_or_handle: Annotated[str, Path(pattern="^[a-z0-9_-]{1,120}$")]
) -> Response:
    """One collection; list its products with the filter `collection`."""
    is_staff = await _is_staff(request, context)
    async with context.database.read() as connection:
        return answer_with_etag(request, await get_collection(connection, id_or_handle, unpublished=is_staff))


@router.post("", status_code=201, responses={201: {"model": CollectionChanged}, **responses(409)})
async def create(caller: Staff, body: CreateCollection) -> Response:
    """A new collection, empty."""
    return await caller.answer(body, status=201)


@router.patch("/{collection_id}", responses={200: {"model": CollectionChanged}, **responses(404, 409)})
async def change(caller: Staff, collection_id: CollectionPath, body: CollectionChanges) -> Response:
    """Other values for the named fields."""
    return await caller.answer(ChangeCollection(collection_id=collection_id, **body.model_dump(exclude_unset=True)))


@router.delete("/{collection_id}", responses={200: {"model": CollectionChanged}, **responses(404)})
async def remove(caller: Staff, collection_id: CollectionPath) -> Response:
    """Remove it; its products stay in the shop."""
    return await caller.answer(RemoveCollection(collection_id=collection_id))


@router.post("/{collection_id}/products", responses={200: {"model": CollectionChanged}, **responses(404)})
async def add_products(caller: Staff, collection_id: CollectionPath, body: Products) -> Response:
    """Products after those that are in it."""
    return await caller.answer(AddToCollection(collection_id=collection_id, product_ids=body.product_ids))


@router.delete(
    "/{collection_id}/products/{product_id}", responses={200: {"model": CollectionChanged}, **responses(404)}
)
async def remove_product(
    caller: Staff, collection_id: CollectionPath, product_id: Annotated[ProductId, Path()]
) -> Response:
    """Take one product out of it."""
    return await caller.answer(RemoveFromCollection(collection_id=collection_id, product_ids=(product_id,)))


async def _is_staff(request: Request, context: ServingContext) -> bool:
    actor = await identify(request, context)
    return actor is not None and actor.kind == "staff" and actor.role in STAFF_ROLES
