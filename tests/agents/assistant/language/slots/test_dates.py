"""Days that were named, seen from a Sunday."""

from datetime import date

import pytest

from bottega.agents.assistant.language.slots.dates import Days, days

TODAY = date(2026, 11, 29)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("yesterday", date(2026, 11, 28)),
        ("the day before yesterday", date(2026, 11, 27)),
        ("12 March", date(2026, 3, 12)),
        ("on March 3rd", date(2026, 3, 3)),
        ("on the 24th of December", date(2025, 12, 24)),
        ("12/05/2026", date(2026, 5, 12)),
        ("12.3.", date(2026, 3, 12)),
        ("2026-04-01", date(2026, 4, 1)),
        ("1 May 2025", date(2025, 5, 1)),
        ("last Tuesday", date(2026, 11, 24)),
        ("3 days ago", date(2026, 11, 26)),
    ],
)
def test_days(text: str, day: date) -> None:
    assert days(text, TODAY) == Days(day, day)


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("two weeks ago", date(2026, 11, 12), date(2026, 11, 18)),
        ("last week", date(2026, 11, 16), date(2026, 11, 22)),
        ("in June", date(2026, 6, 1), date(2026, 6, 30)),
        ("in December", date(2025, 12, 1), date(2025, 12, 31)),
        ("last month", date(2026, 10, 1), date(2026, 10, 31)),
    ],
)
def test_stretches(text: str, first: date, last: date) -> None:
    assert days(text, TODAY) == Days(first, last)


@pytest.mark.parametrize("text", ["31 February", "a 42.5", "order 10133", "soon"])
def test_what_is_no_day(text: str) -> None:
    assert days(text, TODAY) is None
