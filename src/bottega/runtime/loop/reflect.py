"""Reflect: is there anything to ask a model, and may this run still go on?"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal

import structlog

from bottega.kernel import canonical_json
from bottega.kernel.errors import Refusal
from bottega.runtime.context import RunContext
from bottega.runtime.evidence import Json
from bottega.runtime.role import RunLimits
from bottega.runtime.run import Step, Usage

_log = structlog.get_logger(__name__)

Verdict = Literal["ask", "reply", "confirmed", "declined", "not_confirmed", "limit", "loop", "held"]

# Words for this and nothing else. "Yes, but in blue" is neither: it goes to the model, and asks for something new.
PLAIN_YES = frozenset(
    {
        *("yes", "y", "yep", "yeah", "yup", "sure", "ok", "okay", "confirm", "confirmed", "agreed", "correct"),
        *("absolutely", "definitely", "proceed", "alright", "all right", "of course", "do it", "do that"),
        *("yes please", "yes do it", "yes do that", "go ahead", "please do", "please proceed", "sounds good"),
        *("that is right", "thats right", "that is correct", "thats correct", "yes i confirm", "i confirm", "i agree"),
        *("yes go ahead", "ok go ahead", "okay go ahead", "yes thats right", "yes of course", "yes thank you"),
        *("yes thanks", "yes that is correct", "yes thats correct", "yes sure", "sure go ahead", "please go ahead"),
        *("yes please do", "yes please go ahead", "yes please proceed", "ok do it", "okay do it", "ok please"),
        *("yes confirm", "yes confirmed", "yes proceed", "yes i agree", "yes correct", "yes ok", "yes okay"),
    }
)
PLAIN_NO = frozenset(
    {
        *("no", "n", "nope", "nah", "cancel", "stop", "wait", "nevermind", "never mind", "no thanks"),
        *("no thank you", "dont", "do not", "dont do it", "do not do it", "not now", "no dont", "no wait"),
        *("please dont", "rather not", "no do not", "no stop", "no cancel", "forget it", "leave it", "no leave it"),
        *("i changed my mind", "no i changed my mind"),
    }
)


async def reflect(context: RunContext, now: datetime) -> Mapping[str, Json]:
    """The first reflection of a run: a yes or no to what was asked, then the role's own reflectors."""
    if context.session is not None and context.session.held_by is not None:
        return {"verdict": "held"}
    answer = answer_to_pending(context, now)
    if answer is not None:
        return {"verdict": answer, **({} if context.pending is None else {"confirmation_id": context.pending.id})}
    signals: dict[str, float] = {}
    intent, reply, tools = context.role.intent, None, None
    for reflector in context.role.reflectors:
        try:
            gate = await reflector.reflect(context)
        except Refusal as refusal:
            _log.warning("reflector_silent", reflector=reflector.name, run_id=context.run.id, code=refusal.code)
            continue
        signals.update(gate.signals)
        intent = gate.intent or intent
        reply = reply or gate.reply
        tools = tools if gate.tools is None else sorted(gate.tools)
    return {
        "verdict": "ask" if reply is None else "reply",
        "intent": intent,
        "reply": reply,
        "tools": tools,
        "signals": signals,
    }


def reflect_again(context: RunContext) -> Mapping[str, Json]:
    """Before each further question to a model: limits, and whether the run goes round in circles."""
    over = over_limits(context.usage, context.role.limits)
    if over is not None:
        return {"verdict": "limit", "limit": over}
    going_round = circle_in(context.steps, context.role.limits)
    if going_round is not None:
        return {"verdict": "loop", "loop": going_round}
    return {"verdict": "ask"}


def answer_to_pending(context: RunContext, now: datetime) -> Literal["confirmed", "not_confirmed", "declined"] | None:
    """Whether this message answers the request that waits.

    The button names its request by the token. Words bind only what the message just before them has asked, and only
    when they are a plain yes and nothing else.
    """
    pending, task = context.pending, context.task
    pressed = task.get("token_digest")
    if pressed is not None:
        opened = pending is not None and pending.is_opened_by(pressed) and pending.expires_at > now
        return ("declined" if task.get("declined") else "confirmed") if opened else "not_confirmed"
    if pending is None or not context.history or pending.expires_at <= now:
        return None
    asked = (context.history[-1].reply or {}).get("confirmation")
    if asked is None or asked["id"] != pending.id:
        return None
    match yes_or_no(str(task.get("said", "")), pending.tool):
        case "yes":
            return "confirmed"
        case "no":
            return "declined"
        case _:
            return None


def yes_or_no(text: str, tool: str = "") -> Literal["yes", "no"] | None:
    """A plain yes or no; anything more than that is neither. A yes may say what it is to in the words of the tool that
    asked, and courtesies change nothing: "yes please, cancel the order" to `cancel_order`."""
    words = " ".join(re.sub(r"[^a-z ]", "", text.casefold().replace("’", "'").replace("-", " ")).split())
    if words in PLAIN_YES:
        return "yes"
    if words in PLAIN_NO:
        return "no"
    return "yes" if _is_restated_yes(words.split(), tool) else None


_COURTESIES = frozenset(
    {"please", "thanks", "thank", "you", "ok", "okay", "great", "fine", "good", "perfect", "then", "just"}
)
_POINTING = frozenset({"it", "this", "that", "them", "the", "my", "now"})
# What people call doing what the tools of a shop are named for.
_ALSO_CALLED = {"amend": {"change"}, "create": {"order", "do", "place", "return", "exchange"}, "process": {"pay"}}
_LONGEST_YES_WORDS = 8


def _is_restated_yes(words: Sequence[str], tool: str) -> bool:
    """Whether the words are a yes, and beside it name nothing but what was asked."""
    doing, _, thing = tool.partition("_")
    doings = {doing} | _ALSO_CALLED.get(doing, set())
    things = set(thing.split("_")) | _POINTING
    said = [word for word in words if word not in _COURTESIES]
    if not said or len(words) > _LONGEST_YES_WORDS:
        return False
    begins = 2 if " ".join(said[:2]) in PLAIN_YES else 1 if said[0] in PLAIN_YES else 0
    rest = said[begins:]
    is_named = bool(tool) and bool(rest) and rest[0] in doings and all(word in doings | things for word in rest)
    return (begins > 0 and (not rest or is_named)) or (begins == 0 and len(said) > 1 and is_named)


def over_limits(usage: Usage, limits: RunLimits) -> str | None:
    """The first limit that is reached, by its name."""
    reached = {
        "steps": usage.steps >= limits.steps,
        "model_calls": usage.model_calls >= limits.model_calls,
        "tokens": usage.input_tokens + usage.output_tokens >= limits.tokens,
        "cost_micros": usage.cost_micros >= limits.cost_micros,
        "seconds": usage.active_milliseconds >= 1000 * limits.seconds,
    }
    return next((name for name, is_reached in reached.items() if is_reached), None)


def circle_in(steps: Sequence[Step], limits: RunLimits) -> str | None:
    """`same_call` when one call had the same arguments and the same result too often, `alternation` when two calls have
    taken turns too often without anything new."""
    marks = [_mark(step) for step in steps if step.phase == "act"]
    if any(marks.count(mark) >= limits.same_call_times for mark in set(marks)):
        return "same_call"
    length = 2 * limits.alternations
    tail = marks[-length:]
    takes_turns = len(tail) == length and tail[0] != tail[1] and len(set(tail[::2])) == len(set(tail[1::2])) == 1
    return "alternation" if takes_turns else None


def _mark(step: Step) -> str:
    """One call with its arguments and its result."""
    call = step.detail["call"]
    evidence = [record["value"] for record in step.detail.get("evidence", ())]
    outcome = {name: value for name, value in step.detail["outcome"].items() if name not in ("entry_id", "seconds")}
    return canonical_json.digest([call["tool"], call["resolved"], outcome, evidence])
