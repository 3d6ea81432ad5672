"""Records of shipping: zones, methods with their rates, shipments with their lines."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

MethodKind = Literal["delivery", "collection"]
ShipmentState = Literal["shipped", "delivered", "lost", "cancelled"]
TaxClass = Literal["standard", "reduced", "zero"]

ELSEWHERE = "*"


@dataclass(frozen=True, slots=True)
class ShippingZone:
    """Countries with the same methods; `*` stands for every country that no zone names."""

    id: str
    name: str
    countries: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rate:
    """What a parcel costs up to a weight (none = any) and from a goods subtotal on."""

    up_to_grams: int | None
    from_subtotal_minor: int
    amount_minor: int


@dataclass(frozen=True, slots=True)
class ShippingMethod:
    """A way for goods to reach the customer, or for the customer to reach the goods."""

    id: str
    zone_id: str
    name: str
    kind: MethodKind
    location_id: str | None
    currency: str
    rates: tuple[Rate, ...]
    minimum_days: int
    maximum_days: int
    tax_class: TaxClass
    active: bool


@dataclass(frozen=True, slots=True)
class ShippingQuote:
    """A method at the price it has for one cart."""

    method_id: str
    name: str
    kind: MethodKind
    location_id: str | None
    currency: str
    amount_minor: int
    tax_class: TaxClass
    minimum_days: int
    maximum_days: int


@dataclass(frozen=True, slots=True)
class ShipmentLine:
    """Units of one order line in a shipment."""

    id: str
    line_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class Shipment:
    """Goods that left for one order, all of it or a part."""

    id: str
    order_id: str
    location_id: str | None
    state: ShipmentState
    carrier: str
    tracking_number: str
    shipped_at: datetime
    delivered_at: datetime | None
    lines: tuple[ShipmentLine, ...]
