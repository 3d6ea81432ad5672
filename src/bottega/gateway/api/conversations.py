"""Conversations as colleagues see them: who waits for a person, what was said, taking over and giving back."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from bottega.agents.chat.replies import ChatReply, chat_reply
from bottega.entrance.context import desk_of
from bottega.entrance.refusals import BadRequest
from bottega.gateway.answers import DEFAULT_PAGE, LARGEST_PAGE, Page, answer, decode_cursor, page
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Caller, Staff
from bottega.gateway.problems import responses
from bottega.kernel.errors import Forbidden
from bottega.runtime.sessions import LONGEST_ID_CHARACTERS, LONGEST_MESSAGE_CHARACTERS

router = APIRouter(prefix="/conversations", tags=["support"])

SessionPath = Annotated[
    str, Path(min_length=1, max_length=LONGEST_ID_CHARACTERS, pattern="^[!-~]+$", examples=["ses_ada"])
]
# Who talks with customers for the shop.
TALKING_ROLES = frozenset({"owner", "manager", "support"})


class Conversation(BaseModel):
    """A conversation in a list; `handover` is waiting or held while a person is wanted."""

    id: str
    customer_id: str | None
    customer_kind: str | None
    held_by: str | None
    created_at: Any
    last_at: Any
    turns: int
    handover: str | None
    asked_at: Any
    ticket_id: str | None
    last_said: str | None


class ConversationShown(BaseModel):
    """A conversation with its exchanges, oldest first."""

    session: str
    customer_id: str | None
    held_by: str | None
    tainted: bool = Field(description="Whether a third party's text has been before the model.")
    items: list[ChatReply]


class Holding(BaseModel):
    """Who answers in the conversation; null is the assistant."""

    session: str
    held_by: str | None


class StaffMessageBody(RequestBody):
    """A colleague's words to the customer."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_MESSAGE_CHARACTERS, examples=["Hello, this is Ada."])]


@router.get("", responses={200: {"model": Page[Conversation]}, **responses()})
async def list_all(
    caller: Staff,
    waiting: Annotated[bool | None, Query(description="Only those in which a person is wanted or writes.")] = None,
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    limit: Annotated[int, Query(ge=1, le=LARGEST_PAGE)] = DEFAULT_PAGE,
) -> Response:
    """Conversations; those in which somebody waits for a person come first."""
    rows = await desk_of(caller.context).conversations(waiting=waiting, before=decode_cursor(cursor), limit=limit + 1)
    return answer(page(rows, limit, lambda row: row["id"]))


@router.get("/{session}", responses={200: {"model": ConversationShown}, **responses(404)})
async def show(caller: Staff, session: SessionPath, after: Annotated[int, Query(ge=0, le=10**9)] = 0) -> Response:
    """What was said, with what the assistant did for each answer; at most a hundred exchanges after a turn."""
    found, turns = await desk_of(caller.context).transcript(session, after=after)
    return answer(
        {
            "session": found.id,
            "customer_id": found.principal.customer_id,
            "held_by": found.held_by,
            "tainted": found.tainted,
            "items": [chat_reply(turn, with_token=False) for turn in turns],
        }
    )


@router.post("/{session}/takeover", responses={200: {"model": Holding}, **responses(404, 409)})
async def take(caller: Staff, session: SessionPath) -> Response:
    """A colleague answers from now on; the assistant is silent until the conversation is given back."""
    _check_may_talk(caller)
    found = await desk_of(caller.context).take(session, caller.actor)
    return answer({"session": found.id, "held_by": found.held_by})


@router.post("/{session}/messages", status_code=201, responses={201: {"model": Holding}, **responses(404, 409)})
async def write(caller: Staff, session: SessionPath, body: StaffMessageBody) -> Response:
    """Says something to the customer, once per idempotency key."""
    _check_may_talk(caller)
    if caller.key is None:
        raise BadRequest(
            "idempotency_key_missing",
            "A message to a customer needs an Idempotency-Key header.",
            next_step="Send a new random key, and the same one when you repeat the request.",
        )
    await desk_of(caller.context).write(session, caller.actor, body.text, caller.key)
    return answer({"session": session, "held_by": caller.actor.id}, 201)


@router.post("/{session}/handback", responses={200: {"model": Holding}, **responses(404, 409)})
async def give_back(caller: Staff, session: SessionPath) -> Response:
    """The assistant answers again."""
    _check_may_talk(caller)
    found = await desk_of(caller.context).give_back(session, caller.actor)
    return answer({"session": found.id, "held_by": found.held_by})


def _check_may_talk(caller: Caller) -> None:
    if caller.actor.role not in TALKING_ROLES:
        raise Forbidden("not_for_this_role", "Support talks with customers.", next_step="Ask a colleague of support.")
