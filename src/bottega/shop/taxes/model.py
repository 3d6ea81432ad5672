"""Records of taxes: rates, versioned by the day from which they hold."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

TaxClass = Literal["standard", "reduced", "zero"]


@dataclass(frozen=True, slots=True)
class TaxRate:
    """A rate such as 0.22 that holds in a country from a day until its next version."""

    id: str
    country: str
    tax_class: TaxClass
    rate: Decimal
    valid_from: date
