"""The runtime as the rest of the program sees it: hear a message, start a task, advance, cancel, hand over."""

import asyncio
import contextlib
from collections.abc import Mapping
from types import TracebackType
from typing import Any

from bottega.actions.perform import Performer
from bottega.actions.work import JobQueue
from bottega.kernel.errors import NotFound
from bottega.platform.clock import Clock
from bottega.platform.database.pool import Connection, Database
from bottega.runtime.advance import ADVANCE_JOB, Advancer
from bottega.runtime.confirmation import Confirmations
from bottega.runtime.directing import cancel_run, find_run, retry_run
from bottega.runtime.evidence import Json
from bottega.runtime.guard.detectors import without_secrets
from bottega.runtime.guard.guard import Guard
from bottega.runtime.journal import Journal, insert_run, new_run
from bottega.runtime.models.call import ModelRouter
from bottega.runtime.parts import Listener, Pace, Parts
from bottega.runtime.presence import Presence
from bottega.runtime.role import Role
from bottega.runtime.run import THIRD_PARTY, Principal, Run, Session, Turn
from bottega.runtime.sessions import Heard, Message, Sessions, turn_of
from bottega.runtime.stored_json import storable_text

ANSWER_SECONDS = 60.0
FIRST_LOOK_SECONDS = 0.02
LONGEST_LOOK_SECONDS = 0.25


class Runtime:
    """Runs of all roles, for one process. Use it as a context manager: it holds a presence in the database."""

    def __init__(
        self,
        database: Database,
        performer: Performer,
        router: ModelRouter,
        guard: Guard,
        jobs: JobQueue,
        clock: Clock,
        roles: Mapping[str, Role],
        *,
        nouns: Mapping[str, str] | None = None,
        pace: Pace | None = None,
    ) -> None:
        self._presence = Presence(database.dsn)
        self.sessions = Sessions(database, self._presence)
        self._journal = Journal(database, self._presence)
        self.parts = Parts(
            database=database,
            performer=performer,
            router=router,
            guard=guard,
            journal=self._journal,
            sessions=self.sessions,
            confirmations=Confirmations(database),
            jobs=jobs,
            clock=clock,
            roles=roles,
            nouns=nouns or {},
            pace=pace or Pace(),
        )
        self._advancer = Advancer(self.parts)

    async def __aenter__(self) -> "Runtime":
        await self._presence.__aenter__()
        await self._remember_instructions()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._advancer.close()
        await self._presence.__aexit__(kind, error, trace)

    async def open_session(self, session_id: str, role: str, principal: Principal) -> Session:
        """The conversation of that id, begun if there is none; `Forbidden` when it is somebody else's."""
        self._role(role)
        return await self.sessions.open(session_id, role, principal, self.parts.clock.now())

    async def hear(
        self, message: Message, listener: Listener | None = None, *, wait_seconds: float = ANSWER_SECONDS
    ) -> Turn:
        """Takes a message in, answers it in this process if its turn has come, and gives the turn back.

        The same client message id is one turn, however often it comes. A turn without a reply is still being worked
        on (here or elsewhere), waits behind others, or is a colleague's to answer.
        """
        said = storable_text(without_secrets(message.text))
        heard = await self.sessions.hear(message, said, self.parts.clock.now())
        if heard.held is None or heard.session is None:
            return await self._answered_elsewhere(message.session_id, heard, wait_seconds)
        # The run outlives a client that hangs up.
        going = self._advancer.begin(heard.held, heard.session, listener)
        with contextlib.suppress(TimeoutError):
            run = await asyncio.wait_for(asyncio.shield(going), wait_seconds)
            if run is not None and run.answered:
                return _turn(heard, message, said, run)
        return await self._answered_elsewhere(message.session_id, heard, 0.0)

    async def start(
        self,
        role: str,
        task: Mapping[str, Json],
        principal: Principal,
        *,
        third_party: Mapping[str, Json] | None = None,
        key: str | None = None,
        connection: "Connection | None" = None,
    ) -> Run:
        """Starts back-office work that belongs to no session, by a job; once per key.

        `task` is the shop's own: identifiers, figures, and under `said` the words of who asks; all of it counts as the
        principal's. What a third party wrote (a mail, a ticket) goes into `third_party`, or is read by a tool.
        In the transaction of `connection` if one is given (call the jobs' `wake()` after its commit), else at once.
        """
        self._role(role)
        whole = dict(task) if third_party is None else {**task, THIRD_PARTY: dict(third_party)}
        run = new_run(role, principal, whole, self.parts.clock.now())
        if connection is not None:
            return await self._started(connection, run, key)
        async with self.parts.database.write() as own:
            run = await self._started(own, run, key)
        self.parts.jobs.wake()
        return run

    async def advance(self, run_id: str, listener: Listener | None = None) -> Run | None:
        """Goes on with a run as far as it goes; None when it is not to be had. Safe at any time, anywhere."""
        return await self._advancer.advance(run_id, listener)

    async def find(self, run_id: str) -> Run:
        """The run as it stands; `NotFound`."""
        async with self.parts.database.connection() as connection:
            return await find_run(connection, run_id)

    async def cancel(self, run_id: str, by: str) -> Run:
        """Ends a run before its next step; what it has done stays done. `NotFound`, `Conflict` when it is over."""
        await cancel_run(self.parts.database, self.parts.jobs, run_id, by)
        await self._advancer.advance(run_id)
        return await self.find(run_id)

    async def retry(self, run_id: str) -> Run:
        """Lets a plan that failed go on, and other failed work begin anew; see `retry_run`."""
        return await retry_run(self.parts.database, self.parts.jobs, self.parts.clock, run_id)

    async def hand_over(self, session_id: str, colleague: str | None) -> Session:
        """Gives a conversation to a colleague, who answers from now on; None gives it back to the agent."""
        return await self.sessions.hand_over(session_id, colleague, self.parts.clock.now())

    async def _started(self, connection: Connection, run: Run, key: str | None) -> Run:
        run = await insert_run(connection, run, key)
        if not run.is_final:
            await self.parts.jobs.enqueue(connection, ADVANCE_JOB, {"run_id": run.id}, key=run.id)
        return run

    async def _answered_elsewhere(self, session_id: str, heard: Heard, wait_seconds: float) -> Turn:
        """Looks until the turn is answered, and takes it in hand as soon as nobody else has it."""
        loop = asyncio.get_running_loop()
        until = loop.time() + wait_seconds
        pause = FIRST_LOOK_SECONDS
        while True:
            turn = await self._turn(session_id, heard)
            if turn.answered_at is not None or loop.time() >= until:
                return turn
            run = await asyncio.shield(self._advancer.begin_later(heard.run_id))
            if run is None or not run.answered:
                await asyncio.sleep(min(pause, max(until - loop.time(), 0.0)))
                pause = min(2 * pause, LONGEST_LOOK_SECONDS)

    async def _turn(self, session_id: str, heard: Heard) -> Turn:
        async with self.parts.database.connection() as connection:
            row = await connection.fetchrow(
                "SELECT * FROM runtime.turns WHERE session_id = $1 AND ordinal = $2", session_id, heard.ordinal
            )
        if row is None:
            raise NotFound("forgotten", "This conversation was forgotten.", next_step="Begin a new one.")
        turn = turn_of(row)
        return Turn(**{name: getattr(turn, name) for name in _TURN}, repeated=heard.repeated)

    def _role(self, name: str) -> Role:
        role = self.parts.roles.get(name)
        if role is None:
            known = ", ".join(sorted(self.parts.roles)) or "none"
            raise NotFound("no_such_role", f"There is no role {name[:64]}.", next_step=f"There are: {known}.")
        return role

    async def _remember_instructions(self) -> None:
        """Keeps the texts that runs are instructed with, so that a past prompt can be shown as it was."""
        roles = list(self.parts.roles.values())
        async with self.parts.database.connection() as connection:
            await connection.execute(
                "INSERT INTO runtime.instructions (role, version, text, first_used_at) "
                "SELECT r.*, $4 FROM unnest($1::text[], $2::text[], $3::text[]) AS r ON CONFLICT DO NOTHING",
                [role.name for role in roles],
                [role.version for role in roles],
                [role.instructions for role in roles],
                self.parts.clock.now(),
            )


def _turn(heard: Heard, message: Message, said: str, run: Run) -> Turn:
    """The turn of a run that was answered here: nothing has to be read again."""
    reply: Any = run.result
    return Turn(
        session_id=message.session_id,
        ordinal=heard.ordinal,
        run_id=heard.run_id,
        asked=said,
        reply=reply,
        asked_at=run.created_at,
        answered_at=run.answered_at,
        client_message_id=message.client_message_id,
    )


_TURN = ("session_id", "ordinal", "run_id", "asked", "reply", "asked_at", "answered_at", "client_message_id")
