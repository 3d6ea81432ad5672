"""What a campaign did and what it found."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from bottega.actions.invariants import Checked

# How many of how many are done.
Tell: TypeAlias = Callable[[int, int], None]


def tell_nobody(_: int, __: int) -> None:
    """For campaigns that nobody watches."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken: which one, what was seen, and how to see it again."""

    promise: str
    seen: str
    repeat: str = ""
    trace: tuple[str, ...] = ()


@dataclass(slots=True)
class Report:
    """Counts reached, figures measured, and violations; a campaign without violations proves that much and no more."""

    campaign: str
    seed: int
    seconds: float = 0.0
    counts: dict[str, int] = field(default_factory=dict[str, int])
    figures: dict[str, float] = field(default_factory=dict[str, float])
    violations: list[Violation] = field(default_factory=list[Violation])

    def count(self, name: str, number: int = 1) -> None:
        """Adds to a count."""
        self.counts[name] = self.counts.get(name, 0) + number

    def add_counts(self, counts: Mapping[str, int]) -> None:
        """Adds several."""
        for name, number in counts.items():
            self.count(name, number)

    def as_record(self) -> dict[str, Any]:
        """JSON-ready."""
        return {
            "campaign": self.campaign,
            "seed": self.seed,
            "seconds": round(self.seconds, 1),
            "counts": self.counts,
            "figures": {name: round(figure, 3) for name, figure in self.figures.items()},
            "violations": [
                {"promise": found.promise, "seen": found.seen, "repeat": found.repeat, "trace": list(found.trace)}
                for found in self.violations
            ],
        }


def broken(checked: Iterable[Checked], repeat: str = "", trace: tuple[str, ...] = ()) -> list[Violation]:
    """The violations that the invariants' queries found."""
    return [
        Violation(found.name, ", ".join(f"{name} {value}" for name, value in row.items()), repeat, trace)
        for found in checked
        for row in found.violations
    ]
