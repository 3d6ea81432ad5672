"""Tuning the search: words that mean the same, and products that staff put first for a query."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel
from starlette.responses import Response

from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, decode_cursor, page
from bottega.gateway.caller import Staff
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import PinId, SynonymsId
from bottega.shop.catalogue.actions import PinResults, RemoveSynonyms, SetSynonyms, UnpinResults
from bottega.shop.catalogue.tuning import Pin, Synonyms, list_pins, list_synonyms

router = APIRouter(prefix="/search", tags=["catalogue"])

Cursor = Annotated[str | None, Query(max_length=200)]
Limit = Annotated[int, Query(ge=1, le=LARGEST_PAGE)]


class SynonymsSet(BaseModel):
    """The set that was written or taken away."""

    synonyms_id: str
    phrase: str | None = None
    means: list[str] | None = None


class ResultsPinned(BaseModel):
    """The pins that were written or taken away."""

    pin_id: str
    query: str | None = None
    product_ids: list[str] | None = None


@router.get("/synonyms", responses={200: {"model": Page[Synonyms]}, **responses()})
async def synonyms(caller: Staff, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE) -> Response:
    """Words that mean the same to the search."""
    async with caller.context.database.read() as connection:
        rows = await list_synonyms(connection, after=decode_cursor(cursor), limit=limit + 1)
    return answer(page(rows, limit, lambda one: one.id))


@router.put("/synonyms", responses={200: {"model": SynonymsSet}, **responses(409)})
async def set_synonyms(caller: Staff, body: SetSynonyms) -> Response:
    """Set what means the same as a phrase, in place of what was set for it before; counts from the next search on."""
    return await caller.answer(body)


@router.delete("/synonyms/{synonyms_id}", responses={200: {"model": SynonymsSet}, **responses(404)})
async def remove_synonyms(caller: Staff, synonyms_id: Annotated[SynonymsId, Path()]) -> Response:
    """Take a set away."""
    return await caller.answer(RemoveSynonyms(synonyms_id=synonyms_id))


@router.get("/pins", responses={200: {"model": Page[Pin]}, **responses()})
async def pins(caller: Staff, cursor: Cursor = None, limit: Limit = DEFAULT_PAGE) -> Response:
    """Queries with the products that come first for them."""
    async with caller.context.database.read() as connection:
        rows = await list_pins(connection, after=decode_cursor(cursor), limit=limit + 1)
    return answer(page(rows, limit, lambda one: one.id))


@router.put("/pins", responses={200: {"model": ResultsPinned}, **responses(404, 409)})
async def pin(caller: Staff, body: PinResults) -> Response:
    """Put products first for a query, in place of what was pinned for it before; counts from the next search on."""
    return await caller.answer(body)


@router.delete("/pins/{pin_id}", responses={200: {"model": ResultsPinned}, **responses(404)})
async def unpin(caller: Staff, pin_id: Annotated[PinId, Path()]) -> Response:
    """Take the pins of a query away."""
    return await caller.answer(UnpinResults(pin_id=pin_id))
