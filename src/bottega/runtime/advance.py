"""advance(): takes a run in hand and executes its next phases, each journalled before the next one begins."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from typing import Any

import structlog

from bottega.kernel.errors import Refusal, Unavailable
from bottega.platform.database.connection_loss import is_connection_loss
from bottega.platform.jobs.outcome import describe
from bottega.platform.telemetry import span_of
from bottega.runtime import semantic_names as names
from bottega.runtime.contexts import context_of_run, context_of_turn
from bottega.runtime.going import Cancelled, Going, Stopped
from bottega.runtime.journal import Held, Overtaken, Writing
from bottega.runtime.loop.answer import safe_reply
from bottega.runtime.model_driven import ModelDriven
from bottega.runtime.parts import Listener, Parts
from bottega.runtime.reply import ReplyFault
from bottega.runtime.run import Run, RunState, Session, Waiting
from bottega.runtime.workflow_driven import WorkflowDriven

ADVANCE_JOB = "runtime.advance"
CLOSING_SECONDS = 5.0
LOST_DATABASE_TRIES = 5

_log = structlog.get_logger(__name__)


class Advancer:
    """Advances runs for one process; the same code behind jobs and behind a web process that wants its answer now."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._in_hand: set[str] = set()
        self._tasks: set[asyncio.Task[Run | None]] = set()

    async def advance(self, run_id: str, listener: Listener | None = None) -> Run | None:
        """Takes the run if it may be advanced and goes on until it is final or waits.

        Safe to call any number of times, anywhere: whoever does not get the run does nothing, and gets None.
        """
        if run_id in self._in_hand:
            return None
        self._in_hand.add(run_id)
        try:
            held = await self._parts.journal.claim(run_id, self._parts.clock.now())
            if held is None:
                return None
            return await self._go(held, None, listener)
        finally:
            self._in_hand.discard(run_id)

    def begin(self, held: Held, session: Session, listener: Listener | None = None) -> "asyncio.Task[Run | None]":
        """Goes on with a turn that this process has just heard and holds, in a task that outlives whoever waits."""
        return self._task(self._answer(held, session, listener), held.run.id)

    def begin_later(self, run_id: str) -> "asyncio.Task[Run | None]":
        """`advance` in a task that outlives whoever waits."""
        return self._task(self.advance(run_id), run_id)

    async def _answer(self, held: Held, session: Session, listener: Listener | None) -> Run | None:
        self._in_hand.add(held.run.id)
        try:
            return await self._go(held, session, listener)
        finally:
            self._in_hand.discard(held.run.id)

    def _task(self, work: Coroutine[Any, Any, Run | None], run_id: str) -> "asyncio.Task[Run | None]":
        task = asyncio.create_task(work, name=f"advance {run_id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """Lets what this process has begun come to its next pause, for a little while."""
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=CLOSING_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def in_background(self, run_id: str, *, after_seconds: float = 0.0, tries: int = 1) -> None:
        """Advances a run without anybody waiting for it here."""
        self._task(self._later(run_id, after_seconds, tries), run_id)

    async def _later(self, run_id: str, after_seconds: float, tries: int) -> Run | None:
        await asyncio.sleep(after_seconds)
        try:
            return await self.advance(run_id)
        except Exception as error:  # noqa: BLE001 - the sweeper looks after the run when this process cannot
            _log.warning("run_left_to_others", run_id=run_id, error=type(error).__name__)
            if tries > 1:
                self.in_background(run_id, after_seconds=2 * (after_seconds or 0.5), tries=tries - 1)
            return None

    async def _go(self, held: Held, session: Session | None, listener: Listener | None) -> Run | None:
        run = held.run
        attributes = {names.OPERATION: names.INVOKE_AGENT, names.AGENT_NAME: run.role, names.RUN_ID: run.id}
        if run.session_id is not None:
            attributes[names.CONVERSATION_ID] = run.session_id
        with span_of(f"{names.INVOKE_AGENT} {run.role}", attributes) as span:
            try:
                going = await self._advanced(held, session, listener)
            except Overtaken:
                return None
            except Exception as error:
                if is_connection_loss(error):
                    # It is still marked as in our hands; nobody else takes it while this process lives.
                    self.in_background(run.id, after_seconds=1.0, tries=LOST_DATABASE_TRIES)
                raise
            span.set_attribute(names.INPUT_TOKENS, going.context.usage.input_tokens)
            span.set_attribute(names.OUTPUT_TOKENS, going.context.usage.output_tokens)
            span.set_attribute(names.COST_MICROS, going.context.usage.cost_micros)
        return await self._afterwards(going)

    async def _advanced(self, held: Held, session: Session | None, listener: Listener | None) -> Going:
        parts = self._parts
        try:
            context = await (context_of_run(parts, held) if session is None else context_of_turn(parts, held, session))
        except Refusal:
            # This process does not know the role, say: the run waits for one that does.
            waiting = Waiting("retry", until=parts.clock.now() + parts.pace.look_again)
            await parts.journal.write(held, Writing("waiting", held.run.usage, waiting=waiting), parts.clock.now())
            raise
        going = Going(parts.journal, held, context, parts.clock)
        try:
            if held.run.cancelled:
                raise Cancelled(held.run.id)
            if context.role.plan is None:
                await ModelDriven(parts, going, listener).go()
            else:
                await WorkflowDriven(parts, going).go()
        except (Overtaken, asyncio.CancelledError):
            raise
        except Cancelled:
            await self._end(going, "cancelled", "cancelled", "cancelled")
        except Stopped:
            until = parts.clock.now() + parts.pace.look_again
            await going.write("waiting", waiting=Waiting("stop_switch", until=until))
        except Unavailable as error:
            await self._away(going, error)
        except Exception as error:
            if is_connection_loss(error):
                raise
            # Its message may quote what somebody said: of a bug only kind and place go to the log.
            _log.error("run_failed", run_id=held.run.id, error=describe(error))
            await self._end(going, "failed", "error", type(error).__name__)
        return going

    async def _away(self, going: Going, error: Unavailable) -> None:
        """Something that the run needs is away: a conversation is told so, other work is tried again for a while."""
        parts, run = self._parts, going.context.run
        _log.warning("run_put_off", run_id=run.id, code=error.code)
        now = parts.clock.now()
        if run.session_id is not None or now - run.created_at > parts.pace.patience:
            await self._end(going, "failed", "unavailable", error.code)
            return
        until = now + timedelta(seconds=error.retry_after_seconds or parts.pace.put_off_seconds)
        await going.write("waiting", waiting=Waiting("retry", until=until))

    async def _end(self, going: Going, state: RunState, fault: ReplyFault, failure: str) -> None:
        """Ends the run before its time, and answers the turn so that the conversation can go on."""
        context = going.context
        if context.run.session_id is None or context.run.answered:
            await going.write(state, failure=failure)
            return
        reply = safe_reply(context, fault)
        going.note("log", {"reply": reply.as_record(), "fault": fault}, fault=fault)
        await going.write(state, reply=reply, answers=True, result=reply.as_record(), failure=failure)

    async def _afterwards(self, going: Going) -> Run:
        """The next turn of the session, the parent that waits, and whoever learns from runs."""
        context, parts = going.context, self._parts
        run = context.run
        if going.more_turns and run.session_id is not None and run.turn is not None:
            following = await parts.sessions.next_run(run.session_id, run.turn)
            if following is not None:
                self.in_background(following)
        if run.is_final and run.parent_ids:
            async with parts.database.write() as connection:
                await parts.journal.signal(connection, run.parent_ids[:1])
                await parts.jobs.enqueue(connection, ADVANCE_JOB, {"run_id": run.parent_ids[0]}, key=run.parent_ids[0])
            parts.jobs.wake()
        if run.is_final:
            for told in context.role.after_run:
                try:
                    await told.after_run(context)
                except Refusal as refusal:
                    _log.warning("after_run_failed", run_id=run.id, code=refusal.code)
        return run
