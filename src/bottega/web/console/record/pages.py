"""Searching the log, one entry with the rows it changed, undoing it, and proving and exporting all of it."""

import asyncio
import contextlib
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, Response

from bottega.actions.log.entries import LoggedEntry
from bottega.actions.log.export import export_log
from bottega.actions.log.reading import newest_position, search, show
from bottega.actions.log.verify import verify_log
from bottega.actions.registry import registered_handlers
from bottega.actions.undo import UndoEntry
from bottega.entrance.context import back_office_of
from bottega.kernel.errors import Unavailable
from bottega.shop.staff.queries import list_staff
from bottega.web.console.doing import do, made
from bottega.web.console.record.about import about
from bottega.web.console.registry import MANAGERS, PEOPLE, deed, page
from bottega.web.console.who import names_of
from bottega.web.visit import Visit

LOG = "/console/log"
SHOWN = 60
VERIFYING_SECONDS = 120.0
EXPORTING_SECONDS = 300.0


async def show_all(visit: Visit) -> Response:
    """Entries that fit, the newest first."""
    query = visit.request.query_params
    asked = {name: query.get(name, "").replace("\0", "").strip()[:200] for name in ("actor", "action", "object")}
    since, until = _moment(query.get("since", "")), _moment(query.get("until", ""))
    before = query.get("before", "")
    async with visit.read() as connection:
        found = await search(
            connection,
            actor_id=asked["actor"] or None,
            action=asked["action"] or None,
            object_id=asked["object"] or None,
            since=since,
            until=until,
            before_sequence=int(before) if before.isascii() and before.isdecimal() and len(before) < 19 else None,
            limit=SHOWN + 1,
        )
        names = await names_of(connection, [entry.actor_id for entry in found])
        subjects = await about(connection, [entry.id for entry in found[:SHOWN]])
        sealed = await newest_position(connection)
        colleagues = await list_staff(connection, limit=100)
    more = len(found) > SHOWN
    return await visit.page(
        "console/record/log.html",
        private=True,
        entries=found[:SHOWN],
        names=names,
        about=subjects,
        asked=asked,
        since=query.get("since", "") if since else "",
        until=query.get("until", "") if until else "",
        actions=list(registered_handlers()),
        sealed=sealed,
        colleagues=colleagues,
        older=str(found[SHOWN - 1].sequence) if more else "",
        is_narrowed=any(asked.values()) or since is not None or until is not None,
    )


async def show_one(visit: Visit) -> Response:
    """One entry, and whether it can be undone."""
    async with visit.read() as connection:
        entry = await show(connection, visit.request.path_params["entry_id"])
        ids = [entry.actor_id, entry.on_behalf_of, *(change.row_key for change in entry.changes), *_texts(entry)]
        names = await names_of(connection, ids)
        undone_by = await connection.fetchval(_UNDONE_BY, entry.id, entry.sequence)
    handler = registered_handlers().get(entry.action)
    known = {rule.rule_id: rule.description for rule in visit.context.policy.rules_for(entry.action)}
    return await visit.page(
        "console/record/entry.html",
        private=True,
        entry=entry,
        changes=entry.as_record()["changes"],
        names=names,
        rules=[(rule_id, known.get(rule_id, "")) for rule_id in entry.rule_ids],
        undone_by=undone_by,
        is_undoable=handler is not None and handler.undoable and bool(entry.changes) and undone_by is None,
    )


async def undo(visit: Visit) -> Response:
    """Puts back the rows that the entry changed."""
    action = made(UndoEntry, entry_id=visit.request.path_params["entry_id"])
    return await do(visit, action, "Undone: the rows are as they were before.")


async def verify(visit: Visit) -> Response:
    """Hashes every entry again and says what was found."""
    office = back_office_of(visit.context)
    anchor = await asyncio.to_thread(office.anchor.read)
    try:
        async with asyncio.timeout(VERIFYING_SECONDS):
            found = await verify_log(visit.context.database, office.signing_key.public_keys, anchor=anchor)
    except TimeoutError:
        raise Unavailable(
            "verifying_takes_long",
            "This log is too long to be verified by a page.",
            next_step="Use `bottega log verify`.",
        ) from None
    return await visit.page("console/record/verified.html", private=True, found=found)


async def export(visit: Visit) -> Response:
    """All that is sealed as one compressed file, which the independent verifier takes."""
    office, context = back_office_of(visit.context), visit.context
    folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="bottega-export-"))
    name = f"log-{context.clock.now():%Y%m%d-%H%M%S}.jsonl.gz"

    def remove() -> None:
        for path in folder.iterdir():
            path.unlink()
        folder.rmdir()

    try:
        async with asyncio.timeout(EXPORTING_SECONDS):
            await export_log(context.database, folder / name, office.signing_key, context.clock)
    except BaseException:
        with contextlib.suppress(OSError):
            remove()
        raise
    headers = {"Cache-Control": "no-store"}
    return FileResponse(
        folder / name,
        filename=name,
        media_type="application/gzip",
        headers=headers,
        background=BackgroundTask(asyncio.to_thread, remove),
    )


def _texts(entry: LoggedEntry) -> list[str]:
    """Arguments that may be ids."""
    return [value for value in (*entry.arguments.values(), *entry.result.values()) if isinstance(value, str)]


def _moment(text: str) -> datetime | None:
    """A day or a moment (UTC) of a form's field; None when there is none or it is none."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) if text else None
    except ValueError:
        return None


# The undoing of an entry, which is not undone itself.
_UNDONE_BY = """
SELECT u.id FROM log.entries u
WHERE u.action = 'UndoEntry' AND u.sequence > $2 AND u.result ->> 'undone' = $1
ORDER BY u.sequence DESC LIMIT 1"""

PAGES = (
    page("/log", show_all, PEOPLE),
    deed("/log/verification", verify, MANAGERS),
    page("/log/export", export, MANAGERS),
    page("/log/{entry_id}", show_one, PEOPLE),
    deed("/log/{entry_id}/undo", undo, PEOPLE),
)
