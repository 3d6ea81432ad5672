"""Which handler performs which action, and which sender carries out which effect."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from bottega.actions.action import Action, personal_fields
from bottega.actions.work import Work

A = TypeVar("A", bound=Action)
Facts: TypeAlias = dict[str, bool | int | str | list[str]]
Run: TypeAlias = Callable[[A, Work], Awaitable[dict[str, Any]]]
GatherFacts: TypeAlias = Callable[[A, Work], Awaitable[Facts]]
AtStake: TypeAlias = Callable[[A, Facts], "tuple[int, str] | None"]


# Facts that whoever asks may state, because the shop cannot compute them: how an agent came by its arguments, whether
# its customer said yes, whether agents are stopped. The shop's own facts win over them.
ATTESTED_FACTS = frozenset({"confirmed", "third_party_argument", "needs_person", "agents_stopped"})


@dataclass(frozen=True, slots=True)
class Handler:
    """How one type of action is performed."""

    action: type[Action]
    run: Run[Any]
    facts: GatherFacts[Any] | None
    at_stake: AtStake[Any] | None
    undoable: bool


_HANDLERS: dict[str, Handler] = {}


def handles(
    action: type[A],
    *,
    facts: GatherFacts[A] | None = None,
    at_stake: AtStake[A] | None = None,
    undoable: bool = False,
) -> Callable[[Run[A]], Run[A]]:
    """Registers the decorated coroutine as the one handler of `action`.

    `facts` computes what policy decides over; `at_stake` gives (amount in minor units, currency) for the approver;
    `undoable` allows the recorded rows to be put back as they were.
    """

    def register(run: Run[A]) -> Run[A]:
        name = action.action_name()
        assert name not in _HANDLERS, f"{name} has two handlers"
        assert action.groups, f"{name} declares no policy group"
        personal_fields(action)
        _HANDLERS[name] = Handler(action, run, facts, at_stake, undoable)
        return run

    return register


def handler_of(name: str) -> Handler:
    """The handler of the action of that name; a name without one is a bug."""
    return _HANDLERS[name]


def registered_handlers() -> Mapping[str, Handler]:
    """Every registered action, by name."""
    return dict(sorted(_HANDLERS.items()))
