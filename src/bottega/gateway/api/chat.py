"""Conversations with the assistant for customers: saying something, reading back, and following along."""

from collections.abc import AsyncGenerator
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query
from pydantic import BaseModel, Field
from starlette.responses import Response, StreamingResponse

from bottega.agents.chat.events import position_of
from bottega.agents.chat.feed import TooManyWatchers
from bottega.agents.chat.replies import ChatReply, chat_reply
from bottega.agents.chat.service import Said, new_session_id
from bottega.entrance import tokens
from bottega.entrance.context import chat_of
from bottega.gateway.answers import answer
from bottega.gateway.bodies import RequestBody
from bottega.gateway.caller import Customer
from bottega.gateway.chat_limits import LONGEST_WAIT_SECONDS, count_message, too_many_connections
from bottega.gateway.problems import responses
from bottega.kernel.errors import Forbidden, Invalid
from bottega.kernel.identifiers import ProductId
from bottega.runtime.sessions import LONGEST_ID_CHARACTERS, LONGEST_MESSAGE_CHARACTERS

router = APIRouter(prefix="/chat", tags=["chat"])

SessionPath = Annotated[
    str, Path(min_length=1, max_length=LONGEST_ID_CHARACTERS, pattern="^[!-~]+$", examples=["ses_ada"])
]


class EventStream(StreamingResponse):
    """Server-sent events."""

    media_type = "text/event-stream"


class MessageBody(RequestBody):
    """What is said, or the token of a confirmation's button. The same client message id is one message."""

    text: Annotated[str, Field(max_length=LONGEST_MESSAGE_CHARACTERS, examples=["a warm jacket under 150 euro"])] = ""
    client_message_id: Annotated[str | None, Field(min_length=1, max_length=LONGEST_ID_CHARACTERS)] = None
    token: Annotated[str | None, Field(min_length=1, max_length=100)] = None
    declined: bool = False
    product_id: Annotated[ProductId | None, Field(description="The product on the page from which it is said.")] = None
    wait_seconds: Annotated[float, Field(ge=0, le=LONGEST_WAIT_SECONDS)] = LONGEST_WAIT_SECONDS


class GuestTokenBody(RequestBody):
    """The token of the guest whose conversation it was until now."""

    guest_token: Annotated[str, Field(min_length=1, max_length=tokens.LONGEST_TOKEN_CHARACTERS)]


class ChatSession(BaseModel):
    """A conversation; keep the id, and the token that you began it with."""

    session: str
    turns: int
    signed_in: bool
    held_by_person: bool


class Transcript(BaseModel):
    """Exchanges of a conversation, oldest first."""

    items: list[ChatReply]


@router.post("", status_code=201, responses={201: {"model": ChatSession}, **responses(409)})
async def begin(caller: Customer) -> Response:
    """Begins a conversation under a new id; one's own id may be used as well, by saying something in it."""
    chat = chat_of(caller.context)
    session = await chat.enter(new_session_id(), caller.actor)
    return answer(await chat.standing(session), 201)


@router.get("/{session}", responses={200: {"model": ChatSession}, **responses(404)})
async def show(caller: Customer, session: SessionPath) -> Response:
    """How the conversation stands."""
    chat = chat_of(caller.context)
    return answer(await chat.standing(await chat.look(session, caller.actor)))


@router.post("/{session}/messages", responses={200: {"model": ChatReply}, **responses(404, 409)})
async def say(caller: Customer, session: SessionPath, body: MessageBody) -> Response:
    """Says something and waits for the answer; without one in time, it is read from the transcript."""
    count_message(caller.context, session)
    key = body.client_message_id or caller.key
    said = Said(body.text, key, body.token, body.declined, body.product_id)
    turn = await chat_of(caller.context).say(session, caller.actor, said, wait_seconds=body.wait_seconds)
    return answer(chat_reply(turn))


@router.get("/{session}/messages", responses={200: {"model": Transcript}, **responses(404)})
async def transcript(
    caller: Customer, session: SessionPath, after: Annotated[int, Query(ge=0, le=10**9)] = 0
) -> Response:
    """What was said after a turn, at most a hundred exchanges."""
    turns = await chat_of(caller.context).transcript(session, caller.actor, after=after)
    return answer({"items": [chat_reply(turn) for turn in turns]})


@router.post("/{session}/identity", responses={200: {"model": ChatSession}, **responses(404, 409)})
async def sign_in(caller: Customer, session: SessionPath, body: GuestTokenBody) -> Response:
    """A guest's conversation becomes that of the account that has signed in meanwhile, with the guest's cart."""
    context = caller.context
    if caller.actor.role == "guest":
        raise Forbidden("account_needed", "A guest is nobody to become.", next_step="Sign in first.")
    guest_id = tokens.guest_of(context.token_key, body.guest_token, context.clock.now())
    if guest_id is None:
        raise Invalid("bad_guest_token", "This is no guest's token.", next_step="Send the one that began it.")
    chat = chat_of(context)
    return answer(await chat.standing(await chat.sign_in(session, caller.actor, guest_id)))


@router.get(
    "/{session}/events",
    response_class=EventStream,
    responses={
        200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}, "description": "AG-UI events"},
        **responses(404),
    },
)
async def events(
    caller: Customer,
    session: SessionPath,
    last_event_id: Annotated[str | None, Header(max_length=40)] = None,
) -> Response:
    """The conversation as server-sent AG-UI events, from after the last one seen; for clients without WebSocket."""
    chat, seconds = chat_of(caller.context), caller.context.event_stream_seconds
    await chat.look(session, caller.actor)

    async def stream() -> AsyncGenerator[bytes]:
        async with chat.feed.watching(session) as watcher:
            position = position_of(last_event_id)
            async for event in chat.follow(session, caller.actor, watcher, position, seconds=seconds):
                number = (event.metadata or {}).get("event_id")
                head = f"id: {number}\n" if number else ""
                yield f"{head}data: {event.model_dump_json(by_alias=True)}\n\n".encode()

    try:
        chat.feed.check(session)
    except TooManyWatchers as error:
        raise too_many_connections() from error
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return EventStream(stream(), headers=headers)
