"""Which location each unit of an order is promised, shipped or released from."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Shelf:
    """What one location has of one variant, as the allocation sees it."""

    variant_id: str
    location_id: str
    priority: int
    on_hand: int
    reserved: int
    backorder_limit: int

    @property
    def free(self) -> int:
        """Goods that lie there and are promised to nobody."""
        return max(self.on_hand - self.reserved, 0)

    @property
    def available(self) -> int:
        """Goods and backorder that may still be promised."""
        return max(max(self.on_hand, 0) + self.backorder_limit - self.reserved, 0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """So many units of a variant for one order line."""

    line_id: str
    variant_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Promise:
    """So many units for one order line from one location."""

    line_id: str
    variant_id: str
    location_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Shortage:
    """A line that cannot be promised; `available` is what all locations together still had for it."""

    line_id: str
    variant_id: str
    wanted: int
    available: int


def allocate(
    wanted: Sequence[Wanted], shelves: Sequence[Shelf], *, first_location_id: str | None = None
) -> list[Promise] | Shortage:
    """A promise for every unit, or the first line that falls short.

    Goods that lie on a shelf go first, by priority; only what they do not cover becomes a backorder.
    One location that covers a whole line is preferred to a split over several. A location where the goods are
    collected goes before all others.
    """
    ordered = sorted(
        shelves, key=lambda shelf: (shelf.location_id != first_location_id, shelf.priority, shelf.location_id)
    )
    free = {(shelf.variant_id, shelf.location_id): shelf.free for shelf in ordered}
    available = {(shelf.variant_id, shelf.location_id): shelf.available for shelf in ordered}
    promises: list[Promise] = []
    for want in wanted:
        places = [(want.variant_id, shelf.location_id) for shelf in ordered if shelf.variant_id == want.variant_id]
        whole = [place for place in places if free[place] >= want.quantity][:1]
        taken: dict[tuple[str, str], int] = {}
        left = _take(want.quantity, whole or places, free, available, taken)
        left = _take(left, places, available, free, taken)
        if left:
            return Shortage(want.line_id, want.variant_id, want.quantity, want.quantity - left)
        promises.extend(Promise(want.line_id, want.variant_id, place[1], units) for place, units in taken.items())
    return promises


def _take(
    wanted: int,
    places: Sequence[tuple[str, str]],
    source: dict[tuple[str, str], int],
    other: dict[tuple[str, str], int],
    taken: dict[tuple[str, str], int],
) -> int:
    """Takes from `source` in order and lowers `other` with it; returns what is still wanted."""
    for place in places:
        units = min(wanted, source[place])
        if units > 0:
            source[place] -= units
            other[place] = max(other[place] - units, 0)
            taken[place] = taken.get(place, 0) + units
            wanted -= units
    return wanted
