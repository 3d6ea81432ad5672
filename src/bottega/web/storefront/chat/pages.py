"""Talking with the assistant: the panel and its script, and a page for browsers without scripts."""

import re

from starlette.responses import JSONResponse, Response

from bottega.agents.chat.replies import chat_reply
from bottega.agents.chat.service import Said
from bottega.entrance.context import chat_of
from bottega.kernel.errors import Invalid, NotFound, Refusal
from bottega.runtime.sessions import LONGEST_MESSAGE_CHARACTERS
from bottega.web.faces import get, post
from bottega.web.forms import Form
from bottega.web.storefront.chat.conversation import exchanges, open_session, session_of, shown
from bottega.web.visit import Visit
from bottega.web.wording import for_shoppers

_PRODUCT_ID = re.compile(r"prd_[0-7][0-9a-hjkmnp-tv-z]{25}")
PERSON = "I would like to talk to a person."


async def page(visit: Visit) -> Response:
    """The conversation on a page of its own."""
    return await visit.page("storefront/chat/page.html", private=True, exchanges=await exchanges(visit), person=PERSON)


async def panel(visit: Visit) -> Response:
    """The conversation for the panel that has just been opened."""
    return await visit.part(
        "storefront/chat/conversation.html",
        exchanges=await exchanges(visit),
        session=session_of(visit),
        person=PERSON,
    )


async def begin(visit: Visit) -> Response:
    """The conversation's id, for the script that connects to it."""
    session = await open_session(visit)
    return JSONResponse({"session": session}, headers={"Cache-Control": "no-store"})


async def say(visit: Visit) -> Response:
    """Says something and waits for the answer: for browsers without scripts, and when the connection fails."""
    form = await visit.form()
    session = await open_session(visit)
    visit.context.rate_limits.count_chat_message(session)
    turn = await chat_of(visit.context).say(session, visit.shopper(), _said(form))
    if visit.is_partial:
        return await visit.part("storefront/chat/exchanges.html", exchanges=await shown(visit, [chat_reply(turn)]))
    return visit.redirect("/chat#newest")


async def turn(visit: Visit) -> Response:
    """One exchange as it stands now, for the script that has followed it."""
    number = visit.request.path_params["number"]
    if not (number.isascii() and number.isdecimal() and len(number) < 9 and int(number) > 0):
        raise NotFound("no_such_turn", "There is no such exchange.")
    found = await exchanges(visit, after=int(number) - 1)
    return await visit.part("storefront/chat/exchanges.html", exchanges=found[:1])


async def say_or_explain(visit: Visit) -> Response:
    """The same as saying; what is refused is told in the conversation's own place."""
    try:
        return await say(visit)
    except Refusal as refusal:
        if not visit.is_partial:
            raise
        return await visit.part("storefront/chat/refused.html", words=for_shoppers(refusal))


def _said(form: Form) -> Said:
    text = form.exact("text").strip()
    token = form.optional("token")
    if not text and token is None:
        raise Invalid("nothing_said", "Please write something first.")
    product_id = form.text("product_id")
    known = product_id if _PRODUCT_ID.fullmatch(product_id) else None
    return Said(text[:LONGEST_MESSAGE_CHARACTERS], form.key, token, form.is_ticked("declined"), known)


PAGES = (
    get("/chat", page),
    get("/chat/panel", panel),
    post("/chat/sessions", begin),
    post("/chat/messages", say_or_explain),
    get("/chat/turns/{number}", turn),
)
