"""What an attack is, and the list of all of them."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeAlias

from bottega.proof.hostile.stage import Stage

Run: TypeAlias = Callable[[Stage], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Attack:
    """One way in, and the invariants it is aimed at."""

    name: str
    aims: tuple[str, ...]
    says: str
    run: Run


ATTACKS: list[Attack] = []


def attack(*aims: str) -> Callable[[Run], Run]:
    """Registers an attack; its docstring says what it tries."""

    def register(run: Run) -> Run:
        name = run.__name__.replace("_", " ")  # pyright: ignore[reportFunctionMemberAccess] - attacks are functions
        ATTACKS.append(Attack(name, aims, (run.__doc__ or "").partition("\n")[0], run))
        return run

    return register


def table() -> str:
    """The attacks as docs/proof.md shows them."""
    rows = [f"| {one.name} | {one.says.rstrip('.')} | {', '.join(one.aims)} |" for one in ATTACKS]
    return "\n".join(["| attack | what it tries | aimed at |", "|---|---|---|", *rows])
