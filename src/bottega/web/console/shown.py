"""How the console writes what records say: states with their tone, times, names of actions, changed rows, refusals."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

import orjson

from bottega.kernel.errors import Refusal
from bottega.kernel.money import format_amount
from bottega.web.wording import money

Tone = Literal["quiet", "good", "attention", "bad", "info"]
LONGEST_VALUE_CHARACTERS = 600

# Whoever adds a state adds it here; one that nobody listed is quiet.
_STATES: Mapping[Tone, str] = {
    "good": "active answered available captured closed completed confirmed delivered done finished granted met ok paid "
    "permit published received resolved succeeded approved current",
    "attention": "attention authorised draft expired half_open held hold low missed pending partially_refunded "
    "awaiting partially_shipped requested stopped unknown waiting waiting_for_customer unfulfilled",
    "bad": "blocked dead denied failed forbid lost missing out_of_stock overdue refused rejected unreadable",
    "info": "insert intended new open queued ready running sent shipped taken update",
}
_TONES: Mapping[str, Tone] = {state: tone for tone, states in _STATES.items() for state in states.split()}
# Actions that nobody calls by their name.
_SPOKEN: Mapping[str, str] = {"UpsertProducts": "Import products", "UndoEntry": "Undo"}
# Parts of a field's name that say how the value is kept, which people see from the value itself.
_UNIT = re.compile(r"(?<=[a-z])_(minor|micros|ref|at|id)$")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:?\d\d)?)")
_REFERENCE = re.compile(r"[0-9a-z_]{8,60}\.[0-9a-f]{16,128}")


def tone_of(state: str) -> Tone:
    """The tone in which a state is shown; one nobody listed is quiet."""
    return _TONES.get(state, "quiet")


def words(name: str) -> str:
    """A name as words: `partially_refunded`, `RefundPayment`, `total_minor` are `Partially refunded` and so on."""
    if name in _SPOKEN:
        return _SPOKEN[name]
    name = _UNIT.sub("", name) or name
    parted = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name.replace("_", " ").replace("-", " "))
    return parted[:1].upper() + parted[1:].lower() if parted else ""


def ago(moment: datetime, now: datetime) -> str:
    """`just now`, `12 min ago`, `3 h ago`, `in 2 days`; further away the day itself."""
    apart = now - moment
    seconds = int(abs(apart).total_seconds())
    if seconds < 45:
        return "just now" if apart >= timedelta() else "in a moment"
    for size, unit, most in ((60, "min", 60), (3_600, "h", 36), (86_400, "days", 14)):
        if seconds < most * size:
            number = max(1, round(seconds / size))
            text = f"{number} {'day' if unit == 'days' and number == 1 else unit}"
            return f"{text} ago" if apart >= timedelta() else f"in {text}"
    return day_of(moment, now)


def day_of(moment: datetime, now: datetime) -> str:
    """`28 Nov`, with the year when it is another one."""
    return f"{moment.day} {moment:%b}" if moment.year == now.year else f"{moment.day} {moment:%b %Y}"


def exact(moment: datetime) -> str:
    """`28 Nov 2026, 14:02:11 UTC`."""
    told = moment.astimezone(UTC)
    return f"{told.day} {told:%b %Y, %H:%M:%S} UTC"


def micros(amount_micros: int | None, currency: str | None) -> str:
    """What a model cost, in millionths of the currency: `$0.0042`."""
    if amount_micros is None:
        return "–"
    amount = amount_micros / 1_000_000
    digits = 2 if amount >= 1 or amount == 0 else 4
    mark = {"USD": "$", "EUR": "€", "GBP": "£"}.get(currency or "USD")
    return f"{mark}{amount:,.{digits}f}" if mark else f"{amount:,.{digits}f} {currency}"


def major_units(amount_minor: int, currency: str) -> float:
    """An amount in units of its currency, for the axis of a plot."""
    return float(format_amount(amount_minor, currency))


def value_text(value: Any, name: str = "", row: Mapping[str, Any] | None = None) -> str:
    """A value of a record as people read it; amounts with their currency, references to personal values as such."""
    if value is None or value == "":
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    currency = (row or {}).get("currency")
    if isinstance(value, int) and name.endswith("_minor") and isinstance(currency, str):
        return money(value, currency)
    if isinstance(value, int) and name.endswith("_minor"):
        return f"{value:,} in minor units"
    if isinstance(value, str):
        if name.endswith("_ref") or _REFERENCE.fullmatch(value):
            return "personal, in the vault"
        if _MOMENT.fullmatch(value):
            return exact(datetime.fromisoformat(value))
        return value[:LONGEST_VALUE_CHARACTERS]
    if isinstance(value, dict | list):
        return orjson.dumps(value, option=orjson.OPT_INDENT_2).decode()[:LONGEST_VALUE_CHARACTERS]
    return str(value)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One column of a row, before and after; None where the row was not there."""

    name: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class RowChange:
    """One row that an action changes or would change."""

    table: str
    key: str
    operation: str
    fields: tuple[FieldChange, ...]


_OF_NO_INTEREST = frozenset({"updated_at", "version"})


def changed_rows(changes: list[dict[str, Any]]) -> list[RowChange]:
    """Recorded changes as they are shown: of an updated row the columns that differ, of others what they hold."""
    return [_changed_row(change) for change in changes]


def _changed_row(change: Mapping[str, Any]) -> RowChange:
    before: dict[str, Any] = change["before"] or {}
    after: dict[str, Any] = change["after"] or {}
    names = [name for name in {**before, **after} if name not in _OF_NO_INTEREST]
    if change["operation"] == "update":
        names = [name for name in names if before.get(name) != after.get(name)]
    else:
        names = [name for name in names if (after or before).get(name) not in (None, "", [], {}) and name != "id"]
    fields = tuple(
        FieldChange(
            name,
            value_text(before[name], name, before) if name in before else None,
            value_text(after[name], name, after) if name in after else None,
        )
        for name in names
    )
    table = str(change["table_name"]).rpartition(".")[2]
    return RowChange(words(table), str(change["row_key"]), str(change["operation"]), fields)


def for_staff(refusal: Refusal) -> str:
    """What a refusal says to a colleague: what stands against it, and what to do next."""
    return f"{refusal.message} {refusal.next_step}".strip() if refusal.next_step else refusal.message


def plain_amount(amount_minor: int | None, currency: str) -> str:
    """An amount as it stands in a field, `12.50`."""
    return "" if amount_minor is None else format_amount(amount_minor, currency)


WORDS = {
    "plain_amount": plain_amount,
    "ago": ago,
    "day_of": day_of,
    "exact": exact,
    "tone_of": tone_of,
    "in_words": words,
    "micros": micros,
    "value_text": value_text,
    "changed_rows": changed_rows,
}
