"""The days that a page of reports is about."""

from datetime import date

import pytest

from bottega.kernel.errors import Invalid
from bottega.shop.reporting.model import Period
from bottega.web.console.reports.period import days_of

TODAY = date(2026, 11, 29)


def test_presets_end_today() -> None:
    assert days_of({}, TODAY).period == Period(date(2026, 10, 31), TODAY)
    assert days_of({"days": "7"}, TODAY).period == Period(date(2026, 11, 23), TODAY)
    assert days_of({"days": "nonsense"}, TODAY).preset == "30"


def test_dates_of_ones_own() -> None:
    days = days_of({"first": "2026-11-01", "last": "2026-11-10"}, TODAY)
    assert (days.period, days.preset) == (Period(date(2026, 11, 1), date(2026, 11, 10)), "")
    assert days.before == Period(date(2026, 10, 22), date(2026, 10, 31))
    assert days_of({"first": "2026-11-01"}, TODAY).period.last == TODAY


@pytest.mark.parametrize("query", [{"first": "yesterday"}, {"first": "2026-11-10", "last": "2026-11-01"}])
def test_what_is_no_period_is_refused(query: dict[str, str]) -> None:
    with pytest.raises(Invalid):
        days_of(query, TODAY)
