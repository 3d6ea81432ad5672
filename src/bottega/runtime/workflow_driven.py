"""Runs whose plan is code: each step is journalled under its label, and answered from the journal from then on."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import assert_never

from bottega.actions.action import Action
from bottega.actions.outcome import Done
from bottega.kernel.errors import Conflict, Invalid, NotFound, Refusal, Unavailable
from bottega.ports.chat_model import ChatRequest, SystemMessage, UserMessage
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Json
from bottega.runtime.going import Going, Stopped
from bottega.runtime.journal import insert_run, new_run
from bottega.runtime.loop.decide import model_call, of_routed
from bottega.runtime.model_driven import usage_of
from bottega.runtime.parts import Parts
from bottega.runtime.run import FINAL_STATES, Step, Usage, Waiting
from bottega.runtime.settled import settled
from bottega.runtime.tool import Awaiting, Refused, ToolCall
from bottega.runtime.tools.performing import perform_for
from bottega.runtime.workflow import Acted, ChildFailed, ChildOutcome, FailurePolicy

LONGEST_LABEL_CHARACTERS = 100
ADVANCE_JOB = "runtime.advance"


class Suspended(BaseException):
    """Leaves a plan that has to wait. Not an `Exception`, so that a plan's own `except` does not swallow it."""

    def __init__(self, waiting: Waiting) -> None:
        super().__init__(waiting.what)
        self.waiting = waiting


class WorkflowDriven:
    """Runs one plan as far as it goes; it is the `Workflow` that the plan is given."""

    def __init__(self, parts: Parts, going: Going) -> None:
        self._parts = parts
        self._going = going
        self._used: set[str] = set()

    @property
    def context(self) -> RunContext:
        return self._going.context

    async def go(self) -> None:
        """Until the plan ends or waits. A refusal that the plan lets through fails the run, with its code."""
        plan = self.context.role.plan
        assert plan is not None, "this role has a plan"
        await self._going.write(durable=False)
        try:
            result = await plan(self)
        except Suspended as suspended:
            await self._going.write("waiting", waiting=suspended.waiting)
            return
        except Unavailable as error:
            await self._again(error)
            return
        except Refusal as refusal:
            self._going.note("log", {"failure": refusal.as_record()}, fault="refused")
            await self._going.write("failed", failure=refusal.code)
            return
        self._going.note("log", {"result": result})
        await self._going.write("done", result={} if result is None else result)

    async def step(self, label: str, work: Callable[[], Awaitable[Json]]) -> Json:
        known = self._known(label)
        if known is not None:
            return known.detail["value"]
        value = await work()
        self._going.note("observe", {"value": value}, name=label)
        await self._going.write(durable=False)
        return value

    async def act(self, label: str, action: Action) -> Acted:
        known = self._known(label)
        if known is None:
            call = ToolCall(label, action.action_name(), {}, f"{self.context.run.id}:{label}")
            outcome = await perform_for(action, call, self.context)
            self._going.use(Usage(tool_calls=1))
            known = self._note_outcome(label, outcome)
            await self._going.write()
        if known.state == "waiting":
            known = await self._decided(known)
        detail = dict(known.detail)
        return Acted(detail["kind"] == "done", detail.get("result"), detail.get("code"), detail.get("message", ""))

    async def ask(self, label: str, prompt: str, *, schema: Mapping[str, Json] | None = None) -> Mapping[str, Json]:
        known = self._known(label)
        if known is not None and known.state == "done":
            return known.detail["reply"]
        role = self.context.role
        text = self._parts.guard.screen.said(prompt, self.context)
        request = ChatRequest(
            (SystemMessage(role.instructions or role.name), UserMessage(text)),
            maximum_output_tokens=role.maximum_output_tokens,
            response_schema=schema,
        )
        step = known or self._going.note("decide", {"intent": role.intent}, name=label, state="intended")
        await self._going.write(durable=False)
        routed = await self._parts.router.complete(model_call(self.context, role.intent), request)
        self._going.use(usage_of(routed))
        recorded = of_routed(routed)
        answer = {**recorded["reply"], "structured": routed.reply.structured}
        answer = self._parts.guard.screen.meant(answer, self.context)
        self._going.end(step, "done", {**step.detail, **recorded, "reply": answer})
        await self._going.write(durable=False)
        return answer

    async def start(self, label: str, role: str, task: Mapping[str, Json]) -> str:
        known = self._known(label)
        if known is not None:
            return known.detail["run_id"]
        run, pace = self.context.run, self._parts.pace
        if role not in self._parts.roles:
            raise NotFound("no_such_role", f"There is no role {role}.")
        children = sum("run_id" in step.detail for step in self.context.steps)
        if children >= pace.children_max or len(run.parent_ids) >= pace.depth_max:
            raise Invalid(
                "too_many_children", f"A run has at most {pace.children_max} children, {pace.depth_max} deep."
            )
        child = new_run(role, run.principal, task, self._parts.clock.now(), parent_ids=(run.id, *run.parent_ids))
        async with self._parts.database.write() as connection:
            child = await insert_run(connection, child, f"{run.id}:{label}")
            await self._parts.jobs.enqueue(connection, ADVANCE_JOB, {"run_id": child.id}, key=child.id)
        self._parts.jobs.wake()
        self._going.note("act", {"run_id": child.id, "role": role}, name=label)
        await self._going.write(durable=False)
        return child.id

    async def join(self, label: str, run_ids: Sequence[str], policy: FailurePolicy = "all") -> Sequence[ChildOutcome]:
        known = self._known(label)
        if known is None:
            outcomes = await self._outcomes(run_ids)
            failed = any(outcome.state != "done" for outcome in outcomes)
            enough = policy == "any" and any(outcome.state == "done" for outcome in outcomes)
            if len(outcomes) < len(run_ids) and not enough and not (policy == "all" and failed):
                until = self._parts.clock.now() + self._parts.pace.look_again
                raise Suspended(Waiting("children", tuple(run_ids), until))
            listed = [[o.run_id, o.state, o.result, o.failure] for o in outcomes]
            known = self._going.note("observe", {"outcomes": listed}, name=label)
            await self._going.write(durable=False)
        outcomes = [ChildOutcome(*outcome) for outcome in known.detail["outcomes"]]
        succeeded = sum(outcome.state == "done" for outcome in outcomes)
        if (policy == "all" and succeeded < len(run_ids)) or (policy == "any" and succeeded == 0):
            raise ChildFailed(outcomes)
        return outcomes

    async def sleep(self, label: str, duration: timedelta) -> None:
        await self.sleep_until(label, self._parts.clock.now() + duration)

    async def sleep_until(self, label: str, moment: datetime) -> None:
        known = self._known(label) or self._going.note("observe", {"until": moment.isoformat()}, name=label)
        until = datetime.fromisoformat(known.detail["until"])
        if until > self._parts.clock.now():
            raise Suspended(Waiting("timer", until=until))

    def _known(self, label: str) -> Step | None:
        """The journalled step of a label. One label twice in a plan would answer the second from the first."""
        if not 0 < len(label) <= LONGEST_LABEL_CHARACTERS or not label.isprintable():
            raise Invalid("bad_label", f"A step's label has 1 to {LONGEST_LABEL_CHARACTERS} printable characters.")
        if label in self._used:
            raise Conflict(
                "label_used_twice", f"Two steps of this plan are called {label}.", next_step="Name them apart."
            )
        self._used.add(label)
        return next((step for step in self.context.steps if step.name == label), None)

    def _note_outcome(self, label: str, outcome: Done | Refused | Awaiting) -> Step:
        match outcome:
            case Done():
                done = {"kind": "done", "entry_id": outcome.entry_id, "result": outcome.result}
                return self._going.note("act", done, name=label)
            case Awaiting():
                waits = {"kind": "waits", "outcome": {"what": "approval", "id": outcome.id}}
                return self._going.note("act", waits, name=label, state="waiting")
            case Refused():
                if outcome.by == "stop_switch" and self.context.role.on_stop == "wait":
                    raise Stopped(self.context.run.id)
                no = {"kind": "refused", "code": outcome.code, "message": outcome.message}
                return self._going.note("act", no, name=label, state="refused", fault="rule_violation")
            case _:
                assert_never(outcome)

    async def _decided(self, step: Step) -> Step:
        found = await settled(self._parts.database, step.detail["outcome"])
        if found is None:
            until = self._parts.clock.now() + self._parts.pace.look_again
            raise Suspended(Waiting("approval", (step.detail["outcome"]["id"],), until))
        if found.state == "done":
            detail = {"kind": "done", "entry_id": found.outcome["entry_id"], "result": found.value}
        else:
            detail = {"kind": "refused", "code": found.outcome["code"], "message": found.outcome["message"]}
        ended = self._going.end(step, found.state, detail)
        await self._going.write()
        return ended

    async def _outcomes(self, run_ids: Sequence[str]) -> list[ChildOutcome]:
        """Of the children that ended, in the order in which they were named."""
        async with self._parts.database.read() as connection:
            rows = await connection.fetch(
                "SELECT r.id, r.state, r.result, r.failure FROM runtime.runs r "
                "WHERE r.id = ANY($1::text[]) AND r.parent_ids[1] = $2 AND r.state = ANY($3::text[])",
                list(run_ids),
                self.context.run.id,
                list(FINAL_STATES),
            )
        ended = {row["id"]: row for row in rows}
        found = [ended[run_id] for run_id in run_ids if run_id in ended]
        return [ChildOutcome(row["id"], row["state"], row["result"], row["failure"]) for row in found]

    async def _again(self, error: Unavailable) -> None:
        """Something was away: the plan is begun again later, and goes on from its journal."""
        pace = self._parts.pace
        tries = 1 + sum(step.phase == "log" for step in self.context.steps)
        self._going.note("log", {"failure": error.as_record(), "tries": tries}, fault="provider")
        if tries > pace.retries:
            await self._going.write("failed", failure=error.code)
            return
        seconds = error.retry_after_seconds or pace.retry_seconds * 2 ** (tries - 1)
        until = self._parts.clock.now() + timedelta(seconds=seconds)
        await self._going.write("waiting", waiting=Waiting("retry", until=until))
