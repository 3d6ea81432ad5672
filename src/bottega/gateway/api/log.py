"""The action log, for staff: searching it, looking at one entry, and undoing it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Request
from pydantic import AwareDatetime, BaseModel
from starlette.responses import Response

from bottega.actions.log.entries import LoggedEntry
from bottega.actions.log.reading import search, show
from bottega.actions.undo import UndoEntry
from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, answer_with_etag, decode_cursor, page
from bottega.gateway.caller import Staff
from bottega.gateway.problems import responses
from bottega.kernel.errors import Invalid
from bottega.kernel.identifiers import EntryId

router = APIRouter(prefix="/log", tags=["log"])


class Undone(BaseModel):
    """The entry that was undone, and how many rows were put back."""

    undone: str
    action: str
    rows: int


@router.get("", responses={200: {"model": Page[LoggedEntry]}, **responses()})
async def list_all(
    caller: Staff,
    actor_id: Annotated[str | None, Query(max_length=100)] = None,
    action: Annotated[str | None, Query(max_length=80, examples=["ChangePrice"])] = None,
    object_id: Annotated[str | None, Query(max_length=200, description="The key of a row it changed.")] = None,
    since: Annotated[AwareDatetime | None, Query()] = None,
    until: Annotated[AwareDatetime | None, Query(description="Not included.")] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Entries that fit, newest first, without the rows they changed; `position` is null until an entry is sealed."""
    async with caller.context.database.read() as connection:
        found = await search(
            connection,
            actor_id=actor_id,
            action=action,
            object_id=object_id,
            since=since,
            until=until,
            before_sequence=_sequence(decode_cursor(cursor)),
            limit=limit + 1,
        )
    return answer(page([entry.as_record() for entry in found], limit, lambda record: str(record["sequence"])))


@router.get("/{entry_id}", responses={200: {"model": LoggedEntry}, **responses(404)})
async def show_one(request: Request, caller: Staff, entry_id: Annotated[EntryId, Path()]) -> Response:
    """One entry with the rows it changed."""
    async with caller.context.database.read() as connection:
        entry = await show(connection, entry_id)
    return answer_with_etag(request, entry.as_record())


@router.post("/{entry_id}/undo", responses={200: {"model": Undone}, **responses(404, 409)})
async def undo(caller: Staff, entry_id: Annotated[EntryId, Path()]) -> Response:
    """Puts back the rows that the entry changed; refused when somebody changed them since."""
    return await caller.answer(UndoEntry(entry_id=entry_id))


def _sequence(position: str) -> int | None:
    if position and not (position.isdecimal() and len(position) < 19):
        raise Invalid("bad_cursor", "This cursor belongs to another list.", next_step="Begin without a cursor.")
    return int(position) if position else None
