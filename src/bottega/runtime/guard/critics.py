"""The guard's critics: handles resolved, rule of two, and the customer's yes."""

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from bottega.kernel.errors import Refusal, Unavailable
from bottega.runtime.critic import NeedsYes, Objection, Planned, Verdict
from bottega.runtime.evidence import Json
from bottega.runtime.guard.handles import IDENTIFIER
from bottega.runtime.guard.own_words import SPEAKS_BY_RULES
from bottega.runtime.guard.screen import Screen
from bottega.runtime.guard.words import normalised
from bottega.runtime.tool import ChangingTool, Tool, ToolCall

if TYPE_CHECKING:
    from bottega.runtime.context import RunContext


class HandleCritic:
    """Turns handles into identifiers. An identifier itself is taken only from the principal's own words: a model has
    seen none, so where it names one it was made up or read in somebody's text."""

    name = "handles"

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    async def review(self, planned: Planned) -> Verdict:
        call, tool, context = planned.call, planned.tool, planned.context
        if call.confirmation_id is not None:
            return call
        unknown: list[str] = []

        def resolved(value: Json) -> Json:
            if not isinstance(value, str):
                return value
            identifier = context.handles.resolve(value)
            if identifier is not None:
                return identifier
            if IDENTIFIER.fullmatch(value) is None or not any(value in words for words in context.words):
                unknown.append(value[:64])
            return value

        arguments = dict(self._screen.meant(call.arguments, context))
        for parameter in tool.parameters:
            if parameter.control == "identifier":
                arguments = changed(arguments, parameter.path.split("."), resolved)
        if unknown:
            return Objection(
                self.name,
                "unknown_handle",
                f"Nothing was shown here as {', '.join(sorted(set(unknown)))}.",
                "Use the handle of something that was shown in this conversation, or look it up first.",
            )
        return call.resolving(arguments)


class RuleOfTwoCritic:
    """Untrusted text, private data and a consequential change: at most two of them without a person.

    In the back office no customer says yes, so there every change waits for a person once such a text was read.
    """

    name = "rule_of_two"

    async def review(self, planned: Planned) -> Verdict:
        call, tool, context = planned.call, planned.tool, planned.context
        if tool.effect == "read" or not context.tainted:
            return call
        if not context.role.acts_for_customer:
            return replace(call, needs_person=True)
        is_private = context.customer_id is not None or any(seen.is_private for seen in context.evidence)
        return replace(call, needs_person=True) if tool.effect == "consequential" and is_private else call


class UnaskedCritic:
    """After a third party's text was read, also a light change for a customer is made only when their own message asks
    for it: it names what such a change is called (the tool's `asked_in`). What a message asks for is done once; all
    else is proposed."""

    name = "unasked"

    async def review(self, planned: Planned) -> Verdict:
        call, tool, context = planned.call, planned.tool, planned.context
        asked_in: frozenset[str] | None = getattr(tool, "asked_in", None)
        is_free = tool.effect != "light" or not context.tainted or not context.role.acts_for_customer
        if is_free or asked_in is None or call.confirmation_id is not None or context.level in SPEAKS_BY_RULES:
            return call
        if call.trust and set(call.trust.values()) == {"principal"}:
            # They named every value of it themselves.
            return call
        said = normalised(context.words[-1]).split() if context.words else []
        what = _about(call, tool)
        if any(word.startswith(stem) for word in said for stem in asked_in) and what not in _made(context):
            context.let_go.append(what)
            return call
        if isinstance(tool, ChangingTool) and context.role.waits_for_yes and context.run.session_id is not None:
            return replace(call, needs_yes=True)
        return Objection(
            self.name, "nobody_asked", f"The customer has not asked for {tool.name}.", "Ask whether they want it."
        )


class ConfirmingCritic:
    """A consequential change for a customer happens after their yes to exactly this; anything else is a new request."""

    name = "confirmation"

    async def review(self, planned: Planned) -> Verdict:
        call, tool, context = planned.call, planned.tool, planned.context
        is_weighty = tool.effect == "consequential" or call.needs_yes or call.confirmation_id is not None
        if not (context.role.waits_for_yes and is_weighty and isinstance(tool, ChangingTool)):
            return call
        try:
            if call.confirmation_id is not None and context.pending is not None:
                if await tool.digest(call, context) == context.pending.digest:
                    return call
                call = replace(call, confirmation_id=None)
            if context.run.session_id is None:
                return Objection(
                    self.name, "nobody_to_ask", "This needs the customer's yes, and nobody is here to ask."
                )
            return NeedsYes(call, await tool.summary(call, context))
        except Unavailable:
            raise
        except Refusal as refusal:
            # What was possible when it was asked is not any more.
            return Objection(self.name, refusal.code, refusal.message, refusal.next_step)


def _about(call: ToolCall, tool: Tool) -> str:
    """What a change is made to: the tool and the records that it names."""
    named = [parameter.path for parameter in tool.parameters if parameter.control == "identifier"]
    return f"{call.tool} {[call.resolved.get(path) for path in named]}"


def _made(context: "RunContext") -> set[str]:
    """What this run has changed or is about to change."""
    tools = context.role.tools_by_name
    acts = [step for step in context.steps if step.phase == "act" and step.name in tools]
    done = {_about(ToolCall("", step.name, {}, "", step.detail["call"]["resolved"]), tools[step.name]) for step in acts}
    return done.union(context.let_go)


def changed(value: Any, path: list[str], change: Callable[[Json], Json]) -> Any:
    """The value with the leaves at a path changed; what is not there stays away."""
    if not path:
        return change(value)
    name, rest = path[0], path[1:]
    members: Any = value
    match value:
        case list() if name == "*":
            return [changed(member, rest, change) for member in members]
        case dict() if name in members:
            return {**members, name: changed(members[name], rest, change)}
        case _:
            return members
