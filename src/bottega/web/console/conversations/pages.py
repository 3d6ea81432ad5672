"""The list of conversations, one transcript, and taking over, answering and giving back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from bottega.agents.chat.replies import ChatReply, chat_reply
from bottega.entrance.context import desk_of
from bottega.kernel.errors import Invalid
from bottega.platform.database.pool import Connection
from bottega.runtime.run import Session, Turn
from bottega.runtime.sessions import LONGEST_ID_CHARACTERS, LONGEST_MESSAGE_CHARACTERS, no_such_session
from bottega.web.console.registry import SUPPORT, deed, page
from bottega.web.console.who import names_of
from bottega.web.text_blocks import Block, blocks_of
from bottega.web.visit import Visit, staff_of

LIST = "/console/conversations"
SHOWN = 60
LATEST_TURNS = 60


@dataclass(frozen=True, slots=True)
class Exchange:
    """One exchange as the transcript shows it; `blocks` are the reply's paragraphs and lists."""

    reply: ChatReply
    blocks: list[Block]


async def show_all(visit: Visit) -> Response:
    """Those in which somebody waits first, then the newest."""
    return await _page(visit, None)


async def show_list(visit: Visit) -> Response:
    """The list alone, which an open page asks for again and again."""
    listed = await _listed(visit)
    return await visit.part(
        "console/conversations/list.html",
        **listed,
        now=visit.context.clock.now(),
        chosen=visit.request.query_params.get("chosen", ""),
    )


async def show_one(visit: Visit) -> Response:
    """One conversation with what was said lately."""
    return await _page(visit, _session_id(visit))


async def show_turns(visit: Visit) -> Response:
    """What was said and who answers, again; for an open page."""
    session, turns = await _transcript(visit, _session_id(visit))
    values = await _values(visit, session, turns)
    return await visit.part("console/conversations/transcript.html", **values, now=visit.context.clock.now())


async def take(visit: Visit) -> Response:
    """The colleague answers from now on."""
    session_id = _session_id(visit)
    await desk_of(visit.context).take(session_id, staff_of(visit))
    visit.flash("done", "You have this conversation now; the assistant is silent until you give it back.")
    return visit.redirect(f"{LIST}/{session_id}#say")


async def say(visit: Visit) -> Response:
    """The colleague's words to the customer."""
    form = await visit.form()
    session_id, text = _session_id(visit), form.text("text")
    if not text or len(text) > LONGEST_MESSAGE_CHARACTERS:
        raise Invalid("message_length", f"A message has 1 to {LONGEST_MESSAGE_CHARACTERS:,} characters.")
    await desk_of(visit.context).write(session_id, staff_of(visit), text, form.key)
    return visit.redirect(f"{LIST}/{session_id}#say")


async def give_back(visit: Visit) -> Response:
    """The assistant answers again."""
    session_id = _session_id(visit)
    await desk_of(visit.context).give_back(session_id, staff_of(visit))
    visit.flash("done", "The assistant answers again.")
    return visit.redirect(f"{LIST}/{session_id}")


def _session_id(visit: Visit) -> str:
    session_id: str = visit.request.path_params["session"]
    if len(session_id) > LONGEST_ID_CHARACTERS or not session_id.isprintable():
        raise no_such_session(session_id[:40])
    return session_id


async def _transcript(visit: Visit, session_id: str) -> tuple[Session, Sequence[Turn]]:
    """The conversation with its newest turns."""
    desk = desk_of(visit.context)
    session, turns = await desk.transcript(session_id)
    if session.last_ordinal > LATEST_TURNS:
        session, turns = await desk.transcript(session_id, after=session.last_ordinal - LATEST_TURNS)
    return session, turns


async def _listed(visit: Visit) -> dict[str, Any]:
    rows = await desk_of(visit.context).conversations(limit=SHOWN + 1)
    async with visit.read() as connection:
        names = await names_of(connection, [one for row in rows for one in (row["customer_id"], row["held_by"])])
    return {"listed": rows[:SHOWN], "has_more": len(rows) > SHOWN, "names": names}


async def _values(visit: Visit, session: Session, turns: Sequence[Turn]) -> dict[str, Any]:
    replies = [chat_reply(turn, with_token=False) for turn in turns]
    return {
        "session": session,
        "exchanges": [Exchange(reply, blocks_of(reply.reply)) for reply in replies],
        "is_mine": session.held_by == staff_of(visit).id,
        "is_working": any(reply.state == "working" for reply in replies),
    }


async def _page(visit: Visit, session_id: str | None) -> Response:
    listed = await _listed(visit)
    values: dict[str, Any] = {"session": None, "exchanges": [], "is_mine": False, "is_working": False, "about": None}
    if session_id is not None:
        session, turns = await _transcript(visit, session_id)
        values = await _values(visit, session, turns)
        async with visit.read() as connection:
            values["about"] = await _about(connection, session)
            people = await names_of(connection, [session.principal.customer_id, session.held_by])
        listed["names"] = {**listed["names"], **people}
    return await visit.page(
        "console/conversations/conversations.html",
        private=True,
        **listed,
        **values,
        chosen=session_id or "",
        longest=LONGEST_MESSAGE_CHARACTERS,
    )


async def _about(connection: Connection, session: Session) -> dict[str, Any] | None:
    """Who talks: what the shop knows that helps to answer."""
    row = await connection.fetchrow(_ABOUT, session.principal.customer_id, session.id)
    return None if row is None else dict(row)


_ABOUT = """
SELECT c.id, c.kind, c.created_at,
       (SELECT count(*) FROM shop.orders o WHERE o.customer_id = c.id) AS orders,
       (SELECT jsonb_agg(jsonb_build_object('id', o.id, 'number', o.number, 'status', o.status,
                         'fulfilment_status', o.fulfilment_status, 'total_minor', o.total_minor,
                         'currency', o.currency) ORDER BY o.id DESC)
        FROM (SELECT * FROM shop.orders o WHERE o.customer_id = c.id ORDER BY o.id DESC LIMIT 3) AS o) AS latest,
       (SELECT h.ticket_id FROM runtime.person_calls h WHERE h.session_id = $2 AND h.state <> 'over') AS ticket_id
FROM shop.customers c WHERE c.id = $1"""

PAGES = (
    page("/conversations", show_all, SUPPORT),
    page("/conversations/list", show_list, SUPPORT),
    page("/conversations/{session}", show_one, SUPPORT),
    page("/conversations/{session}/turns", show_turns, SUPPORT),
    deed("/conversations/{session}/takeover", take, SUPPORT),
    deed("/conversations/{session}/messages", say, SUPPORT),
    deed("/conversations/{session}/handback", give_back, SUPPORT),
)
