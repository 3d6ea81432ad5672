"""What staff decide about documents: to take one out of use at once, and to put it back."""

from typing import Annotated, Any, ClassVar

from pydantic import Field

from bottega.actions.action import Action
from bottega.actions.registry import handles
from bottega.actions.work import Work
from bottega.kernel.errors import Conflict, NotFound
from bottega.kernel.identifiers import DocumentId


class WithdrawDocument(Action):
    """Takes a document out of use, whatever its file says: nothing of it is quoted any more."""

    groups: ClassVar[tuple[str, ...]] = ("settings",)
    document_id: DocumentId
    reason: Annotated[str, Field(min_length=1, max_length=500, examples=["The period in it is wrong"])]


class RestoreDocument(Action):
    """Puts a withdrawn document into use again, as its file stands now."""

    groups: ClassVar[tuple[str, ...]] = ("settings",)
    document_id: DocumentId


@handles(WithdrawDocument)
async def withdraw_document(action: WithdrawDocument, work: Work) -> dict[str, Any]:
    await _locked(action.document_id, work, withdrawn=False)
    path = await work.connection.fetchval(
        "UPDATE runtime.documents SET state = 'withdrawn', reason = $2 WHERE id = $1 RETURNING path",
        action.document_id,
        action.reason,
    )
    return {"document_id": action.document_id, "path": path, "state": "withdrawn"}


@handles(RestoreDocument)
async def restore_document(action: RestoreDocument, work: Work) -> dict[str, Any]:
    await _locked(action.document_id, work, withdrawn=True)
    row = await work.connection.fetchrow(
        "UPDATE runtime.documents SET state = CASE WHEN version_id IS NULL THEN 'unreadable' ELSE 'current' END, "
        "reason = '' WHERE id = $1 RETURNING path, state",
        action.document_id,
    )
    assert row is not None, "it is locked"
    return {"document_id": action.document_id, "path": row["path"], "state": row["state"]}


async def _locked(document_id: str, work: Work, *, withdrawn: bool) -> None:
    state = await work.connection.fetchval("SELECT state FROM runtime.documents WHERE id = $1 FOR UPDATE", document_id)
    if state is None:
        raise NotFound("no_such_document", f"There is no document {document_id}.", next_step="List the documents.")
    if (state == "withdrawn") is not withdrawn:
        raise Conflict(
            "document_already_so",
            f"Document {document_id} is {state}.",
            next_step="Nothing is left to do." if state == "withdrawn" else "Only a withdrawn document is restored.",
        )
