"""Records of stock: locations, levels, movements, reservations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

LocationKind = Literal["warehouse", "store"]
MovementKind = Literal["receive", "adjust", "transfer", "ship", "restock"]


@dataclass(frozen=True, slots=True)
class Location:
    """A place where goods lie; orders reserve from the lowest priority number first."""

    id: str
    handle: str
    name: str
    kind: LocationKind
    priority: int
    active: bool


@dataclass(frozen=True, slots=True)
class StockLevel:
    """One variant at one location, in units."""

    variant_id: str
    sku: str
    location_id: str
    on_hand: int
    reserved: int
    backorder_limit: int
    low_threshold: int | None

    @property
    def available(self) -> int:
        """Units that may still be promised: on hand and backorder, without what is reserved."""
        return max(self.on_hand, 0) + self.backorder_limit - self.reserved


@dataclass(frozen=True, slots=True)
class StockMovement:
    """Goods that came, went or were found to differ; `quantity` is signed."""

    id: str
    variant_id: str
    location_id: str
    kind: MovementKind
    quantity: int
    reason: str
    reference: str
    moved_at: datetime


@dataclass(frozen=True, slots=True)
class Reservation:
    """Units of one location promised to one order line; every unit ends either shipped or released."""

    id: str
    variant_id: str
    location_id: str
    order_id: str
    line_id: str
    quantity: int
    shipped: int
    released: int
    expires_at: datetime | None
    created_at: datetime

    @property
    def open(self) -> int:
        """Units neither shipped nor released yet."""
        return self.quantity - self.shipped - self.released
