"""What a goal may look at beside the state: this turn's results, who is known, and what today is."""

from dataclasses import dataclass
from datetime import date

from bottega.agents.assistant.dialogue.move import Call, Part, Step, need, phrase, verbatim
from bottega.agents.assistant.dialogue.results import Result, Results
from bottega.agents.assistant.dialogue.state import Asked, Goal, Reply, State

ACCOUNT = Call("get_account", {})


@dataclass(frozen=True, slots=True)
class Here:
    """Results of this turn and the circumstances of the conversation."""

    results: Results
    signed_in: bool | None = None
    """Whether the customer has proved who they are; None when only the account's own tool can say."""
    today: date | None = None

    def identity(self, state: State) -> bool | Step:
        """Whether the account may be used, or the read that finds out."""
        entered = self.results.done("enter_sign_in_code")
        if self.signed_in or (entered is not None and entered.succeeded):
            return True
        if self.signed_in is False or not self.results.offers("get_account"):
            return False
        step = self.ready(state, ACCOUNT)
        if step is not None:
            return step
        result = self.read(ACCOUNT)
        return result is not None and not result.failed

    def ready(self, state: State, *calls: Call) -> Step | None:
        """None when all of these reads are answered; else a step that makes those that are not.

        A read of a tool that is not offered counts as answered: whoever asked for it finds no result.
        """
        missing = [
            self.results.fitting(call) for call in calls if self.results.offers(call.tool) and self.read(call) is None
        ]
        return need(state, *missing) if missing else None

    def read(self, call: Call) -> Result | None:
        """The answer to a read, if it is there and still holds."""
        fitting = self.results.fitting(call)
        return self.results.of(fitting.tool, **fitting.arguments)

    def changed(self, call: Call) -> Result | None:
        """The answer to a change that was asked for in this turn."""
        fitting = self.results.fitting(call)
        return self.results.done(fitting.tool, **fitting.arguments)


def refused(result: Result) -> tuple[Part, ...]:
    """What is said of a call that was refused or is not possible."""
    if result.code.startswith("argument_from_"):
        # Why a guard did not let a call through is no news for a customer; what is missing is.
        return (phrase("talk.say_exactly"),)
    return (phrase("talk.refused"), verbatim(result.refusal))


def missing_tool(state: State, goal: Goal) -> Step:
    """For what this conversation has no tool for."""
    reply = Reply(parts=(phrase("talk.no_tool"),))
    return Step(state.without(goal.id), reply=reply, done=True)


def waiting_for_yes(state: State, goal: Goal, result: Result) -> Step:
    """The runtime asks the customer for a yes to exactly this call; the goal waits for the outcome."""
    asked = Asked(what="confirmation", goal_id=goal.id)
    question = (verbatim(result.question),) if result.question else ()
    return Step(state, reply=Reply(parts=(*question, phrase("ask.yes")), asked=asked))


def waiting_for_colleague(state: State, goal: Goal) -> Step:
    """A person has to decide first; the customer hears from the shop."""
    return Step(state.without(goal.id), reply=Reply(parts=(phrase("talk.held"),)), done=True)


def changing(state: State, goal: Goal, here: Here, call: Call) -> Step | Result:
    """Makes a change once: the step that leads there, or its result when it succeeded."""
    if not here.results.offers(call.tool):
        return missing_tool(state, goal)
    result = here.changed(call)
    if result is None:
        return need(state, here.results.fitting(call))
    if result.question is not None:
        return waiting_for_yes(state, goal, result)
    if result.waits:
        return waiting_for_colleague(state, goal)
    if result.failed:
        reply = Reply(parts=refused(result))
        return Step(state.without(goal.id), reply=reply, done=True)
    return result
