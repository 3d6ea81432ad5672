"""Documents: what the shop's policies say, which versions of them are known, and what citations point at."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, answer_with_etag, decode_cursor, page
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Context, Staff
from bottega.gateway.problems import responses
from bottega.kernel.identifiers import DocumentId, PassageId
from bottega.runtime.knowledge.actions import RestoreDocument, WithdrawDocument
from bottega.runtime.knowledge.model import DocumentState
from bottega.runtime.knowledge.queries import (
    DocumentShown,
    PassageShown,
    Standing,
    get_document,
    get_passage,
    list_documents,
)

router = APIRouter(tags=["documents"])

DocumentPath = Annotated[DocumentId, Path()]


class WithdrawalBody(RequestBody):
    """Why it is taken out of use."""

    reason: Annotated[str, Field(min_length=1, max_length=500, examples=["The period in it is wrong"])]


class VersionShown(BaseModel):
    """One version of a document as it came."""

    id: str
    number: int
    label: str
    title: str
    language: str
    media_type: str
    trust: str
    size_bytes: int
    valid_from: date | None
    valid_until: date | None
    ingested_at: datetime


class DocumentDetail(DocumentShown):
    """A document with its versions, the newest first, and the passages of that one in their order."""

    versions: list[VersionShown]
    text: list[dict[str, Any]]


class DocumentDecided(BaseModel):
    """The document after the decision."""

    document_id: str
    path: str
    state: DocumentState


@router.get("/documents", responses={200: {"model": Page[DocumentShown]}, **responses()})
async def list_all(
    caller: Staff,
    standing: Annotated[Standing | None, Query()] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Documents, oldest first, each with whether it is cited and why not."""
    now = caller.context.clock.now()
    async with caller.context.database.read() as connection:
        rows = await list_documents(connection, now, standing=standing, after=decode_cursor(cursor), limit=limit + 1)
    return answer(page(rows, limit, lambda row: row["id"]))


@router.get("/documents/{document_id}", responses={200: {"model": DocumentDetail}, **responses(404)})
async def show(caller: Staff, document_id: DocumentPath) -> Response:
    """One document with its versions and passages."""
    async with caller.context.database.read() as connection:
        return answer(await get_document(connection, document_id, caller.context.clock.now()))


@router.post("/documents/{document_id}/withdrawal", responses={200: {"model": DocumentDecided}, **responses(404, 409)})
async def withdraw(caller: Staff, document_id: DocumentPath, body: WithdrawalBody) -> Response:
    """Takes it out of use at once, whatever its file says."""
    return await caller.answer(WithdrawDocument(document_id=document_id, reason=body.reason))


@router.delete(
    "/documents/{document_id}/withdrawal", responses={200: {"model": DocumentDecided}, **responses(404, 409)}
)
async def restore(caller: Staff, document_id: DocumentPath) -> Response:
    """Puts it back into use, as its file stands now."""
    return await caller.answer(RestoreDocument(document_id=document_id))


@router.get("/passages/{passage_id}", responses={200: {"model": PassageShown}, **responses(404)})
async def passage(request: Request, context: Context, passage_id: Annotated[PassageId, Path()]) -> Response:
    """What a citation points at, for anybody; nothing of a withdrawn document or of other people's."""
    async with context.database.read() as connection:
        return answer_with_etag(request, await get_passage(connection, passage_id, context.clock.now()))
