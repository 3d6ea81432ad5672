"""Conversations as the ways in see them: who may talk where, what is said, what is shown, and who holds it."""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ag_ui.core import BaseEvent, CustomEvent, StateSnapshotEvent

from bottega.actions.actor import Actor
from bottega.actions.perform import Performer
from bottega.agents.chat import handover
from bottega.agents.chat.events import activity_event, events_after
from bottega.agents.chat.feed import Feed, Watcher
from bottega.agents.chat.identification import find_identification, identify, is_account
from bottega.agents.chat.on_screen import ON_SCREEN
from bottega.kernel.errors import Conflict, Forbidden
from bottega.kernel.identifiers import new_id
from bottega.runtime.engine import ANSWER_SECONDS, Runtime
from bottega.runtime.evidence import Json
from bottega.runtime.parts import Listener
from bottega.runtime.run import Principal, Session, Turn
from bottega.runtime.sessions import Message, no_such_session

TURNS_SHOWN = 100
HEARTBEAT_SECONDS = 20.0
Started = Callable[[], Awaitable[Runtime]]


@dataclass(frozen=True, slots=True)
class Said:
    """What somebody says in a conversation, or which button they press."""

    text: str = ""
    client_message_id: str | None = None
    token: str | None = None
    declined: bool = False
    product_id: str | None = None
    """The product on the page from which it is said: what "this one" means there."""


class Chat:
    """Conversations with the assistant, for one process."""

    def __init__(self, started: Started, performer: Performer, feed: Feed, role: str) -> None:
        self._started = started
        self._performer = performer
        self._role = role
        self.feed = feed

    async def enter(self, session_id: str, caller: Actor) -> Session:
        """The conversation, begun if there is none of that id; `Forbidden` for anybody but the one who talks in it."""
        runtime = await self._started()
        session = await runtime.sessions.find(session_id)
        if session is None:
            principal = Principal("customer", caller.id, caller.id)
            return await runtime.open_session(session_id, self._role, principal)
        await self._check(session, caller)
        return session

    async def look(self, session_id: str, caller: Actor) -> Session:
        """The conversation, which has to be there."""
        session = await (await self._started()).sessions.find(session_id)
        if session is None:
            raise no_such_session(session_id)
        await self._check(session, caller)
        return session

    async def say(
        self,
        session_id: str,
        caller: Actor,
        said: Said,
        listener: Listener | None = None,
        *,
        wait_seconds: float = ANSWER_SECONDS,
    ) -> Turn:
        """Says something and waits for the answer; a turn without a reply is a colleague's, or still worked on."""
        await self.enter(session_id, caller)
        runtime = await self._started()
        on_screen = None if said.product_id is None else {ON_SCREEN: {"product_id": said.product_id}}
        message = Message(session_id, said.text, said.client_message_id, said.token, said.declined, on_screen)
        try:
            return await runtime.hear(message, listener, wait_seconds=wait_seconds)
        finally:
            self.feed.touch(session_id)

    async def transcript(self, session_id: str, caller: Actor, *, after: int = 0) -> Sequence[Turn]:
        """Turns after an ordinal, oldest first, at most a hundred."""
        await self.look(session_id, caller)
        return await (await self._started()).sessions.transcript(session_id, after=after, limit=TURNS_SHOWN)

    async def standing(self, session: Session) -> dict[str, Json]:
        """How the conversation stands, for whoever talks in it."""
        async with self._performer.database.read() as connection:
            signed_in = await is_account(connection, session.principal.customer_id)
        return {
            "session": session.id,
            "turns": session.last_ordinal,
            "signed_in": signed_in,
            "held_by_person": session.held_by is not None,
        }

    async def follow(
        self, session_id: str, caller: Actor, watcher: Watcher, position: tuple[int, int], *, seconds: float | None
    ) -> AsyncGenerator[BaseEvent]:
        """Everything after a position and then whatever comes, until the time is over; `Forbidden` when the caller may
        no longer look."""
        loop = asyncio.get_running_loop()
        until = None if seconds is None else loop.time() + seconds
        standing: Any = None
        while until is None or loop.time() < until:
            watcher.changed.clear()
            session = await self.look(session_id, caller)
            while turns := await self.transcript(session_id, caller, after=max(position[0] - 1, 0)):
                before = position
                for at, event in events_after(turns, position):
                    position = at
                    yield event
                if position == before:
                    break
            for activity in watcher.taken():
                yield activity_event(activity)
            stands = await self.standing(session)
            if stands != standing:
                standing = stands
                yield StateSnapshotEvent(snapshot=stands)
            left = HEARTBEAT_SECONDS if until is None else min(HEARTBEAT_SECONDS, max(until - loop.time(), 0))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(left):
                    await watcher.changed.wait()
            if not watcher.changed.is_set():
                yield CustomEvent(name="heartbeat", value={})

    async def sign_in(self, session_id: str, account: Actor, guest_id: str) -> Session:
        """The guest's conversation becomes the account's who has just signed in; once, and never back."""
        runtime = await self._started()
        session = await runtime.sessions.find(session_id)
        if session is None:
            raise no_such_session(session_id)
        if session.principal.id != guest_id or account.kind != "customer" or account.role == "guest":
            raise not_yours()
        await identify(self._performer, session_id, guest_id, account.id, "session")
        self.feed.touch(session_id)
        return await self.look(session_id, account)

    async def _check(self, session: Session, caller: Actor) -> None:
        """Whoever began it, and the account that it has become, for as long as the proof of that holds."""
        if caller.kind != "customer" or session.role != self._role:
            raise not_yours()
        principal = session.principal
        if caller.id == principal.customer_id:
            return
        if caller.id != principal.id:
            raise not_yours()
        async with self._performer.database.read() as connection:
            proven = await find_identification(connection, session.id)
        if proven is not None and proven.expires_at <= self._performer.clock.now():
            raise Forbidden(
                "identification_over",
                "Too long ago somebody proved who they are here.",
                next_step="Sign in, or begin a new conversation.",
            )


class Desk:
    """The same conversations as colleagues see them: who waits, what was said, and taking over."""

    def __init__(self, started: Started, performer: Performer, feed: Feed, role: str) -> None:
        self._started = started
        self._performer = performer
        self._feed = feed
        self._role = role

    async def conversations(
        self, *, waiting: bool | None = None, before: str = "", limit: int = 50
    ) -> list[dict[str, Any]]:
        """Conversations, those in which somebody waits first, then the newest."""
        async with self._performer.database.read() as connection:
            rows = await connection.fetch(_CONVERSATIONS, self._role, waiting, before, min(limit, 200))
        return [dict(row) for row in rows]

    async def transcript(self, session_id: str, *, after: int = 0) -> tuple[Session, Sequence[Turn]]:
        """The conversation with its turns after an ordinal."""
        session = await self._session(session_id)
        sessions = (await self._started()).sessions
        return session, await sessions.transcript(session_id, after=after, limit=TURNS_SHOWN)

    async def take(self, session_id: str, colleague: Actor) -> Session:
        """A colleague answers from now on, and the assistant is silent; `Conflict` when another one has it."""
        await self._session(session_id)
        now = self._performer.clock.now()
        async with self._performer.database.write() as connection:
            await handover.take(connection, session_id, colleague.id, now)
        held = await (await self._started()).hand_over(session_id, colleague.id)
        self._feed.touch(session_id)
        return held

    async def write(self, session_id: str, colleague: Actor, text: str, message_id: str) -> None:
        """A colleague's words, once per message id; only whoever has the conversation may write in it."""
        session = await self._session(session_id)
        if session.held_by != colleague.id:
            raise _not_held()
        sessions = (await self._started()).sessions
        reply: dict[str, Json] = {
            "text": text,
            "said": text,
            "author": {"kind": "staff", "id": colleague.id},
            "level": "person",
        }
        said = await sessions.say(session_id, f"staff:{colleague.id}:{message_id}", reply, self._performer.clock.now())
        if not said:
            raise Conflict(
                "answer_under_way",
                "The assistant is still answering.",
                next_step="Write again in a moment.",
            )
        self._feed.touch(session_id)

    async def give_back(self, session_id: str, colleague: Actor) -> Session:
        """The assistant answers again."""
        session = await self._session(session_id)
        if session.held_by not in (colleague.id, None) and colleague.role not in ("owner", "manager"):
            raise _not_held()
        async with self._performer.database.write() as connection:
            await handover.end(connection, session_id, self._performer.clock.now())
        given = await (await self._started()).hand_over(session_id, None)
        self._feed.touch(session_id)
        return given

    async def _session(self, session_id: str) -> Session:
        session = await (await self._started()).sessions.find(session_id)
        if session is None or session.role != self._role:
            raise no_such_session(session_id)
        return session


def not_yours() -> Forbidden:
    return Forbidden(
        "not_your_session", "This conversation belongs to somebody else.", next_step="Begin a new conversation."
    )


def new_session_id() -> str:
    """An id that nobody guesses."""
    return new_id("ses")


def _not_held() -> Conflict:
    return Conflict("not_held", "You do not have this conversation.", next_step="Take it first.")


_CONVERSATIONS = """
SELECT s.id, s.customer_id, c.kind AS customer_kind, s.held_by, s.created_at, s.last_at, s.last_ordinal AS turns,
       h.state AS handover, h.asked_at, h.ticket_id,
       (SELECT left(t.asked, 200) FROM runtime.turns t
        WHERE t.session_id = s.id AND t.asked IS NOT NULL ORDER BY t.ordinal DESC LIMIT 1) AS last_said
FROM runtime.sessions s
LEFT JOIN runtime.person_calls h ON h.session_id = s.id AND h.state <> 'over'
LEFT JOIN shop.customers c ON c.id = s.customer_id
WHERE s.role = $1 AND ($2::boolean IS NULL OR (h.id IS NOT NULL) = $2) AND ($3 = '' OR s.id < $3)
ORDER BY h.asked_at NULLS LAST, s.id DESC LIMIT $4"""
