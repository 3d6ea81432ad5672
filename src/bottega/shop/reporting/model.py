"""Which reports there are, and over what they are taken."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from bottega.kernel.errors import Invalid

ReportName = Literal[
    "sales",
    "average_order",
    "refunds",
    "returns",
    "stock",
    "low_stock",
    "funnel",
    "promotions",
    "best_sellers",
    "searches",
    "searches_without_results",
]
SalesBy = Literal["day", "week", "month", "product", "category", "channel", "country"]

LONGEST_PERIOD_DAYS = 3660


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days, the first and the last included, in UTC."""

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise Invalid("period_backwards", f"{self.first} is after {self.last}.", next_step="Swap them.")
        if (self.last - self.first).days > LONGEST_PERIOD_DAYS:
            raise Invalid("period_too_long", f"A report covers {LONGEST_PERIOD_DAYS} days at most.")

    @property
    def end(self) -> date:
        """The day after the last."""
        return self.last + timedelta(days=1)

    @property
    def days(self) -> int:
        return (self.end - self.first).days
