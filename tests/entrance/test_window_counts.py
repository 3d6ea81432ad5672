"""Counting in windows: what is over is forgotten, and nothing grows without bound."""

import pytest

from bottega.entrance import window_counts
from bottega.entrance.window_counts import WindowCounts


def test_a_window_counts_until_it_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(window_counts.time, "time", lambda: now)
    counts = WindowCounts()
    assert [counts.incr("a", 60), counts.incr("a", 60), counts.incr("b", 60)] == [1, 2, 1]
    assert counts.get_expiry("a") == 1060.0
    now = 1060.0
    assert counts.get("a") == 0
    assert counts.incr("a", 60) == 1


def test_windows_that_are_over_are_swept_out(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(window_counts.time, "time", lambda: now)
    counts = WindowCounts()
    for number in range(window_counts.SWEEP_EVERY - 1):
        counts.incr(f"key {number}", 60)
    now = 1100.0
    counts.incr("last", 60)
    assert counts.reset() == 1
