"""The documents that the assistant quotes: how fresh they are, what stands in them, and taking one out of use."""

from typing import Any, cast

from starlette.responses import Response

from bottega.entrance.context import back_office_of
from bottega.kernel.errors import Invalid
from bottega.runtime.knowledge.actions import RestoreDocument, WithdrawDocument
from bottega.runtime.knowledge.queries import Standing, get_document, list_documents
from bottega.web.console.doing import do
from bottega.web.console.registry import MANAGERS, PEOPLE, deed, page
from bottega.web.console.work_list import Column, Filter, WorkList, asked_of
from bottega.web.text_blocks import blocks_of
from bottega.web.visit import Visit

PLACE = "/console/knowledge"
STANDINGS = ("citable", "stale", "not_yet_valid", "expired", "withdrawn", "missing", "unreadable")
STANDING = Filter(
    "standing", "Standing", (("", "All"), *((one, one.replace("_", " ").capitalize()) for one in STANDINGS))
)
COLUMNS = (
    Column("Document"),
    Column("Standing"),
    Column("Version"),
    Column("Trust"),
    Column("Passages", is_number=True),
    Column("Cited, 30 days", is_number=True),
    Column("Seen unchanged"),
)


async def show_all(visit: Visit) -> Response:
    """Every document with its standing."""
    asked = asked_of(visit, sorts=("id",), default="id", filters=(STANDING,))
    standing = cast(Standing, asked.chosen["standing"]) or None
    async with visit.read() as connection:
        rows = await list_documents(connection, visit.context.clock.now(), standing=standing, limit=200)
    office = back_office_of(visit.context)
    if asked.text:
        wanted = asked.text.casefold()
        rows = [row for row in rows if wanted in f"{row['title']} {row['path']} {row['source']}".casefold()]
    listed = WorkList(
        "Documents",
        asked,
        COLUMNS,
        rows[asked.offset : asked.offset + asked.limit],
        filters=(STANDING,),
        searches="Title or path",
        nothing="No document has been read yet",
    )
    return await visit.page(
        "console/knowledge/documents.html",
        private=True,
        list=listed,
        folders=[(folder.name, str(folder.root)) for folder in office.knowledge.folders],
        standing=await office.knowledge.standing(),
    )


async def show_one(visit: Visit) -> Response:
    """One document with its versions and passages."""
    async with visit.read() as connection:
        document: dict[str, Any] = await get_document(
            connection, visit.request.path_params["document_id"], visit.context.clock.now()
        )
    passages = [{**passage, "blocks": blocks_of(passage["text"])} for passage in document["text"]]
    return await visit.page("console/knowledge/document.html", private=True, document=document, passages=passages)


async def withdraw(visit: Visit) -> Response:
    """Takes it out of use at once."""
    form = await visit.form()
    values = {"document_id": visit.request.path_params["document_id"], "reason": form.text("reason")}
    action = form.record(WithdrawDocument, values)
    if action is None:
        raise Invalid("reason_missing", "Say why it is withdrawn, in at most 500 characters.")
    return await do(visit, action, "Withdrawn: nothing of it is quoted any more.")


async def restore(visit: Visit) -> Response:
    """Puts it into use again."""
    form = await visit.form()
    action = form.record(RestoreDocument, {"document_id": visit.request.path_params["document_id"]})
    if action is None:
        raise Invalid("no_such_document", "There is no such document.")
    return await do(visit, action, "In use again, as its file stands now.")


async def read_again(visit: Visit) -> Response:
    """Brings every folder up to date now, instead of at the next round."""
    summaries = await back_office_of(visit.context).knowledge.ingest_all()
    rejected = [problem for summary in summaries.values() for problem in summary.rejected]
    visit.flash("done", "Every folder was read again.")
    if rejected:
        visit.flash("error", f"Not read: {rejected[0].path} ({rejected[0].reason})")
    return visit.redirect(PLACE)


PAGES = (
    page("/knowledge", show_all, PEOPLE),
    deed("/knowledge/reading", read_again, MANAGERS),
    page("/knowledge/{document_id}", show_one, PEOPLE),
    deed("/knowledge/{document_id}/withdrawal", withdraw, MANAGERS),
    deed("/knowledge/{document_id}/restoration", restore, MANAGERS),
)
