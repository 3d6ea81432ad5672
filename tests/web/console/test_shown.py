"""How the console writes what records say."""

from datetime import UTC, datetime, timedelta

from bottega.kernel.errors import Conflict
from bottega.web.console.shown import (
    FieldChange,
    ago,
    changed_rows,
    exact,
    for_staff,
    micros,
    tone_of,
    value_text,
    words,
)

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def test_moments() -> None:
    assert ago(NOW - timedelta(seconds=5), NOW) == "just now"
    assert ago(NOW - timedelta(minutes=12), NOW) == "12 min ago"
    assert ago(NOW - timedelta(hours=30), NOW) == "30 h ago"
    assert ago(NOW + timedelta(days=2), NOW) == "in 2 days"
    assert ago(NOW - timedelta(days=20), NOW) == "9 Nov"
    assert ago(NOW - timedelta(days=400), NOW) == "25 Oct 2025"
    assert exact(NOW) == "29 Nov 2026, 12:00:00 UTC"


def test_names_and_tones() -> None:
    assert words("RefundPayment") == "Refund payment"
    assert words("partially_refunded") == "Partially refunded"
    assert (tone_of("dead"), tone_of("delivered"), tone_of("nobody_knows")) == ("bad", "good", "quiet")


def test_values() -> None:
    assert value_text(12_000, "total_minor", {"currency": "EUR"}) == "€120.00"
    assert value_text(12_000, "total_minor", {}) == "12,000 in minor units"
    assert value_text("vlt_01jd3gqz5t8m2n4p6r8s0v2x4z.5feceb66ffc86f38d952786c6d696c79") == "personal, in the vault"
    assert value_text("x", "email_ref") == "personal, in the vault"
    assert (value_text(None), value_text(True), value_text(0)) == ("–", "yes", "0")
    assert micros(4_200, "USD") == "$0.0042"
    assert micros(2_500_000, "CHF") == "2.50 CHF"


def test_of_an_updated_row_what_differs_is_shown() -> None:
    before = {"id": "p", "amount_minor": 9_900, "currency": "EUR", "updated_at": "1"}
    change = {"table_name": "shop.prices", "row_key": "p", "operation": "update", "before": before}
    (row,) = changed_rows([{**change, "after": {**before, "amount_minor": 5_940, "updated_at": "2"}}])
    assert (row.table, row.fields) == ("Prices", (FieldChange("amount_minor", "€99.00", "€59.40"),))


def test_a_refusal_says_the_next_step() -> None:
    assert for_staff(Conflict("x", "It is shipped.", next_step="Start a return.")) == "It is shipped. Start a return."
