"""Categories: the tree for shoppers, and how staff keep it."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from pydantic import BaseModel
from starlette.responses import Response

from bottega.gateway.answers import answer_with_etag
from bottega.gateway.caller import Context, Staff
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import CategoryId
from bottega.shop.catalogue.actions import CategoryChanges, ChangeCategory, CreateCategory, RemoveCategory
from bottega.shop.catalogue.queries import Category, list_categories

router = APIRouter(prefix="/categories", tags=["catalogue"])

CategoryIdPath = Annotated[CategoryId, Path()]


class CategoryChanged(BaseModel):
    """The category that was made or changed."""

    category_id: str
    path: str


@router.get("", responses={200: {"model": list[Category]}, **responses()})
async def list_all(request: Request, context: Context) -> Response:
    """The whole tree, by path."""
    async with context.database.read() as connection:
        return answer_with_etag(request, await list_categories(connection))


@router.post("", status_code=201, responses={201: {"model": CategoryChanged}, **responses(404, 409)})
async def create(caller: Staff, body: CreateCategory) -> Response:
    """A category below one that exists, or at the top."""
    return await caller.answer(body, status=201)


@router.patch("/{category_id}", responses={200: {"model": CategoryChanged}, **responses(404, 409)})
async def change(caller: Staff, category_id: CategoryIdPath, body: CategoryChanges) -> Response:
    """Another title, or another place; what stands below it moves along."""
    return await caller.answer(ChangeCategory(category_id=category_id, **body.model_dump(exclude_unset=True)))


@router.delete("/{category_id}", responses={200: {"model": CategoryChanged}, **responses(404, 409)})
async def remove(caller: Staff, category_id: CategoryIdPath) -> Response:
    """Remove an empty one."""
    return await caller.answer(RemoveCategory(category_id=category_id))
