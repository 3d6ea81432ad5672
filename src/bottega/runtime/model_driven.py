"""Runs in which a model decides: the phases executed one after another until there is an answer or a reason to wait."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

import structlog

from bottega.kernel.errors import Unavailable
from bottega.platform.telemetry import span_of
from bottega.ports.chat_model import TIMED_OUT, RequestRefused
from bottega.runtime import prompt
from bottega.runtime import semantic_names as names
from bottega.runtime.confirmation import new_request
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Evidence, Json
from bottega.runtime.going import Going, Stopped
from bottega.runtime.loop.act import act
from bottega.runtime.loop.answer import compose, confirming, presented, rendered, safe_reply
from bottega.runtime.loop.decide import call_of, model_call, of_confirmed, of_routed, verdicts_of
from bottega.runtime.loop.next_phase import (
    calls_to_make,
    last_decision,
    next_phase,
    question_asked,
    waiting_steps,
)
from bottega.runtime.loop.observe import observe, take_in
from bottega.runtime.loop.reflect import reflect, reflect_again
from bottega.runtime.models.call import NoModelAnswered, RoutedReply
from bottega.runtime.parts import Listener, Parts
from bottega.runtime.reply import Reply
from bottega.runtime.run import Step, StepState, Usage, Waiting
from bottega.runtime.settled import settled
from bottega.runtime.tool import ChangingTool

_log = structlog.get_logger(__name__)

# Critics that object because it must not be; the others object because it cannot be.
RULES = frozenset({"provenance", "policy", "confirmation"})


class ModelDriven:
    """Executes the phases of one run that this process holds."""

    def __init__(self, parts: Parts, going: Going, listener: Listener | None) -> None:
        self._parts = parts
        self._going = going
        self._context = going.context
        self._listener = listener

    async def go(self) -> None:
        """Until the run is final or waits. Raises what `Going.write` raises, and bugs."""
        while True:
            phase = next_phase(self._context.steps, answers_first=_answers_first(self._context))
            await self._tell("phase", {"phase": phase})
            match phase:
                case "observe":
                    take_in(self._going.note("observe", await observe(self._context)), self._context)
                case "reflect":
                    await self._reflect()
                case "decide":
                    await self._decide()
                case "act":
                    if not await self._act():
                        return
                case "wait":
                    if not await self._wait():
                        return
                case "log":
                    await self._log()
                    return
                case "settle":
                    await self._settle()
                    return
                case _:
                    assert_never(phase)

    async def _reflect(self) -> None:
        context = self._context
        is_first = not any(step.phase == "reflect" for step in context.steps)
        detail = await reflect(context, self._parts.clock.now()) if is_first else reflect_again(context)
        if detail["verdict"] == "declined" and context.pending is not None:
            await self._parts.confirmations.end(context.pending.id, "declined", self._parts.clock.now())
        self._going.note("reflect", detail, fault=detail["verdict"] if detail["verdict"] in ("limit", "loop") else None)

    async def _decide(self) -> None:
        """A model's decision, or the one that a customer's yes stands for. Recorded before anything of it is done."""
        context, going = self._context, self._going
        reflection = next(step.detail for step in context.steps if step.phase == "reflect")
        if reflection["verdict"] == "confirmed" and last_decision(context.steps) is None:
            step = going.note("decide", {}, state="intended")
            decided: dict[str, Json] = of_confirmed(context, self._parts.guard)
        else:
            step, failed_or_decided = await self._ask(reflection)
            if failed_or_decided is None:
                return
            decided = failed_or_decided
        context.level = decided.get("routed", {}).get("level", "rules")
        tools = reflection.get("tools")
        offered = None if tools is None else frozenset(tools)
        decided["verdicts"] = await verdicts_of(decided, context, self._parts.guard, number=step.number, tools=offered)
        take_in(going.end(step, "done", decided, fault=_fault_of(decided)), context)
        if decided["verdicts"]:
            changes = any(verdict.get("effect") not in (None, "read") for verdict in decided["verdicts"])
            await going.write(durable=changes)
        # A reply without calls is written together with its check: nothing outside happens in between.

    async def _ask(self, reflection: Mapping[str, Json]) -> tuple[Step, dict[str, Json] | None]:
        """Asks a model; None when none has an answer. An intent that was recorded before is asked anew."""
        context, going = self._context, self._going
        if context.stopped and context.role.on_stop == "wait":
            raise Stopped(context.run.id)
        tools = reflection.get("tools")
        request = prompt.request_for(context, self._parts.guard.screen, None if tools is None else frozenset(tools))
        intent = str(reflection.get("intent") or context.role.intent)
        last = context.steps[-1]
        if last.phase == "decide" and last.state == "intended":
            step = last
        else:
            asked = {"intent": intent, "messages": len(request.messages), "role_version": context.role.version}
            step = going.note("decide", asked, state="intended")
        if going.has_changed_something:
            # What was done is known before more is asked. The question itself, and what was only read, ride along with
            # the answer: a process that dies meanwhile costs one question, as it would have with them written.
            await going.write(durable=False)
        try:
            with span_of(f"{names.CHAT} {intent}", {names.OPERATION: names.CHAT, names.RUN_ID: context.run.id}) as span:
                routed = await self._parts.router.complete(model_call(context, intent), request)
                span.set_attribute(names.RESPONSE_MODEL, routed.reply.model)
                span.set_attribute(names.INPUT_TOKENS, routed.reply.usage.input_tokens)
                span.set_attribute(names.OUTPUT_TOKENS, routed.reply.usage.output_tokens)
                span.set_attribute(names.LEVEL, routed.level)
                span.set_attribute(names.COST_MICROS, routed.cost_micros)
        except (NoModelAnswered, RequestRefused) as failure:
            fault = "refused" if isinstance(failure, RequestRefused) else "provider"
            if isinstance(failure, NoModelAnswered) and any(one.reason == TIMED_OUT for one in failure.attempts):
                fault = "timeout"
            _log.warning("no_model_answered", run_id=context.run.id, code=failure.code)
            going.end(step, "refused", {**step.detail, "failure": failure.code}, fault=fault)
            going.use(Usage(model_calls=1))
            return step, None
        going.use(usage_of(routed))
        return step, {**step.detail, **of_routed(routed)}

    async def _act(self) -> bool:
        """Makes the calls that may go: reads at once and together, changes one after another. False when the run has
        to try again later."""
        calls = calls_to_make(self._context.steps)
        reads = [verdict for verdict in calls if verdict["effect"] == "read"]
        first = len(self._context.steps) + 1
        for verdict in calls:
            await self._tell("tool_call", {"tool": verdict["tool"], "call_id": verdict["call_id"]})
        answers = await asyncio.gather(
            *(act(verdict, first + position, self._context) for position, verdict in enumerate(reads))
        )
        for detail in answers:
            await self._acted(detail)
        for verdict in calls:
            if verdict["effect"] != "read":
                try:
                    detail = await act(verdict, len(self._context.steps) + 1, self._context)
                except Unavailable as error:
                    return await self._try_again(error, verdict)
                await self._acted(detail)
        return True

    async def _acted(self, detail: dict[str, Json]) -> None:
        outcome = detail["outcome"]
        if outcome.get("by") == "stop_switch" and self._context.role.on_stop == "wait":
            raise Stopped(self._context.run.id)
        states: dict[str, StepState] = {"answered": "done", "refused": "refused", "awaiting": "waiting"}
        fault = None
        if outcome["kind"] == "refused":
            fault = "rule_violation" if outcome["by"] in ("policy", "guard") else "refused_call"
            fault = "timeout" if outcome["code"] == "tool_timeout" else fault
        state = states[outcome["kind"]]
        before = next((step for step in self._context.steps if _is_for(step, detail["call"])), None)
        if before is None:
            step = self._going.note("act", detail, name=detail["call"]["tool"], state=state, fault=fault)
        else:
            step = self._going.end(before, state, detail, fault=fault)
        self._going.use(Usage(tool_calls=1))
        take_in(step, self._context)
        asked, _, confirmation_id = detail["call"]["key"].partition(":")
        if asked == "confirmation" and outcome["kind"] != "answered":
            # Done is done in the action's own transaction; held and refused leave the request to be closed here.
            ended = "refused" if outcome["kind"] == "refused" else "used"
            await self._parts.confirmations.end(confirmation_id, ended, self._parts.clock.now())
        await self._tell("tool_result", {"tool": step.name, "state": step.state, "call_id": detail["call"]["id"]})

    async def _try_again(self, error: Unavailable, verdict: Mapping[str, Json]) -> bool:
        """A change that may have happened is asked for again under its key, a little later and not for ever."""
        pace, going = self._parts.pace, self._going
        before = next((step for step in self._context.steps if _is_for(step, verdict)), None)
        tries = 1 if before is None else before.detail["tries"] + 1
        call = {"id": verdict["call_id"]} | {name: verdict[name] for name in ("tool", "key", "resolved")}
        detail: dict[str, Json] = {"call": call, "effect": verdict["effect"], "tries": tries}
        if tries > pace.retries:
            told = "Whether this was done is not known; a colleague will look into it."
            detail["outcome"] = {"kind": "refused", "code": error.code, "message": told, "next_step": "", "by": "shop"}
            await self._acted(detail)
            return True
        if before is None:
            going.note("act", detail, name=verdict["tool"], state="intended")
        else:
            going.end(before, "intended", detail)
        until = self._parts.clock.now() + timedelta(seconds=pace.retry_seconds * 2 ** (tries - 1))
        await going.write("waiting", waiting=Waiting("retry", until=until))
        return False

    async def _wait(self) -> bool:
        """Looks what became of what is waited for; True when all of it is settled and the run can go on."""
        context, now = self._context, self._parts.clock.now()
        for step in waiting_steps(context.steps):
            found = await settled(self._parts.database, step.detail["outcome"])
            if found is not None:
                detail: dict[str, Json] = {**step.detail, "outcome": dict(found.outcome), "word": found.word}
                if found.value is not None:
                    evidence = Evidence(f"{context.run.id}.{step.number}", step.name, found.value, observed_at=now)
                    detail["evidence"] = [evidence.as_record()]
                take_in(self._going.end(step, found.state, detail), context)
        still = waiting_steps(context.steps)
        if not still:
            return True
        outcomes = [step.detail["outcome"] for step in still]
        what = "approval" if any(outcome["what"] == "approval" for outcome in outcomes) else "children"
        ids = tuple(outcome["id"] for outcome in outcomes)
        await self._going.write("waiting", waiting=Waiting(what, ids, now + self._parts.pace.look_again))
        return False

    async def _log(self) -> None:
        """Answers. The run is over then, unless something that was asked for waits for a person."""
        context, going = self._context, self._going
        reply, failure, detail = await self._answer()
        if reply is not None:
            await self._tell("reply", reply.as_record())
        fault = detail.get("fault") or failure
        going.note("log", {**detail, "reply": None if reply is None else reply.as_record()}, fault=fault)
        result = None if reply is None else reply.as_record()
        if failure is not None:
            await going.write("failed", reply=reply, answers=True, result=result, failure=failure)
        elif still := waiting_steps(context.steps):
            ids = tuple(step.detail["outcome"]["id"] for step in still)
            waiting = Waiting("approval", ids, self._parts.clock.now() + self._parts.pace.look_again)
            await going.write("waiting", waiting=waiting, reply=reply, answers=True, result=result)
        else:
            await going.write("done", reply=reply, answers=True, result=result)

    async def _answer(self) -> tuple[Reply | None, str | None, Mapping[str, Json]]:
        """The reply, why the run failed if it did, and what the journal keeps of the check."""
        context = self._context
        last, decision = context.steps[-1], last_decision(context.steps)
        if last.phase == "reflect":
            match last.detail["verdict"]:
                case "held":
                    return None, None, {}
                case "reply":
                    reply = await presented(rendered(last.detail["reply"], context), context)
                    return reply, None, {}
                case "not_confirmed":
                    return safe_reply(context, "not_confirmed"), None, {}
                case verdict:
                    return safe_reply(context, "limit"), str(verdict), {}
        assert decision is not None, "a run that was not stopped has decided"
        if decision.state == "refused":
            told = self._done_without_a_model()
            if told is not None:
                return told, None, {"fault": decision.detail["failure"]}
            return safe_reply(context, "unavailable"), str(decision.detail["failure"]), {}
        question = question_asked(context.steps)
        if question is not None:
            return await self._asking(question), None, {}
        reply, detail = await compose(context, self._parts.guard, decision.detail["reply"]["text"])
        routed = decision.detail["routed"]
        return replace(reply, level=routed["level"], route=routed["route"]), None, detail

    async def _asking(self, question: Mapping[str, Json]) -> Reply:
        """Stores what the customer is asked, and asks it in the words of the records."""
        context, now = self._context, self._parts.clock.now()
        call = call_of(question)
        tool = context.role.tools_by_name[call.tool]
        assert isinstance(tool, ChangingTool), "only changes need a yes"
        assert context.run.session_id is not None, "only in conversations somebody is asked"
        action = await tool.action(call, context)
        request = new_request(
            session_id=context.run.session_id,
            run_id=context.run.id,
            turn=context.run.turn or 0,
            tool=call.tool,
            action=action.action_name(),
            arguments=call.resolved,
            digest=await tool.digest(call, context),
            summary=question["summary"],
            now=now,
            lifetime=timedelta(minutes=self._parts.pace.confirmation_minutes),
        )
        await self._parts.confirmations.ask(request, context.customer_id, now)
        return await presented(confirming(request), context)

    def _done_without_a_model(self) -> Reply | None:
        """What was confirmed and done is said even when no model is there to say it."""
        steps = self._context.steps
        decided = (step.detail for step in steps if step.phase == "decide")
        confirmed = next((detail for detail in decided if "confirmation_id" in detail), None)
        if confirmed is None:
            return None
        key = f"confirmation:{confirmed['confirmation_id']}"
        if not any(s.phase == "act" and s.state == "done" and s.detail["call"]["key"] == key for s in steps):
            return None
        text = f"That is done: {confirmed['summary']}"
        return Reply(text, said=text, level="rules")

    async def _settle(self) -> None:
        """After the answer: what waited was decided, and the conversation is told; or there is nothing left to do."""
        context, now = self._context, self._parts.clock.now()
        waited = [step.number for step in waiting_steps(context.steps)]
        if not await self._wait():
            return
        told = [context.steps[number - 1].detail for number in waited]
        if told and context.run.session_id is not None:
            lines = [f"{detail.get('summary') or detail['call']['tool']} — {detail['word']}." for detail in told]
            text = "\n".join(lines)
            reply = Reply(text, said=text, level="rules")
            if not await self._parts.sessions.say(context.run.session_id, context.run.id, reply.as_record(), now):
                later = now + timedelta(seconds=self._parts.pace.retry_seconds)
                for number in waited:
                    self._going.forget(number)
                await self._going.write("waiting", waiting=Waiting("timer", until=later))
                return
        await self._going.write("done")

    async def _tell(self, kind: str, data: Mapping[str, Json]) -> None:
        if self._listener is not None:
            await self._listener.on_event(self._context.run, kind, data)


def _answers_first(context: RunContext) -> bool:
    """Whether the run comes to its end before it waits for a person."""
    return context.run.session_id is not None or context.role.goes_on_while_held


def _fault_of(decided: Mapping[str, Json]) -> str | None:
    """What kind of failure a decision stands for in the metrics."""
    critics = {verdict["critic"] for verdict in decided["verdicts"] if verdict["verdict"] == "objection"}
    if critics & RULES:
        return "rule_violation"
    if critics:
        return "invalid_call"
    attempts = decided.get("routed", {}).get("attempts", ())
    return "timeout" if any(attempt["reason"] == TIMED_OUT for attempt in attempts) else None


def _is_for(step: Step, verdict: Mapping[str, Json]) -> bool:
    return step.phase == "act" and step.state == "intended" and step.detail["call"]["key"] == verdict["key"]


def usage_of(routed: RoutedReply) -> Usage:
    """What one answer of a model took."""
    usage = routed.reply.usage
    return Usage(
        model_calls=1,
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        cost_micros=routed.cost_micros,
    )
