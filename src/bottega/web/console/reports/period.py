"""The days that a page of reports is about, as its address asks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from bottega.kernel.errors import Invalid
from bottega.shop.reporting.model import Period

PRESETS: Mapping[str, tuple[str, int]] = {
    "7": ("7 days", 7),
    "30": ("30 days", 30),
    "90": ("90 days", 90),
    "365": ("A year", 365),
}
DEFAULT = "30"


@dataclass(frozen=True, slots=True)
class Days:
    """A period, the one before it of the same length, and how it was asked for; empty for one's own dates."""

    period: Period
    preset: str

    @property
    def before(self) -> Period:
        return Period(self.period.first - timedelta(days=self.period.days), self.period.first - timedelta(days=1))

    @property
    def query(self) -> str:
        """As it stands in addresses."""
        return f"first={self.period.first}&last={self.period.last}"


def days_of(query: Mapping[str, str], today: date) -> Days:
    """A preset (`days=30`, with today as its last day), or `first` and `last`; raises `Invalid` for no dates."""
    if query.get("first") or query.get("last"):
        last = _day(query.get("last", ""), today)
        return Days(Period(_day(query.get("first", ""), last), last), "")
    preset = query.get("days", DEFAULT)
    preset = preset if preset in PRESETS else DEFAULT
    return Days(Period(today - timedelta(days=PRESETS[preset][1] - 1), today), preset)


def _day(text: str, default: date) -> date:
    if not text:
        return default
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Invalid("bad_day", f"'{text[:20]}' is not a day.", next_step="Write it as 2026-11-29.") from None
