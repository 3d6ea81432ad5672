"""One process's go at a run: the run in hand, what was noted and not written yet, and how it is written."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import replace

from bottega.platform.clock import Clock
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Json
from bottega.runtime.journal import Answer, Held, Journal, Writing, Written
from bottega.runtime.reply import Reply
from bottega.runtime.run import Phase, RunState, Step, StepState, Usage, Waiting

ONE_STEP = Usage(steps=1)


class Cancelled(Exception):
    """Somebody asked that the run end."""


class Stopped(Exception):
    """Agents of this role are stopped, and it waits for that to end."""


class Going:
    """A held run. Steps are noted in memory and written together at the next boundary to the outside."""

    def __init__(self, journal: Journal, held: Held, context: RunContext, clock: Clock) -> None:
        self.held = held
        self.context = context
        self.more_turns = False
        self._journal = journal
        self._clock = clock
        self._unwritten: dict[int, Step] = {}
        self._faults: dict[int, str] = {}
        self._since = time.monotonic()
        # Steps of a plan may run side by side; their writes go one after another.
        self._writing = asyncio.Lock()

    def note(
        self,
        phase: Phase,
        detail: Mapping[str, Json],
        *,
        name: str = "",
        state: StepState = "done",
        fault: str | None = None,
    ) -> Step:
        """A new step; it stands in the journal with the next write."""
        now = self._clock.now()
        number = len(self.context.steps) + 1
        step = Step(number, phase, name, state, detail, now, None if state in ("intended", "waiting") else now)
        self.context.steps.append(step)
        self._unwritten[number] = step
        if fault is not None:
            self._faults[number] = fault
        self.use(ONE_STEP)
        return step

    def end(self, step: Step, state: StepState, detail: Mapping[str, Json], *, fault: str | None = None) -> Step:
        """A noted step with its outcome."""
        ended = step.ended(state, detail, self._clock.now())
        self.context.steps[step.number - 1] = ended
        self._unwritten[step.number] = ended
        if fault is not None:
            self._faults[step.number] = fault
        return ended

    @property
    def has_changed_something(self) -> bool:
        """Whether steps are unwritten that did something to the shop, or may have."""
        return any(step.phase == "act" and step.detail.get("effect") != "read" for step in self._unwritten.values())

    def forget(self, number: int) -> None:
        """A step that was ended too early: it is not written, and found out anew next time."""
        self._unwritten.pop(number, None)
        self._faults.pop(number, None)

    def use(self, usage: Usage) -> None:
        """Adds to what the run has used."""
        self.context.usage = self.context.usage.plus(usage)

    async def write(
        self,
        state: RunState = "running",
        *,
        waiting: Waiting | None = None,
        reply: Reply | None = None,
        answers: bool = False,
        result: Json = None,
        failure: str | None = None,
        durable: bool = True,
    ) -> Written:
        """Writes what was noted, and what the run is now. Raises `Overtaken`; `Cancelled` and `Stopped` while it still
        runs."""
        async with self._writing:
            written = await self._write(state, waiting, reply, answers, result, failure, durable)
        if written.state == "running" and written.cancelled:
            raise Cancelled(self.context.run.id)
        if written.state == "running" and written.stopped and self.context.role.on_stop == "wait":
            raise Stopped(self.context.run.id)
        return written

    async def _write(
        self,
        state: RunState,
        waiting: Waiting | None,
        reply: Reply | None,
        answers: bool,
        result: Json,
        failure: str | None,
        durable: bool,
    ) -> Written:
        context = self.context
        now = time.monotonic()
        self.use(Usage(active_milliseconds=round(1000 * (now - self._since))))
        self._since = now
        answer = None
        if answers and context.session is not None:
            record = None if reply is None else reply.as_record()
            answer = Answer(record, context.slots, context.handles.as_record(), context.tainted)
        steps = dict(self._unwritten)
        writing = Writing(
            state=state,
            usage=context.usage,
            steps=tuple(steps.values()),
            waiting=waiting,
            result=context.run.result if result is None else result,
            failure=failure,
            answer=answer,
            durable=durable,
            faults=dict(self._faults),
        )
        written_at = self._clock.now()
        written = await self._journal.write(self.held, writing, written_at)
        for number, step in steps.items():
            if self._unwritten.get(number) is step:
                del self._unwritten[number]
                self._faults.pop(number, None)
        context.stopped = written.stopped
        context.run = replace(
            context.run,
            usage=context.usage,
            state=written.state,
            waiting=waiting if written.state == "waiting" else None,
            result=writing.result,
            failure=failure,
            answered_at=context.run.answered_at or (None if answer is None else written_at),
        )
        self.more_turns = self.more_turns or written.more_turns
        return written
