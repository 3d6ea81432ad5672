"""How far a price moves: the facts that policy decides over; pure."""

from collections.abc import Iterable
from dataclasses import dataclass

# A change from nothing to something has no percentage; this stands for "beyond every limit".
WITHOUT_LIMIT_PERCENT = 1_000_000


@dataclass(frozen=True, slots=True)
class PriceMove:
    """From the price that stands (none for a new one) to the price asked for, beside what the goods cost."""

    before_minor: int | None
    after_minor: int
    cost_minor: int | None

    @property
    def percent(self) -> int:
        """The change in whole percent, rounded away from zero; 0 for a first price."""
        if self.before_minor is None or self.before_minor == self.after_minor:
            return 0
        if self.before_minor == 0:
            return WITHOUT_LIMIT_PERCENT
        difference = (self.after_minor - self.before_minor) * 100
        rounded = -(-abs(difference) // self.before_minor)
        return rounded if difference > 0 else -rounded

    @property
    def below_cost(self) -> bool:
        return self.cost_minor is not None and self.after_minor < self.cost_minor


def facts_of(moves: Iterable[PriceMove]) -> dict[str, bool | int | str | list[str]]:
    """The facts of several changes at once: the largest in either direction, and whether any falls below cost."""
    known = list(moves)
    if not known:
        return {"rows_changed": 0}
    return {
        "rows_changed": len(known),
        "price_minor": min(move.after_minor for move in known),
        "change_percent": max((move.percent for move in known), key=abs),
        "below_cost": any(move.below_cost for move in known),
    }
