"""What comes next in a run: a function of its journal alone."""

from collections.abc import Mapping, Sequence
from typing import Literal

from bottega.runtime.evidence import Json
from bottega.runtime.run import Step

Next = Literal["observe", "reflect", "decide", "act", "wait", "log", "settle"]


def next_phase(steps: Sequence[Step], *, answers_first: bool) -> Next:
    """The phase to execute now.

    With `answers_first` (a conversation, say) a run is answered before it waits for an approval, and `settle` is what
    remains of it then. Other back-office work waits in the middle.
    """
    if not steps:
        return "observe"
    last = steps[-1]
    match last.phase:
        case "observe":
            return "reflect"
        case "reflect":
            return "decide" if last.detail["verdict"] in ("ask", "confirmed", "declined") else "log"
        case "decide" if last.state == "intended":
            return "decide"
        case "decide" | "act":
            return _after_decision(steps, answers_first)
        case _:
            return "settle"


def _after_decision(steps: Sequence[Step], answers_first: bool) -> Next:
    decision = last_decision(steps)
    assert decision is not None, "nothing is acted on without a decision"
    verdicts = verdicts_in(decision)
    if decision.state == "refused" or not verdicts:
        return "log"
    if calls_to_make(steps):
        return "act"
    if not answers_first and waiting_steps(steps):
        return "wait"
    if any(verdict["verdict"] == "needs_yes" for verdict in verdicts):
        return "log"
    return "reflect"


def last_decision(steps: Sequence[Step]) -> Step | None:
    """The newest decision."""
    return next((step for step in reversed(steps) if step.phase == "decide"), None)


def verdicts_in(decision: Step) -> Sequence[Mapping[str, Json]]:
    """What the critics said of its calls."""
    return decision.detail.get("verdicts", ())


def calls_to_make(steps: Sequence[Step]) -> list[Mapping[str, Json]]:
    """Verdicts of the newest decision that let a call go which was not made yet."""
    decision = last_decision(steps)
    if decision is None:
        return []
    made = {step.detail["call"]["key"] for step in steps if step.phase == "act" and step.state != "intended"}
    return [verdict for verdict in verdicts_in(decision) if verdict["verdict"] == "go" and verdict["key"] not in made]


def waiting_steps(steps: Sequence[Step]) -> list[Step]:
    """Acts whose outcome comes later."""
    return [step for step in steps if step.phase == "act" and step.state == "waiting"]


def question_asked(steps: Sequence[Step]) -> Mapping[str, Json] | None:
    """The verdict of the newest decision that needs the customer's yes, if one does."""
    decision = last_decision(steps)
    if decision is None:
        return None
    return next((verdict for verdict in verdicts_in(decision) if verdict["verdict"] == "needs_yes"), None)
