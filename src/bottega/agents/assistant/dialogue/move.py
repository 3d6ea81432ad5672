"""What a goal wants done next: calls, something said, or both in their order."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bottega.agents.assistant.dialogue.state import Asked, Goal, Json, Part, Reply, State


@dataclass(frozen=True, slots=True)
class Call:
    """A tool and its arguments."""

    tool: str
    arguments: Mapping[str, Json] = field(default_factory=dict[str, Json])


@dataclass(frozen=True, slots=True)
class Step:
    """What became of a goal: the state after it, calls whose results it needs, or what it says. `done` ends it."""

    state: State
    calls: tuple[Call, ...] = ()
    reply: Reply | None = None
    done: bool = False


def phrase(key: str, **fields: str) -> Part:
    """A phrase with its fields."""
    return Part(key=key, fields=fields)


def verbatim(text: str) -> Part:
    """Words of the shop, as they are."""
    return Part(text=text)


def need(state: State, *calls: Call) -> Step:
    """The goal goes on when these have been answered."""
    return Step(state, calls=calls)


def ask(
    state: State, goal: Goal, asked: Asked, *parts: Part, shows: tuple[str, ...] = (), choices: tuple[str, ...] = ()
) -> Step:
    """The goal waits for the customer's answer."""
    question = asked.model_copy(update={"goal_id": goal.id, "choices": asked.choices or choices})
    return Step(state, reply=Reply(parts=parts, shows=shows, choices=choices, asked=question))


def finish(
    state: State,
    goal: Goal,
    *parts: Part,
    shows: tuple[str, ...] = (),
    choices: tuple[str, ...] = (),
    citations: tuple[str, ...] = (),
    asked: Asked | None = None,
    handover: bool = False,
) -> Step:
    """The goal is reached, or cannot be; `asked` may offer what comes next."""
    reply = Reply(parts=parts, shows=shows, choices=choices, citations=citations, asked=asked, handover=handover)
    return Step(state.without(goal.id), reply=reply, done=True)
